"""One draw of a variable's missing values, by matching or from a logistic model, in many chains."""

from __future__ import annotations

import numpy as np

from trephine.modelling.level_model import fit_levels, level_probabilities, levels_at
from trephine.types import BoolArray, FloatArray, IntArray

DONORS = 5
"""Cases that a missing continuous value is drawn from."""
_RIDGE = 1e-5
# Of a logistic model's last step: its coefficients are drawn, with errors a hundred times as large.
_NEAR_ENOUGH = 1e-3


def draw_matched(
    design: FloatArray, given: FloatArray, known: BoolArray, rng: np.random.Generator
) -> FloatArray:
    """Draw missing values of a continuous variable by predictive mean matching.

    Type 1 matching: known cases are predicted by the least squares estimate, the others by a draw
    from its posterior; each takes the value of one of the `DONORS` nearest known cases.

    Parameters
    ----------
    design
        Of c chains, shape (c, n, q).
    given
        Known values, shape (k,).
    known
        Which of the n cases have one, shape (n,).
    rng
        Source of draws.

    Returns
    -------
    Shape (c, n - k).
    """
    of_known, of_missing = design[:, known], design[:, ~known]
    c, k, q = of_known.shape
    gram = np.matmul(np.swapaxes(of_known, 1, 2), of_known)
    diagonal = np.arange(q)
    gram[:, diagonal, diagonal] += _RIDGE * np.maximum(gram[:, diagonal, diagonal], 1.0)
    slope = np.matmul(np.swapaxes(of_known, 1, 2), given[:, None])
    beta = np.linalg.solve(gram, slope)[..., 0]
    fitted = np.matmul(of_known, beta[..., None])[..., 0]
    squares = ((given - fitted) ** 2).sum(axis=1)
    spread = np.sqrt(squares / rng.chisquare(max(k - q, 1), c))
    noise = rng.standard_normal((c, q, 1))
    lower = np.linalg.cholesky(gram)
    away = np.linalg.solve(np.swapaxes(lower, 1, 2), noise)[..., 0]
    drawn = beta + spread[:, None] * away
    asked = np.matmul(of_missing, drawn[..., None])[..., 0]
    return np.array([given[_donors(f, a, rng)] for f, a in zip(fitted, asked, strict=True)])


def _donors(fitted: FloatArray, asked: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return for each value asked for one of the cases whose fitted value is nearest."""
    # Cases that are predicted alike stand in random order, or the first ones would give to all.
    shuffled = rng.permutation(fitted.size)
    order = shuffled[np.argsort(fitted[shuffled], kind="stable")]
    ordered = fitted[order]
    width = min(2 * DONORS, fitted.size)
    first = np.clip(np.searchsorted(ordered, asked) - DONORS, 0, fitted.size - width)
    window = first[:, None] + np.arange(width)
    distance = np.abs(ordered[window] - asked[:, None])
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : min(DONORS, width)]
    chosen = rng.integers(nearest.shape[1], size=asked.size)
    rows = np.arange(asked.size)
    found: IntArray = order[window[rows, nearest[rows, chosen]]]
    return found


def draw_levels(
    design: FloatArray,
    given: FloatArray,
    seen: FloatArray,
    known: BoolArray,
    rng: np.random.Generator,
    start: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Draw missing levels from a logistic model whose coefficients are drawn themselves.

    Parameters
    ----------
    design, given, known, rng
        As `draw_matched`; ``given`` as level codes.
    seen
        Codes that occur, ascending, two at least.
    start
        Coefficients to begin from, shape (c, levels - 1, q).

    Returns
    -------
    Codes, shape (c, missing), and the estimate of the coefficients.
    """
    place = np.searchsorted(seen, given)
    beta, information = fit_levels(
        design[:, known], place, seen.size, start=start, tolerance=_NEAR_ENOUGH
    )
    lower = np.linalg.cholesky(information)
    noise = rng.standard_normal((len(design), lower.shape[1], 1))
    away = np.linalg.solve(np.swapaxes(lower, 1, 2), noise)[..., 0]
    probability = level_probabilities(design[:, ~known], beta + away.reshape(beta.shape))
    uniform = rng.random((len(design), int((~known).sum())))
    return seen[levels_at(probability, uniform)], beta
