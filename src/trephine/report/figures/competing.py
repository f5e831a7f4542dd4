"""Cumulative incidence of the event and of those that compete with it, and by risk group."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes

from trephine.facts import Facts
from trephine.facts.competing import CompetingFacts, IncidenceCurve, IncidenceGroupsFacts
from trephine.report.figures.assessed import draw_titled, headline_model
from trephine.report.figures.fitting import shortened, wrapped
from trephine.report.figures.plate import Panel, Plate
from trephine.report.figures.series import as_array
from trephine.report.style import (
    BLUE,
    BODY_PT,
    COLUMN_MM,
    GREY,
    RULE,
    SMALL_PT,
    Area,
    SeriesStyle,
    place_axes,
    risk_group_styles,
    size_mm,
)
from trephine.report.trace import Text
from trephine.report.wording import show

_PANEL_MM = 74.0
# The event stands out; the events that compete with it differ from each other by their dashes.
_OTHERS = ("dashdot", (0, (5, 1, 1, 1, 1, 1)), "dotted", (0, (8, 2)))


def draw_incidences(
    area: Area, competing: CompetingFacts, time_unit: str, horizons: Sequence[float]
) -> None:
    """Draw the incidence of every kind of event, and what ignoring the others would say."""
    axes = _axes(area, competing.curves, time_unit, horizons)
    own, *others = competing.curves
    room = 0.55 * size_mm(area)[0]
    axes.step(
        as_array(own.times), as_array(own.ignoring), where="post", color=BLUE, linewidth=1.0,
        linestyle="dashed", label=shortened(f"{own.label}: 1 − Kaplan-Meier", room, SMALL_PT),
    )  # fmt: skip
    _draw(axes, own, SeriesStyle(BLUE, "solid", 1.4, "o"), shortened(own.label, room, SMALL_PT))
    for number, other in enumerate(others):
        dashes = _OTHERS[number % len(_OTHERS)]
        style = SeriesStyle(GREY, dashes, 1.1, "o")
        _draw(axes, other, style, shortened(other.label, room, SMALL_PT), band=False)
    axes.legend(loc="upper left")


def draw_incidence_by_group(
    area: Area, groups: IncidenceGroupsFacts, time_unit: str, horizons: Sequence[float]
) -> None:
    """Draw the incidence of the event in each risk group, each with its 1 - Kaplan-Meier."""
    axes = _axes(area, groups.curves, time_unit, horizons)
    styles = risk_group_styles(len(groups.curves))
    # The highest first, as the curves lie.
    for curve, style in reversed(list(zip(groups.curves, styles, strict=True))):
        axes.step(
            as_array(curve.times), as_array(curve.ignoring), where="post", color=style.colour,
            linewidth=0.7, linestyle="dotted",
        )  # fmt: skip
        _draw(axes, curve, style, curve.label)
    test = None if groups.gray_p is None else f"Gray's test p {show(groups.gray_p, 'p =')}"
    axes.legend(loc="upper left", title=test, title_fontsize=SMALL_PT, alignment="left")


def _axes(
    area: Area, curves: Sequence[IncidenceCurve], time_unit: str, horizons: Sequence[float]
) -> Axes:
    axes = place_axes(area)
    for horizon in horizons:
        axes.axvline(horizon, color=RULE, linewidth=0.6, zorder=0)
    end = max(as_array(curve.times).max() for curve in curves)
    top = max(
        max(as_array(curve.ignoring).max(), as_array(curve.incidence).max()) for curve in curves
    )
    # Room for the legend above the curves.
    axes.set(xlim=(0, end * 1.01), ylim=(0, min(1.02, 1.45 * top + 0.05)))
    label = wrapped("Cumulative incidence", size_mm(area)[1], BODY_PT, most=1)
    axes.set(xlabel=f"Time ({time_unit})", ylabel="\n".join(label))
    return axes


def _draw(
    axes: Axes, curve: IncidenceCurve, style: SeriesStyle, name: str, *, band: bool = True
) -> None:
    times = as_array(curve.times)
    if band and curve.low:
        axes.fill_between(
            times, as_array(curve.low), as_array(curve.high), step="post", color=style.colour,
            alpha=0.13, linewidth=0,
        )  # fmt: skip
    axes.step(
        times, as_array(curve.incidence), where="post", color=style.colour,
        linestyle=style.dashes, linewidth=style.width_pt, label=name,
    )  # fmt: skip


def incidence_plates(facts: Facts) -> list[Plate]:
    """Return incidences in all cases, and in the risk groups of the headline models."""
    competing, study = facts.competing, facts.study
    if competing is None:
        return []
    draw = partial(
        draw_incidences, competing=competing, time_unit=study.time_unit, horizons=study.horizons
    )
    panels = [
        Panel(
            partial(draw_titled, title="All cases", draw=draw),
            COLUMN_MM,
            _PANEL_MM,
            f"Cumulative incidence of {competing.event} and of {', '.join(competing.names)}.",
        )
    ]
    for groups in headline_groups(facts):
        by_group = partial(
            draw_incidence_by_group,
            groups=groups,
            time_unit=study.time_unit,
            horizons=study.horizons,
        )
        title = f"{groups.model} model, {groups.protocol}"
        panels.append(
            Panel(
                partial(draw_titled, title=title, draw=by_group, kind=groups.kind),
                COLUMN_MM,
                _PANEL_MM,
                f"Cumulative incidence of {competing.event} in the risk groups of the model.",
            )
        )
    return [
        Plate(
            slug="figure-incidence",
            section="competing",
            number="",
            title=("Cumulative incidence",),
            caption=_CAPTION,
            panels=tuple(panels),
        )
    ]


_CAPTION: Text = (
    "Aalen-Johansen estimates with 95% intervals: the share of all cases that had the"
    " event by each time. Dashed (all cases) and dotted (risk groups): 1 −"
    " Kaplan-Meier with competing events counted as censored, which lies higher; it is"
    " the share that would have had the event if nothing else ever happened and those"
    " who had another event were like those who had not. Thin lines: horizons.",
)


def headline_groups(facts: Facts) -> list[IncidenceGroupsFacts]:
    """Return the risk groups of each protocol's headline model, as it is judged."""
    if facts.competing is None:
        return []
    judged = {one.name: one.judged for one in facts.study.protocols}
    return [
        groups
        for groups in facts.competing.groups
        if groups.kind in (judged.get(groups.protocol), "external")
        and groups.model == headline_model(facts, groups.protocol)
    ]
