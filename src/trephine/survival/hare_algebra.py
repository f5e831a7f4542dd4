"""Linear algebra in compiled code that answers NaN where a matrix is singular."""

from __future__ import annotations

import numba
import numpy as np

from trephine.types import FloatArray


@numba.njit(cache=True)
def solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return the solution of a linear system, shape (k,); NaN where it has none."""
    try:
        return np.linalg.solve(matrix, right).astype(np.float64)
    except Exception:  # LinAlgError, which compiled code cannot name
        return np.full(right.size, np.nan)


@numba.njit(cache=True)
def reciprocal_condition(matrix: FloatArray) -> float:
    """Return 1 / (|A| |A^-1|) in the largest column sum; 0 where the matrix is singular."""
    try:
        inverse = np.linalg.inv(matrix).astype(np.float64)
    except Exception:  # LinAlgError, which compiled code cannot name
        return 0.0
    return 1.0 / (_column_sum(matrix) * _column_sum(inverse))


@numba.njit(cache=True)
def _column_sum(matrix: FloatArray) -> float:
    largest = 0.0
    for k in range(matrix.shape[1]):
        total = np.abs(matrix[:, k]).sum()
        largest = total if total > largest else largest
    return largest
