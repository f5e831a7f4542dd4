"""Co-occurrence features."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit

from trephine.radiomics.matrices import Counts, TextureMatrices
from trephine.radiomics.maximal_correlation import (
    FEW_LEVELS,
    maximal_correlation,
    maximal_correlation_of_many,
)
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.offsets import lengths_mm
from trephine.types import FloatArray

_EPSILON = np.spacing(1.0)

# The order of what ``_measure`` returns.
NAMES = (
    "Autocorrelation",
    "ClusterProminence",
    "ClusterShade",
    "ClusterTendency",
    "Contrast",
    "Correlation",
    "DifferenceAverage",
    "DifferenceEntropy",
    "DifferenceVariance",
    "Id",
    "Idm",
    "Idmn",
    "Idn",
    "Imc1",
    "Imc2",
    "InverseVariance",
    "JointAverage",
    "JointEnergy",
    "JointEntropy",
    "MaximumProbability",
    "SumAverage",
    "SumEntropy",
    "SumSquares",
)
# What PyRadiomics has retired because another feature equals it.
_EQUALS = {
    "Dissimilarity": "DifferenceAverage",
    "Homogeneity1": "Id",
    "Homogeneity2": "Idm",
    "SumVariance": "ClusterTendency",
}


def glcm_features(
    matrices: TextureMatrices,
    around: Neighbourhood,
    spacing_mm: Sequence[float],
    weighting_norm: str | None,
    *,
    symmetrical: bool,
    with_mcc: bool,
) -> dict[str, float]:
    """Measure the co-occurrence matrices.

    Haralick 1973 as PyRadiomics 3.0.1 has it. Without a norm, each feature is the mean over the
    directions that have a pair; with one, the matrices are summed with the weight exp(-d^2), d the
    step's length in mm ('no_weighting': 1), and measured once.

    Returns
    -------
    dict
        Name to value; NaN where no two voxels are neighbours. MCC only ``with_mcc``.
    """
    tables: Counts | FloatArray = matrices.glcm
    if weighting_norm is not None and len(matrices.glcm):
        tables = _merged(matrices.glcm, around, spacing_mm, weighting_norm)
    few = tables.shape[1] <= FEW_LEVELS
    measured = _of_directions(tables, symmetrical, with_mcc and few)
    n_present = int(np.count_nonzero(matrices.ngtdm_voxels))
    if not measured[-1]:
        return _without_pairs(n_present, single=len(around.flat) == 1 or weighting_norm is not None)
    found: list[float] = measured.tolist()
    values = dict(zip(NAMES, found, strict=False))
    if with_mcc:
        values["MCC"] = 1.0
        if n_present > 1:
            values["MCC"] = found[-2] if few else _correlation_of_many_levels(tables, symmetrical)
    for name, twin in _EQUALS.items():
        values[name] = values[twin]
    return values


def _merged(
    counts: Counts, around: Neighbourhood, spacing_mm: Sequence[float], norm: str
) -> FloatArray:
    """Return the weighted sum of the matrices that have a pair, as one."""
    filled = counts.any(axis=(1, 2))
    weights = (
        np.ones(int(filled.sum()))
        if norm == "no_weighting"
        else np.exp(-(lengths_mm(around.offsets[filled], spacing_mm, norm) ** 2))
    )
    return np.tensordot(weights, counts[filled].astype(np.float64), axes=1)[np.newaxis]


def _correlation_of_many_levels(counts: Counts | FloatArray, symmetrical: bool) -> float:
    """Return the mean MCC of the matrices that have a pair."""
    each = [
        maximal_correlation_of_many(normalised(one, symmetrical)) for one in counts if one.any()
    ]
    return float(np.mean(each))


def _without_pairs(n_present: int, *, single: bool) -> dict[str, float]:
    """Return what PyRadiomics has where no two voxels are neighbours.

    NaN, but with one grey level its MCC is 1 where it drops the empty directions, and its
    InverseVariance an empty sum where it keeps a single matrix.
    """
    values = dict.fromkeys((*NAMES, *_EQUALS, "MCC"), math.nan)
    if n_present == 1:
        values.update({"InverseVariance": 0.0} if single else {"MCC": 1.0})
    return values


@njit(cache=True, nogil=True)
def _entropy(p: FloatArray) -> float:
    total = 0.0
    for k in range(p.size):
        if p[k] > 0.0:
            total -= p[k] * math.log2(p[k] + _EPSILON)
    return total


@njit(cache=True, nogil=True)
def _of_directions(counts: Counts | FloatArray, symmetrical: bool, with_mcc: bool) -> FloatArray:
    """Measure the matrices that are not empty, shape (directions, levels, levels).

    Returns
    -------
    FloatArray
        Means over the directions in the order of ``NAMES``, the mean MCC (0 if not ``with_mcc``),
        and how many directions have a pair. An angle whose Imc2 is no real number does not count
        towards it, as in PyRadiomics.
    """
    found = np.zeros(len(NAMES) + 2)
    numbers = np.zeros(len(NAMES))
    for a in range(counts.shape[0]):
        if not counts[a].any():
            continue
        found[-1] += 1.0
        table = normalised(counts[a], symmetrical)
        values = _measure(table)
        for k in range(values.size):
            if not math.isnan(values[k]):
                found[k] += values[k]
                numbers[k] += 1.0
        if with_mcc:
            found[-2] += maximal_correlation(table)
    if found[-1] > 0.0:
        found[-2] /= found[-1]
    for k in range(numbers.size):
        found[k] = found[k] / numbers[k] if numbers[k] > 0.0 else np.nan
    return found


@njit(cache=True, nogil=True)
def normalised(counts: Counts | FloatArray, symmetrical: bool) -> FloatArray:
    """Return one matrix over its total, shape (levels, levels), both ways if ``symmetrical``."""
    n = counts.shape[0]
    table = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            table[i, j] = counts[i, j] + counts[j, i] if symmetrical else counts[i, j]
    table /= table.sum()
    return table


@njit(cache=True, nogil=True)
def _measure(p: FloatArray) -> FloatArray:
    """Measure one normalised matrix, shape (levels, levels); the order is that of ``NAMES``."""
    n = p.shape[0]
    px = np.zeros(n)
    py = np.zeros(n)
    plus = np.zeros(2 * n - 1)
    minus = np.zeros(n)
    for i in range(n):
        for j in range(n):
            if p[i, j] > 0.0:
                px[i] += p[i, j]
                py[j] += p[i, j]
                plus[i + j] += p[i, j]
                minus[abs(i - j)] += p[i, j]
    mu_x = 0.0
    mu_y = 0.0
    for i in range(n):
        mu_x += px[i] * (i + 1)
        mu_y += py[i] * (i + 1)
    var_x = 0.0
    var_y = 0.0
    for i in range(n):
        var_x += px[i] * (i + 1 - mu_x) ** 2
        var_y += py[i] * (i + 1 - mu_y) ** 2
    auto = tendency = shade = prominence = covariance = energy = largest = 0.0
    hxy = hxy1 = hxy2 = 0.0
    for i in range(n):
        if px[i] == 0.0:
            continue
        for j in range(n):
            product = px[i] * py[j]
            if product == 0.0:
                continue
            log_product = math.log2(product + _EPSILON)
            hxy2 -= product * log_product
            q = p[i, j]
            if q == 0.0:
                continue
            hxy1 -= q * log_product
            hxy -= q * math.log2(q + _EPSILON)
            t = i + j + 2 - mu_x - mu_y
            auto += q * (i + 1) * (j + 1)
            tendency += q * t * t
            shade += q * t * t * t
            prominence += q * t * t * t * t
            covariance += q * (i + 1 - mu_x) * (j + 1 - mu_y)
            energy += q * q
            largest = max(largest, q)
    average = contrast = inverse = inverse_moment = 0.0
    inverse_moment_n = inverse_n = inverse_variance = 0.0
    for k in range(n):
        q = minus[k]
        average += k * q
        contrast += k * k * q
        inverse += q / (1 + k)
        inverse_moment += q / (1 + k * k)
        inverse_n += q / (1 + k / n)
        inverse_moment_n += q / (1 + (k * k) / (n * n))
        if k > 0:
            inverse_variance += q / (k * k)
    variance = 0.0
    for k in range(n):
        variance += minus[k] * (k - average) ** 2
    sum_average = 0.0
    for k in range(plus.size):
        sum_average += (k + 2) * plus[k]
    deviations = math.sqrt(var_x) * math.sqrt(var_y)
    correlation = covariance / (deviations + _EPSILON) if deviations > 0.0 else 1.0
    larger = max(_entropy(px), _entropy(py))
    imc1 = (hxy - hxy1) / larger if larger != 0.0 else 0.0
    information = 1.0 - math.exp(-2.0 * (hxy2 - hxy))
    imc2 = math.sqrt(information) if information >= 0.0 else np.nan
    return np.array(
        [
            auto,
            prominence,
            shade,
            tendency,
            contrast,
            correlation,
            average,
            _entropy(minus),
            variance,
            inverse,
            inverse_moment,
            inverse_moment_n,
            inverse_n,
            imc1,
            imc2,
            inverse_variance,
            mu_x,
            energy,
            hxy,
            largest,
            sum_average,
            _entropy(plus),
            var_x,
        ]
    )
