"""Agreement of raters: overlap, distance, sizes, ICC, and the cases that agree least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trephine.facts.agreement import AgreementFigure, DrawnCase
from trephine.report.figures.fitting import shortened
from trephine.report.figures.pictures import letter_edges
from trephine.report.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    PAGE_MM,
    PAPER,
    PURPLE,
    RED,
    SMALL_PT,
    Area,
    figure_style,
    new_figure,
    panel_title,
    place_axes,
    size_mm,
)
from trephine.report.typeface import cover
from trephine.types import FloatArray

_COLOURS = (BLUE, GREEN, PURPLE, RED)
_ROW_MM = 56.0
_KEY_MM = 4.5
_TWICE = ", read twice"


def agreement_figure(facts: AgreementFigure) -> Figure:
    """Return the figure, a page wide: three panels, then the cases that agree least."""
    cover(" ".join([*facts.dice, *facts.icc]))
    rows = 2 if facts.worst else 1
    with figure_style():
        figure = new_figure(PAGE_MM, rows * _ROW_MM)
        grid = figure.subfigures(rows, 1, squeeze=False)[:, 0]
        panels = grid[0].subfigures(1, 4)
        lowest = min((float(np.min(dice)) for dice in facts.dice.values()), default=0.0)
        _strips(panels[0], facts.dice, "a  Dice", (np.floor(10 * lowest - 0.2) / 10, 1.0))
        _strips(panels[1], facts.hausdorff95_mm, "b  HD95, mm", (0.0, None))
        _sizes(panels[2], facts)
        _icc(panels[3], facts.icc)
        if facts.worst:
            pictures = np.atleast_1d(grid[1].subfigures(1, len(facts.worst)))
            for number, (area, case) in enumerate(zip(pictures, facts.worst, strict=True)):
                _picture(area, case, "e  " if number == 0 else "")
            _outline_key(grid[1], facts.readers)
    return figure


def _strips(
    area: Area,
    values: Mapping[str, FloatArray],
    title: str,
    limits: tuple[float, float | None],
) -> None:
    """Draw one point per case beside a line at the median, one column per comparison."""
    axes = place_axes(area, left_mm=9.0, bottom_mm=11.0)
    panel_title(area, title, left_mm=9.0)
    for column, points in enumerate(values.values()):
        colour = _COLOURS[column % len(_COLOURS)]
        # A fixed spread instead of a random one: the same facts give the same bytes.
        spread = 0.22 * np.sin(np.arange(points.size) * 2.399963)
        axes.plot(column + spread, points, ".", color=colour, markersize=2.2, alpha=0.55, mew=0)
        axes.hlines(
            float(np.median(points)), column - 0.34, column + 0.34, color=INK, linewidth=1.1
        )
    axes.set(xlim=(-0.6, len(values) - 0.4))
    axes.set_ylim(bottom=limits[0], top=limits[1])
    labels = [f"{_short(name)}\nn = {points.size}" for name, points in values.items()]
    axes.set_xticks(range(len(values)), labels=labels)


def _sizes(area: Area, facts: AgreementFigure) -> None:
    axes = place_axes(area, left_mm=11.0, bottom_mm=11.0)
    panel_title(area, f"c  Difference in size, {facts.size_unit}", left_mm=11.0)
    if facts.size is None:
        axes.text(0.5, 0.5, "fewer than three cases", transform=axes.transAxes, ha="center")
        return
    found = facts.size
    axes.plot(found.means, found.differences, ".", color=BLUE, markersize=2.4, alpha=0.6, mew=0)
    for line, dashes in (
        (found.bias, "solid"),
        (found.lower_limit, (0, (4.0, 2.0))),
        (found.upper_limit, (0, (4.0, 2.0))),
    ):
        axes.axhline(line.value, color=INK, linewidth=0.8, linestyle=dashes)
        axes.axhspan(line.low, line.high, color=MUTED, alpha=0.15, linewidth=0)
        axes.annotate(
            _signed(line.value),
            (1.0, line.value),
            xycoords=("axes fraction", "data"),
            xytext=(-1, 1.5),
            textcoords="offset points",
            ha="right",
            size=SMALL_PT,
        )
    axes.set_xlabel(f"Mean of both, {facts.size_unit}")


def _icc(area: Area, values: Mapping[str, FloatArray]) -> None:
    """Draw the share of features whose ICC is at least so high."""
    axes = place_axes(area, left_mm=11.0, bottom_mm=11.0)
    panel_title(area, "d  Features by ICC", left_mm=11.0)
    for number, (name, icc) in enumerate(values.items()):
        ordered = np.sort(icc[np.isfinite(icc)])
        if ordered.size == 0:
            continue
        share = 1.0 - np.arange(ordered.size) / ordered.size
        dashes = "solid" if number == 0 else (0, (4.0, 1.6))
        colour = _COLOURS[number % len(_COLOURS)]
        axes.step(ordered, share, color=colour, linestyle=dashes, where="post", label=_short(name))
    axes.axvline(0.75, color=MUTED, linewidth=0.7, linestyle=(0, (1.0, 1.5)))
    axes.set(xlim=(0.0, 1.0), ylim=(0.0, 1.02), xlabel="ICC at least")
    axes.set_yticks([0, 0.5, 1], labels=["0%", "50%", "100%"])
    if values:
        axes.legend(
            loc="lower left",
            fontsize=SMALL_PT - 1.2,
            handlelength=1.2,
            handletextpad=0.4,
            borderaxespad=0.1,
            # On paper of its own, so that the line of the threshold does not cross it.
            frameon=True,
            framealpha=1.0,
            facecolor=PAPER,
            edgecolor="none",
        )
    else:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=MUTED)


def _picture(area: Area, case: DrawnCase, letter: str) -> None:
    axes = place_axes(area, left_mm=1.5, right_mm=1.5, bottom_mm=_KEY_MM, top_mm=5.5)
    panel_title(area, letter + case.title, left_mm=1.5)
    low, high = np.percentile(case.pixels, [1, 99])
    axes.imshow(case.pixels, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    axes.set_anchor("N")
    _outline(axes, case.first, BLUE, "solid")
    _outline(axes, case.second, RED, (0, (3.0, 1.2)))
    letter_edges(axes, case.edge_sides, 1.4 * SMALL_PT)
    axes.set_axis_off()


def _outline_key(area: Area, readers: tuple[str, str]) -> None:
    """Say under the pictures whose outline is which."""
    key = area.add_axes((0, 0, 1, _KEY_MM / size_mm(area)[1]))
    key.axis("off")
    for colour, dashes, reader in zip(
        (BLUE, RED), ("solid", (0, (3.0, 1.2))), readers, strict=True
    ):
        label = shortened(reader, 0.4 * PAGE_MM, SMALL_PT)
        key.plot([], [], color=colour, linestyle=dashes, linewidth=1.0, label=label)
    key.legend(loc="center left", ncols=2, bbox_to_anchor=(0.0, 0.5), borderaxespad=0.1)


def _outline(
    axes: Axes,
    lines: Sequence[FloatArray],
    colour: str,
    dashes: str | tuple[float, tuple[float, ...]],
) -> None:
    for line in lines:
        axes.plot(line[:, 1], line[:, 0], color=colour, linestyle=dashes, linewidth=1.0)


def _short(name: str) -> str:
    """Shorten a comparison's name for a narrow column."""
    return shortened(name.replace(_TWICE, " twice"), 30.0, SMALL_PT)


def _signed(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")
