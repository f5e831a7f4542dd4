"""Performance of out-of-fold predictions, averaged over repeats."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from trephine.errors import InputError, ModelError
from trephine.evaluation.calibration_slope import CalibrationSlope, complementary_log_log
from trephine.evaluation.concordance import ConcordanceComparison
from trephine.evaluation.unfitted import why_unfitted
from trephine.regression.cox import CoxModel
from trephine.survival.concordance import (
    Concordance,
    TimeWeight,
    concordance,
    influence_covariance,
)
from trephine.survival.late_concordance import concordance_since_entry
from trephine.survival.late_outcome import entry_of
from trephine.types import BoolArray, Estimate, FloatArray, IntArray, Survival
from trephine.validation.held_out import OutOfFold


def out_of_fold_concordance(
    survival: Survival,
    predicted: OutOfFold,
    model: str,
    cluster: IntArray,
    level: float = 0.95,
    *,
    time_weight: TimeWeight = "n",
    horizon: float | None = None,
    training_error: float = 0.0,
) -> Estimate:
    """Return Harrell's C of a model on cases that it had not seen.

    Pairs are compared within outer folds only, since the folds' models differ; pairs of all folds
    of a repeat count together (concordance with the fold as stratum), and repeats are averaged.
    The variance is that by each patient's influence within a repeat, averaged over repeats, plus
    ``training_error`` squared. Influences averaged before they are squared shrink with the number
    of repeats, as if repeating the folds brought new patients.

    Parameters
    ----------
    survival, cluster
        Of the n cases.
    predicted
        Out-of-fold predictions.
    model
        Name.
    level
        Coverage of the interval.
    time_weight, horizon
        "n/G2" and a horizon for Uno's C truncated there, G being estimated within each fold.
    training_error
        Standard deviation of the figure over the luck of the training cases; 0 leaves it out.

    Raises
    ------
    InputError
        If there are no repeats, or a fold has no comparable pair.
    """
    scores = predicted.linear_predictor[model]
    values, influences = _by_repeat(survival, predicted.fold, scores, time_weight, horizon)
    variance = _covariance([influences], cluster)[0, 0] + training_error**2
    return _normal(float(np.mean(values)), float(np.sqrt(variance)), level)


def compare_out_of_fold_concordance(
    survival: Survival,
    predicted: OutOfFold,
    first: str,
    second: str,
    cluster: IntArray,
    level: float = 0.95,
    *,
    training_error: float = 0.0,
) -> ConcordanceComparison:
    """Compare Harrell's C of two models on cases that neither had seen.

    Both are computed as in `out_of_fold_concordance`; the difference is second minus first, its
    variance from each patient's joint influence.

    Parameters
    ----------
    survival, predicted, cluster, level
        As in `out_of_fold_concordance`.
    first, second
        Names of the models.
    training_error
        Of the difference, as in `out_of_fold_concordance`.
    """
    scores = (predicted.linear_predictor[first], predicted.linear_predictor[second])
    return _compare(survival, predicted.fold, scores, cluster, level, training_error)


def compare_signatures(
    survival: Survival,
    predicted: OutOfFold,
    feature_set: str,
    cluster: IntArray,
    level: float = 0.95,
) -> ConcordanceComparison:
    """Compare Harrell's C of the short signatures with that of the whole ones.

    Both score cases that they were not fitted to; ``first`` is the short one, and the difference
    what the short one loses.

    Parameters
    ----------
    survival, predicted, cluster, level
        As in `out_of_fold_concordance`.
    feature_set
        Name of the set.
    """
    short, whole = predicted.short_signature[feature_set], predicted.signature[feature_set]
    return _compare(survival, predicted.fold, (short, whole), cluster, level, 0.0)


def compare_with_rival(
    survival: Survival,
    predicted: OutOfFold,
    feature_set: str,
    rival: str,
    cluster: IntArray,
    level: float = 0.95,
) -> tuple[ConcordanceComparison, int] | None:
    """Compare Harrell's C of the signatures with that of another learner on the same features.

    Only repeats count in which the other learner scored every case, and their number is returned
    too; None where there are none. ``first`` is the other learner, and the difference what the
    signatures gain over it.

    Parameters
    ----------
    survival, predicted, feature_set, cluster, level
        As in `compare_signatures`.
    rival
        The other learner.
    """
    other = predicted.rivals[feature_set][rival]
    whole = np.isfinite(other).all(axis=1)
    if not whole.any():
        return None
    scores = (other[whole], predicted.signature[feature_set][whole])
    compared = _compare(survival, predicted.fold[whole], scores, cluster, level, 0.0)
    return compared, int(whole.sum())


def _compare(
    survival: Survival,
    fold: IntArray,
    scores: tuple[FloatArray, FloatArray],
    cluster: IntArray,
    level: float,
    training_error: float,
) -> ConcordanceComparison:
    """Compare two out-of-fold risk scores, each of shape (repeats, n)."""
    found = [_by_repeat(survival, fold, one, "n", None) for one in scores]
    values = [float(np.mean(values)) for values, _ in found]
    covariance = _covariance([influences for _, influences in found], cluster)
    contrast = np.array([-1.0, 1.0])
    variance = max(float(contrast @ covariance @ contrast), 0.0) + training_error**2
    error = float(np.sqrt(variance))
    gap = values[1] - values[0]
    z = gap / error if error > 0 else float("nan")
    return ConcordanceComparison(
        first=_normal(values[0], float(np.sqrt(covariance[0, 0])), level),
        second=_normal(values[1], float(np.sqrt(covariance[1, 1])), level),
        covariance=covariance,
        difference=_normal(gap, error, level),
        z=z,
        p_value=float(2 * ndtr(-abs(z))),
        n=len(survival),
        n_events=int(survival.event.sum()),
    )


def _by_repeat(
    survival: Survival,
    folds: IntArray,
    scores: FloatArray,
    time_weight: TimeWeight,
    horizon: float | None,
) -> tuple[list[float], FloatArray]:
    """Return the concordance within folds of each repeat, and its influences, (repeats, n)."""
    if folds.shape[0] == 0:
        raise InputError("out-of-fold concordance: expected one repeat at least, found none")
    found = [
        _within_folds(survival, score, fold, time_weight, horizon)
        for fold, score in zip(folds, scores, strict=True)
    ]
    return [one.estimate for one in found], np.array([one.influence for one in found])


def _within_folds(
    survival: Survival,
    score: FloatArray,
    fold: IntArray,
    time_weight: TimeWeight,
    horizon: float | None,
) -> Concordance:
    entry, time, event = entry_of(survival), survival.time, survival.event
    if entry is None:
        return concordance(time, event, score, strata=fold, time_weight=time_weight, ymax=horizon)
    if time_weight != "n":
        raise InputError("expected cases under observation from the start for Uno's C")
    return concordance_since_entry(time, event, score, entry, strata=fold, ymax=horizon)


def _covariance(influences: list[FloatArray], cluster: IntArray) -> FloatArray:
    """Return the covariance of figures from influences by repeat: the mean of the repeats' own."""
    repeats = [
        influence_covariance(np.column_stack(one), cluster) for one in zip(*influences, strict=True)
    ]
    covariance: FloatArray = np.mean(repeats, axis=0)
    return covariance


