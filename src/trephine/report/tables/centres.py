"""Models in each centre, by recipes that had not seen it."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import protocol_label


def centre_table(facts: Trace) -> Table | None:
    """Return each model's figures in each centre, left out of what predicted it."""
    if not facts.raw.centres:
        return None
    noted = any(row.raw.note for row in facts.centres)
    rows: list[Row] = []
    last = None
    for row in facts.centres:
        if row.raw.protocol != last:
            rows.append(Row(((protocol_label(row.raw.protocol),),), "group"))
            last = row.raw.protocol
        where: Text = (row.centre.words(),) if row.raw.centre else ("all, pairs within centres",)
        rows.append(
            Row(
                (
                    (row.model.words(), ": ", *where),
                    (row.n.show("count"), " (", row.events.show("count"), ")"),
                    _interval(row, "c_index"),
                    _interval(row, "slope"),
                    _interval(row, "observed_expected"),
                    *([(row.note.words(),) if row.raw.note else ("",)] if noted else []),
                )
            )
        )
    return Table(
        slug="table-centres",
        section="performance",
        number="",
        title=("Centres left out one at a time",),
        header=(
            ("Model: centre",), ("Cases (events)",), ("C-index",), ("Calibration slope",),
            ("Observed / expected",), *([("Note",)] if noted else []),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Each centre was predicted by the whole recipe refitted to the other centres. Slope"
                " and observed / expected are given at the last horizon that is reached. All"
                " centres: C-index and slope compare cases within centres only.",
            ),
        ),
        phone="stack",
    )  # fmt: skip


def _interval(row: Trace, part: str) -> Text:
    if getattr(row.raw, part) is None:
        return ("–",)
    interval: Text = getattr(row, part).interval("2")
    return interval
