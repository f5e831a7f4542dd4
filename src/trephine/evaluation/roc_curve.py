"""ROC curves at a horizon: weighted for censoring, from Kaplan-Meier, or from neighbourhoods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.evaluation.censoring_weights import (
    HorizonConvention,
    check_horizon,
    check_risk,
    status_at,
)
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.late_outcome import entry_of
from trephine.types import BoolArray, FloatArray, Survival

RocEstimator = Literal["weighted", "kaplan-meier", "nearest-neighbours"]


@dataclass(frozen=True)
class RocCurve:
    """Sensitivity against false positive rate at one horizon.

    Attributes
    ----------
    thresholds
        Descending; a case is called positive where its score exceeds the threshold. The last is
        minus infinity.
    sensitivity, false_positive_rate
        One a threshold, from (0, 0) to (1, 1); NaN where they cannot be computed.
    area
        By trapezoids.
    horizon, n
        t, and all cases.
    estimator
        How censoring is dealt with.
    note
        Why there is no answer; empty where there is one.
    """

    thresholds: FloatArray
    sensitivity: FloatArray
    false_positive_rate: FloatArray
    area: float
    horizon: float
    n: int
    estimator: RocEstimator
    note: str = ""

    def sensitivity_at(self, false_positive_rate: float) -> float:
        """Return the sensitivity reached at a false positive rate, linear between points."""
        return float(np.interp(false_positive_rate, self.false_positive_rate, self.sensitivity))

    def youden_threshold(self) -> float:
        """Return the threshold with the largest sensitivity minus false positive rate.

        It is chosen on the cases at hand: performance at it is optimistic on the same cases.
        """
        if self.note:
            return float("nan")
        return float(self.thresholds[np.argmax(self.sensitivity - self.false_positive_rate)])


def roc_curve(
    outcome: Survival,
    risk_score: npt.ArrayLike,
    horizon: float,
    *,
    estimator: RocEstimator = "weighted",
    span: float | None = None,
    convention: HorizonConvention = "timeROC",
) -> RocCurve:
    """Return the ROC curve at a horizon.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    risk_score
        Shape (n,); higher is worse.
    horizon
        t > 0, in the unit of ``outcome``.
    estimator
        "weighted": inverse probability of censoring (R: ``timeROC``, marginal). "kaplan-meier" and
        "nearest-neighbours": Heagerty, Lumley and Pepe 2000 (R: ``survivalROC``); the first can
        fall where it should rise.
    span
        Share of cases in a neighbourhood; None takes 0.25 n^-0.2.
    convention
        Of "weighted": cases have T < t ("timeROC") or T <= t ("riskRegression", and as the other
        two estimators have it).

    Raises
    ------
    InputError
        If the score is missing anywhere or has another length, the horizon is not positive, or
        the span is not between 0 and 1.
    """
    score = check_risk(risk_score, len(outcome), "risk score")
    check_horizon(horizon)
    thresholds = np.append(np.unique(score)[::-1], -np.inf)
    if estimator == "weighted":
        rates, note = _weighted_rates(outcome, score, horizon, convention)
    else:
        width = 0.25 * score.size**-0.2 if span is None else span
        if not 0.0 < width <= 1.0:
            raise InputError(f"span: expected 0 < span <= 1, found {width}")
        rates, note = _survival_rates(outcome, score, horizon, estimator, width)
    sensitivity, false_positive = rates
    area = float(np.trapezoid(sensitivity, false_positive))
    return RocCurve(
        thresholds, sensitivity, false_positive, area, float(horizon), score.size, estimator, note
    )


def _weighted_rates(
    outcome: Survival, score: FloatArray, horizon: float, convention: HorizonConvention
) -> tuple[tuple[FloatArray, FloatArray], str]:
    status = status_at(outcome, horizon, convention=convention)
    _, level = np.unique(-score, return_inverse=True)
    rates = []
    for members in (status.is_case, status.is_control):
        weight = np.bincount(level, np.where(members, status.weight, 0.0))
        total = weight.sum() or np.nan
        rates.append(np.append(0.0, np.cumsum(weight)) / total)
    return (rates[0], rates[1]), status.why_no_answer


def _survival_rates(
    outcome: Survival,
    score: FloatArray,
    horizon: float,
    estimator: RocEstimator,
    span: float,
) -> tuple[tuple[FloatArray, FloatArray], str]:
    """Return sensitivity and false positive rate by Bayes' rule from survival above a threshold."""
    values = np.unique(score)
    if estimator == "kaplan-meier":
        everybody = _survival(outcome, np.ones(score.size, dtype=np.bool_), horizon)
        joint = _joint_by_kaplan_meier(outcome, score, horizon)
    else:
        by_value = _neighbourhood_survival(outcome, score, values, horizon, span)
        of_case = by_value[np.searchsorted(values, score)]
        everybody = float(of_case.mean())
        joint = _mean_above(of_case, score)
    if everybody <= 0.0:
        unknown = np.full(values.size + 1, np.nan)
        when = outcome.when(horizon)
        return (unknown, unknown), f"nobody is left without the event at the horizon of {when}"
    if everybody >= 1.0:
        unknown = np.full(values.size + 1, np.nan)
        return (unknown, unknown), f"no event by the horizon of {outcome.when(horizon)}"
    free = np.array([joint(value) for value in values[::-1]])
    above = np.array([float((score > value).mean()) for value in values[::-1]])
    sensitivity = np.append((above - free) / (1.0 - everybody), 1.0)
    false_positive = np.append(free / everybody, 1.0)
    return (sensitivity, false_positive), ""


def _survival(outcome: Survival, rows: BoolArray, horizon: float) -> float:
    own = outcome.take(rows)
    curve = kaplan_meier(own.time, own.event, entry=entry_of(own))
    return float(curve.at([horizon]).survival_probability[0])


def _joint_by_kaplan_meier(
    outcome: Survival, score: FloatArray, horizon: float
) -> Callable[[float], float]:
    def joint(threshold: float) -> float:
        above = score > threshold
        return _survival(outcome, above, horizon) * float(above.mean()) if above.any() else 0.0

    return joint


def _mean_above(of_case: FloatArray, score: FloatArray) -> Callable[[float], float]:
    def joint(threshold: float) -> float:
        return float(of_case[score > threshold].sum()) / score.size

    return joint


def _neighbourhood_survival(
    outcome: Survival, score: FloatArray, values: FloatArray, horizon: float, span: float
) -> FloatArray:
    """Return S(t | score) for every distinct score, from its neighbours.

    The window reaches up to the m-th case after the first that shares the score, m = n span
    rounded, and as far down in units of the score, as survivalROC 1.0.3.1 has it.
    """
    ordered = np.sort(score)
    m = int(score.size * span + 0.5)
    top = ordered[np.minimum(np.searchsorted(ordered, values) + m, score.size - 1)]
    return np.array(
        [
            _survival(outcome, np.abs(score - value) <= reach, horizon)
            for value, reach in zip(values, top - values, strict=True)
        ]
    )
