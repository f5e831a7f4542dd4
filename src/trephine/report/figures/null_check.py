"""The null check: C-index of the whole pipeline on permuted outcomes, beside the observed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.facts import NullFacts
from trephine.report.figures.fitting import shortened
from trephine.report.figures.series import as_array
from trephine.report.style import (
    BODY_PT,
    GREY,
    INK,
    MUTED,
    RED,
    RULE,
    SMALL_PT,
    Area,
    place_axes,
    size_mm,
)
from trephine.report.wording import show
from trephine.types import FloatArray

ROW_MM = 23.0
_TITLE_MM = 8.6
_TOP_MM = 6.0
_AXIS_MM = 10.0


def null_check_height_mm(rows: int) -> float:
    """Height that the histograms of so many models need."""
    return _TOP_MM + ROW_MM * rows + _AXIS_MM


def null_check_edges(checks: Sequence[NullFacts]) -> FloatArray:
    """Return the edges of bins 0.01 wide that hold every C-index and 0.5."""
    values = np.concatenate([as_array([*check.permuted, check.observed, 0.5]) for check in checks])
    values = values[np.isfinite(values)]
    low, high = values.min() - 0.03, values.max() + 0.04
    return np.arange(np.floor(low * 50) / 50, high + 0.02, 0.01)


def draw_null_check(area: Area, checks: Sequence[NullFacts], edges: FloatArray) -> None:
    """Draw one histogram a model, on one scale, with the observed C-index as a line.

    Parameters
    ----------
    area
        Where to draw.
    checks
        Of one protocol.
    edges
        Of the bins; the same in every panel, so that the protocols can be compared.
    """
    width, height = size_mm(area)
    for number, check in enumerate(checks):
        top = _TOP_MM + number * ROW_MM
        last = number == len(checks) - 1
        axes = place_axes(
            area,
            left_mm=4.0,
            top_mm=top + _TITLE_MM,
            bottom_mm=_AXIS_MM if last else height - top - ROW_MM + 0.5,
        )
        permuted = as_array(check.permuted)
        axes.hist(permuted[np.isfinite(permuted)], bins=edges.tolist(), color=GREY, alpha=0.75)
        axes.axvline(0.5, color=RULE, linewidth=0.8, linestyle=(0, (1, 1.5)))
        if check.median is not None:
            axes.axvline(check.median, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
        if check.observed is not None:
            axes.axvline(check.observed, color=RED, linewidth=1.6)
        axes.set(xlim=(edges[0], edges[-1]), yticks=[])
        axes.spines["left"].set_visible(False)
        name = shortened(check.model, width - 20.0, BODY_PT, bold=True)
        axes.set_title(f"{name} model", pad=11.0, loc="left")
        axes.text(
            0, 1.04,
            f"observed {show(check.observed, '2')}; permuted: median"
            f" {show(check.median, '2')}, 95th percentile {show(check.p95, '2')}",
            transform=axes.transAxes, va="bottom", size=SMALL_PT, color=MUTED,
        )  # fmt: skip
        axes.tick_params(labelbottom=last)
        if last:
            axes.set_xlabel("C-index")
