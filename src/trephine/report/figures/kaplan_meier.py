"""Figure 5 c: Kaplan-Meier curves with intervals and numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from trephine.facts import SurvivalCurve
from trephine.report.figures.fitting import shortened, wrapped
from trephine.report.figures.series import as_array
from trephine.report.style import (
    BODY_PT,
    INK,
    MUTED,
    RULE,
    SMALL_PT,
    Area,
    SeriesStyle,
    axes_size_mm,
    place_axes,
    risk_group_styles,
    size_mm,
    text_width_mm,
)
from trephine.report.wording import show

RISK_ROW_MM = 3.4
LINE_MM = 3.6


def draw_kaplan_meier(
    area: Area,
    curves: Sequence[SurvivalCurve],
    *,
    outcome_name: str,
    time_unit: str,
    horizons: Sequence[float] = (),
    logrank_p: float | None = None,
) -> None:
    """Draw survival curves by ascending risk, with a table of numbers at risk under them.

    Parameters
    ----------
    area
        Where to draw.
    curves
        One a group, lowest risk first.
    outcome_name, time_unit
        Words for the axes.
    horizons
        Marked by thin lines.
    logrank_p
        Printed in the panel; None for nothing.
    """
    width, height = size_mm(area)
    names = [shortened(curve.label, 0.3 * width, SMALL_PT, bold=True) for curve in curves]
    table = RISK_ROW_MM * (len(curves) + 1) + 1.0
    # Along the axis there is as much room as the axis is long; beside it, for two lines.
    along = wrapped(outcome_name, height - 14.0 - table, BODY_PT, most=2)
    for_label = 15.0 + LINE_MM * (len(along) - 1)
    left = max(for_label, 5.5 + max(text_width_mm(name, SMALL_PT, bold=True) for name in names))
    axes = place_axes(area, left_mm=left, bottom_mm=8.0 + table)
    end = max(max(as_array(curve.times).max(initial=0), _last_seen(curve)) for curve in curves)
    for horizon in horizons:
        axes.axvline(horizon, color=RULE, linewidth=0.6, zorder=0)
    styles = risk_group_styles(len(curves))
    for curve, style, name in zip(curves, styles, names, strict=True):
        _draw_curve(axes, curve, style, end, name)
    axes.set(xlim=(0, end * 1.01), ylim=(0, 1.03), xlabel=f"Time ({time_unit})")
    axes.set_ylabel("\n".join(["Probability of", *along]))
    times = [time for time in curves[0].at_risk_times if time is not None and time <= end * 1.01]
    axes.set_xticks(times, labels=[f"{time:g}" for time in times])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    if len(curves) > 1:
        # The test stands with the groups: elsewhere an interval may lie under it.
        test = None if logrank_p is None else f"Log-rank p {show(logrank_p, 'p =')}"
        axes.legend(
            loc="lower left", title=test, title_fontsize=SMALL_PT, alignment="left",
        )  # fmt: skip
    _draw_risk_table(axes, curves, names, len(times), left)


def _last_seen(curve: SurvivalCurve) -> float:
    return float(as_array(curve.censored_times).max(initial=0))


def _draw_curve(
    axes: Axes, curve: SurvivalCurve, style: SeriesStyle, end: float, name: str
) -> None:
    last = max(as_array(curve.times).max(initial=0), _last_seen(curve))
    times = np.append(as_array(curve.times), min(last, end))
    survival = as_array(curve.survival)
    survival = np.append(survival, survival[-1])
    if curve.low and curve.high:
        low, high = as_array(curve.low), as_array(curve.high)
        axes.fill_between(
            times,
            np.append(low, low[-1]),
            np.append(high, high[-1]),
            step="post",
            color=style.colour,
            alpha=0.13,
            linewidth=0,
        )
    axes.step(
        times,
        survival,
        where="post",
        color=style.colour,
        linestyle=style.dashes,
        linewidth=style.width_pt,
        label=name,
    )
    censored = as_array(curve.censored_times)
    at = survival[np.clip(np.searchsorted(times[:-1], censored, side="right") - 1, 0, None)]
    axes.plot(censored, at, linestyle="none", marker="|", markersize=3, color=style.colour, mew=0.5)


def _draw_risk_table(
    axes: Axes,
    curves: Sequence[SurvivalCurve],
    names: Sequence[str],
    columns: int,
    left_mm: float,
) -> None:
    width, height = axes_size_mm(axes)
    place = blended_transform_factory(axes.transData, axes.transAxes)
    edge = -(left_mm - 1.0) / width
    y = -(8.0 + 0.5) / height
    axes.text(
        edge, y, "Number at risk", transform=axes.transAxes, va="top", size=SMALL_PT, color=MUTED
    )
    for row, (curve, style, name) in enumerate(
        zip(curves, risk_group_styles(len(curves)), names, strict=True), start=1
    ):
        y_row = y - row * RISK_ROW_MM / height
        axes.text(
            edge,
            y_row,
            name,
            transform=axes.transAxes,
            va="top",
            size=SMALL_PT,
            color=style.colour,
            weight="bold",
        )
        for time, count in zip(curve.at_risk_times[:columns], curve.at_risk, strict=False):
            axes.text(
                time or 0.0,
                y_row,
                str(count),
                transform=place,
                ha="center",
                va="top",
                size=SMALL_PT,
                color=INK,
            )
