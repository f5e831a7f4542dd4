"""Intervals of the index of prediction accuracy and of the integrated Brier score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from trephine.evaluation.brier_curve import brier_curve
from trephine.evaluation.brier_score import BrierScore, brier_score
from trephine.evaluation.influence import influence_standard_error
from trephine.evaluation.observed import shares_by
from trephine.types import Estimate, FloatArray, Survival


@dataclass(frozen=True)
class PredictionAccuracy:
    """An estimate with its note.

    Attributes
    ----------
    estimate
        With its normal interval; NaN where there is no answer.
    note
        Why there is none; empty where there is one.
    """

    estimate: Estimate
    note: str = ""


def prediction_accuracy(
    outcome: Survival, score: BrierScore, *, cluster: npt.ArrayLike | None = None
) -> PredictionAccuracy:
    """Return the index of prediction accuracy, 1 - Brier / Brier of Kaplan-Meier, with interval.

    The estimate is that of `brier_score` (R: ``riskRegression::Score``'s IPA; Kattan and Gerds
    2018). Its standard error is by the delta method from the influences of both scores; that the
    null model's Kaplan-Meier estimate is itself estimated adds nothing of first order, since it
    minimises its own score.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    score
        The model's Brier score on them; the interval has its level.
    cluster
        As in `brier_score`.
    """
    level = score.estimate.level
    nothing = Estimate(float("nan"), level=level)
    if score.note:
        return PredictionAccuracy(nothing, score.note)
    null = _null_score(outcome, score.horizon)
    if null.estimate.value <= 0.0:
        return PredictionAccuracy(nothing, f"Kaplan-Meier makes no error at {score.horizon:g}")
    ratio = score.estimate.value / null.estimate.value
    influence = -(score.influence - ratio * null.influence) / null.estimate.value
    error = influence_standard_error(influence, cluster)
    return PredictionAccuracy(_normal(1.0 - ratio, error, level, upper=1.0))


def integrated_brier(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    times: Sequence[float] | FloatArray,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> PredictionAccuracy:
    """Return the Brier score averaged from 0 to the last of ``times``, with its interval.

    The estimate is `integrated_brier_score`'s; being a weighted sum of scores, its influence is
    the same sum of theirs.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    event_probability
        Shape (n, times): predicted probability of the event by each time.
    times
        Ascending, > 0.
    cluster, level
        As in `brier_score`.

    Raises
    ------
    InputError
        As in `integrated_brier_score`.
    """
    curve = brier_curve(outcome, event_probability, times)
    if curve.note:
        return PredictionAccuracy(Estimate(float("nan"), level=level), curve.note)
    weights = _trapezoid_weights(curve.times)
    error = influence_standard_error(curve.influence(weights), cluster)
    value = float(weights @ curve.scores)
    return PredictionAccuracy(_normal(value, error, level, lower=0.0, upper=1.0))


def _null_score(outcome: Survival, horizon: float) -> BrierScore:
    incidence = float(shares_by(outcome, [horizon])[0])
    return brier_score(outcome, np.full(len(outcome), incidence), horizon)


def _trapezoid_weights(grid: FloatArray) -> FloatArray:
    """Return what each score weighs in the mean over [0, last]; the score at 0 is 0."""
    edges = np.append(0.0, grid)
    weights = np.zeros(edges.size)
    weights[1:] += np.diff(edges) / 2.0
    weights[:-1] += np.diff(edges) / 2.0
    share: FloatArray = weights[1:] / grid[-1]
    return share


def _normal(
    value: float, error: float, level: float, lower: float = -np.inf, upper: float = np.inf
) -> Estimate:
    half = float(ndtri(0.5 + level / 2.0)) * error
    low, high = np.clip((value - half, value + half), lower, upper).tolist()
    return Estimate(value, low, high, level, error)
