"""Co-occurrence features."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit

from trephine.radiomics.matrices import Counts, TextureMatrices
from trephine.radiomics.maximal_correlation import maximal_correlations
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.offsets import lengths_mm
from trephine.types import BoolArray, FloatArray

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
    n_present = int(np.count_nonzero(matrices.ngtdm_voxels))
    tables, filled = _tables(matrices.glcm, symmetrical)
    if weighting_norm is not None and len(tables):
        offsets = around.offsets[filled]
        weights = (
            np.ones(len(tables))
            if weighting_norm == "no_weighting"
            else np.exp(-(lengths_mm(offsets, spacing_mm, weighting_norm) ** 2))
        )
        tables = np.tensordot(weights, tables, axes=1)[np.newaxis]
    totals = tables.sum(axis=(1, 2), keepdims=True)
    if not totals.any():
        return _without_pairs(n_present, single=len(around.flat) == 1 or weighting_norm is not None)
    tables /= totals
    # An angle whose Imc2 is no real number does not count, as in PyRadiomics.
    values = dict(zip(NAMES, _mean_of_numbers(_measure_each(tables)).tolist(), strict=True))
    if with_mcc:
        values["MCC"] = float(maximal_correlations(tables).mean()) if n_present > 1 else 1.0
    for name, twin in _EQUALS.items():
        values[name] = values[twin]
    return values


def _without_pairs(n_present: int, *, single: bool) -> dict[str, float]:
    """Return what PyRadiomics has where no two voxels are neighbours.

    NaN, but with one grey level its MCC is 1 where it drops the empty directions, and its
    InverseVariance an empty sum where it keeps a single matrix.
    """
    values = dict.fromkeys((*NAMES, *_EQUALS, "MCC"), math.nan)
    if n_present == 1:
        values.update({"InverseVariance": 0.0} if single else {"MCC": 1.0})
    return values


def _tables(counts: Counts, symmetrical: bool) -> tuple[FloatArray, BoolArray]:
    """Return the matrices that are not empty, and which those are."""
    filled: BoolArray = np.asarray(counts.any(axis=(1, 2)))
    tables = (counts if filled.all() else counts[filled]).astype(np.float64)
    if symmetrical:
        tables = tables + tables.transpose(0, 2, 1)
    return tables, filled


def _mean_of_numbers(each: FloatArray) -> FloatArray:
    numbers = ~np.isnan(each)
    count = numbers.sum(axis=0)
    total = np.where(numbers, each, 0.0).sum(axis=0)
    mean: FloatArray = np.full(len(count), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


@njit(cache=True, nogil=True)
def _entropy(p: FloatArray) -> float:
    total = 0.0
    for k in range(p.size):
        if p[k] > 0.0:
            total -= p[k] * math.log2(p[k] + _EPSILON)
    return total


@njit(cache=True, nogil=True)
def _measure_each(tables: FloatArray) -> FloatArray:
    """Measure normalised matrices, shape (matrices, levels, levels); one row each."""
    found = np.empty((tables.shape[0], len(NAMES)))
    for number in range(tables.shape[0]):
        found[number] = _measure(tables[number])
    return found


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
