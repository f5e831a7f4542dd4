"""The null check: C-index of the whole pipeline on permuted outcomes, beside the observed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.report.facts import NullFacts
from trephine.report.figures.series import as_array
from trephine.report.style import (
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
from trephine.report.wording import kind_label, protocol_label, show

TITLE_MM = 7.0


def draw_null_check(area: Area, checks: Sequence[NullFacts]) -> None:
    """Draw one histogram a check, on one scale, with the observed C-index as a line."""
    _, height = size_mm(area)
    values = np.concatenate(
        [as_array([*check.permuted, check.observed]) for check in checks] + [np.array([0.5])]
    )
    values = values[np.isfinite(values)]
    low, high = values.min() - 0.03, values.max() + 0.04
    edges = np.arange(np.floor(low * 50) / 50, high + 0.02, 0.01)
    share = (height - 10.0) / len(checks)
    for number, check in enumerate(checks):
        top = number * share
        axes = place_axes(
            area,
            left_mm=4.0,
            top_mm=top + TITLE_MM + 1.0,
            bottom_mm=height - top - share + 0.5 if number < len(checks) - 1 else 10.0,
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
        axes.set_title(
            f"{protocol_label(check.protocol)}, {kind_label(check.kind)}", pad=9.5, loc="left"
        )
        axes.text(
            0, 1.02,
            f"observed {show(check.observed, '2')}; permuted: median"
            f" {show(check.median, '2')}, 95th percentile {show(check.p95, '2')}",
            transform=axes.transAxes, va="bottom", size=SMALL_PT, color=MUTED,
        )  # fmt: skip
        last = number == len(checks) - 1
        axes.tick_params(labelbottom=last)
        if last:
            axes.set_xlabel("C-index")
