"""Products of rows: the linear algebra that the path's solver needs, on one thread.

Not BLAS: a threaded BLAS splits even a product of 100 x 200 over all cores and waits for the
slowest, which on a busy machine costs a hundred times the product itself; and its last digits
depend on the number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from trephine.types import FloatArray

# Sums may be reordered and fused, which is what lets them run in vector registers; NaN and
# infinity keep their meaning.
VECTORISED = {"reassoc", "contract"}


@njit(cache=True)
def copy(source: FloatArray, target: FloatArray, length: int) -> None:
    """Copy the first ``length`` entries.

    An assignment of slices does the same, but has numba compile the message of the error that
    their sizes might raise, a third of all compilation.
    """
    for i in range(length):
        target[i] = source[i]


@njit(cache=True, fastmath=VECTORISED)
def dot(a: FloatArray, b: FloatArray, length: int) -> float:
    """Return the scalar product of the first ``length`` entries."""
    total = 0.0
    for i in range(length):
        total += a[i] * b[i]
    return total


@njit(cache=True, fastmath=VECTORISED)
def dots(rows: FloatArray, n_rows: int, vector: FloatArray, out: FloatArray) -> None:
    """Write the products of the first ``n_rows`` rows with ``vector`` into ``out``."""
    for row in range(n_rows):
        total = 0.0
        for i in range(vector.size):
            total += rows[row, i] * vector[i]
        out[row] = total


@njit(cache=True, fastmath=VECTORISED)
def add_rows(weights: FloatArray, rows: FloatArray, out: FloatArray) -> None:
    """Add the rows times their weights to ``out``; a weight of 0 costs nothing."""
    for row in range(weights.size):
        weight = weights[row]
        if weight != 0.0:
            for i in range(out.size):
                out[i] += weight * rows[row, i]


@njit(cache=True)
def weighted_sums(weights: FloatArray, rows: FloatArray) -> FloatArray:
    """Return weights (m, k) times rows (k, n); fast where most weights are 0."""
    out = np.zeros((weights.shape[0], rows.shape[1]))
    for m in range(weights.shape[0]):
        add_rows(weights[m], rows, out[m])
    return out


@njit(cache=True, fastmath=VECTORISED)
def fill_symmetric(
    left: FloatArray, right: FloatArray, first: int, end: int, out: FloatArray
) -> None:
    """Write left[a - first] . right[b] into out[a, b] and out[b, a], for a in [first, end), b <= a.

    In tiles of four by four, so that a row once loaded serves four products.
    """
    n = left.shape[1]
    for top in range(first, end, 4):
        a0 = top - first
        # An incomplete tile repeats its last row; the repeats are not written.
        a1, a2, a3 = (
            min(a0 + 1, end - first - 1),
            min(a0 + 2, end - first - 1),
            min(a0 + 3, end - first - 1),
        )
        for side in range(0, min(top + 4, end), 4):
            b1, b2, b3 = min(side + 1, end - 1), min(side + 2, end - 1), min(side + 3, end - 1)
            s00 = s01 = s02 = s03 = 0.0
            s10 = s11 = s12 = s13 = 0.0
            s20 = s21 = s22 = s23 = 0.0
            s30 = s31 = s32 = s33 = 0.0
            for i in range(n):
                x0, x1, x2, x3 = left[a0, i], left[a1, i], left[a2, i], left[a3, i]
                y0, y1, y2, y3 = right[side, i], right[b1, i], right[b2, i], right[b3, i]
                s00 += x0 * y0
                s01 += x0 * y1
                s02 += x0 * y2
                s03 += x0 * y3
                s10 += x1 * y0
                s11 += x1 * y1
                s12 += x1 * y2
                s13 += x1 * y3
                s20 += x2 * y0
                s21 += x2 * y1
                s22 += x2 * y2
                s23 += x2 * y3
                s30 += x3 * y0
                s31 += x3 * y1
                s32 += x3 * y2
                s33 += x3 * y3
            tile = (
                (s00, s01, s02, s03),
                (s10, s11, s12, s13),
                (s20, s21, s22, s23),
                (s30, s31, s32, s33),
            )
            for k in range(4):
                for m in range(4):
                    a, b = top + k, side + m
                    if a < end and b <= a:
                        out[a, b] = tile[k][m]
                        out[b, a] = tile[k][m]
