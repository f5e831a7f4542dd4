"""The null check: outcomes permuted by patient, and what the two pipelines say of nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modelling.simulated_cases import PUBLISHED, SOUND, simulate
from trephine.errors import InputError, ModelError
from trephine.modelling import protocols
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe
from trephine.validation import null_check as null_check_module
from trephine.validation.null_check import NullDistribution, null_check, permute_by_patient
from trephine.validation.tasks import Running

CASES = simulate(50)


def test_patients_with_as_many_cases_exchange_their_outcomes_whole() -> None:
    rows = permute_by_patient(CASES.patient, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(CASES)))
    assert (rows != np.arange(len(CASES))).mean() > 0.8
    size = np.bincount(CASES.patient)
    for who in np.unique(CASES.patient):
        givers = np.unique(CASES.patient[rows[CASES.patient == who]])
        assert givers.size == 1
        assert size[givers[0]] == size[who]


def test_permutations_of_a_patients_hips_keep_their_order() -> None:
    patient = np.array([3, 1, 3, 1, 7])
    for seed in range(5):
        rows = permute_by_patient(patient, np.random.default_rng(seed))
        assert rows[4] == 4
        assert (rows[0], rows[2]) in ((0, 2), (1, 3))


def test_the_observed_value_is_found_on_the_real_outcome() -> None:
    found = null_check(CASES, PUBLISHED, permutations=3, folds=3, seed=4, running=Running(1))
    assert found.kind == "apparent"
    combined = found.models["Combined"]
    assert combined.observed > combined.permuted.max()
    assert combined.p_value == 0.25
    assert NullDistribution("M", 0.5, np.array([0.4, 0.5, 0.6])).p_value == 0.75


def test_the_same_seed_gives_the_same_distribution_from_a_ledger_too(tmp_path: Path) -> None:
    options = {"permutations": 2, "folds": 3, "seed": 4}
    ledger = tmp_path / "ledger.sqlite"
    first, second, third = (
        null_check(CASES, SOUND, **options, running=Running(1, ledger=file))  # type: ignore[arg-type]
        for file in (None, ledger, ledger)
    )
    for name, found in first.models.items():
        np.testing.assert_array_equal(found.permuted, second.models[name].permuted)
        np.testing.assert_array_equal(found.permuted, third.models[name].permuted)


@pytest.mark.slow
def test_on_noise_published_finds_something_and_sound_does_not() -> None:
    noise = simulate(60, effect=0.0, p=40, seed=3)
    only = (("Radiomics", ("radiomics",)),)
    published, sound = (
        null_check(
            noise,
            replace(settings, models=only),
            permutations=24,
            folds=4,
            seed=6,
            running=Running(1),
        )
        .models["Radiomics"]
        .permuted
        for settings in (PUBLISHED, SOUND)
    )
    assert published.mean() > 0.55
    error = sound.std(ddof=1) / np.sqrt(sound.size)
    assert error < 0.02
    assert abs(sound.mean() - 0.5) < 3 * error


def test_interactions_that_are_chosen_in_sample_find_something_in_noise_and_nested_do_not() -> None:
    noise = simulate(60, effect=0.0, p=2, seed=3)
    asked = {"interactions": (("age", "stage"), ("age", "angle"), ("angle", "stage"))}
    only = (("Clinical", ("clinical",)),)
    published, sound = (
        null_check(
            noise,
            rules.recipe(only, asked | stated),
            permutations=20,
            folds=4,
            seed=6,
            running=Running(1),
        )
        .models["Clinical"]
        .permuted
        for rules, stated in (
            (protocols.PUBLISHED, {"univariable_p": 1.0, "stay_p": 1.0}),
            (protocols.SOUND, {"clinical": "all"}),
        )
    )
    assert published.mean() > 0.55
    error = sound.std(ddof=1) / np.sqrt(sound.size)
    assert error < 0.02
    assert abs(sound.mean() - 0.5) < 3 * error


def test_no_permutation_is_refused() -> None:
    with pytest.raises(InputError, match="permutations: expected one at least"):
        null_check(CASES, SOUND, permutations=0, folds=3, seed=1)


def test_a_permutation_that_cannot_be_fitted_is_left_out_and_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fit, count = null_check_module.fit_recipe, iter(range(100))

    def sometimes(cases: Cases, settings: RecipeSettings, rng: np.random.Generator) -> FittedRecipe:
        if next(count) == 2:
            raise ModelError("stage: a level separates these cases")
        return fit(cases, settings, rng)

    monkeypatch.setattr(null_check_module, "fit_recipe", sometimes)
    found = null_check(CASES, PUBLISHED, permutations=3, folds=3, seed=4, running=Running(1))
    assert found.failures == ("stage: a level separates these cases",)
    assert found.models["Combined"].permuted.size == 2

    def never(cases: Cases, settings: RecipeSettings, rng: np.random.Generator) -> FittedRecipe:
        raise ModelError("nothing fits")

    monkeypatch.setattr(null_check_module, "fit_recipe", never)
    with pytest.raises(ModelError, match="4 of 4 that cannot be; first: nothing fits"):
        null_check(CASES, PUBLISHED, permutations=3, folds=3, seed=4, running=Running(1))
