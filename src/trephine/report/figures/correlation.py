"""Correlation between selected features: filled circles positive, open circles negative."""

from __future__ import annotations

import numpy as np

from trephine.facts import CorrelationFacts
from trephine.report.figures.fitting import shortened
from trephine.report.figures.series import as_array
from trephine.report.style import (
    BLUE,
    COLUMN_MM,
    INK,
    RED,
    RULE,
    SMALL_PT,
    Area,
    place_axes,
    size_mm,
    text_width_mm,
)

NAME_PT = 5.4
LINE_MM = 2.7


def correlation_height_mm(facts: CorrelationFacts, width_mm: float) -> float:
    """Height that the plot needs at this width."""
    names = LINE_MM * len(facts.features) + 3.0 if width_mm <= COLUMN_MM + 1 else 0.0
    return _cell_mm(facts, width_mm) * len(facts.features) + 16.0 + names


def draw_correlation(area: Area, facts: CorrelationFacts) -> None:
    """Draw the lower triangle; the area of a circle is the size of the coefficient."""
    width, height = size_mm(area)
    cell = _cell_mm(facts, width)
    count = len(facts.features)
    left = _names_mm(facts, width)
    axes = place_axes(
        area,
        left_mm=left,
        right_mm=width - left - cell * count,
        bottom_mm=height - 3.0 - cell * count,
        top_mm=3.0,
    )
    matrix = np.vstack([as_array(row) for row in facts.matrix])
    axes.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5))
    for k in range(count):
        axes.plot((-0.5, k - 0.5), (k, k), color=RULE, linewidth=0.35, zorder=0)
    rows, columns = np.tril_indices(count, -1)
    value = matrix[rows, columns]
    for mask, colour, filled in ((value > 0, RED, True), (value < 0, BLUE, False)):
        diameter_pt = np.sqrt(np.abs(value[mask])) * cell * 0.92 / 25.4 * 72
        axes.scatter(
            columns[mask],
            rows[mask],
            s=diameter_pt**2,
            facecolor=colour if filled else "none",
            edgecolor=colour,
            linewidth=0.6,
        )
    for k in range(count):
        axes.text(k, k, str(k + 1), ha="center", va="center", size=NAME_PT, weight="bold")
    if width <= COLUMN_MM + 1:
        axes.set_yticks([])
        _list_names(area, facts, cell)
    else:
        names = [f"{name}  {k + 1}" for k, name in enumerate(_names(facts, width))]
        axes.set_yticks(range(count), labels=names, size=NAME_PT)
    axes.set_xticks([])
    axes.tick_params(length=0, pad=1.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _draw_key(area, cell, left)


def _list_names(area: Area, facts: CorrelationFacts, cell: float) -> None:
    """List the numbered names under the matrix, where there is no room beside it."""
    width, height = size_mm(area)
    start = 3.0 + cell * len(facts.features) + 3.0
    for k, name in enumerate(facts.features):
        y = 1 - (start + LINE_MM * k) / height
        area.text(0.06, y, str(k + 1), size=NAME_PT, weight="bold", ha="right", va="top")
        area.text(0.08, y, shortened(name, 0.9 * width, NAME_PT), size=NAME_PT, va="top")


def _draw_key(area: Area, cell: float, left: float) -> None:
    width, height = size_mm(area)
    axes = area.add_axes((left / width, 1.5 / height, (width - left - 2) / width, 8.0 / height))
    axes.set(xlim=(0, width - left - 2), ylim=(0, 8.0))
    axes.axis("off")
    x = 0.0
    for value, colour in ((1.0, RED), (0.5, RED), (0.2, RED), (-0.2, BLUE), (-0.5, BLUE)):
        axes.scatter(
            [x + 3.0],
            [5.5],
            s=(np.sqrt(abs(value)) * min(cell, 4.5) * 0.92 / 25.4 * 72) ** 2,
            facecolor=colour if value > 0 else "none",
            edgecolor=colour,
            linewidth=0.6,
        )
        text = f"{value:g}".replace("-", "−")
        axes.text(x + 3.0, 1.8, text, ha="center", va="center", size=SMALL_PT, color=INK)
        x += 9.0


def _names_mm(facts: CorrelationFacts, width_mm: float) -> float:
    if width_mm <= COLUMN_MM + 1:
        return 3.0
    return max(text_width_mm(f"{name}  00", NAME_PT) for name in _names(facts, width_mm)) + 4.0


def _names(facts: CorrelationFacts, width_mm: float) -> list[str]:
    return [shortened(name, 0.45 * width_mm, NAME_PT) for name in facts.features]


def _cell_mm(facts: CorrelationFacts, width_mm: float) -> float:
    return min(6.0, (width_mm - _names_mm(facts, width_mm) - 3.0) / len(facts.features))
