"""Connected zones of equal grey level, by union-find in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.matrices import Neighbourhood, Steps
from trephine.types import FloatArray, IntArray


def count_zones(
    box: npt.NDArray[np.int32], around: Neighbourhood
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the size-zone matrix as (levels, sizes, counts) of its cells that are not empty.

    Zones are connected at distance 1 (8 neighbours in two dimensions, 26 in three).
    """
    levels, sizes = _zones(box, around.positions, around.near_flat, *around.links)
    stride = int(levels.max()) + 1
    cells, counts = np.unique(sizes * stride + levels, return_counts=True)
    return (
        (cells % stride).astype(np.float64),
        (cells // stride).astype(np.float64),
        counts.astype(np.float64),
    )


@njit(cache=True, nogil=True)
def _zones(
    box: npt.NDArray[np.int32],
    positions: Steps,
    offsets: Steps,
    representative: Steps,
    rest: Steps,
) -> tuple[IntArray, IntArray]:
    """Return the grey level and the number of voxels of each zone.

    A voxel takes the number of an equal neighbour behind it, or the next one. Where two numbers
    meet, the younger is noted as a part of the older; the parts are added up at the end.
    ``representative`` and ``rest``: ``links.equal_neighbours``.
    """
    steps = np.append(offsets, np.uint64(0))  # where nothing behind is equal, the voxel itself
    number_at = np.zeros(box.size, np.int32)
    parent = np.arange(positions.size + 1).astype(np.uint32)
    size = np.zeros(positions.size + 1, np.int64)
    level_of = np.zeros(positions.size + 1, np.int64)
    numbers = np.uint32(0)
    for n in range(positions.size):
        here = positions[n]
        level = box[here]
        equal = np.uint64(0)
        for a in range(offsets.size):
            equal |= np.uint64(box[here - offsets[a]] == level) << np.uint64(a)
        neighbour = np.uint32(number_at[here - steps[representative[equal]]])
        numbers = np.uint32(numbers + np.uint32(equal == 0))
        number = numbers if equal == 0 else neighbour
        number_at[here] = number
        level_of[number] = level
        size[number] += 1
        equal = rest[equal]
        while equal:
            other = np.uint32(number_at[here - steps[representative[equal]]])
            _merge(parent, number, other)
            equal = rest[equal]
    kept = 0
    for zone in range(1, numbers + 1):
        whole = parent[parent[zone]]  # parents are older and so already those of whole zones
        parent[zone] = whole
        if whole != zone:
            size[whole] += size[zone]
    for zone in range(1, numbers + 1):
        if parent[zone] == zone:
            level_of[kept] = level_of[zone]
            size[kept] = size[zone]
            kept += 1
    return level_of[:kept], size[:kept]


@njit(cache=True, nogil=True)
def _merge(parent: npt.NDArray[np.uint32], one: np.uint32, other: np.uint32) -> None:
    """Make the zones of two numbers one, shortening the ways to their oldest numbers."""
    while parent[one] != one:
        parent[one] = parent[parent[one]]
        one = parent[one]
    while parent[other] != other:
        parent[other] = parent[parent[other]]
        other = parent[other]
    if one < other:
        parent[other] = one
    else:
        parent[one] = other
