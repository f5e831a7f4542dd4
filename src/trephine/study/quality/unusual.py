"""How far a region stands out from the others, and in what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trephine.study.quality.looking import DICE, MEASURES, RegionLook
from trephine.types import FloatArray

# Beyond this a value is called unusual (Iglewicz and Hoaglin 1993, p. 11-12).
UNUSUAL = 3.5

# Sizes and spreads differ by factors, so they are compared as logarithms.
_BY_FACTOR = frozenset(
    {
        "size_mm", "height_mm", "width_mm", "depth_mm", "grey_sd", "noise", "sharpness", "pixel_mm",
    }
)  # fmt: skip
# Only too little of the one and too much of the others is worth a look.
_LOW_ONLY = frozenset({DICE})
_HIGH_ONLY = frozenset({"grey_clipped", "parts", "edges"})


@dataclass(frozen=True)
class RegionScores:
    """How regions stand among each other.

    Attributes
    ----------
    values
        Shape (n, measures), in the order of `MEASURES`; NaN where there is none.
    scores
        Modified z-score of each value, same shape; 0 where there is no value.
    quartiles
        By measure, where the middle half of all values lies.
    """

    values: FloatArray
    scores: FloatArray
    quartiles: Mapping[str, tuple[float, float]]

    @property
    def furthest(self) -> FloatArray:
        """The largest score of each region, shape (n,)."""
        most: FloatArray = self.scores.max(axis=1)
        return most

    def ranked(self) -> list[int]:
        """Return the regions, the furthest from the others first."""
        order: list[int] = np.argsort(-self.furthest, kind="stable").tolist()
        return order

    def reasons(self, row: int) -> list[str]:
        """Return the measures in which a region is unusual, the worst first."""
        order = np.argsort(-self.scores[row], kind="stable")
        return [MEASURES[k] for k in order if self.scores[row, k] > UNUSUAL]


def standing_of(looks: Sequence[RegionLook]) -> RegionScores:
    """Compare regions with each other, measure by measure.

    The modified z-score is 0.6745 (x - median) / MAD. Where more than half of the values are
    alike and the MAD is 0, it is (x - median) / (1.2533 mean absolute deviation).

    Parameters
    ----------
    looks
        Regions that could be opened.

    Notes
    -----
    Iglewicz B, Hoaglin DC. How to Detect and Handle Outliers. ASQC Quality Press, 1993.
    """
    values = np.array([[look.measures[name] for name in MEASURES] for look in looks])
    values = values.reshape(len(looks), len(MEASURES))
    scores = np.zeros_like(values)
    quartiles: dict[str, tuple[float, float]] = {}
    for k, name in enumerate(MEASURES):
        given = np.isfinite(values[:, k])
        if not given.any():
            continue
        column = values[given, k]
        low, high = np.quantile(column, (0.25, 0.75))
        quartiles[name] = float(low), float(high)
        scores[given, k] = _scores(name, column)
    return RegionScores(values, scores, quartiles)


def _scores(name: str, column: FloatArray) -> FloatArray:
    if name in _BY_FACTOR and (column > 0.0).all():
        column = np.log(column)
    away = column - np.median(column)
    distance = np.abs(away)
    spread = float(np.median(distance)) / 0.6745
    if spread == 0.0:
        spread = 1.2533 * float(distance.mean())
    if spread == 0.0:
        return np.zeros_like(column)
    if name in _LOW_ONLY:
        distance = np.maximum(-away, 0.0)
    elif name in _HIGH_ONLY:
        distance = np.maximum(away, 0.0)
    scores: FloatArray = distance / spread
    return scores
