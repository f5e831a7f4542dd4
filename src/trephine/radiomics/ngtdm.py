"""Neighbouring grey tone difference features."""

from __future__ import annotations

import numpy as np
from numba import njit

from trephine.radiomics.matrices import TextureMatrices
from trephine.types import FloatArray, IntArray

NAMES = ("Busyness", "Coarseness", "Complexity", "Contrast", "Strength")


def ngtdm_features(matrices: TextureMatrices, *, count_isolated: bool) -> dict[str, float]:
    """Measure the neighbouring grey tone difference matrix.

    Amadasun and King 1989, with PyRadiomics 3.0.1's values in a homogeneous region: Coarseness
    10^6, the others 0.

    Parameters
    ----------
    count_isolated
        Whether voxels without a neighbour count towards p_i, as in PyRadiomics; IBSI leaves them
        out.

    Returns
    -------
    dict
        Name to value; NaN where no voxel counts.
    """
    found = _of_levels(
        matrices.ngtdm_voxels, matrices.ngtdm_isolated, matrices.ngtdm_difference, count_isolated
    )
    return dict(zip(NAMES, found.tolist(), strict=True))


@njit(cache=True, nogil=True)
def _of_levels(
    voxels: IntArray, isolated: IntArray, difference: FloatArray, count_isolated: bool
) -> FloatArray:
    """Measure the levels that count, in the order of ``NAMES``."""
    level, counted, s = np.empty(voxels.size), np.empty(voxels.size), np.empty(voxels.size)
    kept = 0
    for i in range(voxels.size):
        count = voxels[i] if count_isolated else voxels[i] - isolated[i]
        if count > 0:
            level[kept], counted[kept], s[kept] = i + 1.0, count, difference[i]
            kept += 1
    return tone_formulas(level[:kept], counted[:kept], s[:kept])


@njit(cache=True, nogil=True)
def tone_formulas(level: FloatArray, voxels: FloatArray, s: FloatArray) -> FloatArray:
    """Measure levels that are present, in the order of ``NAMES``; NaN where none is.

    Parameters
    ----------
    level, voxels, s
        Grey levels, how many voxels have each, and the sums of their differences, shape (levels,).
    """
    if level.size == 0:
        return np.full(5, np.nan)
    total = voxels.sum()
    p = voxels / total
    weighted, sum_s = (p * s).sum(), s.sum()
    spread = complexity = contrast = strength = 0.0
    for i in range(level.size):
        for j in range(level.size):
            step = abs(level[i] - level[j])
            spread += abs(level[i] * p[i] - level[j] * p[j])
            complexity += step * (p[i] * s[i] + p[j] * s[j]) / (p[i] + p[j])
            contrast += p[i] * p[j] * step * step
            strength += (p[i] + p[j]) * step * step
    pairs = level.size * (level.size - 1)
    return np.array(
        [
            weighted / spread if spread > 0.0 else 0.0,
            1.0 / weighted if weighted > 0.0 else 1e6,
            complexity / total,
            contrast * sum_s / total / pairs if pairs else 0.0,
            strength / sum_s if sum_s > 0.0 else 0.0,
        ]
    )
