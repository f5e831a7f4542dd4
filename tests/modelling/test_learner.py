"""Learners behind one interface, and the inner folds that tune them."""

from __future__ import annotations

import numpy as np
import pytest

from modelling.simulated_cases import simulate
from trephine.errors import InputError
from trephine.modelling.learner import inner_folds, learn_weights
from trephine.modelling.protocols import PUBLISHED, SOUND
from trephine.regression.coxnet_cv import cross_validate
from trephine.regression.coxnet_settings import PathSettings
from trephine.regression.folds import assign_folds
from trephine.types import FloatArray, Survival

CASES = simulate(50)
Z: FloatArray = (CASES.features["radiomics"].values - 5) / np.geomspace(0.1, 100, 12)


def test_the_sound_learner_is_the_averaged_ridge_with_scores_out_of_fold() -> None:
    found = learn_weights(Z, CASES.survival, CASES.patient, SOUND.chain, np.random.default_rng(1))
    assert (found.learner, found.mixture, len(found.members)) == ("adaptive-ridge", 0.0, 3)
    assert set(found.candidates) == {0.0, 0.5, 1.0}
    assert np.corrcoef(found.out_of_fold, Z @ found.weights)[0, 1] > 0.5
    assert not np.allclose(found.out_of_fold, (Z - Z.mean(axis=0)) @ found.weights)


def test_of_several_mixtures_the_one_with_the_least_deviance_stands() -> None:
    settings = SOUND.chain.changed(learner="penalised-cox", mixtures=(1.0, 0.5, 0.0))
    found = learn_weights(Z, CASES.survival, CASES.patient, settings, np.random.default_rng(1))
    assert found.mixture == min(found.candidates, key=lambda mixture: found.candidates[mixture])
    folds = inner_folds(CASES.survival, CASES.patient, settings, np.random.default_rng(1))
    alone = cross_validate(
        Z,
        CASES.survival,
        folds,
        PathSettings(mixture=0.5, penalty_ratio=0.025, early_stop="glmnet"),
    )
    assert found.candidates[0.5] == pytest.approx(alone.cvm.min(), rel=1e-4)


@pytest.mark.parametrize("mixture", [0.0, 0.1])
def test_a_weak_penalty_is_found_within_the_grid_where_it_is_the_best(mixture: float) -> None:
    rng = np.random.default_rng(3)
    z = rng.normal(size=(150, 40))
    time = rng.exponential(np.exp(-z @ rng.normal(0, 0.3, 40)))
    survival = Survival(time, rng.random(150) < 0.7)
    settings = SOUND.chain.changed(learner="penalised-cox", mixtures=(mixture,))
    found = learn_weights(z, survival, np.arange(150), settings, rng).cross_validation
    assert found.at_edge == "none"
    assert found.lambda_min < 0.05 * found.path.penalty_max


def test_folds_by_patient_never_split_one() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        folds = inner_folds(CASES.survival, CASES.patient, SOUND.chain, rng)
        for who in np.unique(CASES.patient):
            assert np.unique(folds[CASES.patient == who]).size == 1


def test_folds_by_case_do_split_patients_and_hold_events() -> None:
    rng = np.random.default_rng(1)
    folds = inner_folds(CASES.survival, CASES.patient, PUBLISHED.chain, rng)
    split = [np.unique(folds[CASES.patient == who]).size > 1 for who in np.unique(CASES.patient)]
    assert any(split)
    assert all(CASES.survival.event[folds == k].any() for k in range(10))


def test_there_are_fewer_folds_where_few_patients_have_an_event() -> None:
    survival = Survival(np.arange(1.0, 41.0), np.arange(40) % 8 == 0)
    rng = np.random.default_rng(1)
    folds = inner_folds(survival, np.arange(40), SOUND.chain, rng)
    assert np.unique(folds).size == 5
    lone = Survival(np.arange(1.0, 41.0), np.arange(40) < 2)
    with pytest.raises(InputError, match="expected 3 patients with an event at least, found 2"):
        inner_folds(lone, np.arange(40), SOUND.chain, rng)


def test_renaming_patients_in_the_same_order_changes_nothing() -> None:
    renamed = CASES.patient * 7 + 100
    for patient in (CASES.patient, renamed):
        rng = np.random.default_rng(4)
        folds = inner_folds(CASES.survival, patient, SOUND.chain, rng)
        expected = assign_folds(10, CASES.patient, CASES.survival.event, np.random.default_rng(4))
        np.testing.assert_array_equal(folds, expected)
