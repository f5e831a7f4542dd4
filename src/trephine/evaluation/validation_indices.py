"""Harrell's indices of a Cox model on given cases: Dxy, R2, slope, D, U, Q and g."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.choices import Ties
from trephine.errors import ModelError
from trephine.evaluation.censoring_weights import check_risk
from trephine.evaluation.unfitted import why_unfitted
from trephine.regression.cox import CoxModel
from trephine.survival.late_concordance import harrell_of
from trephine.survival.late_outcome import entry_of
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import prepare_risk_sets
from trephine.types import FloatArray, Survival


@dataclass(frozen=True)
class ValidationIndices:
    """What R's ``rms::validate`` prints for a Cox model.

    Attributes
    ----------
    somers_dxy
        2 (C - 1/2) with Harrell's C.
    r_squared
        Nagelkerke's, of a Cox model with the linear predictor as its only covariate.
    slope
        That model's coefficient.
    discrimination, unreliability, quality
        D = (LR - 1) / L0 with L0 = -2 log likelihood of the null model; U = what the slope's
        deviation from 1 costs, in the same units; Q = D - U.
    gini_mean_difference
        Of the linear predictor: g.
    n
        All cases.
    note
        Why there is no answer; empty where there is one.
    """

    somers_dxy: float
    r_squared: float
    slope: float
    discrimination: float
    unreliability: float
    quality: float
    gini_mean_difference: float
    n: int
    note: str = ""


def validation_indices(
    outcome: Survival, linear_predictor: npt.ArrayLike, *, ties: Ties = "efron"
) -> ValidationIndices:
    """Return the indices of a linear predictor on given cases (R: ``rms::validate``, one column).

    Apparent on the cases that the model was fitted to; corrected where optimism from a bootstrap
    is subtracted.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    linear_predictor
        Shape (n,); higher is worse.
    ties
        Of the Cox models.

    Raises
    ------
    InputError
        If the predictor is missing anywhere or has another length.
    """
    lp = check_risk(linear_predictor, len(outcome), "linear predictor")
    g = gini_mean_difference(lp)
    nan = float("nan")
    try:
        result = CoxModel(ties=ties).fit(lp[:, None], outcome).result_
    except ModelError as error:
        return ValidationIndices(nan, nan, nan, nan, nan, nan, g, lp.size, why_unfitted(error))
    null = -2.0 * result.log_likelihood_null
    ratio = result.likelihood_ratio.statistic
    as_given = -2.0 * _log_likelihood_at_slope_1(outcome, lp, ties)
    discrimination = (ratio - 1.0) / null
    unreliability = (as_given - -2.0 * result.log_likelihood - 2.0) / null
    concordance = harrell_of(outcome, lp)
    return ValidationIndices(
        2.0 * (concordance - 0.5),
        nagelkerke_r_squared(ratio, null, lp.size),
        float(result.coefficients[0]),
        discrimination,
        unreliability,
        discrimination - unreliability,
        g,
        lp.size,
    )


def nagelkerke_r_squared(likelihood_ratio: float, null_deviance: float, n: int) -> float:
    """Return (1 - exp(-LR / n)) / (1 - exp(-L0 / n)), L0 = -2 log likelihood of the null model."""
    return float(np.expm1(-likelihood_ratio / n) / np.expm1(-null_deviance / n))


def adjusted_r_squared(likelihood_ratio: float, n: int, parameters: int = 0) -> float:
    """Return 1 - exp(-(LR - p) / n), for n cases or n events (R: ``rms``'s R2(p, n))."""
    return float(-np.expm1(-max(likelihood_ratio - parameters, 0.0) / n))


def gini_mean_difference(values: FloatArray) -> float:
    """Return the mean absolute difference of two different cases (R: ``Hmisc::GiniMd``)."""
    ordered = np.sort(values)
    n = ordered.size
    if n < 2:
        return float("nan")
    weight = 2.0 * np.arange(1, n + 1) - n - 1.0
    return float(2.0 * (weight @ ordered) / (n * (n - 1)))


def _log_likelihood_at_slope_1(outcome: Survival, lp: FloatArray, ties: Ties) -> float:
    risk_sets = prepare_risk_sets(lp[:, None], outcome.time, outcome.event, entry=entry_of(outcome))
    scale = float(risk_sets.scale[0])
    return float(partial_likelihood(risk_sets, np.array([scale]), ties).value)
