"""Concordance out of fold: pairs within folds, repeats averaged, intervals by patient."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.survival.concordance import harrell_concordance
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.out_of_fold import (
    compare_signatures,
    out_of_fold_concordance,
    pooled_event_probability,
    pooled_linear_predictor,
)
from trephine.validation.resampling import OutOfFold

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
