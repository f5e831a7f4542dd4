"""What the parts of a signature contribute to its score, as bars."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.facts import PartShare
from trephine.report.figures.fitting import shortened
from trephine.report.style import (
    BLUE,
    BODY_PT,
    INK,
    MUTED,
    SMALL_PT,
    Area,
    place_axes,
    size_mm,
    text_width_mm,
)
from trephine.report.wording import show

ROW_MM = 4.6
_NUMBERS_MM = 30.0


def contribution_height_mm(parts: Sequence[PartShare]) -> float:
    """Height that the bars need."""
    return ROW_MM * len(parts) + 13.4


def draw_contribution(area: Area, parts: Sequence[PartShare]) -> None:
    """Draw a bar a part, its share and its number of features beside it.

    Parameters
    ----------
    area
        Where to draw.
    parts
        Largest share first; a share below 0 points to the left.
    """
    width, _ = size_mm(area)
    names = [shortened(part.part, 0.45 * width, BODY_PT) for part in parts]
    left = max(text_width_mm(name, BODY_PT) for name in names) + 5.0
    axes = place_axes(area, left_mm=left, right_mm=_NUMBERS_MM, top_mm=8.4, bottom_mm=2.0)
    shares = [part.share or 0.0 for part in parts]
    rows = range(len(parts))
    axes.barh(rows, shares, height=0.62, color=BLUE)
    axes.axvline(0, color=MUTED, linewidth=0.7)
    axes.set(ylim=(len(parts) - 0.5, -0.5), xlim=(min(0.0, *shares), max(*shares, 1e-9)))
    axes.set_yticks(list(rows), labels=names, fontsize=BODY_PT)
    axes.tick_params(axis="y", length=0)
    axes.set_xticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    place = axes.get_yaxis_transform()
    inner = width - left - _NUMBERS_MM
    for row, part in zip(rows, parts, strict=True):
        for text, right_mm, colour in (
            (show(part.share, "share"), 13.0, INK),
            (show(part.features, "count"), _NUMBERS_MM - 3.0, MUTED),
        ):
            axes.text(
                1 + right_mm / inner, row, text, transform=place, ha="right", va="center",
                size=SMALL_PT, color=colour,
            )  # fmt: skip
    for text, right_mm in (("Share", 13.0), ("Features", _NUMBERS_MM - 3.0)):
        axes.text(
            1 + right_mm / inner, 1.02, text, transform=axes.transAxes, ha="right", va="bottom",
            size=SMALL_PT, color=MUTED,
        )  # fmt: skip
