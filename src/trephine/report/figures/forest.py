"""Forest plot: hazard ratios of one model with their intervals."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from trephine.facts import ModelFacts, TermFact
from trephine.report.figures.fitting import shortened
from trephine.report.figures.series import as_array
from trephine.report.style import (
    BODY_PT,
    COLUMN_MM,
    INK,
    MUTED,
    PAPER,
    SMALL_PT,
    Area,
    model_styles,
    place_axes,
    size_mm,
    text_width_mm,
)
from trephine.report.wording import show

ROW_MM = 5.2
NUMBERS_MM = 34.0
"""Of the ratios in numbers, right of the plot."""
_STEPS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def shown_terms(model: ModelFacts) -> tuple[TermFact, ...]:
    """Return the terms that have a hazard ratio: of a spline, one for all its columns."""
    return tuple(term for term in model.terms if term.ratio.value is not None)


def forest_height_mm(model: ModelFacts, width_mm: float) -> float:
    """Height that the plot needs at this width."""
    row = ROW_MM if width_mm > COLUMN_MM + 1 else ROW_MM + 3.2
    return row * len(shown_terms(model)) + 16.0


def draw_forest(area: Area, model: ModelFacts) -> None:
    """Draw one model's hazard ratios on a log scale, numbers beside them.

    In a column, a term's name stands above its interval instead of beside it.
    """
    width, _ = size_mm(area)
    narrow = width <= COLUMN_MM + 1
    room, size = (width - 6.0, SMALL_PT) if narrow else (0.45 * width, BODY_PT)
    names = [shortened(term.label, room, size) for term in shown_terms(model)]
    widest = max(text_width_mm(name, BODY_PT) for name in names)
    left = 3.0 if narrow else widest + 6.0
    axes = place_axes(area, left_mm=left, right_mm=NUMBERS_MM + 3.0, top_mm=6.5)
    _draw_intervals(axes, model)
    axes.set(ylim=(len(names) - 0.4, -0.85 if narrow else -0.6))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    inner = width - left - NUMBERS_MM - 3.0
    end = (width - left - 3.0) / inner
    place = axes.get_yaxis_transform()
    for row, (term, name) in enumerate(zip(shown_terms(model), names, strict=True)):
        ratio = term.ratio
        text = f"{show(ratio.value, '2')} ({show(ratio.low, '2')}–{show(ratio.high, '2')})"
        axes.text(end, row, text, transform=place, ha="right", va="center", size=SMALL_PT)
        if narrow:
            axes.text(
                0, row - 0.25, name, transform=place, va="bottom", size=SMALL_PT,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5},
            )  # fmt: skip
        else:
            axes.text(
                -3.0 / inner, row, name, transform=place, ha="right", va="center", size=BODY_PT
            )
    axes.text(
        end, 1.015, "Hazard ratio (95% CI)", transform=axes.transAxes, ha="right", va="bottom",
        size=SMALL_PT, color=MUTED,
    )  # fmt: skip


def _draw_intervals(axes: Axes, model: ModelFacts) -> None:
    """Draw each ratio with its interval, and the log scale below."""
    y = np.arange(len(shown_terms(model)), dtype=np.float64)
    value = as_array([term.ratio.value for term in shown_terms(model)])
    low = as_array([term.ratio.low for term in shown_terms(model)])
    high = as_array([term.ratio.high for term in shown_terms(model)])
    colour = model_styles([model.name])[model.name].colour
    axes.axvline(1, color=MUTED, linewidth=0.7)
    axes.hlines(y, low, high, color=INK, linewidth=0.9)
    axes.plot(value, y, linestyle="none", marker="s", markersize=3.6, color=colour)
    axes.set_xscale("log")
    finite = np.concatenate([value, low, high, [0.9, 1.1]])
    finite = finite[np.isfinite(finite) & (finite > 0)]
    limits = finite.min() / 1.1, finite.max() * 1.1
    axes.set(xlim=limits)
    axes.set_xlabel("Hazard ratio (log scale)")
    ticks = [step for step in _STEPS if limits[0] <= step <= limits[1]]
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
