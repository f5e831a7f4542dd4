"""Instability of predictions: mean and largest error of refits, and changes of risk group."""

from __future__ import annotations

from trephine.report.tables.table import EMPTY, Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import plural, protocol_label


def instability_table(facts: Trace) -> Table | None:
    """Return how far refits depart from each model; none without bootstrap refits."""
    if not facts.instability:
        return None
    horizons = list(dict.fromkeys(row.raw.horizon for row in facts.instability))
    grouped = any(row.raw.changed is not None for row in facts.instability)
    rows: list[Row] = []
    last = ""
    for protocol, model in dict.fromkeys((r.raw.protocol, r.raw.model) for r in facts.instability):
        found = {
            row.raw.horizon: row
            for row in facts.instability
            if (row.raw.protocol, row.raw.model) == (protocol, model)
        }
        if protocol != last:
            last = protocol
            rows.append(Row(((protocol_label(protocol),),), "group"))
        cells: list[Text] = [(next(iter(found.values())).model.words(),)]
        for horizon in horizons:
            cells += _cells(found.get(horizon), grouped=grouped)
        rows.append(Row(tuple(cells)))
    return Table(
        slug="table-instability",
        section="performance",
        number="",
        title=("Instability of predictions",),
        header=_header(facts, horizons, grouped=grouped),
        rows=tuple(rows),
        notes=(_note(facts, grouped=grouped),),
    )


def _header(facts: Trace, horizons: list[float], *, grouped: bool) -> tuple[Text, ...]:
    header: list[Text] = [("Model",)]
    for horizon in horizons:
        at = next(row.horizon for row in facts.instability if row.raw.horizon == horizon)
        when = at.show("year horizon")
        header += [
            (
                when,
                " MAPE",
            ),
            (
                when,
                " largest",
            ),
        ]
        header += (
            [
                (
                    when,
                    " other group",
                )
            ]
            if grouped
            else []
        )
    return tuple(header)


def _cells(row: Trace | None, *, grouped: bool) -> list[Text]:
    if row is None:
        return [EMPTY] * (3 if grouped else 2)
    cells: list[Text] = [(row.mape.show("3"),), (row.mape_largest.show("3"),)]
    if grouped:
        cells.append((row.changed.show("share"),))
    return cells


def _note(facts: Trace, *, grouped: bool) -> Text:
    noun = facts.study.raw.case_noun
    groups = (
        f" Other group: mean share of refits that put a {noun} into a different risk group from"
        " the model, by the model's cut."
        if grouped
        else ""
    )
    return (
        "Models refitted by the whole recipe to ", facts.instability[0].refits.show("count"),
        " bootstrap samples, beside the model fitted to all"
        f" {plural(noun, 2)} (Riley and Collins 2023). MAPE: mean over {plural(noun, 2)} of the"
        f" mean absolute difference in event probability; largest: of any {noun}.{groups}",
    )  # fmt: skip
