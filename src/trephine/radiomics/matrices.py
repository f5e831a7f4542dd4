"""Texture matrices of a quantised region, all counted in one padded box of its levels."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
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
_LARGE = 50_000
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
    n = quantised.n_levels
    many = threads > 1 and around.voxels >= _LARGE
    directions = len(around.near_flat)
    # What a direction needs of the processor is about what the zones do in three directions.
    parts = max(1, min(directions, 2 * threads - 1)) if many else 1
    ends = [number * directions // parts for number in range(parts + 1)]
    gldm = np.zeros((n, 2 * len(around.flat) + 1), np.int32)
    isolated = np.zeros(n, np.int64)
    difference = np.zeros(n)
    glcm = np.zeros((0 if around.near_only else len(around.flat), n, n), np.int32)

    def neighbours() -> None:
        stretches, slack = around.stretches, min(alpha, n)
        _count_neighbours(box, stretches, around.flat, slack, gldm, isolated, difference)

    work: list[Callable[[], Any]] = [
        partial(count_zones, box, around),
        neighbours,
        *(partial(_lines, box, around, quantised, slice(*pair)) for pair in pairwise(ends)),
    ]
    if not around.near_only:
        work.append(partial(count_pairs, box, around.segments, around.flat, glcm))
    if many:
        with ThreadPoolExecutor(threads) as pool:
            done = [future.result() for future in [pool.submit(task) for task in work]]
    else:
        done = [task() for task in work]
    lines = done[2 : 2 + parts]
    pairs, runs = lines[0] if parts == 1 else map(np.concatenate, zip(*lines, strict=True))
    if around.near_only:
        glcm = pairs
    return TextureMatrices(glcm, runs, gldm, quantised.histogram, isolated, difference, done[0])


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
    keep = np.uint16(0xFFFF) if base > 0 else np.uint16(0)
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
            for k in range(stop - start):
                run = runs_behind[k] if behind[k] == here[k] else np.uint16(0)
                runs_here[k] = np.uint16(run + np.uint16(1))
                other = np.uint16(behind[k] & keep)
                column[k] = np.uint16(base + run) if behind[k] == here[k] else other
            for k in range(stop - start):
                row = np.uint64(here[k]) - np.uint64(1)
                joint[a, row, np.uint64(column[k])] += 1


@njit(cache=True, nogil=True)
def _count_neighbours(
    box: Levels,
    stretches: IntArray,
    offsets: IntArray,
    alpha: int,
    gldm: Counts,
    isolated: IntArray,
    difference: FloatArray,
) -> None:
    """Count dependent neighbours, and sum up how far voxels lie from their neighbours' mean.

    Rows are summed whole, without a branch: the processor then works on many voxels at once. Types
    are spelled out so that it works in 32 bits.
    """
    longest = (stretches[:, 1] - stretches[:, 0]).max()
    neighbours = np.empty(longest, np.int32)
    dependent = np.empty(longest, np.int32)
    total = np.empty(longest, np.int32)
    slack = np.int32(alpha)
    widest = np.uint32(2 * alpha)
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
                other = np.int32(there[k])
                near = np.uint32(other - np.int32(here[k]) + slack) <= widest
                neighbours[k] += np.int32(other > 0)
                dependent[k] += np.int32(near & (other > 0))
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
