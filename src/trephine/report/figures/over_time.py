"""Whether a coefficient is constant: scaled Schoenfeld residuals over time with their smooth."""

from __future__ import annotations

import numpy as np

from trephine.facts import CoefficientOverTime
from trephine.report.figures.series import as_array, as_number
from trephine.report.style import BLUE, GREY, INK, RED, RULE, Area, place_axes
from trephine.types import TimeUnit

_TICKS = 5


def draw_over_time(area: Area, found: CoefficientOverTime, unit: TimeUnit) -> None:
    """Draw one coefficient over time.

    The horizontal scale is that of the test, 1 - Kaplan-Meier, so that events lie evenly; its
    labels are times.
    """
    axes = place_axes(area)
    places, residuals = as_array(found.places), as_array(found.residuals)
    at, smooth = as_array(found.smooth_at), as_array(found.smooth)
    low, high = as_array(found.smooth_low), as_array(found.smooth_high)
    axes.axhline(0, color=RULE, linewidth=0.7)
    axes.plot(places, residuals, linestyle="none", marker="o", markersize=1.8, color=GREY)
    axes.fill_between(at, low, high, color=BLUE, alpha=0.18, linewidth=0)
    axes.plot(at, smooth, color=BLUE)
    axes.axhline(as_number(found.coefficient), color=RED, linewidth=0.9, linestyle=(0, (4, 2)))
    bottom = min(residuals.min(), low.min(), 0.0)
    top = max(residuals.max(), high.max(), 0.0)
    room = 0.06 * (top - bottom)
    axes.set(
        ylim=(bottom - room, top + room),
        xlabel=f"Time ({unit})",
        ylabel="Coefficient",
    )
    ticks = np.linspace(places[0], places[-1], _TICKS)
    times = as_array(found.times)[np.searchsorted(places, ticks)]
    axes.set_xticks(ticks, labels=[f"{time:.3g}" for time in times])
    axes.tick_params(axis="x", colors=INK)
