"""One Cox model from those of several completed data sets, by Rubin's rules.

Predictions are pooled on the scale of log(-log S): the mean over data sets of log H0(t) plus the
linear predictor is itself a Cox model's, of the mean coefficients and the geometric mean of the
baseline hazards. So the pooled model predicts, is stored and is drawn as any other, and the
interval of a prediction is Rubin's too, within and between data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trephine.choices import Penalty
from trephine.modelling.absolute_risk import OtherCause, other_causes
from trephine.modelling.fitted_model import DECILES, FittedModel, fit_model
from trephine.modelling.terms import Term
from trephine.regression.cox_fit import weighted_sum
from trephine.regression.rubin import pool, pool_cox
from trephine.survival.baseline import BaselineHazard
from trephine.types import FloatArray, IntArray, Survival


def fit_over(
    name: str,
    parts: tuple[str, ...],
    terms: Sequence[Term],
    designs: FloatArray,
    survival: Survival,
    *,
    cluster: IntArray | None = None,
    left_out: Sequence[tuple[str, str]] = (),
    penalty: Penalty = "none",
) -> FittedModel:
    """Fit a Cox model to one design, or to several completed ones and pool it.

    Parameters
    ----------
    name, parts, terms, survival, cluster, left_out, penalty
        As `fit_model`.
    designs
        Shape (m, n, q); m is 1 where nothing was imputed, and then the model is `fit_model`'s.

    Raises
    ------
    ModelError
        As `fit_model`, of the first data set that cannot be fitted.
    """
    if all(np.array_equal(design, designs[0]) for design in designs[1:]):
        designs = designs[:1]  # none of these terms was imputed
    models = [
        fit_model(
            name, parts, terms, design, survival, cluster=cluster, left_out=left_out,
            penalty=penalty,
        )
        for design in designs
    ]  # fmt: skip
    return models[0] if len(models) == 1 else pool_models(models, designs)


def pool_models(models: Sequence[FittedModel], designs: FloatArray) -> FittedModel:
    """Pool one model's fits to m completed data sets.

    Parameters
    ----------
    models
        With the same terms, m >= 2.
    designs
        What they were fitted to, shape (m, n, q).
    """
    found = pool(
        np.array([one.coefficients for one in models]), np.array([one.covariance for one in models])
    )
    centre = np.mean([one.centre for one in models], axis=0)
    scale = np.mean([one.scale for one in models], axis=0)
    lp = weighted_sum(designs.mean(axis=0) - centre, found.coefficients)
    results = [one.result for one in models if one.result is not None]
    return replace(
        models[0],
        coefficients=found.coefficients,
        covariance=found.total,
        centre=centre,
        scale=scale,
        low=designs.min(axis=(0, 1)),
        high=designs.max(axis=(0, 1)),
        baseline=_pooled_baseline(models, centre, scale, found.total),
        linear_predictor_range=(float(lp.min()), float(lp.max())),
        risk_cut=float(np.median(lp)),
        deciles=np.quantile(lp, DECILES),
        result=pool_cox(results),
    )


def _pooled_baseline(
    models: Sequence[FittedModel], centre: FloatArray, scale: FloatArray, total: FloatArray
) -> BaselineHazard:
    """Return the baseline that gives every case Rubin's log H and its variance.

    Of one data set the variance of log H at a case d from the centre is
    ``a - 2 b'd + d'Vd``, with ``a`` that of log H0, ``-b`` its covariance with the coefficients.
    Each of these pools as any estimate does, and the sum of squares is completed again so that a
    model's ``variance`` and ``mean_hazard`` say the same.
    """
    m = len(models)
    parts = [_at_centre(one, centre) for one in models]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.array([np.log(hazard) for hazard, _, _ in parts])
        means = np.array([mean / hazard[:, None] for hazard, _, mean in parts])
        own = np.array([variance / hazard**2 for hazard, variance, _ in parts])
    slopes = np.array([one.coefficients for one in models])
    covariances = np.array([one.covariance for one in models])
    toward = np.einsum("mtq,mqr->mtr", means, covariances)
    a = np.mean(own + np.einsum("mtq,mtq->mt", toward, means), axis=0)
    b = toward.mean(axis=0)
    away_log, away = logs - logs.mean(axis=0), slopes - slopes.mean(axis=0)
    between = (1 + 1 / m) / (m - 1)
    a = a + between * (away_log**2).sum(axis=0)
    b = b - between * np.einsum("mt,mq->tq", away_log, away)
    mean = np.linalg.solve(total, b.T).T
    hazard = np.exp(logs.mean(axis=0))
    rest = np.maximum(a - np.einsum("tq,tq->t", mean, b), 0.0) * hazard**2
    mean = mean * hazard[:, None]
    # Before the first event there is no hazard in any data set.
    begun = hazard > 0
    return BaselineHazard(
        times=models[0].baseline.times,
        cumulative_hazard=hazard,
        variance=np.where(begun, rest, 0.0),
        mean_hazard=np.where(begun[:, None], mean, 0.0) / scale,
    )


def _at_centre(model: FittedModel, centre: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return hazard, variance and mean hazard of a model at another centre, in plain units."""
    base, away = model.baseline, centre - model.centre
    ratio = float(np.exp(away @ model.coefficients))
    mean = base.mean_hazard * model.scale - np.outer(base.cumulative_hazard, away)
    return ratio * base.cumulative_hazard, ratio**2 * base.variance, ratio * mean


def other_causes_over(
    terms: Sequence[Term], designs: FloatArray, survival: Survival
) -> tuple[OtherCause, ...]:
    """Fit the rate of each competing event to several completed designs, and pool it.

    Coefficients are means and hazards geometric means, at the mean centre. Where data sets allow
    different terms, those that allow the fewest are pooled.
    """
    fits = [other_causes(terms, design, survival) for design in designs]
    if len(fits) == 1:
        return fits[0]
    pooled = []
    for place in range(len(fits[0])):
        columns = min((one[place].columns for one in fits), key=len)
        same = [one[place] for one in fits if one[place].columns == columns]
        pooled.append(_pooled_cause(same))
    return tuple(pooled)


def _pooled_cause(fits: Sequence[OtherCause]) -> OtherCause:
    centre = np.mean([one.centre for one in fits], axis=0)
    with np.errstate(divide="ignore"):
        logs = [
            np.log(one.cumulative_hazard) + float((centre - one.centre) @ one.coefficients)
            for one in fits
        ]
    return replace(
        fits[0],
        coefficients=np.mean([one.coefficients for one in fits], axis=0),
        centre=centre,
        cumulative_hazard=np.exp(np.mean(logs, axis=0)),
    )
