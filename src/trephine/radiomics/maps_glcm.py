"""Co-occurrence of a kernel that moves over a region, its counts kept up to date as it moves."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.errors import InputError
from trephine.radiomics.glcm import NAMES
from trephine.radiomics.neighbourhood import Levels, Neighbourhood
from trephine.radiomics.quantise import Quantised
from trephine.types import BoolArray, FloatArray, IntArray

# In the order of what ``_measure`` fills in: a kernel's largest count is not kept as it moves.
MOVING = tuple(name for name in NAMES if name != "MaximumProbability")
_SUMS = 18
_MOST_LEVELS = 1024
_EPSILON = np.spacing(1.0)


def moving_maps(
    region: BoolArray, quantised: Quantised, offsets: IntArray, reach: IntArray
) -> FloatArray:
    """Measure co-occurrence in the kernel round every voxel of a region.

    As the kernel moves along a row, the pairs of one side are taken away and those of the other
    added; nothing is built anew but at a row's start.

    Parameters
    ----------
    region
        Cropped to its bounding box, three axes.
    quantised
        Grey levels of the whole region.
    offsets
        Forward offsets, shape (directions, 3).
    reach
        How far the kernel reaches along each axis, shape (3,).

    Returns
    -------
    FloatArray
        Shape (``MOVING``, voxels in raster order): the mean over the directions that have a pair
        in the kernel, NaN where none has.

    Raises
    ------
    InputError
        If there are so many grey levels that a kernel's counts would not fit into a cache.
    """
    if quantised.n_levels > _MOST_LEVELS:
        raise InputError(
            f"binWidth: expected at most {_MOST_LEVELS} grey levels for maps, found"
            f" {quantised.n_levels}; choose a larger binWidth"
        )
    # A margin in which the kernel, and one column more, finds nothing.
    around = Neighbourhood.of(region, (int(reach.max()) + 1,), None)
    return _maps(
        around.box(quantised.levels),
        around.segments,
        np.array(around.padded_shape),
        offsets,
        reach,
        quantised.n_levels,
    )


@njit(cache=True, nogil=True)
def _maps(
    box: Levels, segments: IntArray, shape: IntArray, offsets: IntArray, reach: IntArray, n: int
) -> FloatArray:
    """Return the features of every voxel, shape (features, voxels in raster order)."""
    voxels = 0
    for s in range(segments.shape[0]):
        voxels += segments[s, 1] - segments[s, 0]
    result = np.full((22, voxels), np.nan)
    directions = offsets.shape[0]
    pairs = np.zeros((directions, n, n), np.int32)
    margin = np.zeros((directions, n), np.int32)
    plus = np.zeros((directions, 2 * n), np.int32)
    minus = np.zeros((directions, n), np.int32)
    sums = np.zeros((directions, _SUMS))
    # How much c log2 c grows from every count that occurs to the next.
    growth = np.zeros(2 * int(np.prod(2 * reach + 1)) + 2)
    for c in range(1, growth.size):
        growth[c] = (c + 1) * math.log2(c + 1) - c * math.log2(c)
    # What a pair adds whose levels differ by d: to Id, Idm, Idmn, Idn and InverseVariance.
    shares = np.zeros((n, 5))
    for d in range(n):
        shares[d] = (
            1.0 / (1.0 + d), 1.0 / (1.0 + d * d), 1.0 / (1.0 + d * d / (n * n)),
            1.0 / (1.0 + d / n), 1.0 / (d * d) if d > 0 else 0.0,
        )  # fmt: skip
    one = np.empty(22)
    at = 0
    for s in range(segments.shape[0]):
        start, stop = segments[s, 0], segments[s, 1]
        pairs[:] = 0
        margin[:] = 0
        plus[:] = 0
        minus[:] = 0
        sums[:] = 0.0
        for here in range(start, stop):
            for a in range(directions):
                dx = offsets[a, 2]
                first = here - reach[2] + max(0, -dx)
                last = here + reach[2] - max(0, dx)
                if here == start:
                    for x in range(first, last + 1):
                        _change(
                            box, shape, offsets[a], reach, x, x - here, 1,
                            pairs[a], margin[a], plus[a], minus[a], sums[a], growth, shares,
                        )  # fmt: skip
                else:
                    _change(
                        box, shape, offsets[a], reach, first - 1, first - 1 - here, -1,
                        pairs[a], margin[a], plus[a], minus[a], sums[a], growth, shares,
                    )  # fmt: skip
                    _change(
                        box, shape, offsets[a], reach, last, last - here, 1,
                        pairs[a], margin[a], plus[a], minus[a], sums[a], growth, shares,
                    )  # fmt: skip
            counted = 0
            for a in range(directions):
                if sums[a, 0] > 0.0:
                    _measure(sums[a], one)
                    counted += 1
                    for k in range(22):
                        result[k, at] = one[k] if counted == 1 else result[k, at] + one[k]
            if counted:
                for k in range(22):
                    result[k, at] /= counted
            at += 1
    return result


@njit(cache=True, nogil=True)
def _change(
    box: Levels,
    shape: IntArray,
    offset: IntArray,
    reach: IntArray,
    x: int,
    aside: int,
    sign: int,
    pairs: npt.NDArray[np.int32],
    margin: npt.NDArray[np.int32],
    plus: npt.NDArray[np.int32],
    minus: npt.NDArray[np.int32],
    sums: FloatArray,
    growth: FloatArray,
    shares: FloatArray,
) -> None:
    """Add (or take away) the pairs that begin in one column plane of the kernel.

    ``x`` is a flat index on the kernel's middle row, ``aside`` columns from its middle. Of the sums
    the first is the number of pairs; then come additive ones, then sums of c log2 c. They are added
    up apart and handed over at the end: an array's cell would be written and read for every pair.
    """
    row = shape[2]
    slab = shape[1] * shape[2]
    dz, dy, dx = offset[0], offset[1], offset[2]
    step = dz * slab + dy * row + dx
    less = np.int64(sign < 0)
    count = steps = squares = cells = np.int64(0)
    t1 = t2 = t3 = t4 = np.int64(0)
    id_ = idm = idmn = idn = variance = 0.0
    log_d = log_pairs = log_t = log_margin = 0.0
    for z in range(-reach[0] + max(0, -dz), reach[0] - max(0, dz) + 1):
        for y in range(-reach[1] + max(0, -dy), reach[1] - max(0, dy) + 1):
            p = x + z * slab + y * row
            first, second = np.int64(box[np.uint64(p)]), np.int64(box[np.uint64(p + step)])
            if first == 0 or second == 0:
                continue
            low, high = np.uint64(min(first, second) - 1), np.uint64(max(first, second) - 1)
            d, t = abs(first - second), first + second
            count += np.int64(1)
            t1 += t
            t2 += t * t
            t3 += t * t * t
            t4 += t * t * t * t
            steps += d
            squares += d * d
            at = np.uint64(d)
            share = shares[at]
            id_ += share[0]
            idm += share[1]
            idmn += share[2]
            idn += share[3]
            variance += share[4]
            # The smaller of a count before and after, which the growth of c log2 c is looked up by.
            fewer = np.int64(minus[at]) - less
            minus[at] = fewer + 1 - less
            log_d += growth[np.uint64(fewer)]
            fewer = np.int64(pairs[low, high]) - less
            pairs[low, high] = fewer + 1 - less
            # Both cells of a pair, or the one on the diagonal, which counts twice.
            if d > 0:
                log_pairs += 2.0 * growth[np.uint64(fewer)]
                cells += 2 * (2 * fewer + 1)
            else:
                log_pairs += growth[np.uint64(2 * fewer)] + growth[np.uint64(2 * fewer + 1)]
                cells += 4 * (2 * fewer + 1)
            at = np.uint64(t - 1)
            fewer = np.int64(plus[at]) - less
            plus[at] = fewer + 1 - less
            log_t += growth[np.uint64(fewer)]
            for level in (low, high):
                fewer = np.int64(margin[level]) - less
                margin[level] = fewer + 1 - less
                log_margin += growth[np.uint64(fewer)]
    sums[0] += sign * count
    sums[1] += sign * ((t2 - squares) // 4)  # i j, as 4 i j = t^2 - d^2
    sums[2] += sign * t1
    sums[3] += sign * t2
    sums[4] += sign * t3
    sums[5] += sign * t4
    sums[6] += sign * steps
    sums[7] += sign * log_d
    sums[8] += sign * id_
    sums[9] += sign * idm
    sums[10] += sign * idmn
    sums[11] += sign * idn
    sums[12] += sign * variance
    sums[13] += sign * log_pairs
    sums[14] += sign * log_t
    sums[15] += sign * cells
    sums[16] += sign * log_margin
    sums[17] += sign * ((t2 + squares) // 2)  # i^2 + j^2


@njit(cache=True, nogil=True)
def _measure(sums: FloatArray, out: FloatArray) -> None:
    """Fill in the features of one direction's sums, in the order of ``MAP_FEATURES``."""
    count = sums[0]
    cells = 2.0 * count
    mean = sums[2] / cells
    t1, t2, t3, t4 = sums[2] / count, sums[3] / count, sums[4] / count, sums[5] / count
    # Of whole numbers, so that a constant kernel has a variance of exactly 0.
    variance = (sums[17] * cells - sums[2] * sums[2]) / (cells * cells)
    covariance = (sums[1] * 2.0 * cells - sums[2] * sums[2]) / (cells * cells)
    contrast = (2.0 * sums[17] - sums[3]) / count
    joint = math.log2(cells) - sums[13] / cells
    marginal = math.log2(cells) - sums[16] / cells
    information = 1.0 - math.exp(-2.0 * (2.0 * marginal - joint))
    out[0] = sums[1] / count
    out[1] = t4 - 4.0 * t1 * t3 + 6.0 * t1 * t1 * t2 - 3.0 * t1**4
    out[2] = t3 - 3.0 * t1 * t2 + 2.0 * t1**3
    out[3] = t2 - t1 * t1
    out[4] = contrast
    out[5] = covariance / (variance + _EPSILON) if variance > 0.0 else 1.0
    out[6] = sums[6] / count
    out[7] = math.log2(count) - sums[7] / count
    out[8] = contrast - out[6] * out[6]
    out[9] = sums[8] / count
    out[10] = sums[9] / count
    out[11] = sums[10] / count
    out[12] = sums[11] / count
    out[13] = (joint - 2.0 * marginal) / marginal if marginal > 1e-12 else 0.0
    out[14] = math.sqrt(max(information, 0.0))
    out[15] = sums[12] / count
    out[16] = mean
    out[17] = sums[15] / (cells * cells)
    out[18] = joint
    out[19] = t1
    out[20] = math.log2(count) - sums[14] / count
    out[21] = variance
