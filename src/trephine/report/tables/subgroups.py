"""Models in subgroups, on cases that they had not seen."""

from __future__ import annotations

from trephine.report.tables.table import EMPTY, Row, Table
from trephine.report.trace import Text, Trace
from trephine.report.wording import protocol_label

FIGURES = ("c_index", "observed_expected", "slope")


def subgroup_table(facts: Trace) -> Table | None:
    """Return the figures of each group with the tests between the groups."""
    if not facts.raw.subgroups:
        return None
    rows: list[Row] = []
    for variable in facts.subgroups:
        rows.append(_heading(variable))
        rows += [_row(one) for one in variable.groups]
    return Table(
        slug="table-subgroups",
        section="performance",
        number="",
        title=("Subgroups, nested cross-validated",),
        header=(
            ("Group",), ("Cases (events)",), ("C-index",), ("Observed / expected",),
            ("Calibration slope",), ("Net benefit",), ("Of acting on all",),
        ),
        rows=tuple(rows),
        notes=_notes(facts),
        phone="stack",
    )  # fmt: skip


def _heading(variable: Trace) -> Row:
    tests: Text = ()
    if variable.raw.slope_p is not None:
        tests = (". Slopes differ: p ", variable.slope_p.show("p ="))
    if variable.raw.level_p is not None:
        tests = (
            *tests,
            "; hazards differ at the same prediction: p ",
            variable.level_p.show("p ="),
        )
    if not tests:
        tests = (". No test: ", variable.note.words())
    protocol = protocol_label(variable.raw.protocol)
    return Row(
        ((variable.label.words(), ", ", variable.model.words(), f". {protocol}", *tests),), "group"
    )


def _row(one: Trace) -> Row:
    counts: Text = (one.n.show("count"), " (", one.events.show("count"), ")")
    benefit: Text = ("–",)
    everybody: Text = ("–",)
    if one.raw.net_benefit is not None:
        benefit, everybody = one.net_benefit.interval("3"), (one.treat_all.show("3"),)
    name: Text = (one.group.words(),)
    if one.raw.note:
        name = (*name, ": ", one.note.words())
    return Row((name, counts, *(_interval(one, part) for part in FIGURES), benefit, everybody))


def _interval(row: Trace, part: str) -> Text:
    if getattr(row.raw, part) is None:
        return EMPTY if row.raw.note else ("–",)
    interval: Text = getattr(row, part).interval("2")
    return interval


def _notes(facts: Trace) -> tuple[Text, ...]:
    first = facts.subgroups[0]
    notes: list[Text] = [
        (
            "Every case was predicted by models that had not seen its patient; C-index and slope"
            " compare cases within folds. Intervals are by patient; p values are of Wald tests by"
            " patient, and no p is corrected for the number of subgroups.",
        )
    ]
    if first.raw.horizon is not None:
        notes.append(
            (
                "Observed / expected and net benefit at ", first.horizon.show("horizon"),
                ", net benefit at a threshold probability of ", first.threshold.show("share"), ".",
            )
        )  # fmt: skip
    return tuple(notes)
