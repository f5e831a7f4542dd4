"""The second largest eigenvalue of a small symmetric matrix, and its vector.

LAPACK's way (Householder's reflections, bisection, inverse iteration) without a call a matrix:
handing a dozen numbers to a library takes longer than the arithmetic does.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from trephine.types import FloatArray

_EPSILON = np.finfo(np.float64).eps


@njit(cache=True, nogil=True)
def second_eigenvalue(a: FloatArray, vector: FloatArray) -> float:
    """Return the second largest eigenvalue; fill in a vector of length 1 that belongs to it.

    Accurate to some epsilons of the largest. Where the eigenvalue occurs twice, the vector is one
    of those that belong to it.

    Parameters
    ----------
    a
        Symmetric, shape (n, n), n of at least 2; overwritten.
    vector
        Shape (n,), overwritten.
    """
    n = a.shape[0]
    beside = np.zeros(n)
    scales = np.zeros(n)
    _make_tridiagonal(a, beside, scales)
    diagonal = np.empty(n)
    for i in range(n):
        diagonal[i] = a[i, i]
    value = _bisect(diagonal, beside, 2)
    _iterate(diagonal, beside, value, vector)
    for k in range(n - 3, -1, -1):  # the reflections back, the last one first
        along = 0.0
        for i in range(k + 1, n):
            along += a[i, k] * vector[i]
        for i in range(k + 1, n):
            vector[i] -= scales[k] * along * a[i, k]
    return value


@njit(cache=True, nogil=True)
def _make_tridiagonal(a: FloatArray, beside: FloatArray, scales: FloatArray) -> None:
    """Reflect a matrix to three diagonals (Golub and Van Loan, Matrix Computations, 8.3.1).

    Its diagonal stays in ``a``, with the reflections' vectors below; ``beside`` takes what stands
    beside the diagonal, ``scales`` the factors 2 / v'v of the reflections.
    """
    n = a.shape[0]
    p = np.empty(n)
    for k in range(n - 2):
        squares = 0.0
        for i in range(k + 1, n):
            squares += a[i, k] * a[i, k]
        length = math.sqrt(squares)
        beside[k] = -length if a[k + 1, k] > 0.0 else length
        a[k + 1, k] -= beside[k]
        squares = 0.0
        for i in range(k + 1, n):
            squares += a[i, k] * a[i, k]
        if squares == 0.0:
            continue
        scale = 2.0 / squares
        scales[k] = scale
        along = 0.0
        for i in range(k + 1, n):
            total = 0.0
            for j in range(k + 1, n):
                total += a[i, j] * a[j, k]
            p[i] = scale * total
            along += p[i] * a[i, k]
        for i in range(k + 1, n):
            p[i] -= 0.5 * scale * along * a[i, k]
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * p[j] + p[i] * a[j, k]
    beside[n - 2] = a[n - 1, n - 2]


@njit(cache=True, nogil=True)
def _bisect(diagonal: FloatArray, beside: FloatArray, rank: int) -> float:
    """Return an eigenvalue of a tridiagonal matrix by its rank; 1 is the largest.

    As many pivots of T - x are negative as eigenvalues lie below x (Sylvester's law of inertia).
    """
    n = diagonal.size
    low = high = diagonal[0]
    for i in range(n):  # Gershgorin's circles
        reach = abs(beside[i]) + (abs(beside[i - 1]) if i > 0 else 0.0)
        low, high = min(low, diagonal[i] - reach), max(high, diagonal[i] + reach)
    size = max(abs(low), abs(high))
    smallest = max(size * _EPSILON**2, 1e-290)
    wanted = n - rank  # so many lie below it
    while high - low > _EPSILON * size:
        x = 0.5 * (low + high)
        if x in (low, high):
            break
        below = 0
        pivot = 1.0
        for i in range(n):
            before = beside[i - 1] * beside[i - 1] / pivot if i > 0 else 0.0
            pivot = diagonal[i] - x - before
            if abs(pivot) < smallest:
                pivot = -smallest
            below += pivot < 0.0
        if below > wanted:
            high = x
        else:
            low = x
    return float(0.5 * (low + high))


@njit(cache=True, nogil=True)
def _iterate(diagonal: FloatArray, beside: FloatArray, value: float, x: FloatArray) -> None:
    """Fill in a vector of length 1 that T - value makes shortest, by inverse iteration.

    T - value = L U with rows exchanged; U has two diagonals above its own.
    """
    n = diagonal.size
    size = abs(value)
    for i in range(n):
        size = max(size, abs(diagonal[i]), abs(beside[i]))
    smallest = max(size * _EPSILON, 1e-290)
    u = np.zeros((n, 3))
    factor = np.zeros(n)
    exchanged = np.zeros(n, np.bool_)
    u[0, 0], u[0, 1] = diagonal[0] - value, beside[0]
    for i in range(n - 1):
        after = beside[i + 1] if i + 2 < n else 0.0
        below, here = beside[i], diagonal[i + 1] - value
        if abs(below) > abs(u[i, 0]):
            exchanged[i] = True
            factor[i] = u[i, 0] / below
            u[i + 1, 0] = u[i, 1] - factor[i] * here
            u[i + 1, 1] = -factor[i] * after
            u[i, 0], u[i, 1], u[i, 2] = below, here, after
        else:
            if abs(u[i, 0]) < smallest:
                u[i, 0] = smallest
            factor[i] = below / u[i, 0]
            u[i + 1, 0] = here - factor[i] * u[i, 1]
            u[i + 1, 1] = after
    if abs(u[n - 1, 0]) < smallest:
        u[n - 1, 0] = smallest
    for i in range(n):  # no eigenvector is orthogonal to all such
        x[i] = 1.0 + 0.3 * math.sin(1.7 * i)
    for _ in range(4):
        for i in range(n - 1):
            if exchanged[i]:
                x[i], x[i + 1] = x[i + 1], x[i]
            x[i + 1] -= factor[i] * x[i]
        for i in range(n - 1, -1, -1):
            known = 0.0
            if i + 1 < n:
                known += u[i, 1] * x[i + 1]
            if i + 2 < n:
                known += u[i, 2] * x[i + 2]
            x[i] = (x[i] - known) / u[i, 0]
        largest = np.abs(x).max()
        length = 0.0
        for i in range(n):
            x[i] /= largest
            length += x[i] * x[i]
        for i in range(n):
            x[i] /= math.sqrt(length)
