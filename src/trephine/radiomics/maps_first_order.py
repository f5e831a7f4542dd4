"""First order of a kernel, and what the moving co-occurrence counts do not keep."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from trephine.radiomics.maps_notes import STRIDE, inside, place, tallied
from trephine.radiomics.neighbourhood import Levels
from trephine.types import FloatArray, IntArray


@njit(cache=True, nogil=True)
def first_order(
    values: FloatArray, levels: IntArray, shift: float, voxel_size: float, less: float
) -> FloatArray:
    """Return the first order of a kernel's values, in the order of ``maps.FIRST_ORDER``.

    As ``firstorder.firstorder_features``; ``less`` is taken from the kurtosis.
    """
    ordered = np.sort(values)
    n = ordered.size
    p10, p25, p50 = _quantile(ordered, 0.1), _quantile(ordered, 0.25), _quantile(ordered, 0.5)
    p75, p90 = _quantile(ordered, 0.75), _quantile(ordered, 0.9)
    low, high = ordered[0], ordered[n - 1]
    mean = values.mean()
    m2 = m3 = m4 = deviation = energy = 0.0
    for k in range(n):
        d = values[k] - mean if high > low else 0.0
        m2 += d * d / n
        m3 += d * d * d / n
        m4 += d * d * d * d / n
        deviation += abs(d) / n
        energy += (values[k] + shift) ** 2
    middle = ordered[(ordered >= p10) & (ordered <= p90)]
    robust = np.abs(middle - middle.mean()).mean() if middle.size else np.nan
    entropy = uniformity = 0.0
    _, _, counts = tallied(levels)
    for k in range(counts.size):
        p = counts[k] / n
        entropy -= p * math.log2(p + np.spacing(1.0))
        uniformity += p * p
    kurtosis = m4 / (m2 * m2) - less if m2 > 0.0 else 0.0
    skewness = m3 / m2**1.5 if m2 > 0.0 else 0.0
    return np.array(
        [
            p10, p90, energy, entropy, p75 - p25, kurtosis, high, mean, deviation, p50, low,
            high - low, robust, math.sqrt(energy / n), skewness, math.sqrt(m2),
            energy * voxel_size, uniformity, m2,
        ]
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _quantile(ordered: FloatArray, q: float) -> float:
    position = q * (ordered.size - 1)
    below = math.floor(position)
    above = min(below + 1, ordered.size - 1)
    weight = position - below
    low, high = float(ordered[below]), float(ordered[above])
    if weight < 0.5:
        return low + (high - low) * weight
    return high - (high - low) * (1.0 - weight)


@njit(cache=True, nogil=True)
def pair_features(cube: Levels, offsets: IntArray, notes: IntArray) -> FloatArray:
    """Return MaximumProbability and MCC: means over the directions that have a pair."""
    depth, height, width = cube.shape
    largest, correlation = 0.0, 0.0
    counted = 0
    for a in range(offsets.shape[0]):
        dz, dy, dx = offsets[a]
        found = 0
        for here in range(cube.size):
            z, y, x = place(here, height, width)
            p, q, r = z + dz, y + dy, x + dx
            if inside(p, q, r, depth, height, width):
                one, other = np.int64(cube[z, y, x]), np.int64(cube[p, q, r])
                if one > 0 and other > 0:
                    notes[found] = max(one, other) * STRIDE + min(one, other)
                    found += 1
        if found:
            top, second = _of_pairs(notes[:found])
            largest += top
            correlation += second
            counted += 1
    if counted == 0:
        return np.full(2, np.nan)
    if largest == counted:  # a single grey level: by convention
        correlation = float(counted)
    return np.array([largest / counted, correlation / counted])


@njit(cache=True, nogil=True)
def _of_pairs(notes: IntArray) -> tuple[float, float]:
    """Return the largest cell, and the second largest |eigenvalue| of p / sqrt(px px').

    PyRadiomics' Q is the square of that symmetric matrix, and MCC the root of its second largest
    eigenvalue.
    """
    one, other, counts = tallied(notes)
    levels = np.unique(np.concatenate((one, other)))
    p = np.zeros((levels.size, levels.size))
    for k in range(counts.size):
        i, j = np.searchsorted(levels, one[k]), np.searchsorted(levels, other[k])
        p[i, j] += counts[k]
        p[j, i] += counts[k]
    p /= 2.0 * notes.size
    if levels.size == 1:
        return 1.0, 0.0
    margin = np.sqrt(p.sum(axis=1))
    for i in range(levels.size):
        for j in range(levels.size):
            p[i, j] /= margin[i] * margin[j]
    sizes = np.sort(np.abs(np.linalg.eigvalsh(p)))
    for i in range(levels.size):
        for j in range(levels.size):
            p[i, j] *= margin[i] * margin[j]
    return p.max(), sizes[-2]
