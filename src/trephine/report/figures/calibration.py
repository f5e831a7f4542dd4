"""Figure 4: calibration at one horizon, above the distribution of predicted risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from trephine.facts import CalibrationFacts
from trephine.report.figures.fitting import LEGEND_MM, shortened
from trephine.report.figures.series import as_array, as_number
from trephine.report.style import (
    RULE,
    SMALL_PT,
    Area,
    SeriesStyle,
    model_styles,
    place_axes,
    size_mm,
)

HISTOGRAM_MM = 9.0


def draw_calibration(area: Area, curves: Sequence[CalibrationFacts], headline: str) -> None:
    """Draw smooth calibration curves of several models, groups and histogram of one of them.

    Parameters
    ----------
    area
        Where to draw.
    curves
        One a model, all of one horizon.
    headline
        Model whose groups with interval and whose distribution of risk are shown.
    """
    _, height = size_mm(area)
    axes = place_axes(area, bottom_mm=9.0 + HISTOGRAM_MM)
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.8)
    styles = model_styles([curve.model for curve in curves])
    top = 0.0
    for curve in curves:
        _draw_curve(axes, curve, styles[curve.model], with_groups=curve.model == headline)
        top = max(top, _reach(curve))
    # No event before the horizon: every probability is 0, and the axes keep a width.
    top = 1.0 if top > 0.72 else max(float(np.ceil(top * 10) / 10), 0.1)
    axes.set(xlim=(-0.01 * top, 1.01 * top), ylim=(-0.02 * top, 1.02 * top))
    axes.set_ylabel("Observed event probability")
    axes.tick_params(labelbottom=False)
    axes.legend(loc="upper left")

    below = place_axes(area, top_mm=height - 9.0 - HISTOGRAM_MM + 1.2)
    shown = next((curve for curve in curves if curve.model == headline), curves[-1])
    if shown.bin_counts:
        edges = as_array(shown.bin_edges)
        below.bar(
            edges[:-1],
            shown.bin_counts,
            width=np.diff(edges),
            align="edge",
            color=styles[shown.model].colour,
            alpha=0.55,
            linewidth=0,
        )
    below.set(xlim=axes.get_xlim(), xlabel="Predicted event probability", yticks=[])
    below.spines["left"].set_visible(False)
    below.set_xticks(axes.get_xticks(), labels=[f"{tick:.1f}" for tick in axes.get_xticks()])
    below.set_xlim(axes.get_xlim())


def _draw_curve(
    axes: Axes, curve: CalibrationFacts, style: SeriesStyle, *, with_groups: bool
) -> None:
    x = as_array(curve.smooth_predicted)
    if with_groups and curve.smooth_low:
        low, high = as_array(curve.smooth_low), as_array(curve.smooth_high)
        axes.fill_between(x, low, high, color=style.colour, alpha=0.14, linewidth=0)
    axes.plot(
        x,
        as_array(curve.smooth_observed),
        color=style.colour,
        linestyle=style.dashes,
        linewidth=style.width_pt,
        label=shortened(curve.model, LEGEND_MM, SMALL_PT),
    )
    if not with_groups:
        return
    predicted = as_array([group.predicted for group in curve.groups])
    observed = as_array([group.observed.value for group in curve.groups])
    low = as_array([group.observed.low for group in curve.groups])
    high = as_array([group.observed.high for group in curve.groups])
    axes.vlines(predicted, low, high, color=style.colour, linewidth=0.8)
    axes.plot(
        predicted,
        observed,
        linestyle="none",
        marker=style.marker,
        markersize=3.4,
        color=style.colour,
    )


def _reach(curve: CalibrationFacts) -> float:
    values = [as_number(group.observed.high) for group in curve.groups]
    values += [*as_array(curve.smooth_predicted), *as_array(curve.smooth_observed)]
    finite = [value for value in values if np.isfinite(value)]
    return max(finite, default=1.0)
