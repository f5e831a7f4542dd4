"""Calibration in two numbers: slope, and observed over expected events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from trephine.errors import ModelError
from trephine.evaluation.calibration import observed_share
from trephine.evaluation.censoring_weights import check_horizon, check_risk
from trephine.evaluation.observed import mean_prediction
from trephine.evaluation.unfitted import why_unfitted
from trephine.regression.cox import CoxModel
from trephine.types import Estimate, FloatArray, Survival

MOST_CERTAIN = 1e-12
"""Probabilities nearer than this to 0 or 1 are moved to it where their log-log is needed."""


@dataclass(frozen=True)
class CalibrationInTheLarge:
    """Observed against expected.

    Attributes
    ----------
    observed
        Kaplan-Meier's probability of the event by the horizon.
    expected
        Mean prediction.
    ratio
        Observed over expected; its interval is the observed one's over the expected.
    horizon, n
        t, and all cases.
    note
        Why there is no answer; empty where there is one.
    """

    observed: Estimate
    expected: float
    ratio: Estimate
    horizon: float
    n: int
    note: str = ""


@dataclass(frozen=True)
class CalibrationSlope:
    """Log hazard ratio of the prediction's log(-log(1 - p)): 1 is ideal, below 1 is overfitted.

    ``note`` says why there is none, or what else must be known.
    """

    estimate: Estimate
    n: int
    note: str = ""


def calibration_in_the_large(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    horizon: float,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CalibrationInTheLarge:
    """Compare the mean prediction with Kaplan-Meier's estimate in all cases.

    Parameters
    ----------
    outcome, event_probability, horizon, cluster, level
        As in `calibration_groups`.

    Raises
    ------
    InputError
        As in `calibration_groups`.
    """
    check_horizon(horizon)
    risk = check_risk(event_probability, len(outcome), "event probability", probability=True)
    labels = None if cluster is None else np.asarray(cluster)
    observed, note = observed_share(outcome, horizon, labels, level, "log")
    expected = mean_prediction(outcome, risk, horizon)
    if expected == 0.0:
        ratio = Estimate(float("nan"), level=level)
        note = note or "every prediction is 0"
    else:
        ratio = Estimate(
            observed.value / expected,
            observed.low / expected,
            observed.high / expected,
            level,
            observed.standard_error / expected,
        )
    return CalibrationInTheLarge(observed, expected, ratio, float(horizon), risk.size, note)


def calibration_slope(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CalibrationSlope:
    """Return the Cox coefficient of log(-log(1 - p)) (R: ``coxph(Surv ~ cll)``).

    Parameters
    ----------
    outcome
        Follow-up of n cases, all of it: the slope belongs to no horizon.
    event_probability
        Shape (n,), at any one horizon. For predictions of a Cox model the horizon does not matter.
    cluster
        Shape (n,); the standard error is then cluster-robust.
    level
        Coverage.

    Raises
    ------
    InputError
        If probabilities leave [0, 1] or are missing.
    """
    risk = check_risk(event_probability, len(outcome), "event probability", probability=True)
    if np.ptp(risk) == 0.0:
        note = "every case has the same prediction"
        return CalibrationSlope(Estimate(float("nan"), level=level), risk.size, note)
    return _slope_of(outcome, complementary_log_log(risk), cluster, level, _certain(risk))


def rate_slope(
    outcome: Survival,
    linear_predictor: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CalibrationSlope:
    """Return the Cox coefficient of a linear predictor; any other event cuts follow-up short.

    Where events compete, risks are no function of one linear predictor, and what can be too steep
    is the rate of the event.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    linear_predictor
        Shape (n,).
    cluster, level
        As `calibration_slope`.
    """
    score = check_risk(linear_predictor, len(outcome), "linear predictor")
    if np.ptp(score) == 0.0:
        note = "every case has the same prediction"
        return CalibrationSlope(Estimate(float("nan"), level=level), score.size, note)
    return _slope_of(outcome, score, cluster, level, "")


def _slope_of(
    outcome: Survival,
    column: FloatArray,
    cluster: npt.ArrayLike | None,
    level: float,
    note: str,
) -> CalibrationSlope:
    try:
        model = CoxModel(level=level).fit(column[:, None], outcome, cluster=cluster)
    except ModelError as error:
        note = f"calibration slope: {why_unfitted(error)}"
        return CalibrationSlope(Estimate(float("nan"), level=level), column.size, note)
    slope = float(model.result_.coefficients[0])
    error_ = float(model.result_.standard_errors[0])
    half = float(ndtri(0.5 + level / 2.0)) * error_
    return CalibrationSlope(
        Estimate(slope, slope - half, slope + half, level, error_), column.size, note
    )


def _certain(risk: FloatArray) -> str:
    """Say how many predictions are too certain for their log-log, which moves the slope."""
    count = int(((risk < MOST_CERTAIN) | (risk > 1.0 - MOST_CERTAIN)).sum())
    if not count:
        return ""
    found = "1 prediction was" if count == 1 else f"{count} predictions were"
    return (
        f"calibration slope: {found} closer than {MOST_CERTAIN:g} to 0 or 1, and set to that"
        " distance"
    )


def complementary_log_log(event_probability: FloatArray) -> FloatArray:
    """Return log(-log(1 - p)), with p kept ``MOST_CERTAIN`` away from 0 and 1."""
    inside = np.clip(event_probability, MOST_CERTAIN, 1.0 - MOST_CERTAIN)
    transformed: FloatArray = np.log(-np.log1p(-inside))
    return transformed
