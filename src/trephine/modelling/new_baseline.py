"""A locked model with another baseline: multiplied, perhaps with its slope, or of other cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trephine.modelling.fitted_model import FittedModel
from trephine.regression.cox_fit import weighted_sum
from trephine.regression.poisson import PoissonFit
from trephine.survival.baseline import BaselineHazard, baseline_hazards, hazard_of_all
from trephine.survival.late_outcome import entry_of
from trephine.survival.risk_sets import prepare_risk_sets
from trephine.types import FloatArray, Survival


def with_own_hazard(locked: FittedModel, design: FloatArray, survival: Survival) -> FittedModel:
    """Return the locked coefficients with the outside cases' own baseline hazard, Efron's ties.

    The new hazard belongs to their average case: the linear predictor is 0 there now.
    """
    if not locked.terms:
        return replace(locked, baseline=hazard_of_all(survival))
    own = prepare_risk_sets(design, survival.time, survival.event, entry=entry_of(survival))
    predictor = weighted_sum(own.covariates, locked.coefficients * own.scale)
    shift = float(weighted_sum((own.centre - locked.centre)[None, :], locked.coefficients)[0])
    low, high = locked.linear_predictor_range
    return replace(
        locked,
        centre=own.centre,
        scale=own.scale,
        baseline=baseline_hazards(own, predictor, "efron")[0],
        linear_predictor_range=(low - shift, high - shift),
        risk_cut=locked.risk_cut - shift,
        deciles=locked.deciles - shift,
        result=None,
    )


def rescaled(model: FittedModel, fit: PoissonFit) -> FittedModel:
    """Return a model with its hazard multiplied and, by a second coefficient, its slope.

    The variance of a prediction adds that of the two factors, which other cases gave than the
    coefficients: the cross terms are put where the prediction's variance looks for them.
    """
    a, extra = float(fit.coefficients[0]), float(fit.coefficients[1:].sum())
    b, factor = 1 + extra, float(np.exp(a))
    cov = np.zeros((2, 2))
    cov[: fit.coefficients.size, : fit.coefficients.size] = fit.covariance
    base, beta = model.baseline, model.coefficients * model.scale
    own = model.covariance * np.outer(model.scale, model.scale)
    wide = b**2 * own + np.outer(beta, beta) * cov[1, 1]
    hazard, mean = factor * base.cumulative_hazard, factor * base.mean_hazard
    shift = b * mean @ own - np.outer(hazard, beta) * cov[0, 1]
    moved = shift @ np.linalg.pinv(wide, hermitian=True) if beta.size else mean
    variance = factor**2 * base.variance + hazard**2 * cov[0, 0]
    variance += np.einsum("kp,pq,kq->k", mean, own, mean)
    variance -= np.einsum("kp,pq,kq->k", moved, wide, moved)
    low, high = sorted(b * end for end in model.linear_predictor_range)
    return replace(
        model,
        coefficients=b * model.coefficients,
        covariance=wide / np.outer(model.scale, model.scale),
        baseline=BaselineHazard(base.times, hazard, np.maximum(variance, 0.0), moved),
        linear_predictor_range=(low, high),
        risk_cut=b * model.risk_cut,
        deciles=np.sort(b * model.deciles),
        result=None,
    )
