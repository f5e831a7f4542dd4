"""A signature: a weighted sum of standardised features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trephine.errors import InputError
from trephine.types import FloatArray


@dataclass(frozen=True)
class Signature:
    """Weighted sum of z-scored features; higher is worse.

    Attributes
    ----------
    feature_set
        The set that the features come from.
    names
        Of the m features with a weight.
    weights
        Log hazard ratio per standard deviation, shape (m,).
    centre, scale
        Mean and standard deviation of each feature in the training cases, shape (m,).
    low, high
        Smallest and largest value of each feature in the training cases, shape (m,).
    reach
        Largest distance of a training case from the training mean (see ``distance``).
    floor, ceiling
        Values beyond these count as these in the score, shape (m,); None where all values count
        as they are.
    absent_is_mean
        Whether a case without any value scores as the mean of training; else it has no score.
    """

    feature_set: str
    names: tuple[str, ...]
    weights: FloatArray
    centre: FloatArray
    scale: FloatArray
    low: FloatArray
    high: FloatArray
    reach: float
    floor: FloatArray | None = None
    ceiling: FloatArray | None = None
    absent_is_mean: bool = False

    def __post_init__(self) -> None:
        if (self.floor is None) != (self.ceiling is None):
            raise InputError(f"signature {self.feature_set}: a floor needs a ceiling")
        parts = (self.weights, self.centre, self.scale, self.low, self.high)
        for part in (*parts, self.floor, self.ceiling):
            if part is not None and part.shape != (len(self.names),):
                raise InputError(f"signature {self.feature_set}: parts differ in length")

    @property
    def empty(self) -> bool:
        """Whether selection left no feature, so that every case scores 0."""
        return not self.names

    def columns(self, available: Sequence[str]) -> list[int]:
        """Return where the signature's features stand among ``available`` names.

        Raises
        ------
        InputError
            If one is not there; the missing ones are named.
        """
        position = {name: column for column, name in enumerate(available)}
        missing = [name for name in self.names if name not in position]
        if missing:
            raise InputError(
                f"signature {self.feature_set}: {len(missing)} of its {len(self.names)} features"
                f" are missing: {', '.join(missing[:5])}"
            )
        return [position[name] for name in self.names]

    def standardise(self, values: FloatArray, available: Sequence[str]) -> FloatArray:
        """Return the signature's features as z-scores of training, shape (n, m).

        Values beyond floor and ceiling are clipped first, as in training. A missing value
        counts as the training mean, also as in training, but a case without any value has none
        unless ``absent_is_mean``.
        """
        chosen = values[:, self.columns(available)]
        if self.floor is not None:
            chosen = np.clip(chosen, self.floor, self.ceiling)
        standardised: FloatArray = (chosen - self.centre) / self.scale
        empty = np.isnan(values).all(axis=1, keepdims=True)
        standardised[np.isnan(standardised) & (~empty | self.absent_is_mean)] = 0.0
        return standardised

    def distance(self, values: FloatArray, available: Sequence[str]) -> FloatArray:
        """Return how far cases lie from the training mean, shape (n,).

        The root mean square of a case's z-scores over the signature's features, none of them
        clipped: about 1 for a case like those of training.
        """
        if self.empty:
            return np.zeros(len(values))
        z = (values[:, self.columns(available)] - self.centre) / self.scale
        far: FloatArray = np.sqrt((np.nan_to_num(z) ** 2).mean(axis=1))
        return far

    def score(self, values: FloatArray, available: Sequence[str]) -> FloatArray:
        """Return the signature of n cases.

        Parameters
        ----------
        values
            Features as extracted, shape (n, p).
        available
            Names of the p columns.

        Returns
        -------
        Risk scores, shape (n,): higher is worse. 0 for every case where no feature was selected.
        """
        score: FloatArray = self.standardise(values, available) @ self.weights
        return score


def empty_signature(feature_set: str) -> Signature:
    """Return the signature that selection leaves when it keeps nothing."""
    none = np.empty(0)
    return Signature(feature_set, (), none, none, none, none, none, 0.0)
