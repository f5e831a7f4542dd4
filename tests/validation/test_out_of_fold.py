"""Concordance out of fold: pairs within folds, repeats averaged, intervals by patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation.calibration_slope import calibration_slope
from trephine.regression.cox import CoxModel
from trephine.survival.concordance import harrell_concordance
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.held_out import OutOfFold
from trephine.validation.out_of_fold import (
    compare_signatures,
    levelled_event_probability,
    out_of_fold_concordance,
    out_of_fold_slope,
    pooled_event_probability,
    pooled_linear_predictor,
    varies_within_folds,
)

RNG = np.random.default_rng(4)
N = 60
SURVIVAL = Survival(RNG.exponential(10, N) + 0.1, RNG.random(N) < 0.7)
PATIENT: IntArray = np.arange(N) // 2


def predictions(score: FloatArray, fold: IntArray) -> OutOfFold:
    probability = np.stack([1 / (1 + np.exp(-score))] * 2, axis=-1)
    return OutOfFold((5.0, 10.0), fold, {"M": score}, {"M": probability}, ())


def test_only_pairs_of_one_fold_count_and_repeats_are_averaged() -> None:
    fold = np.array([np.arange(N) % 3, np.arange(N) // 20])
    score = RNG.standard_normal((2, N))
    expected = []
    for folds, values in zip(fold, score, strict=True):
        concordant = comparable = 0.0
        for i in range(N):
            for j in range(N):
                earlier = SURVIVAL.time[i] < SURVIVAL.time[j] and SURVIVAL.event[i]
                if folds[i] == folds[j] and earlier:
                    comparable += 1
                    concordant += float(values[i] > values[j])
        expected.append(concordant / comparable)
    found = out_of_fold_concordance(SURVIVAL, predictions(score, fold), "M", PATIENT)
    assert found.value == pytest.approx(np.mean(expected))


def test_a_shift_of_one_folds_model_changes_nothing() -> None:
    fold = np.arange(N)[np.newaxis] % 3
    score = RNG.standard_normal((1, N))
    given = out_of_fold_concordance(SURVIVAL, predictions(score, fold), "M", PATIENT)
    shifted = out_of_fold_concordance(SURVIVAL, predictions(score + 9 * fold, fold), "M", PATIENT)
    assert shifted == given


def test_with_one_fold_it_is_harrells_c() -> None:
    score = RNG.standard_normal((1, N))
    fold = np.zeros((1, N), dtype=np.int64)
    found = out_of_fold_concordance(SURVIVAL, predictions(score, fold), "M", PATIENT)
    assert found.value == pytest.approx(
        harrell_concordance(SURVIVAL.time, SURVIVAL.event, score[0])
    )
    assert found.low < found.value < found.high


def test_every_case_twice_is_no_more_information_when_patients_are_known() -> None:
    score = RNG.standard_normal((1, N))
    fold = np.zeros((1, N), dtype=np.int64)
    alone = out_of_fold_concordance(SURVIVAL, predictions(score, fold), "M", np.arange(N))
    twice = Survival(np.tile(SURVIVAL.time, 2), np.tile(SURVIVAL.event, 2))
    doubled = predictions(np.tile(score, 2), np.tile(fold, 2))
    known = out_of_fold_concordance(twice, doubled, "M", np.tile(np.arange(N), 2))
    assert known.standard_error == pytest.approx(alone.standard_error, rel=0.1)


def test_pooled_predictions_are_means_over_repeats() -> None:
    score = RNG.standard_normal((3, N))
    fold = np.zeros((3, N), dtype=np.int64)
    found = predictions(score, fold)
    np.testing.assert_allclose(pooled_linear_predictor(found, "M"), score.mean(axis=0))
    assert pooled_event_probability(found, "M").shape == (N, 2)


def test_no_repeat_is_refused() -> None:
    empty = predictions(np.empty((0, N)), np.empty((0, N), dtype=np.int64))
    with pytest.raises(InputError, match="expected one repeat at least"):
        out_of_fold_concordance(SURVIVAL, empty, "M", PATIENT)


def test_a_short_signature_loses_what_the_two_concordances_differ_by() -> None:
    fold = np.array([np.arange(N) % 3, np.arange(N) // 20])
    whole, short = RNG.standard_normal((2, 2, N))
    given = OutOfFold((), fold, {}, {}, (), {"deep": whole}, {"deep": short})
    both = compare_signatures(SURVIVAL, given, "deep", PATIENT)

    def counted(scores: FloatArray) -> float:
        values = []
        for folds, score in zip(fold, scores, strict=True):
            right = pairs = 0
            for i in np.flatnonzero(SURVIVAL.event):
                later = (SURVIVAL.time > SURVIVAL.time[i]) & (folds == folds[i])
                pairs += int(later.sum())
                right += int((score[later] < score[i]).sum())
            values.append(right / pairs)
        return float(np.mean(values))

    assert both.second.value == pytest.approx(counted(whole))
    assert both.first.value == pytest.approx(counted(short))
    assert both.difference.value == pytest.approx(counted(whole) - counted(short))


def test_a_repeat_that_ranks_nobody_leaves_no_slope_and_says_so() -> None:
    outcome, given = left_out(1.0)
    scores = given.linear_predictor["M"].copy()
    scores[1] = given.fold[1]  # as of models without a term: folds differ, cases of one do not
    found = out_of_fold_slope(
        outcome, replace(given, linear_predictor={"M": scores}), "M", np.arange(len(outcome))
    )
    assert np.isnan(found.estimate.value)
    assert "in some repeats no fold's model ranks its cases" in found.note


def left_out(beta: float, n: int = 240, repeats: int = 3) -> tuple[Survival, OutOfFold]:
    """Cases of a true score beta * x, each fold predicted with the baseline of the others."""
    rng = np.random.default_rng(8)
    x = rng.standard_normal(n)
    time, censored = rng.exponential(20 * np.exp(-beta * x)), rng.uniform(5, 60, n)
    survival = Survival(np.minimum(time, censored), time <= censored)
    fold = np.array([rng.permutation(np.arange(n) % 6) for _ in range(repeats)])
    probability = np.empty((repeats, n, 1))
    for repeat in range(repeats):
        for k in range(6):
            train, test = fold[repeat] != k, fold[repeat] == k
            # The constant hazard of the training cases, up to the horizon.
            exposure = (survival.time * np.exp(beta * x))[train].sum()
            rate = survival.event[train].sum() / exposure
            probability[repeat, test, 0] = -np.expm1(-rate * 12 * np.exp(beta * x[test]))
    score = np.tile(beta * x, (repeats, 1))
    return survival, OutOfFold((12.0,), fold, {"M": score}, {"M": probability}, ())


def test_a_model_without_a_term_has_no_slope_out_of_fold_and_one_level() -> None:
    survival, predicted = left_out(0.0)
    pooled = pooled_event_probability(predicted, "M")[:, 0]
    # What was printed: folds with many events are predicted low, as if the model were reversed.
    assert calibration_slope(survival, pooled).estimate.value < -3
    assert not varies_within_folds(predicted, "M")
    found = out_of_fold_slope(survival, predicted, "M", np.arange(len(survival)))
    assert np.isnan(found.estimate.value)
    assert "same prediction" in found.note
    levelled = levelled_event_probability(predicted, "M")
    assert np.ptp(levelled) == 0
    assert levelled[0, 0] == pytest.approx(pooled.mean(), abs=1e-3)


def test_the_slope_within_folds_is_that_of_one_model_and_the_pooled_one_is_below() -> None:
    survival, predicted = left_out(0.8)
    score = predicted.linear_predictor["M"][0]
    whole = CoxModel().fit(score[:, np.newaxis], survival).result_.coefficients[0]
    found = out_of_fold_slope(survival, predicted, "M", np.arange(len(survival))).estimate
    assert found.value == pytest.approx(whole, abs=0.05)
    pooled = predicted.event_probability["M"][0, :, 0]
    assert calibration_slope(survival, pooled).estimate.value < whole


def test_with_one_fold_the_slope_and_its_error_are_those_of_a_clustered_cox_model() -> None:
    score = RNG.standard_normal((1, N))
    predicted = predictions(score, np.zeros((1, N), dtype=np.int64))
    found = out_of_fold_slope(SURVIVAL, predicted, "M", PATIENT).estimate
    model = CoxModel().fit(score.T, SURVIVAL, cluster=PATIENT).result_
    assert found.value == pytest.approx(model.coefficients[0])
    assert found.standard_error == pytest.approx(model.standard_errors[0])


def test_a_shift_of_a_folds_baseline_moves_neither_the_slope_nor_the_levelled_predictions() -> None:
    survival, predicted = left_out(0.8)
    hazard = -np.log1p(-predicted.event_probability["M"])
    shift = np.exp(np.array([0.9, -0.9, 0.4, -0.4, 0.2, -0.2]))[predicted.fold][..., np.newaxis]
    moved = replace(predicted, event_probability={"M": -np.expm1(-hazard * shift)})
    everyone = np.arange(len(survival))
    assert out_of_fold_slope(survival, moved, "M", everyone) == out_of_fold_slope(
        survival, predicted, "M", everyone
    )
    np.testing.assert_allclose(
        levelled_event_probability(moved, "M"), levelled_event_probability(predicted, "M")
    )


def test_more_repeats_do_not_narrow_the_interval_and_the_luck_of_training_widens_it() -> None:
    """Influences averaged before they are squared made ten repeats look like new patients."""
    score, fold = RNG.standard_normal((10, N)), np.tile(np.arange(N) % 3, (10, 1))
    errors = [
        out_of_fold_concordance(
            SURVIVAL, predictions(score[[r]], fold[[r]]), "M", PATIENT
        ).standard_error
        for r in range(10)
    ]
    all_ten = predictions(score, fold)
    found = out_of_fold_concordance(SURVIVAL, all_ten, "M", PATIENT)
    assert found.standard_error == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    wider = out_of_fold_concordance(SURVIVAL, all_ten, "M", PATIENT, training_error=0.04)
    assert wider.value == found.value
    assert wider.standard_error == pytest.approx(np.hypot(found.standard_error, 0.04))
