"""Hazard ratios with a variable's hazards relaxed, beside those that assume them proportional."""

from __future__ import annotations

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace, sentence
from trephine.report.wording import protocol_label


def relaxed_table(facts: Trace) -> Table | None:
    """Return each relaxed model; none where the plan did not ask for one."""
    if not facts.relaxed_hazards:
        return None
    rows: list[Row] = []
    notes: list[Text] = [_NOTE]
    for one in facts.relaxed_hazards:
        rows += [Row((_heading(one),), "group")] if one.raw.terms else []
        rows += [_row(term) for term in one.terms]
        if one.raw.note:
            label = f"{protocol_label(one.raw.protocol)}, "
            notes.append(
                (label, one.variable.words(), ": not relaxed; ", *sentence(one.note.words()))
            )
    return Table(
        slug="table-relaxed-hazards",
        section="models",
        number="",
        title=("Hazard ratios without assuming that hazards are proportional",),
        header=(
            ("Term",), ("Proportional (95% CI)",), ("Relaxed, early (95% CI)",),
            ("Relaxed, late (95% CI)",), ("p of change",),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip


_NOTE: Text = (
    "Proportional: Cox's model with all terms. Relaxed: the same with one variable stratified (each"
    " of its levels has a baseline hazard of its own, and it has no ratio), or with a coefficient"
    " that is another after a time, or changes with the logarithm of time; early and late are then"
    " the times in the heading. Terms of other variables have one ratio, under early. The locked"
    " model is the proportional one; where the two differ, its ratio is an average over time.",
)


def _heading(one: Trace) -> Text:
    raw = one.raw
    parts: Text = (
        f"{protocol_label(raw.protocol)}, ", one.model.words(), " model: ", one.variable.words(),
    )  # fmt: skip
    if raw.how == "stratified":
        return (*parts, " stratified")
    if raw.how == "step":
        return (*parts, " up to ", one.early_time.show("horizon"), " and after")
    return (
        *parts, " with log time, at ", one.early_time.show("horizon"), " and ",
        one.late_time.show("horizon"),
    )  # fmt: skip


def _row(term: Trace) -> Row:
    nothing: Text = ("–",)
    own = term.raw.late is not None
    return Row(
        (
            (term.label.words(),),
            term.constant.interval("2"),
            term.early.interval("2"),
            term.late.interval("2") if own else nothing,
            (term.change_p.show("p"),) if own else nothing,
        )
    )
