"""Figure 1 b: the nomogram, with one case worked out on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from trephine.report.figures.nomogram_layout import (
    EDGE_MM,
    LANE_MM,
    LEAD_MM,
    NAME_MM,
    ROW_GAP_MM,
    TICK_MM,
    AxisRow,
    Layout,
)
from trephine.report.style import (
    BODY_PT,
    INK,
    MUTED,
    PAPER,
    RED,
    RULE,
    SMALL_PT,
    Area,
)


def draw_nomogram(area: Area, layout: Layout) -> None:
    """Draw a nomogram that was measured out for the width of ``area``."""
    height = layout.height_mm
    axes = area.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-layout.left_mm, layout.width_mm - layout.left_mm), ylim=(height, 0))
    axes.axis("off")
    length = layout.width_mm - layout.left_mm - layout.right_mm
    example = any(row.example for row in layout.rows)
    if example:
        axes.text(
            length + layout.right_mm - EDGE_MM, 3.2, "Example", ha="right", va="bottom",
            size=SMALL_PT, color=RED, weight="bold",
        )  # fmt: skip
    y = 3.5
    lines = []
    for row in layout.rows:
        if layout.names_above:
            axes.text(
                0, y, row.name, va="top", ha="left", size=BODY_PT, weight="bold", zorder=3,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip
            y += NAME_MM * (1 + row.name.count("\n"))
        y += row.above_mm + row.extra_mm / 2
        _draw_row(axes, row, y, layout)
        lines.append(y)
        y += row.below_mm + row.extra_mm / 2 + ROW_GAP_MM
    if example:
        _draw_example(axes, layout, lines)


def _draw_row(axes: Axes, row: AxisRow, y: float, layout: Layout) -> None:
    if not layout.names_above:
        axes.text(-3.0, y, row.name, ha="right", va="center", size=BODY_PT, weight="bold")
    if not row.positions_mm:
        axes.text(0, y, "outside the range of total points", va="center", size=SMALL_PT)
        return
    ends = min(row.positions_mm), max(row.positions_mm)
    axes.plot(ends, (y, y), color=INK, linewidth=0.8, solid_capstyle="projecting")
    shown = {label.index: label for label in row.labels}
    for index, x in enumerate(row.positions_mm):
        lane = shown[index].lane if index in shown else 1
        size = TICK_MM if index in shown else TICK_MM * 0.6
        axes.plot((x, x), (y, y + size * np.sign(lane)), color=INK, linewidth=0.7)
    for label in row.labels:
        side = 1 if label.lane > 0 else -1
        start = y + side * TICK_MM
        edge = start + side * (row.lead_mm(side) + LANE_MM * (abs(label.lane) - 1))
        if row.lead_mm(side) == LEAD_MM:
            axes.plot(
                (label.tick_mm, label.centre_mm), (start, edge - side * 0.15),
                color=MUTED, linewidth=0.45, zorder=1,
            )  # fmt: skip
        # On paper of its own, so that the line of the worked case does not strike it through.
        axes.text(
            label.centre_mm, edge, row.texts[label.index],
            ha="center", va="top" if side > 0 else "bottom", size=SMALL_PT, zorder=3,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.4},
        )  # fmt: skip


def _draw_example(axes: Axes, layout: Layout, lines: Sequence[float]) -> None:
    """Mark the worked case on each axis, and print what it reads at the right."""
    end = layout.width_mm - layout.left_mm - EDGE_MM
    total = next(k for k, row in enumerate(layout.rows) if row.name == "Total points")
    for row, y in zip(layout.rows, lines, strict=True):
        if row.example is None:
            continue
        x, text = row.example
        axes.plot(x, y, marker="o", markersize=3.6, color=RED, zorder=4, clip_on=False)
        axes.text(end, y, text, ha="right", va="center", size=BODY_PT, color=RED)
    mark = layout.rows[total].example
    if mark is not None and len(lines) > total + 1:
        axes.plot(
            (mark[0], mark[0]), (lines[total], lines[-1]), color=RED, linewidth=0.7,
            linestyle=(0, (3, 2)), zorder=0,
        )  # fmt: skip
    axes.axhline(
        (lines[total - 1] + layout.rows[total - 1].below_mm + 0.8),
        color=RULE, linewidth=0.6, xmin=0.01, xmax=0.99,
    )  # fmt: skip