def _normal(value: float, error: float, level: float) -> Estimate:
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


def varies_within_folds(predicted: OutOfFold, model: str) -> bool:
    """Say whether cases of one fold ever differ in their prediction: without it nothing is ranked.

    Predictions of a model without terms differ between folds, by what each fold's training cases
    suffered, and that is the less the more the fold's own cases did.
    """
    return any(
        _varying(fold, scores).any()
        for fold, scores in zip(predicted.fold, predicted.linear_predictor[model], strict=True)
    )


def out_of_fold_slope(
    survival: Survival, predicted: OutOfFold, model: str, cluster: IntArray, level: float = 0.95
) -> CalibrationSlope:
    """Return the calibration slope of a model on cases that it had not seen.

    The Cox coefficient of the linear predictor with the fold as stratum, since each fold's model
    has its own baseline; repeats are averaged. The interval rests on each patient's influence
    (dfbeta) within a repeat, as that of `out_of_fold_concordance`.

    Parameters
    ----------
    survival, predicted, model, cluster, level
        As in `out_of_fold_concordance`.
    """
    slopes, influences = [], []
    if not varies_within_folds(predicted, model):
        note = "within a fold every case has the same prediction"
        return CalibrationSlope(Estimate(float("nan"), level=level), len(survival), note)
    for fold, scores in zip(predicted.fold, predicted.linear_predictor[model], strict=True):
        if not _varying(fold, scores).any():
            nothing = Estimate(float("nan"), level=level)
            note = "in some repeats no fold's model ranks its cases, so that there is no slope"
            return CalibrationSlope(nothing, len(survival), note)
        try:
            fitted = CoxModel().fit(scores[:, np.newaxis], survival, strata=fold)
        except ModelError as refused:
            nothing = Estimate(float("nan"), level=level)
            note = f"calibration slope: {why_unfitted(refused)}"
            return CalibrationSlope(nothing, len(survival), note)
        slopes.append(float(fitted.result_.coefficients[0]))
        influences.append(fitted.dfbeta()[:, 0])
    error = float(np.sqrt(_covariance([np.array(influences)], cluster)[0, 0]))
    return CalibrationSlope(_normal(float(np.mean(slopes)), error, level), len(survival))


def levelled_event_probability(predicted: OutOfFold, model: str) -> FloatArray:
    """Return event probabilities with the folds brought to one level, shape (n, k).

    For calibration curves and groups of cases of all folds. A fold that by chance holds many
    events leaves few to those that its model learns from, so that its predictions are low where
    the outcome is bad: of log(-log(1 - p)) each fold's mean is replaced by that of all cases, and
    probabilities are then averaged over repeats. The mean of all predictions (O/E) stays, and what
    differs within a fold.
    """
    levelled = []
    for fold, scores, probability in zip(
        predicted.fold,
        predicted.linear_predictor[model],
        predicted.event_probability[model],
        strict=True,
    ):
        transformed = complementary_log_log(probability)
        of_all = transformed.mean(axis=0)
        within = np.zeros_like(transformed)
        for code in np.unique(fold[_varying(fold, scores)]):
            here = fold == code
            within[here] = transformed[here] - transformed[here].mean(axis=0)
        # A probability that is not known stays so.
        known = np.where(np.isnan(probability), np.nan, of_all + within)
        levelled.append(-np.expm1(-np.exp(known)))
    pooled: FloatArray = np.mean(levelled, axis=0)
    return pooled


def _varying(fold: IntArray, scores: FloatArray) -> BoolArray:
    """Return the cases in whose fold predictions differ, shape (n,)."""
    found = np.zeros(fold.size, dtype=np.bool_)
    for code in np.unique(fold):
        here = fold == code
        found[here] = np.ptp(scores[here]) > 0
    return found
