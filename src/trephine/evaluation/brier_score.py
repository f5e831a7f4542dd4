"""Brier score of event probabilities under censoring at one horizon, and the index of accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from trephine.evaluation.censoring_weights import (
    HorizonStatus,
    censoring_influence,
    check_risk,
    status_at,
)
from trephine.evaluation.influence import influence_standard_error
from trephine.evaluation.observed import shares_by
from trephine.types import Estimate, FloatArray, Survival


@dataclass(frozen=True)
class BrierScore:
    """Mean squared error of event probabilities at one horizon.

    Attributes
    ----------
    estimate
        The score with its normal interval, cut to [0, 1]. NaN where it cannot be computed.
    null_score
        Score of the Kaplan-Meier estimate given to everybody.
    prediction_accuracy
        Index of prediction accuracy, 1 - score / null score: 1 perfect, 0 useless, below 0 harmful.
    horizon, n
        t, and all cases.
    influence
        Shape (n,), as in `TimeDependentAuc`.
    note
        Why there is no answer; empty where there is one.
    """

    estimate: Estimate
    null_score: float
    prediction_accuracy: float
    horizon: float
    n: int
    influence: FloatArray
    note: str = ""


@dataclass(frozen=True)
class BrierDifference:
    """Difference of two Brier scores on the same cases, first minus second."""

    difference: Estimate
    statistic: float
    p_value: float
    horizon: float
    n: int


def brier_score(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    horizon: float,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> BrierScore:
    """Return the Brier score at a horizon (R: ``riskRegression::Score``, ``cens.model = "km"``).

    Cases with T <= t weigh 1 / G(T-), those beyond 1 / G(t); events leave the risk set before
    censorings. The standard error accounts for the estimation of G.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    event_probability
        Shape (n,): predicted probability of the event by ``horizon``.
    horizon
        t > 0, in the unit of ``outcome``.
    cluster
        Shape (n,); the standard error then sums the influences of a patient's cases.
    level
        Coverage.

    Raises
    ------
    InputError
        If probabilities leave [0, 1] or are missing, or the horizon is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, brier_score
    >>> rng = np.random.default_rng(1)
    >>> patient = np.repeat(np.arange(100), 2)
    >>> risk = np.repeat(rng.uniform(0.1, 0.9, 100), 2)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> score = brier_score(outcome, risk, 24, cluster=patient)
    >>> 0.1 < score.estimate.value < 0.25
    True
    """
    risk = check_risk(event_probability, len(outcome), "event probability", probability=True)
    status = status_at(outcome, horizon, convention="riskRegression")
    n = risk.size
    if not status.is_control.any():
        note = f"nobody was followed beyond the horizon of {outcome.when(horizon)}"
        nan = float("nan")
        return BrierScore(
            Estimate(nan, level=level), nan, nan, float(horizon), n, np.full(n, nan), note
        )
    residual = _squares(status, risk)
    score = float(residual.mean())
    influence = residual - score + censoring_influence(outcome, residual / n, status)
    error = influence_standard_error(influence, cluster)
    half = float(ndtri(0.5 + level / 2.0)) * error
    incidence = float(shares_by(outcome, [horizon])[0])
    null_score = float((status.weight * (status.is_case - incidence) ** 2).mean())
    return BrierScore(
        Estimate(score, max(0.0, score - half), min(1.0, score + half), level, error),
        null_score,
        1.0 - score / null_score if null_score > 0.0 else float("nan"),
        float(horizon),
        n,
        influence,
    )


def brier_at(status: HorizonStatus, event_probability: npt.ArrayLike) -> float:
    """Return the Brier score alone, without its interval; NaN where there is none.

    ``status`` is that of the n cases by the convention "riskRegression", ``event_probability`` of
    shape (n,); see `brier_score`.
    """
    n = status.weight.size
    risk = check_risk(event_probability, n, "event probability", probability=True)
    return float(_squares(status, risk).mean()) if status.is_control.any() else float("nan")


def _squares(status: HorizonStatus, risk: FloatArray) -> FloatArray:
    squares: FloatArray = status.weight * (status.is_case - risk) ** 2
    return squares


def compare_brier_scores(
    first: BrierScore, second: BrierScore, *, cluster: npt.ArrayLike | None = None
) -> BrierDifference:
    """Test whether two sets of probabilities have the same Brier score (Wald).

    Parameters
    ----------
    first, second
        Of the same cases in the same order, at the same horizon.
    cluster
        Shape (n,), as in `brier_score`.
    """
    level = first.estimate.level
    difference = first.estimate.value - second.estimate.value
    error = influence_standard_error(first.influence - second.influence, cluster)
    half = float(ndtri(0.5 + level / 2.0)) * error
    z = difference / error if error > 0.0 else float("nan")
    return BrierDifference(
        Estimate(difference, difference - half, difference + half, level, error),
        z,
        2.0 * float(ndtr(-abs(z))),
        first.horizon,
        first.n,
    )
