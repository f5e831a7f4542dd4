"""Texture matrices of a quantised region, all counted in one padded box of its levels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.neighbourhood import Levels, Neighbourhood
from trephine.radiomics.quantise import Quantised
from trephine.radiomics.zones import count_zones
from trephine.types import FloatArray, IntArray

Counts = npt.NDArray[np.int32]

# Voxels from which on threads are worth their start, some 0.1 ms each.
LARGE_REGION = 50_000
# Voxels of a row from which on many are worked on at once.
_SHORT = 64
# Grey levels up to which co-occurrences and runs are counted in one table.
_FEW = 256


@dataclass(frozen=True)
class TextureMatrices:
    """Counts of one image type.

    Attributes
    ----------
    glcm
        Co-occurrences along each forward offset, (directions, levels, levels), one way.
    glrlm
        Runs along each distance-1 direction, (directions, levels, lengths).
    gldm
        Voxels by level and number of dependent neighbours, (levels, 2 directions + 1).
    ngtdm_voxels, ngtdm_isolated, ngtdm_difference
        Per level: voxels, those of them without a neighbour, and the sum of absolute differences
        to the mean of the neighbours.
    zones
        Cells of the size-zone matrix that are not empty: levels, sizes and counts.
    """

    glcm: Counts
    glrlm: Counts
    gldm: Counts
    ngtdm_voxels: IntArray
    ngtdm_isolated: IntArray
    ngtdm_difference: FloatArray
    zones: tuple[FloatArray, FloatArray, FloatArray]


def count_matrices(
    around: Neighbourhood, quantised: Quantised, alpha: int, threads: int = 1
) -> TextureMatrices:
    """Count every matrix of a region.

    Parameters
    ----------
    alpha
        Largest difference of levels at which a neighbour is dependent (``gldm_a``).
    threads
        Used where the region is large. Each thread counts whole matrices, so that the counts do
        not depend on their number.
    """
    box = around.box(quantised.levels)
    if threads > 1 and around.voxels >= LARGE_REGION:
        return _in_threads(box, around, quantised, alpha, threads)
    found = _neighbours(box, around, quantised.n_levels, alpha)
    zones = count_zones(box, around)
    pairs, runs = _lines(box, around, quantised, slice(0, len(around.near_flat)))
    if not around.near_only:
        pairs = _all_pairs(box, around, quantised.n_levels)
    return TextureMatrices(pairs, runs, found[0], quantised.histogram, *found[1:], zones)


def _in_threads(
    box: Levels, around: Neighbourhood, quantised: Quantised, alpha: int, threads: int
) -> TextureMatrices:
    """Count every matrix, several of them at once."""
    n = quantised.n_levels
    directions = len(around.near_flat)
    # What a direction needs of the processor is about what the zones do in three directions.
    parts = max(1, min(directions, 2 * threads - 1))
    ends = [number * directions // parts for number in range(parts + 1)]
    with ThreadPoolExecutor(threads) as pool:
        zones = pool.submit(count_zones, box, around)
        neighbours = pool.submit(_neighbours, box, around, n, alpha)
        lines = [
            pool.submit(_lines, box, around, quantised, slice(*pair)) for pair in pairwise(ends)
        ]
        further = None if around.near_only else pool.submit(_all_pairs, box, around, n)
    pairs, runs = map(np.concatenate, zip(*(part.result() for part in lines), strict=True))
    gldm, isolated, difference = neighbours.result()
    glcm = pairs if further is None else further.result()
    return TextureMatrices(
        glcm, runs, gldm, quantised.histogram, isolated, difference, zones.result()
    )


def _neighbours(
    box: Levels, around: Neighbourhood, n: int, alpha: int
) -> tuple[Counts, IntArray, FloatArray]:
    """Return the dependences, and by level the isolated voxels and the sums of differences."""
    directions = 2 * len(around.flat)
    gldm = np.zeros((n, directions + 1), np.int32)
    isolated = np.zeros(n, np.int64)
    difference = np.zeros(n)
    stretches = around.stretches
    # The narrower the numbers, the more voxels at once; the sum of a voxel's neighbours must fit.
    kind: type = np.uint16 if n * directions < 2**16 else np.int32
    longest = int((stretches[:, 1] - stretches[:, 0]).max())
    room: Any = tuple(np.empty(longest, kind) for _ in range(3))
    slack = min(alpha, n)
    _count_neighbours(box, stretches, around.flat, slack, room, gldm, isolated, difference)
    return gldm, isolated, difference


def _all_pairs(box: Levels, around: Neighbourhood, n: int) -> Counts:
    """Return the co-occurrences along the offsets of every distance."""
    glcm = np.zeros((len(around.flat), n, n), np.int32)
    count_pairs(box, around.segments, around.flat, glcm)
    return glcm


def _lines(
    box: Levels, around: Neighbourhood, quantised: Quantised, part: slice
) -> tuple[Counts, Counts]:
    """Return the co-occurrences and the runs along some of the distance-1 directions."""
    n = quantised.n_levels
    # Two matrices in one: fewer cells to fetch, as long as they fit in a near cache.
    together = n <= _FEW and around.near_only
    steps = around.near_flat[part]
    base = n if together else 0
    joint = np.zeros((len(steps), n, base + around.longest_run()), np.int32)
    back = around.slices_back[part]
    _count_lines(box, around.segments, steps, back, around.plane, np.uint16(base), joint)
    pairs = np.zeros((len(steps) if around.near_only else 0, n, n), np.int32)
    runs = np.empty((len(steps), n, around.longest_run()), np.int32)
    _separate(joint, base, quantised.histogram, pairs, runs)
    if around.near_only and not together:
        count_pairs(box, around.segments, steps, pairs)
    return pairs, runs


@njit(cache=True, nogil=True)
def _separate(joint: Counts, base: int, histogram: IntArray, pairs: Counts, runs: Counts) -> None:
    """Fill in the runs, and with a ``base`` the pairs, that ``_count_lines`` has counted."""
    directions, n, columns = joint.shape
    longest = columns - base
    for a in range(directions):
        for level in range(n):
            row = joint[a, level]
            same = 0
            for k in range(1, longest):
                same += row[base + k]
            # A run of length k holds one voxel with 0, 1 ... k - 1 of it before: those with none
            # are the rest of the level's.
            before = np.int32(histogram[level] - same)
            for k in range(longest - 1):
                runs[a, level, k] = before - row[base + k + 1]
                before = row[base + k + 1]
            runs[a, level, longest - 1] = before
            for other in range(base):
                pairs[a, other, level] = same if other == level else row[other + 1]


@njit(cache=True, nogil=True)
def count_pairs(box: Levels, segments: IntArray, offsets: IntArray, glcm: Counts) -> None:
    """Count the pairs of levels along each forward offset."""
    for a in range(offsets.size):
        for s in range(segments.shape[0]):
            start, stop = segments[s, 0], segments[s, 1]
            here = box[start:stop]
            there = box[start + offsets[a] : stop + offsets[a]]
            for k in range(stop - start):
                ahead = there[k]
                if ahead > 0:
                    row = np.uint64(here[k]) - np.uint64(1)
                    glcm[a, row, np.uint64(ahead) - np.uint64(1)] += 1


@njit(cache=True, nogil=True)
def _count_lines(
    box: Levels,
    segments: IntArray,
    steps: IntArray,
    slices_back: IntArray,
    plane: int,
    base: np.uint16,
    joint: Counts,
) -> None:
    """Count each voxel once an offset, by its level and by what lies one step behind it.

    The column is the level behind it, or, where that is the voxel's own, ``base`` and how many of
    its run lie before it. With a ``base`` of 0 other levels all fall into column 0.

    Rows are worked on whole, without a branch, so that the processor does many voxels at once; and
    a row once for all offsets, while it lies in the nearest cache. Run lengths are kept of the
    last two slices.
    """
    up_to = np.zeros((steps.size, 2 * plane), np.uint16)
    column = np.empty(plane, np.uint16)
    run = np.empty(plane, np.uint16)
    for s in range(segments.shape[0]):
        start, stop = segments[s, 0], segments[s, 1]
        here = box[start:stop]
        slab = start // plane
        foot = slab * plane
        for a in range(steps.size):
            behind = box[start - steps[a] : stop - steps[a]]
            back = slices_back[a]
            at = (slab & 1) * plane + start - foot
            at_behind = ((slab - back) & 1) * plane + start - steps[a] - foot + back * plane
            runs_here = up_to[a, at : at + stop - start]
            runs_behind = up_to[a, at_behind : at_behind + stop - start]
            if steps[a] < stop - start or stop - start < _SHORT:
                _one_by_one(here, behind, runs_here, runs_behind, base, column)
            else:
                _at_once(here, behind, runs_here, runs_behind, base, column, run)
            for k in range(stop - start):
                row = np.uint64(here[k]) - np.uint64(1)
                joint[a, row, np.uint64(column[k])] += 1


@njit(inline="always")
def _one_by_one(
    here: Levels,
    behind: Levels,
    runs_here: Levels,
    runs_behind: Levels,
    base: np.uint16,
    column: Levels,
) -> None:
    """Fill in a row's runs and columns; what lies behind a voxel may be of the same row."""
    keep = np.uint16(0xFFFF) if base > 0 else np.uint16(0)
    for k in range(here.size):
        run = runs_behind[k] if behind[k] == here[k] else np.uint16(0)
        runs_here[k] = np.uint16(run + np.uint16(1))
        other = np.uint16(behind[k] & keep)
        column[k] = np.uint16(base + run) if behind[k] == here[k] else other


