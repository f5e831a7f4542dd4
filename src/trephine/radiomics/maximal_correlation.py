"""The maximal correlation coefficient of a co-occurrence matrix."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from scipy.linalg.lapack import dsyevx

from trephine.radiomics.second_eigenvalue import second_eigenvalue
from trephine.types import FloatArray

_EPSILON = np.spacing(1.0)
# Grey levels up to which an eigenvalue is found sooner than LAPACK is called.
FEW_LEVELS = 48


@njit(cache=True, nogil=True)
def maximal_correlation(table: FloatArray) -> float:
    """Return the root of the second largest eigenvalue of a matrix's Q.

    Q(i,j) = sum_k p(i,k) p(j,k) / (px(i) py(k)) is similar to the symmetric S S' with
    S = p / sqrt(px py), whose eigenvalues are found far faster. PyRadiomics adds the machine's
    epsilon to the denominator, which moves the eigenvalue by some 1e-6 where a grey level is
    rare: the first-order perturbation x' (dQ) x accounts for it.

    Parameters
    ----------
    table
        Normalised, shape (levels, levels), of ``FEW_LEVELS`` at most.

    Returns
    -------
    float
        0 where fewer than two levels occur among rows or columns.
    """
    squares, px, py, p = _squares(table)
    if min(px.size, py.size) < 2:
        return 0.0
    vector = np.empty(px.size)
    eigenvalue = second_eigenvalue(squares, vector)
    return math.sqrt(max(eigenvalue + _moved_by_epsilon(p, px, py, vector), 0.0))


def maximal_correlation_of_many(table: FloatArray) -> float:
    """Return the same of a matrix of many levels by LAPACK, which works through it in blocks."""
    squares, px, py, p = _squares(table)
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
