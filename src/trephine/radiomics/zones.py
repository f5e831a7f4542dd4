"""Connected zones of equal grey level, by union-find in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.neighbourhood import Levels, Neighbourhood
from trephine.types import FloatArray, IntArray


def count_zones(box: Levels, around: Neighbourhood) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the size-zone matrix as (levels, sizes, counts) of its cells that are not empty.

    Zones are connected at distance 1 (8 neighbours in two dimensions, 26 in three).
    """
    levels, sizes, _ = find_zones(box, around)
    return tally(levels, sizes)


def tally(levels: IntArray, extents: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count zones by level and extent: the cells that are not empty."""
    stride = int(levels.max()) + 1
    cells = extents * stride
    cells += levels
    cells.sort()
    return _cells_of(cells, stride)


@njit(cache=True, nogil=True)
def _cells_of(ordered: IntArray, stride: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count equal numbers: the level and extent that each is made of, and how many there are."""
    different = 1
    for k in range(1, ordered.size):
        different += ordered[k] != ordered[k - 1]
    levels, extents = np.empty(different), np.empty(different)
    counts = np.zeros(different)
    cell = -1
    for k in range(ordered.size):
        if k == 0 or ordered[k] != ordered[k - 1]:
            cell += 1
            levels[cell] = ordered[k] % stride
            extents[cell] = ordered[k] // stride
        counts[cell] += 1.0
    return levels, extents, counts


def find_zones(
    box: Levels, around: Neighbourhood, distances: Levels | None = None
) -> tuple[IntArray, IntArray, IntArray]:
    """Return each zone's level, size and least distance (0 where no distances are given).

    Parameters
    ----------
    box
        Grey levels in the padded, flattened box of ``around``.
    distances
        The same of distances, or None.
    """
    return _zones(
        box,
        around.segments,
        around.near_flat,
        around.slices_back,
        around.plane,
        *around.links,
        np.zeros(0, np.uint16) if distances is None else distances,
    )


@njit(cache=True, nogil=True)
def _zones(
    box: Levels,
    segments: IntArray,
    offsets: IntArray,
    slices_back: IntArray,
    plane: int,
    representative: npt.NDArray[np.uint8],
    rest: Levels,
    distances: Levels,
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the grey level, the number of voxels and the least distance of each zone.

    A voxel takes the number of an equal neighbour behind it, or the next one. Where two numbers
    meet, the younger is noted as a part of the older; the parts are added up at the end. Numbers
    are kept of the last two slices. ``representative`` and ``rest``: ``links.equal_neighbours``.
    """
    voxels = 0
    longest = 0
    for s in range(segments.shape[0]):
        voxels += segments[s, 1] - segments[s, 0]
        longest = max(longest, segments[s, 1] - segments[s, 0])
    number_at = np.zeros(2 * plane, np.uint32)
    parent = np.arange(voxels + 1).astype(np.uint32)
    size = np.zeros(voxels + 1, np.uint32)
    level_of = np.zeros(voxels + 1, np.uint16)
    equals = np.empty(longest, np.uint16)
    measured = distances.size > 0
    nearest = np.full(voxels + 1 if measured else 1, 65535, np.uint16)
    # Of each neighbour behind: where its number lies from the voxel's own; last the voxel itself.
    to = np.zeros((2, offsets.size + 1), np.int64)
    for a in range(offsets.size):
        for parity in range(2):
            other = parity if slices_back[a] == 0 else 1 - parity
            to[parity, a] = (other - parity + slices_back[a]) * plane - offsets[a]
    numbers = np.uint32(0)
    for s in range(segments.shape[0]):
        start, stop = segments[s, 0], segments[s, 1]
        here = box[start:stop]
        equals[:] = 0
        for a in range(offsets.size):
            behind = box[start - offsets[a] : stop - offsets[a]]
            bit = np.uint16(1 << a)
            for k in range(stop - start):  # a product is no branch: many voxels at once
                equals[k] |= np.uint16(bit * np.uint16(behind[k] == here[k]))
        slab = start // plane
        parity = slab & 1
        foot = parity * plane + start - slab * plane
        for k in range(stop - start):
            equal = equals[k]
            at = foot + k
            if equal == 0:
                numbers = np.uint32(numbers + np.uint32(1))
                number = numbers
                level_of[number] = here[k]
            else:
                number = number_at[at + to[parity, representative[equal]]]
            number_at[at] = number
            size[number] += np.uint32(1)
            if measured:
                nearest[number] = min(nearest[number], distances[start + k])
            equal = rest[equal]
            while equal:
                other_number = number_at[at + to[parity, representative[equal]]]
                if other_number != number:
                    _merge(parent, number, other_number)
                equal = rest[equal]
    for zone in range(1, numbers + 1):
        whole = parent[parent[zone]]  # parents are older and so already those of whole zones
        parent[zone] = whole
        if whole != zone:
            size[whole] += size[zone]
            if measured:
                nearest[whole] = min(nearest[whole], nearest[zone])
    kept = 0
    levels = np.empty(numbers, np.int64)
    sizes = np.empty(numbers, np.int64)
    least = np.zeros(numbers, np.int64)
    for zone in range(1, numbers + 1):
        if parent[zone] == zone:
            levels[kept] = level_of[zone]
            sizes[kept] = size[zone]
            if measured:
                least[kept] = nearest[zone]
            kept += 1
    return levels[:kept], sizes[:kept], least[:kept]


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
