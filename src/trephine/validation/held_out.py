"""Predictions of every case by recipes that had not seen its patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy.typing as npt

from trephine.rows import row_index
from trephine.types import FloatArray, IntArray
from trephine.validation.refits import Refit


@dataclass(frozen=True)
class Failure:
    """A repeat and fold whose recipe could not be fitted, and why."""

    repeat: int
    fold: int
    reason: str


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of every case by recipes that had not seen its patient.

    Attributes
    ----------
    horizons
        Of the event probabilities, k of them.
    fold
        Outer fold of each case in each repeat, shape (repeats, n).
    linear_predictor
        By model, shape (repeats, n). Comparable within a fold: each fold has its own model.
    event_probability
        By model, shape (repeats, n, k); NaN past the last follow-up of a training part.
    refits
        One a repeat and fold that could be fitted.
    failures
        Why the others could not be fitted. A repeat with such a fold is left out of a nested
        cross-validation whole; a centre that could not be left out is NaN.
    unseen_levels
        By clinical variable of the models: predictions of cases at a level that no training case
        of their fold had, which counts as the reference.
    signature, short_signature
        By feature set, shape (repeats, n): the score of each case by the signature of its fold,
        and by the few features that stand for it (see ``approximate``).
    high_risk
        By model, shape (repeats, n): 1 where the case lies above the cut of its fold's model, which
        the training part fixed, as a locked model's cut is; else 0.
    rivals
        By feature set and learner, shape (repeats, n): the score of each case by another learner on
        the signature's features, NaN in repeats without it (see ``rival_scores``).
    """

    horizons: tuple[float, ...]
    fold: IntArray
    linear_predictor: Mapping[str, FloatArray]
    event_probability: Mapping[str, FloatArray]
    refits: tuple[Refit, ...]
    signature: Mapping[str, FloatArray] = field(default_factory=dict)
    short_signature: Mapping[str, FloatArray] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    unseen_levels: Mapping[str, int] = field(default_factory=dict)
    high_risk: Mapping[str, FloatArray] = field(default_factory=dict)
    rivals: Mapping[str, Mapping[str, FloatArray]] = field(default_factory=dict)

    @property
    def repeats(self) -> int:
        """How often every case was predicted."""
        return int(self.fold.shape[0])

    def take(self, rows: npt.ArrayLike) -> OutOfFold:
        """Return the predictions of some cases, by indices or a boolean mask."""
        index = row_index(rows)

        def cut(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
            return {name: array[:, index] for name, array in values.items()}

        return replace(
            self,
            fold=self.fold[:, index],
            linear_predictor=cut(self.linear_predictor),
            event_probability=cut(self.event_probability),
            signature=cut(self.signature),
            short_signature=cut(self.short_signature),
            high_risk=cut(self.high_risk),
            rivals={name: cut(scores) for name, scores in self.rivals.items()},
        )
