"""Which level a case has, by its other values: a logistic model of two levels or of more."""

from __future__ import annotations

import numpy as np

from trephine.types import FloatArray, IntArray

# Prior precision of each coefficient of a standardised column (a spread of 2 on the log odds): it
# keeps a level that a column tells apart perfectly from sending its coefficient to infinity.
_PRECISION = 0.25
_CONSTANT_PRECISION = 1e-4
_STEPS = 25
# No step is longer on the log odds: a first one overshoots where levels are rare.
_LONGEST = 4.0
CONVERGED = 1e-8


def level_probabilities(design: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return each level's probability, shape (k + 1, c, n); the first level is the reference.

    Parameters
    ----------
    design
        Shape (c, n, q), c data sets of n cases.
    coefficients
        Shape (c, k, q).
    """
    odds = np.zeros((coefficients.shape[1] + 1, *design.shape[:2]))
    odds[1:] = np.moveaxis(np.matmul(design, np.swapaxes(coefficients, 1, 2)), 2, 0)
    odds = np.exp(odds - odds.max(axis=0))
    found: FloatArray = odds / odds.sum(axis=0)
    return found


def levels_at(probability: FloatArray, uniform: FloatArray) -> IntArray:
    """Return the level that each number between 0 and 1 falls on, by cumulated probability.

    Parameters
    ----------
    probability
        Shape (levels, c, n).
    uniform
        Shape (c, n).
    """
    found: IntArray = (uniform > np.cumsum(probability, axis=0)[:-1]).sum(axis=0)
    return found


def fit_levels(
    design: FloatArray,
    place: IntArray,
    n_levels: int,
    *,
    weight: float = 1.0,
    start: FloatArray | None = None,
    tolerance: float = CONVERGED,
) -> tuple[FloatArray, FloatArray]:
    """Fit c logistic models (two levels) or multinomial ones (more), by Newton's method.

    Parameters
    ----------
    design
        The first column constant, the others standardised, shape (c, n, q).
    place
        Level of each case, from 0, shape (n,).
    n_levels
        k + 1 >= 2.
    weight
        Of every case: completed data sets that are stacked count as one sample.
    start
        Coefficients near the solution, shape (c, k, q).
    tolerance
        Longest step after which the search ends.

    Returns
    -------
    The coefficients, shape (c, k, q), and their information, shape (c, kq, kq), prior included.
    """
    c, _, q = design.shape
    k = n_levels - 1
    is_level = (place == np.arange(1, n_levels)[:, None]).astype(np.float64)[:, None]
    prior = np.tile(np.where(np.arange(q) == 0, _CONSTANT_PRECISION, _PRECISION), k)
    beta = np.zeros((c, k, q)) if start is None else start
    transposed = np.ascontiguousarray(np.swapaxes(design, 1, 2))
    for _ in range(_STEPS):
        found = level_probabilities(design, beta)[1:]
        slope = weight * np.matmul(np.moveaxis(is_level - found, 0, 1), design)
        information = _information(design, transposed, found, weight, prior)
        step = np.linalg.solve(
            information, (slope.reshape(c, -1) - prior * beta.reshape(c, -1))[..., None]
        )[..., 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        step = step * np.minimum(1.0, _LONGEST / np.maximum(longest, _LONGEST))
        beta = beta + step.reshape(c, k, q)
        if longest.max() < tolerance:
            break
    return beta, information


def _information(
    design: FloatArray,
    transposed: FloatArray,
    found: FloatArray,
    weight: float,
    prior: FloatArray,
) -> FloatArray:
    c, _, q = design.shape
    k = len(found)
    information = np.empty((c, k * q, k * q))
    for a in range(k):
        for b in range(a + 1):
            part = found[a] * ((a == b) - found[b])
            block = weight * np.matmul(transposed * part[:, None, :], design)
            information[:, a * q : (a + 1) * q, b * q : (b + 1) * q] = block
            information[:, b * q : (b + 1) * q, a * q : (a + 1) * q] = block
    information[:, np.arange(k * q), np.arange(k * q)] += prior
    return information
