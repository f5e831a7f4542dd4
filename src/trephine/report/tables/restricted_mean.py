"""Mean event-free time up to a horizon, beside the hazard ratio that assumes more."""

from __future__ import annotations

from trephine.report.tables.performance import assessment_label
from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, Trace


def restricted_mean_table(facts: Trace) -> Table | None:
    """Return mean event-free times by group; none where the plan did not ask for them."""
    if not facts.restricted_means:
        return None
    rows: list[Row] = []
    for one in facts.restricted_means:
        rows.append(Row((_heading(one),), "group"))
        rows += [_row(group) for group in one.groups]
    unit = facts.study.raw.time_unit
    return Table(
        slug="table-restricted-mean",
        section="risk-groups",
        number="",
        title=(
            "Mean event-free time up to ", facts.restricted_means[0].horizon.show("horizon"),
            ", without assuming proportional hazards",
        ),
        header=(
            ("Group",), ("n (events)",), (f"Mean, {unit} (95% CI)",),
            (f"Difference, {unit} (95% CI)",), ("p",), ("Hazard ratio (95% CI)",), ("p",),
        ),
        rows=tuple(rows),
        notes=(
            (
                "Mean: the area under the group's Kaplan-Meier curve up to that time, which is how"
                " much time without the event a case of the group can expect. Differences and"
                " hazard ratios are against the first group. One hazard ratio describes the whole"
                " follow-up only where hazards are proportional; where the test in the heading has"
                " a small p, rely on the difference in time.",
            ),
        ),
    )  # fmt: skip


def _heading(one: Trace) -> Text:
    """Name a variable, or a model's risk groups, with the test of proportional hazards."""
    raw = one.raw
    name: Text = (one.label.words(),)
    if raw.protocol is not None and raw.kind is not None:
        label = assessment_label((raw.protocol, raw.kind))
        name = ("Risk groups of ", one.model.words(), f", {label}")
    if raw.hazards_p is None:
        return name
    return (*name, "; proportional hazards: p ", one.hazards_p.show("p ="))


def _row(group: Trace) -> Row:
    raw = group.raw
    nothing: Text = ("–",)
    return Row(
        (
            (group.name.words(),),
            (group.n.show("count"), " (", group.events.show("count"), ")"),
            nothing if raw.mean.value is None else group.mean.interval("2"),
            nothing if raw.difference is None else group.difference.interval("2"),
            (group.difference_p.show("p"),) if raw.difference is not None else nothing,
            nothing if raw.ratio is None else group.ratio.interval("2"),
            (group.ratio_p.show("p"),) if raw.ratio is not None else nothing,
        )
    )
