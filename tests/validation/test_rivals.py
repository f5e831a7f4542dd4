"""Ridge and elastic net beside the signatures: what a study that asks for them would have had."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelling.simulated_cases import PUBLISHED, simulate
from modelling.simulated_cases import SOUND as ALL_MODELS
from trephine import streams
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import fit_recipe
from trephine.types import BoolArray, FloatArray, Survival
from trephine.validation import fold_task
from trephine.validation.held_out import OutOfFold
from trephine.validation.out_of_fold import compare_with_rival
from trephine.validation.resampling import nested_cross_validation
from trephine.validation.tasks import Running

SOUND = replace(ALL_MODELS, models=(("Radiomics", ("radiomics",)),))
CASES = simulate(50, p=20)


def nested(cases: Cases, settings: RecipeSettings = SOUND, repeats: int = 1) -> OutOfFold:
    return nested_cross_validation(
        cases, settings, [24.0], repeats=repeats, folds=3, seed=8, running=Running(1)
    )


def refitted(settings: RecipeSettings, fold: int, test: BoolArray) -> FloatArray:
    """Return the scores of a fold's cases by a recipe of other settings, from the same seed."""
    seeds = streams.seeds(8, "fold fits").spawn(3)
    fitted = fit_recipe(CASES.take(~test), settings, np.random.default_rng(seeds[fold]))
    held = CASES.take(test).features["radiomics"]
    return fitted.chains["radiomics"].signature.score(held.values, held.names)


def test_elastic_net_is_that_of_a_study_which_asks_for_it() -> None:
    found = nested(CASES)
    elastic = replace(SOUND, chain=SOUND.chain.changed(learner="penalised-cox", mixtures=(0.5,)))
    for k in range(3):
        test = found.fold[0] == k
        np.testing.assert_allclose(
            found.rivals["radiomics"]["Elastic net"][0, test],
            refitted(elastic, k, test),
            rtol=1e-6,
            atol=1e-9,
        )


def test_ridge_is_the_average_of_one_member(monkeypatch: pytest.MonkeyPatch) -> None:
    found = nested(CASES)
    monkeypatch.setattr(
        "trephine.regression.adaptive_ridge.fit_adaptive_ridge.__defaults__", ((0.0,),)
    )
    for k in range(3):
        test = found.fold[0] == k
        np.testing.assert_allclose(
            found.rivals["radiomics"]["Ridge"][0, test], refitted(SOUND, k, test), rtol=1e-9
        )


def test_the_outcome_of_held_out_cases_moves_none_of_their_scores() -> None:
    clean = nested(CASES)
    test = clean.fold[0] == 0
    time = np.where(test, 1000 - CASES.survival.time, CASES.survival.time)
    other = nested(CASES.with_survival(Survival(time, CASES.survival.event)))
    for name, scores in clean.rivals["radiomics"].items():
        np.testing.assert_array_equal(other.rivals["radiomics"][name][0, test], scores[0, test])
        # The other folds train on these cases, and there it shows: the test can fail.
        assert not np.array_equal(other.rivals["radiomics"][name][0, ~test], scores[0, ~test])


def test_elastic_net_is_fitted_in_the_first_repeats_and_compared_in_them_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fold_task, "RIVAL_REPEATS", 1)
    found = nested(CASES, repeats=2)
    one = nested(CASES, repeats=1)
    both = compare_with_rival(CASES.survival, found, "radiomics", "Elastic net", CASES.patient)
    ridge = compare_with_rival(CASES.survival, found, "radiomics", "Ridge", CASES.patient)
    assert both is not None
    assert ridge is not None
    assert (both[1], ridge[1]) == (1, 2)
    assert np.isnan(found.rivals["radiomics"]["Elastic net"][1]).all()
    first = replace(
        found,
        fold=found.fold[:1],
        signature={"radiomics": found.signature["radiomics"][:1]},
        rivals={"radiomics": {"Elastic net": found.rivals["radiomics"]["Elastic net"][:1]}},
    )
    alone = compare_with_rival(CASES.survival, first, "radiomics", "Elastic net", CASES.patient)
    assert alone is not None
    assert alone[0].difference == both[0].difference
    np.testing.assert_allclose(both[0].difference.value, both[0].second.value - both[0].first.value)
    assert one.rivals["radiomics"].keys() == found.rivals["radiomics"].keys()


def test_a_lasso_signature_has_no_rivals() -> None:
    settings = replace(PUBLISHED, models=SOUND.models)
    assert nested(CASES, settings).rivals == {"radiomics": {}, "deep": {}}
