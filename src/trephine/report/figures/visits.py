"""Turnbull's curve of events that visits saw, beside curves that pretend to know their times."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from trephine.facts import Facts
from trephine.facts.visits import VisitsFacts
from trephine.report.figures.assessed import draw_titled
from trephine.report.figures.fitting import wrapped
from trephine.report.figures.kaplan_meier import LINE_MM
from trephine.report.figures.plate import Panel, Plate
from trephine.report.figures.series import as_array
from trephine.report.style import (
    BLUE,
    BODY_PT,
    COLUMN_MM,
    GREY,
    INK,
    RULE,
    Area,
    place_axes,
    size_mm,
)

_PANEL_MM = 74.0


def draw_visits(
    area: Area,
    visits: VisitsFacts,
    outcome_name: str,
    time_unit: str,
    horizons: Sequence[float],
) -> None:
    """Draw the curve between the visits with its band, and the two that pretend."""
    along = wrapped(outcome_name, size_mm(area)[1] - 14.0, BODY_PT, most=2)
    axes = place_axes(area, left_mm=15.0 + LINE_MM * len(along))
    for horizon in horizons:
        axes.axvline(horizon, color=RULE, linewidth=0.6, zorder=0)
    times = as_array(visits.times)
    axes.fill_between(
        times, as_array(visits.low), as_array(visits.high), color=BLUE, alpha=0.15, linewidth=0
    )
    axes.plot(times, as_array(visits.survival), color=BLUE, linewidth=1.4, label="Between visits")
    for name, own, curve, colour, dashes in (
        ("As if at the visit", visits.at_visit_times, visits.at_visit, INK, "dotted"),
        ("As if in the middle", visits.in_the_middle_times, visits.in_the_middle, GREY, "dashed"),
    ):
        axes.step(
            as_array(own), as_array(curve), where="post", color=colour, linewidth=1.0,
            linestyle=dashes, label=name,
        )  # fmt: skip
    end = max(as_array(visits.at_visit_times).max(), times.max())
    axes.set(xlim=(0, end * 1.01), ylim=(0, 1.03), xlabel=f"Time ({time_unit})")
    axes.set_ylabel("\n".join(["Probability of", *along]))
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.legend(loc="lower left")


def visit_plates(facts: Facts) -> list[Plate]:
    """Return the curve of all cases; nothing where times are known."""
    if facts.visits is None:
        return []
    draw = partial(
        draw_visits,
        visits=facts.visits,
        outcome_name=facts.study.outcome_name,
        time_unit=facts.study.time_unit,
        horizons=facts.study.horizons,
    )
    return [
        Plate(
            slug="figure-overall-visits",
            section="participants",
            number="",
            title=("Survival between the visits",),
            caption=(
                "Turnbull's estimate with 95% limits by a bootstrap of patients. Where it slopes,"
                " the visits do not say when within that stretch it falls. Dotted and dashed:"
                " Kaplan-Meier with every event dated to the visit at which it was seen, or to the"
                " middle between its visits. Thin lines: horizons.",
            ),
            panels=(
                Panel(
                    partial(draw_titled, title="All cases", draw=draw),
                    COLUMN_MM,
                    _PANEL_MM,
                    "Survival of all cases between visits, and as if times were known.",
                ),
            ),
        )
    ]
