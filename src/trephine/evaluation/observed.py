"""What share of cases had the event by a time, and what share was predicted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.evaluation.censoring_weights import status_at
from trephine.survival.aalen_johansen import cumulative_incidence
from trephine.survival.competing_outcome import THE_EVENT, CompetingSurvival
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.late_outcome import entry_of, is_late
from trephine.types import FloatArray, Survival


def shares_by(outcome: Survival, times: Sequence[float] | FloatArray) -> FloatArray:
    """Return P(event by each time): 1 - Kaplan-Meier, Aalen-Johansen's where events compete.

    Past the last follow-up the last value stands.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    times
        Shape (k,).
    """
    asked = np.asarray(times, dtype=np.float64)
    if not isinstance(outcome, CompetingSurvival):
        curve = kaplan_meier(outcome.time, outcome.event, entry=entry_of(outcome))
        found: FloatArray = 1.0 - curve.at(asked).survival_probability
        return found
    if not outcome.event.any():
        return np.zeros(asked.shape)
    incidence = cumulative_incidence(outcome.time, outcome.cause)
    return incidence.at(THE_EVENT, np.minimum(asked, incidence.last))


def mean_prediction(outcome: Survival, event_probability: FloatArray, horizon: float) -> float:
    """Return the mean predicted probability of the cases at the start.

    Where cases came under observation late, those with an early event are too few: each counts by
    its weight at the horizon. NaN where nobody is left there to stand for the others.
    """
    if not is_late(outcome):
        return float(event_probability.mean())
    status = status_at(outcome, horizon, convention="riskRegression")
    total = float(status.weight.sum())
    if total < (1.0 - 1e-9) * len(outcome):
        return float("nan")
    return float(status.weight @ event_probability) / total
