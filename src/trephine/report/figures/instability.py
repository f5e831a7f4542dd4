"""Instability: a model's predictions, errors and curves beside those of its bootstrap refits."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from trephine.facts import InstabilityFacts
from trephine.report.figures.series import as_array
from trephine.report.style import BLUE, GREY, INK, RED, RULE, Area, place_axes, size_mm
from trephine.types import FloatArray

_REFIT_WIDTH = 0.4


def draw_predictions(area: Area, found: InstabilityFacts) -> None:
    """Draw refits' predictions over the model's: points, and the interval of each case."""
    axes = place_axes(area)
    original, top = as_array(found.original), _top(found)
    axes.plot([0, top], [0, top], color=RULE, linewidth=0.8)
    axes.plot(
        as_array(found.point_at),
        as_array(found.point_refitted),
        linestyle="none",
        marker="o",
        markersize=1.1,
        markeredgewidth=0,
        color=GREY,
        alpha=0.55,
    )
    for limit in (found.low_smooth, found.high_smooth):
        axes.plot(original, as_array(limit), color=BLUE, linewidth=0.9, dashes=(4, 1.6))
    axes.set(
        xlim=(0, top), ylim=(0, top),
        xlabel="Event probability by the model", ylabel="Event probability by refits",
    )  # fmt: skip


def draw_errors(area: Area, found: InstabilityFacts) -> None:
    """Draw each case's mean absolute error, and below how many refits change its risk group."""
    _, height = size_mm(area)
    lower = 0.42 * (height - 15.5) if found.changed_of_case else 0.0
    axes = place_axes(area, bottom_mm=9.0 + lower)
    original, top = as_array(found.original), _top(found)
    _scatter(axes, original, as_array(found.error), BLUE)
    most = max(float(np.nanmax(as_array(found.error))), 1e-3)
    axes.set(xlim=(0, top), ylim=(0, 1.08 * most), ylabel="MAPE")
    if not found.changed_of_case:
        axes.set_xlabel("Event probability by the model")
        return
    axes.tick_params(labelbottom=False)
    below = place_axes(area, top_mm=height - 9.0 - lower + 3.0)
    for cut in found.cuts:
        below.axvline(cut, color=RULE, linewidth=0.8)
    _scatter(below, original, as_array(found.changed_of_case), RED)
    below.set(
        xlim=(0, top), ylim=(0, 1.0), yticks=[0, 0.5, 1],
        xlabel="Event probability by the model", ylabel="Other group",
    )  # fmt: skip


def draw_calibration_curves(area: Area, found: InstabilityFacts) -> None:
    """Draw the calibration curve of each refit, and the model's over them."""
    axes = place_axes(area)
    at = as_array(found.calibration_at)
    curves = np.array([as_array(row) for row in found.calibration_refitted])
    own = as_array(found.calibration_original)
    reach = np.r_[at, curves.ravel(), own]
    top = float(np.nanmax(reach)) if np.isfinite(reach).any() else 1.0
    top = max(min(1.0, 1.04 * top), 0.05)
    axes.plot([0, top], [0, top], color=RULE, linewidth=0.8)
    for curve in curves:
        axes.plot(at, curve, color=GREY, linewidth=_REFIT_WIDTH, alpha=0.7)
    axes.plot(at, own, color=RED, linewidth=1.4)
    axes.set(
        xlim=(0, top), ylim=(0, top),
        xlabel="Predicted event probability", ylabel="Observed event probability",
    )  # fmt: skip


def draw_net_benefit(area: Area, found: InstabilityFacts) -> None:
    """Draw the decision curve of each refit, and the model's over them."""
    axes = place_axes(area, left_mm=14.0)
    thresholds, own = as_array(found.thresholds), as_array(found.benefit_original)
    curves = np.array([as_array(row) for row in found.benefit_refitted])
    axes.axhline(0, color=INK, linewidth=0.6)
    for curve in curves:
        axes.plot(thresholds, curve, color=GREY, linewidth=_REFIT_WIDTH, alpha=0.7)
    axes.plot(thresholds, own, color=RED, linewidth=1.4)
    top = max(float(np.nanmax(np.r_[curves.ravel(), own], initial=0.01)), 0.01)
    axes.set(
        xlim=(float(thresholds[0]), float(thresholds[-1])), ylim=(-0.28 * top, 1.12 * top),
        xlabel="Threshold probability of the event", ylabel="Net benefit",
    )  # fmt: skip


def _scatter(axes: Axes, x: FloatArray, y: FloatArray, colour: str) -> None:
    axes.plot(x, y, linestyle="none", marker="o", markersize=1.8, markeredgewidth=0, color=colour)


def _top(found: InstabilityFacts) -> float:
    """Return where the axes of event probabilities end."""
    values = np.r_[as_array(found.original), as_array(found.high), as_array(found.point_refitted)]
    return float(min(1.0, max(1.04 * np.nanmax(values), 0.05)))