@njit(inline="always")
def _at_once(
    here: Levels,
    behind: Levels,
    runs_here: Levels,
    runs_behind: Levels,
    base: np.uint16,
    column: Levels,
    run: Levels,
) -> None:
    """Do the same where a row that is done lies behind, many voxels at once.

    Products take the place of branches; ``run`` is room for a row, of which the compiler sees that
    it overlaps with nothing.
    """
    keep = np.uint16(base > 0)
    for k in range(here.size):
        equal = np.uint16(behind[k] == here[k])
        before = np.uint16(runs_behind[k] * equal)
        run[k] = np.uint16(before + np.uint16(1))
        other = np.uint16(behind[k] * np.uint16(keep * np.uint16(np.uint16(1) - equal)))
        column[k] = np.uint16(np.uint16(equal * np.uint16(base + before)) + other)
    for k in range(here.size):
        runs_here[k] = run[k]


@njit(cache=True, nogil=True)
def _count_neighbours(
    box: Levels,
    stretches: IntArray,
    offsets: IntArray,
    alpha: int,
    room: tuple[Levels, Levels, Levels],
    gldm: Counts,
    isolated: IntArray,
    difference: FloatArray,
) -> None:
    """Count dependent neighbours, and sum up how far voxels lie from their neighbours' mean.

    Rows are summed whole, without a branch: the processor then works on many voxels at once.
    ``room`` is three arrays for the longest row, of which the compiler sees that they do not
    overlap.
    """
    neighbours, dependent, total = room
    slack = np.uint16(alpha)
    widest = np.uint16(2 * alpha)
    for s in range(stretches.shape[0]):
        start, stop = stretches[s, 0], stretches[s, 1]
        neighbours[:] = 0
        dependent[:] = 0
        total[:] = 0
        here = box[start:stop]
        for a in range(2 * offsets.size):
            step = offsets[a // 2] * (1 - 2 * (a % 2))
            there = box[start + step : stop + step]
            for k in range(stop - start):
                other = there[k]
                inside = np.uint16(other > 0)
                apart = np.uint16(np.uint16(other + slack) - here[k])  # below 0 is far above
                neighbours[k] += inside
                dependent[k] += np.uint16(np.uint16(apart <= widest) & inside)
                total[k] += other
        for k in range(stop - start):
            level = np.int64(here[k])
            if level == 0:
                continue
            row = np.uint64(level) - np.uint64(1)
            gldm[row, np.uint64(dependent[k])] += 1
            if neighbours[k] > 0:
                difference[row] += abs(level - total[k] / neighbours[k])
            else:
                isolated[row] += 1
