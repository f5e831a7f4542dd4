"""What a model's out-of-fold predictions add to those of another one: a likelihood ratio."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from trephine.errors import ModelError
from trephine.evaluation.unfitted import why_unfitted
from trephine.group_tests.hypothesis_test import HypothesisTest, Method, unanswered
from trephine.regression.cox import CoxModel
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.held_out import OutOfFold

_METHOD: Method = "Likelihood ratio"


def held_out_likelihood_ratio(
    survival: Survival, predicted: OutOfFold, first: str, second: str
) -> HypothesisTest:
    """Ask whether what a second model says of unseen cases adds to what the first says.

    In each repeat the first model's out-of-fold linear predictor is the covariate of a Cox model
    with the outer fold as stratum, and the difference between the two models' is added to it; the
    statistic is twice the gain in log likelihood, averaged over repeats (R:
    ``anova(coxph(y ~ old + strata(fold)), coxph(y ~ old + I(new - old) + strata(fold)))``). No
    case's prediction has seen its outcome, so that one degree of freedom is what was added,
    however many features the second model chose from (pre-validation: Tibshirani and Efron 2002).

    A repeat in which the difference has a coefficient below zero, so that what is added points the
    wrong way, counts as a gain of 0: p is then too large rather than too small. Cases are taken
    as independent, as in `likelihood_ratio_test`.

    Parameters
    ----------
    survival
        Of the n cases.
    predicted
        Out-of-fold predictions.
    first, second
        Names of the models, the second with more in it.

    Returns
    -------
    HypothesisTest
        Without an answer where the two predict alike, or a repeat cannot be fitted.
    """
    gains = []
    old, new = predicted.linear_predictor[first], predicted.linear_predictor[second]
    for fold, one, other in zip(predicted.fold, old, new, strict=True):
        try:
            gains.append(_gain(survival, fold, _centred(one, fold), _centred(other, fold)))
        except ModelError as refused:
            return unanswered(_METHOD, len(survival), why_unfitted(refused))
    if not gains or not any(np.isfinite(gains)):
        return unanswered(_METHOD, len(survival), "within folds both models predict alike")
    statistic = float(np.mean(np.nan_to_num(gains)))
    p_value = float(chdtrc(1.0, statistic))
    return HypothesisTest(_METHOD, statistic, p_value, len(survival), (1.0,))


def _centred(scores: FloatArray, fold: IntArray) -> FloatArray:
    """Return scores less their mean in the fold, which a stratum does not see."""
    sums = np.bincount(fold, weights=scores)
    counts = np.bincount(fold)
    centred: FloatArray = scores - (sums / np.maximum(counts, 1))[fold]
    return centred


def _gain(survival: Survival, fold: IntArray, old: FloatArray, new: FloatArray) -> float:
    """Return twice the gain in log likelihood of one repeat; NaN where nothing is added."""
    added = new - old
    if not np.any(np.abs(added) > 1e-12):
        return float("nan")
    ranks = bool(np.any(np.abs(old) > 1e-12))
    columns = np.column_stack([old, added]) if ranks else added[:, np.newaxis]
    larger = CoxModel().fit(columns, survival, strata=fold).result_
    if larger.coefficients[-1] <= 0:
        return 0.0
    before = larger.log_likelihood_null
    if ranks:
        smaller = CoxModel().fit(old[:, np.newaxis], survival, strata=fold)
        before = smaller.result_.log_likelihood
    return max(2.0 * (larger.log_likelihood - before), 0.0)
