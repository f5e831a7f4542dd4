"""Time-dependent AUC: cases before a horizon against controls beyond it, weighted for censoring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from trephine.evaluation.censoring_weights import (
    HorizonConvention,
    HorizonStatus,
    censoring_influence,
    check_risk,
    status_at,
)
from trephine.evaluation.influence import influence_standard_error
from trephine.types import Estimate, FloatArray, Survival


@dataclass(frozen=True)
class TimeDependentAuc:
    """AUC(t) of one risk score.

    Attributes
    ----------
    estimate
        The area with its normal interval, cut to [0, 1]. NaN where it cannot be computed.
    horizon
        t, in the outcome's unit.
    n, n_cases, n_controls, n_censored
        All cases; events before t; followed beyond t; neither.
    cumulative_incidence, event_free
        Sums of the weights of cases and controls over n: what the weighting takes for P(T < t)
        and P(T > t).
    influence
        Shape (n,): each case's influence on the area (iid decomposition), in the order given;
        its standard deviation over sqrt(n) is the standard error.
    note
        Why there is no answer; empty where there is one.
    """

    estimate: Estimate
    horizon: float
    n: int
    n_cases: int
    n_controls: int
    n_censored: int
    cumulative_incidence: float
    event_free: float
    influence: FloatArray
    note: str = ""


@dataclass(frozen=True)
class AucDifference:
    """Difference of two AUC(t) on the same cases.

    Attributes
    ----------
    difference
        First minus second, with its interval from the difference of the influences.
    statistic, p_value
        Wald's z and two-sided p; NaN where a standard error is 0 or an area is NaN.
    horizon, n
        As in `TimeDependentAuc`.
    """

    difference: Estimate
    statistic: float
    p_value: float
    horizon: float
    n: int


def time_dependent_auc(
    outcome: Survival,
    risk_score: npt.ArrayLike,
    horizon: float,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    convention: HorizonConvention = "timeROC",
    censoring_covariates: npt.ArrayLike | None = None,
) -> TimeDependentAuc:
    """Return AUC(t), the chance that a case outranks a control, ties counted 1/2.

    Equal to R's ``timeROC(weighting = "marginal", iid = TRUE)`` (Blanche, Dartigues and
    Jacqmin-Gadda 2013), or to the AUC of ``riskRegression::Score``. The conventions at the horizon
    and at tied times are in `status_at` and `censoring_influence`.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    risk_score
        Shape (n,); higher is worse. Only its order matters.
    horizon
        t > 0, in the unit of ``outcome``.
    cluster
        Shape (n,). Where given, the standard error adds the influences of a patient's cases
        before squaring: two hips of one patient are not two independent observations.
    level
        Coverage.
    convention
        "timeROC" (cases T < t) or "riskRegression" (cases T <= t).
    censoring_covariates
        Shape (n, p): what censoring depends on; the weights then come from a Cox model of it
        (``weighting = "cox"``, the score itself should be among the columns). No influence is
        known for these weights, so that there is no interval: draw one by `patient_bootstrap`.

    Raises
    ------
    InputError
        If the score is missing anywhere or has another length, or the horizon is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, time_dependent_auc
    >>> rng = np.random.default_rng(1)
    >>> patient = np.repeat(np.arange(100), 2)
    >>> risk = np.repeat(rng.uniform(0.1, 0.9, 100), 2)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> auc = time_dependent_auc(outcome, risk, 24, cluster=patient)
    >>> 0.7 < auc.estimate.value < 0.9
    True
    """
    score = check_risk(risk_score, len(outcome), "risk score")
    status = status_at(outcome, horizon, convention=convention, covariates=censoring_covariates)
    n = score.size
    cases = np.where(status.is_case, status.weight, 0.0) / n
    controls = np.where(status.is_control, status.weight, 0.0) / n
    incidence, free = float(cases.sum()), float(controls.sum())
    n_cases, n_controls = int(status.is_case.sum()), int(status.is_control.sum())
    counts = (float(horizon), n, n_cases, n_controls, n - n_cases - n_controls, incidence, free)
    if status.why_no_answer:
        empty = np.full(n, np.nan)
        return TimeDependentAuc(Estimate(np.nan, level=level), *counts, empty, status.why_no_answer)
    outranked = _weight_outranked(score, controls)
    concordant = float(cases @ outranked)
    area = concordant / (incidence * free)
    if censoring_covariates is not None:
        return TimeDependentAuc(Estimate(area, level=level), *counts, np.full(n, np.nan))
    outranking = cases.sum() - _weight_outranked(score, cases)
    influence = _influence(outcome, status, cases, controls, outranked, outranking, concordant)
    error = influence_standard_error(influence, cluster)
    half = float(ndtri(0.5 + level / 2.0)) * error
    estimate = Estimate(area, max(0.0, area - half), min(1.0, area + half), level, error)
    return TimeDependentAuc(estimate, *counts, influence)


def area_at(status: HorizonStatus, risk_score: npt.ArrayLike) -> float:
    """Return AUC(t) alone, without its interval; NaN where there is none.

    ``status`` is that of the n cases, ``risk_score`` of shape (n,); see `time_dependent_auc`.
    """
    score = check_risk(risk_score, status.weight.size, "risk score")
    if status.why_no_answer:
        return float("nan")
    n = score.size
    cases = np.where(status.is_case, status.weight, 0.0) / n
    controls = np.where(status.is_control, status.weight, 0.0) / n
    concordant = float(cases @ _weight_outranked(score, controls))
    return concordant / (float(cases.sum()) * float(controls.sum()))


def compare_time_dependent_auc(
    first: TimeDependentAuc,
    second: TimeDependentAuc,
    *,
    cluster: npt.ArrayLike | None = None,
) -> AucDifference:
    """Test whether two scores have the same AUC(t) (R: ``timeROC::compare``).

    Parameters
    ----------
    first, second
        Of the same cases in the same order, at the same horizon.
    cluster
        Shape (n,), as in `time_dependent_auc`.
    """
    level = first.estimate.level
    difference = first.estimate.value - second.estimate.value
    error = influence_standard_error(first.influence - second.influence, cluster)
    half = float(ndtri(0.5 + level / 2.0)) * error
    z = difference / error if error > 0.0 else float("nan")
    return AucDifference(
        Estimate(difference, difference - half, difference + half, level, error),
        z,
        2.0 * float(ndtr(-abs(z))),
        first.horizon,
        first.n,
    )


def _weight_outranked(score: FloatArray, weight: FloatArray) -> FloatArray:
    """Return for every case the weight of those with a lower score, ties counted 1/2."""
    values, level = np.unique(score, return_inverse=True)
    at_level = np.bincount(level, weight, values.size)
    below = np.cumsum(at_level) - at_level / 2.0
    outranked: FloatArray = below[level]
    return outranked


def _influence(
    outcome: Survival,
    status: HorizonStatus,
    cases: FloatArray,
    controls: FloatArray,
    outranked: FloatArray,
    outranking: FloatArray,
    concordant: float,
) -> FloatArray:
    """Return the influence of every case on AUC(t): as case, as control, and through G."""
    n = len(outcome)
    incidence, free = float(cases.sum()), float(controls.sum())
    as_case = n * cases * (outranked - concordant / incidence)
    as_control = n * controls * (outranking - concordant / free)
    through_censoring = censoring_influence(outcome, as_case / n, status)
    influence: FloatArray = (as_case + as_control + through_censoring) / (incidence * free)
    return influence
