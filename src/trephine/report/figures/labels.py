"""Labels along one axis without overlap: which are shown, in which lane, and how far moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trephine.types import FloatArray

GAP_MM = 1.2


@dataclass(frozen=True)
class PlacedLabel:
    """A label in its place.

    Attributes
    ----------
    index
        Which of the labels it is.
    tick_mm
        Where its tick stands along the axis.
    centre_mm
        Where the middle of its text stands along the axis.
    lane
        1, 2, ... below the axis; -1, -2, ... above it.
    """

    index: int
    tick_mm: float
    centre_mm: float
    lane: int

    @property
    def moved(self) -> bool:
        """Whether a leader has to lead from the tick to the text."""
        return abs(self.centre_mm - self.tick_mm) > 0.4 or abs(self.lane) > 1


def thin_out(ticks_mm: Sequence[float], widths_mm: Sequence[float]) -> tuple[PlacedLabel, ...]:
    """Show as many labels of a scale as fit in one lane, each centred under its tick.

    Every k-th label is kept with the smallest k that fits; where the scale is uneven, both ends
    are kept first, then what still fits from the middle outwards.
    """
    count = len(ticks_mm)
    for stride in range(1, count):
        kept = list(range(0, count, stride))
        if _fits(ticks_mm, widths_mm, kept):
            break
    else:
        kept = [0]
    greedy: list[int] = []
    middle = (count - 1) / 2
    for index in (0, count - 1, *sorted(range(count), key=lambda k: abs(k - middle))):
        if index not in greedy and _fits(ticks_mm, widths_mm, [*greedy, index]):
            greedy.append(index)
    uneven = (
        not np.allclose(np.diff(ticks_mm), np.diff(ticks_mm)[:1], rtol=1e-3) if count > 1 else 0
    )
    shown = greedy if uneven and len(greedy) > len(kept) else kept
    return tuple(PlacedLabel(k, ticks_mm[k], ticks_mm[k], 1) for k in sorted(shown))


def _fits(ticks: Sequence[float], widths: Sequence[float], shown: Sequence[int]) -> bool:
    order = sorted(shown, key=lambda k: ticks[k])
    return all(
        ticks[b] - ticks[a] >= (widths[a] + widths[b]) / 2 + GAP_MM for a, b in pairwise(order)
    )


def spread_out(
    ticks_mm: Sequence[float], widths_mm: Sequence[float], low_mm: float, high_mm: float
) -> tuple[PlacedLabel, ...]:
    """Show every label of a set of levels, moved sideways and into lanes where they would touch.

    Lanes are opened one by one, alternately below and above the axis, until the labels of each
    lane fit between ``low_mm`` and ``high_mm``; within a lane they keep their order and stand as
    near to their ticks as they can.
    """
    order = sorted(range(len(ticks_mm)), key=lambda k: ticks_mm[k])
    limit = high_mm - low_mm
    for lanes in range(1, len(order) + 1):
        members = [order[lane::lanes] for lane in range(lanes)]
        lengths = [sum(widths_mm[k] + GAP_MM for k in group) - GAP_MM for group in members]
        crowded = lanes < 2 and not _nearly_fits(ticks_mm, widths_mm, order)
        if max(lengths, default=0) <= limit and not crowded:
            break
    placed = []
    for lane, group in enumerate(members):
        widths = np.array([widths_mm[k] for k in group])
        wanted = np.array([ticks_mm[k] for k in group])
        centres = _nearest_without_overlap(wanted, widths, low_mm, high_mm)
        side = (lane // 2 + 1) * (1 if lane % 2 == 0 else -1)
        placed += [
            PlacedLabel(k, ticks_mm[k], float(centre), side)
            for k, centre in zip(group, centres, strict=True)
        ]
    return tuple(sorted(placed, key=lambda label: label.index))


def _nearly_fits(ticks: Sequence[float], widths: Sequence[float], order: Sequence[int]) -> bool:
    """Say whether one lane serves: no label would have to move by more than 6 mm."""
    wanted = np.array([ticks[k] for k in order])
    size = np.array([widths[k] for k in order])
    moved = _nearest_without_overlap(wanted, size, -np.inf, np.inf)
    return bool(np.all(np.abs(moved - wanted) <= 6.0))


def _nearest_without_overlap(
    wanted: FloatArray, widths: FloatArray, low: float, high: float
) -> FloatArray:
    """Return ordered centres nearest to the wanted ones (least squares), GAP_MM apart at least.

    With the offsets taken off, this is isotonic regression: neighbours that would overlap are
    pooled and share their mean.
    """
    offsets = np.concatenate([[0.0], np.cumsum((widths[:-1] + widths[1:]) / 2 + GAP_MM)])
    blocks: list[tuple[float, int]] = []
    for target in wanted - offsets:
        mean, size = float(target), 1
        while blocks and blocks[-1][0] > mean:
            last_mean, last_size = blocks.pop()
            mean = (mean * size + last_mean * last_size) / (size + last_size)
            size += last_size
        blocks.append((mean, size))
    level = np.concatenate([np.full(size, mean) for mean, size in blocks])
    first, last = low + widths[0] / 2, high - widths[-1] / 2 - offsets[-1]
    centres: FloatArray = np.clip(level, first, max(first, last)) + offsets
    return centres
