"""Predicted survival of new cases from a fitted Cox model, with its uncertainty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.regression.cox_fit import CoxFit, weighted_sum
from trephine.regression.cox_result import SurvivalPrediction
from trephine.survival.baseline import BaselineHazard
from trephine.survival.kaplan_meier import IntervalType, survival_interval
from trephine.types import FloatArray, IntArray


def predict_survival(
    fit: CoxFit,
    values: FloatArray,
    times: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    interval: IntervalType = "log",
) -> SurvivalPrediction:
    """Predict survival probabilities of the cases ``values``, shape (m, p).

    S(t) = exp(-H0(t) exp(lp)). The variance of the cumulative hazard has a part from H0 and a
    part from the coefficients (Tsiatis 1981; R's ``survfit.coxph``); with a robust fit the
    second uses the robust covariance, as in R.

    Raises
    ------
    InputError
        Times after the last follow-up of the case's stratum, or strata that the fit has not
        seen.
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    z = (values - fit.risk_sets.centre) / fit.risk_sets.scale
    ratio = np.exp(weighted_sum(z, fit.beta))[:, None]
    hazard = np.empty((len(z), asked.size))
    error = np.empty_like(hazard)
    for code, rows in _rows_by_stratum(fit, strata, len(z)):
        baseline = fit.baselines[code]
        _refuse_late(asked, baseline)
        at = baseline.positions(asked)
        h0 = baseline.at(asked)
        v0 = np.append(baseline.variance, 0.0)[at]
        mean = np.vstack([baseline.mean_hazard, np.zeros((1, z.shape[1]))])[at]
        gap = mean[None] - h0[None, :, None] * z[rows][:, None, :]
        spread = np.einsum("mkp,pq,mkq->mk", gap, fit.covariance, gap)
        hazard[rows] = ratio[rows] * h0
        error[rows] = ratio[rows] * np.sqrt(v0 + spread)
    survival = np.exp(-hazard)
    level = fit.result.level
    low, high = survival_interval(survival, error, interval, level)
    return SurvivalPrediction(asked, survival, survival * error, error, low, high, level)


def _rows_by_stratum(
    fit: CoxFit, strata: npt.ArrayLike | None, m: int
) -> list[tuple[int, IntArray]]:
    """Return the code of each stratum among the new cases, with their rows."""
    if len(fit.strata) == 1:
        return [(0, np.arange(m))]
    if strata is None:
        raise InputError(f"strata: expected the stratum of each case, one of {fit.strata}")
    labels = np.asarray(strata).astype(str)
    if labels.shape != (m,):
        raise InputError(f"strata: expected shape ({m},), found {labels.shape}")
    unknown = sorted(set(labels) - set(fit.strata))
    if unknown:
        raise InputError(f"strata: expected some of {fit.strata}, found {unknown[:5]}")
    return [
        (code, np.flatnonzero(labels == label))
        for code, label in enumerate(fit.strata)
        if (labels == label).any()
    ]


def _refuse_late(times: FloatArray, baseline: BaselineHazard) -> None:
    late = times[~(times <= baseline.times[-1])]
    if late.size:
        raise InputError(
            f"times: expected times up to the last follow-up, {baseline.times[-1]:g}, found"
            f" {late[0]:g}; nothing was observed there"
        )
