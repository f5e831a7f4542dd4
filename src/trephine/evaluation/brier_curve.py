"""The Brier score over a grid of times, and its integral."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.evaluation.censoring_weights import (
    HorizonStatus,
    check_risk,
    statuses_at,
    summed_censoring_influence,
)
from trephine.evaluation.observed import shares_by
from trephine.types import FloatArray, Survival


@dataclass(frozen=True)
class BrierCurve:
    """Brier score at each of k ascending times.

    Attributes
    ----------
    outcome
        Follow-up of n cases.
    times
        Shape (k,).
    scores
        Shape (k,), each as `brier_score` gives it; NaN where nobody was followed beyond the time.
    residuals
        Shape (k, n): each case's weighted squared error at each time.
    statuses
        Who is a case at each time, and with which weight.
    note
        Why the first missing score is missing; empty where none is.
    """

    outcome: Survival
    times: FloatArray
    scores: FloatArray
    residuals: FloatArray
    statuses: tuple[HorizonStatus, ...]
    note: str

    def null_scores(self) -> FloatArray:
        """Return the score of the Kaplan-Meier estimate given to everybody, shape (k,)."""
        incidences = shares_by(self.outcome, self.times)
        return np.array(
            [
                (status.weight * (status.is_case - incidence) ** 2).mean()
                if status.is_control.any()
                else np.nan
                for status, incidence in zip(self.statuses, incidences, strict=True)
            ]
        )

    def influence(self, weights: FloatArray) -> FloatArray:
        """Return each case's influence on a weighted sum of the scores, shape (n,)."""
        own = (self.residuals - self.scores[:, None]).T @ weights
        coefficients = weights[:, None] * self.residuals / len(self.outcome)
        through_censoring = summed_censoring_influence(
            self.outcome, list(coefficients), self.statuses
        )
        total: FloatArray = own + through_censoring
        return total


def brier_curve(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    times: Sequence[float] | FloatArray,
) -> BrierCurve:
    """Return the Brier score at each of some times.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    event_probability
        Shape (n, times): predicted probability of the event by each time.
    times
        Ascending, > 0.

    Raises
    ------
    InputError
        If shapes do not fit, times are not ascending, or probabilities leave [0, 1].
    """
    grid = np.asarray(times, dtype=np.float64)
    risk = np.asarray(event_probability, dtype=np.float64)
    if grid.ndim != 1 or not grid.size or (np.diff(grid) <= 0).any() or not grid[0] > 0:
        raise InputError(f"times: expected an ascending grid above 0, found {grid.tolist()[:5]}")
    if risk.shape != (len(outcome), grid.size):
        raise InputError(
            f"event probability: expected shape ({len(outcome)}, {grid.size}), found {risk.shape}"
        )
    statuses = statuses_at(outcome, grid)
    residuals = np.empty((grid.size, len(outcome)))
    for j, status in enumerate(statuses):
        checked = check_risk(risk[:, j], len(outcome), "event probability", probability=True)
        residuals[j] = status.weight * (status.is_case - checked) ** 2
    late = np.array([not status.is_control.any() for status in statuses])
    scores = np.where(late, np.nan, residuals.mean(axis=1))
    note = ""
    if late.any():
        note = f"nobody was followed beyond the horizon of {outcome.when(grid[late][0])}"
    return BrierCurve(outcome, grid, scores, residuals, statuses, note)


@dataclass(frozen=True)
class IntegratedBrierScore:
    """Brier score averaged over time by trapezoids.

    Attributes
    ----------
    value, null_value
        Of the predictions, and of the Kaplan-Meier estimate.
    prediction_accuracy
        1 - value / null_value.
    times, scores
        The grid, and the score at each of its points.
    n
        All cases.
    note
        Why there is no answer; empty where there is one.
    """

    value: float
    null_value: float
    prediction_accuracy: float
    times: FloatArray
    scores: FloatArray
    n: int
    note: str = ""


def integrated_brier_score(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    times: Sequence[float] | FloatArray,
) -> IntegratedBrierScore:
    """Return the Brier score averaged from 0 to the last of ``times`` (R: ``pec::crps``).

    The score at 0 is 0; between the points it is taken as linear.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    event_probability
        Shape (n, times): predicted probability of the event by each time.
    times
        Ascending, > 0.

    Raises
    ------
    InputError
        If shapes do not fit, times are not ascending, or probabilities leave [0, 1].
    """
    curve = brier_curve(outcome, event_probability, times)
    edges = np.append(0.0, curve.times)
    mean, null_mean = (
        float(np.trapezoid(np.append(0.0, scores), edges)) / float(curve.times[-1])
        for scores in (curve.scores, curve.null_scores())
    )
    accuracy = 1.0 - mean / null_mean if null_mean > 0.0 else float("nan")
    return IntegratedBrierScore(
        mean, null_mean, accuracy, curve.times, curve.scores, len(outcome), curve.note
    )
