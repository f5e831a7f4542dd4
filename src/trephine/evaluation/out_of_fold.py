"""Performance of out-of-fold predictions, averaged over repeats."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from trephine.errors import InputError
from trephine.evaluation.resampling import OutOfFold
from trephine.survival.concordance import concordance, influence_covariance
from trephine.types import Estimate, FloatArray, IntArray, Survival


def out_of_fold_concordance(
    survival: Survival,
    predicted: OutOfFold,
    model: str,
    patient: IntArray,
    level: float = 0.95,
) -> Estimate:
    """Return Harrell's C of a model on cases that it had not seen.

    Pairs are compared within outer folds only, since the folds' models differ; pairs of all folds
    of a repeat count together (concordance with the fold as stratum), and repeats are averaged.
    The interval rests on each patient's influence, averaged over repeats: it tells how the figure
    would vary with the patients, not with the folds.

    Parameters
    ----------
    survival, patient
        Of the n cases.
    predicted
        Out-of-fold predictions.
    model
        Name.
    level
        Coverage of the interval.
    """
    if predicted.repeats == 0:
        raise InputError("out-of-fold concordance: expected one repeat at least, found none")
    values, influence = [], np.zeros(len(survival))
    for fold, score in zip(predicted.fold, predicted.linear_predictor[model], strict=True):
        found = concordance(survival.time, survival.event, score, strata=fold)
        values.append(found.estimate)
        influence += found.influence / predicted.repeats
    value = float(np.mean(values))
    error = float(np.sqrt(influence_covariance(influence[:, np.newaxis], patient)[0, 0]))
    half = float(ndtri(0.5 + level / 2)) * error
    return Estimate(value, value - half, value + half, level, error)


def pooled_linear_predictor(predicted: OutOfFold, model: str) -> FloatArray:
    """Return each case's linear predictor averaged over repeats, shape (n,)."""
    pooled: FloatArray = predicted.linear_predictor[model].mean(axis=0)
    return pooled


def pooled_event_probability(predicted: OutOfFold, model: str) -> FloatArray:
    """Return each case's event probability averaged over repeats, shape (n, k)."""
    pooled: FloatArray = predicted.event_probability[model].mean(axis=0)
    return pooled
