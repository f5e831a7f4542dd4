"""The formulas that run-length, size-zone and dependence matrices share."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.types import FloatArray, IntArray

# The order of what ``emphasis_features`` returns.
EMPHASIS = (
    "entropy",
    "extent_non_uniformity",
    "extent_non_uniformity_normalised",
    "extent_variance",
    "level_non_uniformity",
    "level_non_uniformity_normalised",
    "level_variance",
    "high_level",
    "large_extent",
    "large_extent_high_level",
    "large_extent_low_level",
    "low_level",
    "fraction",
    "small_extent",
    "small_extent_high_level",
    "small_extent_low_level",
)

_EPSILON = np.spacing(1.0)


@njit(cache=True, nogil=True)
def emphasis_features(levels: FloatArray, extents: FloatArray, counts: FloatArray) -> FloatArray:
    """Measure one matrix that counts things by grey level and extent.

    The extent is a run's length, a zone's size or a voxel's dependence count. Formulas: Galloway
    1975, Chu 1990, Thibault 2009, Sun and Wee 1983, as in PyRadiomics 3.0.1 (log2 of p + eps).

    Parameters
    ----------
    levels, extents, counts
        The cells that are not empty, each once: grey level, extent and count, shape (cells,).

    Returns
    -------
    FloatArray
        Shape (16,), in the order of ``EMPHASIS``; NaN throughout where the matrix is empty.
    """
    result = np.full(16, np.nan)
    total = counts.sum()
    if total == 0.0:
        return result
    by_level = np.zeros(int(levels.max()) + 1)
    by_extent = np.zeros(int(extents.max()) + 1)
    sums = np.zeros(16)
    voxels = 0.0
    mean_level = 0.0
    for k in range(counts.size):
        i2 = levels[k] * levels[k]
        j2 = extents[k] * extents[k]
        count = counts[k]
        p = count / total
        by_level[int(levels[k])] += count
        by_extent[int(extents[k])] += count
        voxels += count * extents[k]
        mean_level += p * levels[k]
        sums[0] -= p * math.log2(p + _EPSILON)
        sums[7] += p * i2
        sums[8] += p * j2
        sums[9] += p * i2 * j2
        sums[10] += p * j2 / i2
        sums[11] += p / i2
        sums[13] += p / j2
        sums[14] += p * i2 / j2
        sums[15] += p / (i2 * j2)
    mean_extent = voxels / total
    for k in range(counts.size):
        p = counts[k] / total
        sums[3] += p * (extents[k] - mean_extent) ** 2
        sums[6] += p * (levels[k] - mean_level) ** 2
    sums[1] = (by_extent * by_extent).sum() / total
    sums[2] = sums[1] / total
    sums[4] = (by_level * by_level).sum() / total
    sums[5] = sums[4] / total
    sums[12] = total / voxels
    result[:] = sums
    return result


@njit(cache=True, nogil=True)
def mean_features(matrices: npt.NDArray[np.int32] | FloatArray, wanted: IntArray) -> FloatArray:
    """Measure some of several dense matrices, as ``emphasis_features`` measures one.

    Parameters
    ----------
    matrices
        Shape (matrices, levels, extents).
    wanted
        Which of them.

    Returns
    -------
    FloatArray
        Means over the matrices, shape (16,).
    """
    total = np.zeros(16)
    for number in wanted:
        total += emphasis_features(*dense_cells(matrices[number]))
    return total / wanted.size


@njit(cache=True, nogil=True)
def dense_cells(
    matrix: npt.NDArray[np.int32] | FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (levels, extents, counts) of the cells of a dense matrix that are not empty."""
    filled = 0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            filled += matrix[i, j] != 0
    cells = np.empty((3, filled))
    k = 0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            if matrix[i, j] != 0:
                cells[0, k] = i + 1
                cells[1, k] = j + 1
                cells[2, k] = matrix[i, j]
                k += 1
    return cells[0], cells[1], cells[2]
