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

# A larger linear predictor means survival 0; its exponential would overflow.
LARGEST_EXPONENT = 700.0


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

    Past the last follow-up of the case's stratum, where nothing was observed, the result is NaN.

    Raises
    ------
    InputError
        Strata that the fit has not seen.
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    z = (values - fit.risk_sets.centre) / fit.risk_sets.scale
    predictor = weighted_sum(z, fit.beta)
    hazard = np.empty((len(z), asked.size))
    error = np.empty_like(hazard)
    for code, rows in _rows_by_stratum(fit, strata, len(z)):
        hazard[rows], error[rows] = hazard_with_error(
            fit.baselines[code], z[rows], predictor[rows], fit.covariance, asked
        )
    survival = np.exp(-hazard)
    level = fit.result.level
    low, high = survival_interval(survival, error, interval, level)
    return SurvivalPrediction(asked, survival, survival * error, error, low, high, level)


def hazard_with_error(
    baseline: BaselineHazard,
    standardised: FloatArray,
    linear_predictor: FloatArray,
    covariance: FloatArray,
    times: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the cumulative hazard of m cases at k times and its standard error, each (m, k).

    Parameters
    ----------
    baseline
        Of the case whose columns are all at their centre.
    standardised
        (value - centre) / scale of each column, shape (m, p).
    linear_predictor
        Centred, shape (m,).
    covariance
        Of the coefficients of the standardised columns, shape (p, p).
    times
        Shape (k,); NaN past the last follow-up.
    """
    ratio = np.exp(np.minimum(linear_predictor, LARGEST_EXPONENT))[:, None]
    hazard0, variance0, mean = baseline.observed_at(times)
    gap = mean[None] - hazard0[None, :, None] * standardised[:, None, :]
    spread = np.einsum("mkp,pq,mkq->mk", gap, covariance, gap)
    return ratio * hazard0, ratio * np.sqrt(np.maximum(variance0 + spread, 0.0))


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
