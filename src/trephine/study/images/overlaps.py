"""Two readings of one region that hardly share a pixel: masks exchanged, sooner than opinions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from trephine.errors import named_rows
from trephine.types import BoolArray, FloatArray

# Two readers of one region differ by their taste in its edge. What lies further below the median
# Dice than this, and than five robust standard deviations, is another region.
_FURTHER, _DEVIATIONS = 0.2, 5.0
# Of fewer cases the median says little: only regions that share nothing are named.
_FEWEST = 6
_TO_SD = 1.4826  # of a normal distribution, from the median absolute deviation


class Overlap(NamedTuple):
    """Dice of two readings of one case, by the row of the table; ``readings`` says whose."""

    readings: str
    row: int
    dice: float


def dice_of(first: BoolArray, second: BoolArray) -> float:
    """Return 2 |A and B| / (|A| + |B|) of two regions of one shape, neither empty."""
    shared = np.count_nonzero(first & second)
    return 2.0 * shared / (np.count_nonzero(first) + np.count_nonzero(second))


def unlike(dice: FloatArray) -> BoolArray:
    """Say which of n Dice coefficients are those of two different regions, shape (n,)."""
    alone: BoolArray = dice == 0
    if dice.size < _FEWEST:
        return alone
    middle = float(np.median(dice))
    spread = _TO_SD * float(np.median(np.abs(dice - middle)))
    far: BoolArray = dice < middle - max(_FURTHER, _DEVIATIONS * spread)
    return alone | far


def overlap_remarks(found: Iterable[Overlap]) -> Iterator[str]:
    """Yield a sentence for each two readings with cases whose regions hardly overlap."""
    by_readings: dict[str, list[Overlap]] = defaultdict(list)
    for one in found:
        by_readings[one.readings].append(one)
    for readings, overlaps in by_readings.items():
        dice = np.array([one.dice for one in overlaps])
        odd = np.flatnonzero(unlike(dice))
        if odd.size:
            rows = sorted({overlaps[place].row for place in odd})
            yield _sentence(readings, rows, dice[odd], dice)


def _sentence(readings: str, rows: Sequence[int], odd: FloatArray, dice: FloatArray) -> str:
    low, high = f"{odd.min():.2f}", f"{odd.max():.2f}"
    shown = low if low == high else f"{low} to {high}"
    count = "the region" if len(rows) == 1 else f"{len(rows)} regions"
    median = f"; the median of {dice.size} cases is {np.median(dice):.2f}"
    return (
        f"{named_rows(rows).capitalize()}: {count} of {readings} hardly overlap"
        f"{'s' if len(rows) == 1 else ''} (Dice {shown}{median if dice.size >= _FEWEST else ''})."
        " Is one of the masks another patient's, or of the other side?"
    )
