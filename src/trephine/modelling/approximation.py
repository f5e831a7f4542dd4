"""A few features that stand for a signature of many, and how well they do.

A ridge signature weighs every feature a little; nobody can read a thousand weights. What it says
can be approximated: its score, not the outcome, is regressed on its own features (Harrell 2015,
Regression Modeling Strategies, 5.5; Paul, Bair, Hastie and Tibshirani 2008, Ann Stat 36:1595).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.modelling.signature import Signature, empty_signature
from trephine.types import FloatArray

# Share of the score's variance that the short signature has to hold, and the longest it may grow.
ENOUGH = 0.95
MOST = 15
# A feature that is left with less of its variance than this is a sum of those already chosen.
NOT_NEW = 1e-8


@dataclass(frozen=True)
class Approximation:
    """A short signature that stands for a longer one.

    Attributes
    ----------
    signature
        The short one, in the same units; features in the order in which they entered.
    explained
        Share of the long score's variance in the training cases after each feature, ascending.
    """

    signature: Signature
    explained: tuple[float, ...]

    @property
    def r_squared(self) -> float:
        """Share of the long score's variance that the short one holds; 1 where both are empty."""
        return self.explained[-1] if self.explained else 1.0


def approximate(
    signature: Signature,
    values: FloatArray,
    names: tuple[str, ...],
    *,
    most: int = MOST,
    enough: float = ENOUGH,
) -> Approximation:
    """Approximate a signature by few of its features, chosen one by one.

    Each step takes the feature that explains most of what is left of the score, and fits all
    chosen ones anew by least squares (forward selection by orthogonal least squares). The outcome
    is not looked at.

    Parameters
    ----------
    signature
        The long one.
    values, names
        Features of the cases that it was fitted to, shape (n, p), and their names.
    most
        Features at most; a signature that is no longer is returned as it is.
    enough
        R squared at which to stop.
    """
    if len(signature.names) <= most:
        return Approximation(signature, (1.0,) if signature.names else ())
    columns = signature.standardise(values, names)
    columns = columns - columns.mean(axis=0)
    score = columns @ signature.weights
    total = float(score @ score)
    if not total > 0:
        return Approximation(empty_signature(signature.feature_set), ())
    chosen, explained = _choose(columns, score, most, enough * total)
    weights, *_ = np.linalg.lstsq(columns[:, chosen], score, rcond=None)
    return Approximation(_part(signature, chosen, weights), tuple((explained / total).tolist()))


def _choose(
    columns: FloatArray, score: FloatArray, most: int, enough: float
) -> tuple[list[int], FloatArray]:
    """Return columns in the order chosen, and the sum of squares explained after each."""
    left = columns.copy()
    variance = (columns**2).sum(axis=0)
    smallest = NOT_NEW * variance
    rest, explained = score.copy(), [0.0]
    chosen: list[int] = []
    while len(chosen) < most and explained[-1] < enough:
        gain = np.where(variance > smallest, (left.T @ rest) ** 2, 0.0)
        gain /= np.where(variance > smallest, variance, 1.0)
        best = int(np.argmax(gain))
        if not gain[best] > 0:
            break
        direction = left[:, best] / np.sqrt(variance[best])
        explained.append(explained[-1] + float(gain[best]))
        chosen.append(best)
        rest -= direction * (direction @ rest)
        left -= np.outer(direction, direction @ left)
        variance = (left**2).sum(axis=0)
    return chosen, np.array(explained[1:])


def _part(signature: Signature, chosen: list[int], weights: FloatArray) -> Signature:
    """Return a signature of some of another's features, with weights of its own."""
    return replace(
        signature,
        names=tuple(signature.names[j] for j in chosen),
        weights=weights,
        **{
            part: getattr(signature, part)[chosen]
            for part in ("centre", "scale", "low", "high", "floor", "ceiling")
            if getattr(signature, part) is not None
        },
    )


def contributions(signature: Signature, values: FloatArray, names: tuple[str, ...]) -> FloatArray:
    """Return each feature's share of the score's variance in some cases, shape (m,).

    The share is cov(w_j z_j, score) / var(score): shares add up to 1, and one below 0 belongs to
    a feature that takes back what others say (Pratt 1987, Proc 2nd Tampere Conf Stat 245).
    """
    columns = signature.standardise(values, names)
    columns = columns - columns.mean(axis=0)
    score = columns @ signature.weights
    total = float(score @ score)
    if not total > 0:
        return np.zeros(len(signature.names))
    shares: FloatArray = signature.weights * (columns.T @ score) / total
    return shares
