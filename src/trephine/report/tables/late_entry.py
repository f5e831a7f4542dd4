"""Risks of cases who came under observation late, beside what ignoring it would have said."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace


def late_entry_table(facts: Trace) -> Table | None:
    """Return risks with and without entries; None where all were observed from the start."""
    raw = facts.raw.late_entry
    if raw is None or not raw.at_horizons:
        return None
    rows = tuple(
        Row(
            (
                (one.horizon.show("horizon"),),
                one.since_entry.interval("share"),
                one.from_start.interval("share"),
                (one.at_risk.show("count"),),
            )
        )
        for one in facts.late_entry.at_horizons
    )
    return Table(
        slug="table-late-entry",
        section="models",
        number="",
        title=("Late entry, and what ignoring it would have said",),
        header=(
            ("Probability of ", facts.study.event_noun.words(), " by"),
            ("At risk from entry (95% CI)",),
            ("As if from the start (95% CI)",),
            ("Under observation",),
        ),
        rows=rows,
        notes=(_NOTE,),
    )


_NOTE: Text = (
    "At risk from entry: Kaplan-Meier's estimate with each case among those at risk only after it"
    " came under observation. As if from the start: the same without the entries. Nobody who had"
    " the event before entry is in the table, so that the time before entry is counted as time"
    " without any event, and the probability comes out too low.",
)
