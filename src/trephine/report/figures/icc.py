"""Agreement of features between and within raters: the distribution of the ICC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter

from trephine.facts import IccFacts
from trephine.report.figures.series import as_array
from trephine.report.style import BLUE, GREEN, INK, RED, SMALL_PT, Area, place_axes

_LOOKS = ((BLUE, "solid"), (RED, (0, (4.0, 1.6))), (GREEN, (0, (1.0, 1.0))))


def draw_icc(area: Area, comparisons: Sequence[IccFacts]) -> None:
    """Draw the share of features over the ICC, one line per comparison, with the threshold.

    Parameters
    ----------
    area
        Where to draw.
    comparisons
        Of one feature set: who against whom.
    """
    axes = place_axes(area, bottom_mm=9.0)
    for number, icc in enumerate(comparisons):
        colour, dashes = _LOOKS[number % len(_LOOKS)]
        share = as_array(icc.bin_counts) / max(icc.features, 1)
        edges = as_array(icc.bin_edges)
        axes.stairs(share, edges, color=colour, linestyle=dashes, linewidth=1.2, label=_named(icc))
        axes.stairs(share, edges, fill=True, color=colour, alpha=0.12)
    threshold = comparisons[0].threshold
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=0.7, linestyle=(0, (1.0, 1.5)))
    low = min(float(as_array(icc.bin_edges)[0]) for icc in comparisons)
    axes.set(xlim=(max(low, -0.5), 1.0), xlabel="ICC", ylabel="Share of features")
    tallest = max(
        (float(np.max(as_array(icc.bin_counts) / max(icc.features, 1))) for icc in comparisons),
        default=1.0,
    )
    axes.set_ylim(0, (1.08 + 0.13 * len(comparisons)) * tallest)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None if tallest < 0.02 else 0))
    axes.legend(loc="upper left", fontsize=SMALL_PT)


def _named(icc: IccFacts) -> str:
    return f"{icc.comparison}, {icc.cases} cases"
