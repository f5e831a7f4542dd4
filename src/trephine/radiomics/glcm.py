"""Co-occurrence features."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit
from scipy.linalg.lapack import dsyevx

from trephine.radiomics.matrices import Counts, TextureMatrices
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.offsets import lengths_mm
from trephine.radiomics.second_eigenvalue import second_eigenvalue
from trephine.types import BoolArray, FloatArray

_EPSILON = np.spacing(1.0)
# Grey levels up to which an eigenvalue is found sooner than LAPACK is called.
_FEW = 48

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


def maximal_correlations(tables: FloatArray) -> FloatArray:
    """Return the root of the second largest eigenvalue of each matrix's Q.

    Q(i,j) = sum_k p(i,k) p(j,k) / (px(i) py(k)) is similar to the symmetric S S' with
    S = p / sqrt(px py), whose eigenvalues are found far faster. PyRadiomics adds the machine's
    epsilon to the denominator, which moves the eigenvalue by some 1e-6 where a grey level is
    rare: the first-order perturbation x' (dQ) x accounts for it.

    Parameters
    ----------
    tables
        Normalised, shape (matrices, levels, levels).

    Returns
    -------
    FloatArray
        Shape (matrices,); 0 where fewer than two levels occur among rows or columns.
    """
    if tables.shape[1] <= _FEW:
        return _correlations(tables)
    return np.array([_of_many_levels(table) for table in tables])


@njit(cache=True, nogil=True)
def _correlations(tables: FloatArray) -> FloatArray:
    """Return the root of each matrix's eigenvalue once epsilon has moved it."""
    roots = np.zeros(tables.shape[0])
    for number in range(tables.shape[0]):
        squares, px, py, p = _squares(tables[number])
        if min(px.size, py.size) < 2:
            continue
        vector = np.empty(px.size)
        eigenvalue = second_eigenvalue(squares, vector)
        moved = _moved_by_epsilon(p, px, py, vector)
        roots[number] = math.sqrt(max(eigenvalue + moved, 0.0))
    return roots


def _of_many_levels(p: FloatArray) -> float:
    """Return the same of one matrix by LAPACK, which works through a large one in blocks."""
    squares, px, py, p = _squares(p)
    if min(px.size, py.size) < 2:
        return 0.0
    second = px.size - 1  # LAPACK counts from 1
    eigenvalues, vectors, *_, status = dsyevx(
        squares, range="I", il=second, iu=second, overwrite_a=1
    )
    if status:
        raise np.linalg.LinAlgError(f"dsyevx ended with status {status}")
    moved = _moved_by_epsilon(p, px, py, vectors[:, 0])
    return math.sqrt(max(float(eigenvalues[0]) + moved, 0.0))


@njit(cache=True, nogil=True)
def _squares(p: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return S S', the sums of rows and columns, and the matrix, of the levels that occur."""
    by_row, by_column = p.sum(axis=1), p.sum(axis=0)
    rows, columns = np.flatnonzero(by_row), np.flatnonzero(by_column)
    px, py = by_row[rows], by_column[columns]
    kept = np.empty((rows.size, columns.size))
    s = np.empty((rows.size, columns.size))
    for i in range(rows.size):
        for k in range(columns.size):
            kept[i, k] = p[rows[i], columns[k]]
            s[i, k] = kept[i, k] / math.sqrt(px[i] * py[k])
    squares = np.empty((rows.size, rows.size))
    for i in range(rows.size):
        for j in range(i + 1):
            total = 0.0
            for k in range(columns.size):
                total += s[i, k] * s[j, k]
            squares[i, j] = total
            squares[j, i] = total
    return squares, px, py, kept


@njit(cache=True, nogil=True)
def _moved_by_epsilon(p: FloatArray, px: FloatArray, py: FloatArray, x: FloatArray) -> float:
    """Return x' (dQ) x for the change dQ that epsilon makes in the denominator."""
    root = np.sqrt(px)
    total = 0.0
    for k in range(py.size):
        left = right = 0.0
        for i in range(px.size):
            product = px[i] * py[k]
            left += root[i] * x[i] * p[i, k] / (product * (product + _EPSILON))
            right += p[i, k] * x[i] / root[i]
        total += left * right
    return float(-_EPSILON * total)
