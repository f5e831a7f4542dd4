"""Nested cross-validation and leave-one-centre-out: no leak, whole patients, any worker count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from modelling.simulated_cases import PUBLISHED, SOUND, simulate
from trephine import streams
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import InputError, ModelError
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.types import BoolArray, Survival
from trephine.validation import fold_task
from trephine.validation.held_out import OutOfFold
from trephine.validation.resampling import leave_one_centre_out, nested_cross_validation
from trephine.validation.tasks import Running

CASES = simulate(50)
PROTOCOLS = pytest.mark.parametrize("settings", [PUBLISHED, SOUND], ids=["published", "sound"])


ALONE = Running(1)


def nested(cases: Cases, settings: RecipeSettings = SOUND, **options: object) -> OutOfFold:
    arguments = {"repeats": 1, "folds": 3, "seed": 8, "running": ALONE, **options}
    return nested_cross_validation(cases, settings, [24.0, 48.0], **arguments)  # type: ignore[arg-type]


def planted(cases: Cases, rows: BoolArray) -> Cases:
    """Make the last radiomics feature the outcome itself, in the given rows alone."""
    values = cases.features["radiomics"].values.copy()
    values[rows, -1] = 1e4 * cases.survival.event[rows] - cases.survival.time[rows]
    radiomics = replace(cases.features["radiomics"], values=values)
    return replace(cases, features={**cases.features, "radiomics": radiomics})


@PROTOCOLS
def test_a_feature_that_equals_the_outcome_in_test_cases_alone_moves_no_fitted_statistic(
    settings: RecipeSettings,
) -> None:
    clean = nested(CASES, settings)
    test = clean.fold[0] == 0
    leaky = nested(planted(CASES, test), settings)
    assert leaky.refits[0] == clean.refits[0]
    # The other refits train on these cases, and there the plant shows: the test can fail.
    assert leaky.refits[1] != clean.refits[1]


@PROTOCOLS
def test_the_outcome_of_test_cases_moves_no_fitted_statistic(settings: RecipeSettings) -> None:
    clean = nested(CASES, settings)
    test = clean.fold[0] == 0
    time = np.where(test, 1000 - CASES.survival.time, CASES.survival.time)
    other = nested(CASES.with_survival(Survival(time, CASES.survival.event)), settings)
    np.testing.assert_array_equal(other.fold, clean.fold)  # folds are drawn by events alone
    assert other.refits[0] == clean.refits[0]
    for name, lp in clean.linear_predictor.items():
        np.testing.assert_array_equal(other.linear_predictor[name][0, test], lp[0, test])


def test_the_plant_would_be_found_if_training_saw_it() -> None:
    everywhere = planted(CASES, np.ones(len(CASES), dtype=np.bool_))
    chain = fit_recipe(everywhere, SOUND, np.random.default_rng(1)).chains["radiomics"]
    strongest = chain.signature.names[int(np.argmax(np.abs(chain.signature.weights)))]
    assert strongest == "radiomics_011"


def test_predictions_are_those_of_a_recipe_fitted_to_the_other_folds() -> None:
    found = nested(CASES)
    seeds = streams.seeds(8, "fold fits").spawn(3)
    for k in range(3):
        test = found.fold[0] == k
        fitted = fit_recipe(CASES.take(~test), SOUND, np.random.default_rng(seeds[k]))
        predicted = fitted.predict(CASES.take(test), [24.0, 48.0])
        for name, prediction in predicted.items():
            np.testing.assert_array_equal(
                found.linear_predictor[name][0, test], prediction.linear_predictor
            )
            np.testing.assert_array_equal(
                found.event_probability[name][0, test],
                1 - prediction.survival.survival_probability,
            )
            np.testing.assert_array_equal(found.high_risk[name][0, test], prediction.high_risk)


def test_hips_of_one_patient_are_never_split() -> None:
    found = nested(CASES, repeats=3)
    for folds in found.fold:
        for who in np.unique(CASES.patient):
            assert np.unique(folds[CASES.patient == who]).size == 1
    assert not np.array_equal(found.fold[0], found.fold[1])


def equal(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> bool:
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


@pytest.mark.slow
def test_the_number_of_workers_does_not_matter() -> None:
    alone, shared = nested(CASES), nested(CASES, running=Running(2))
    assert equal(alone.linear_predictor, shared.linear_predictor)
    assert equal(alone.event_probability, shared.event_probability)
    assert alone.refits == shared.refits


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"

    class StopError(Exception):
        pass

    def stop_after_two(done: int, total: int) -> None:
        if done == 3:
            raise StopError

    with pytest.raises(StopError):
        nested(CASES, repeats=2, running=Running(1, stop_after_two, ledger))
    counts: list[tuple[int, int]] = []
    counted = Running(1, lambda done, total: counts.append((done, total)), ledger)
    resumed = nested(CASES, repeats=2, running=counted)
    assert counts[0] == (2, 6)
    assert counts[-1] == (6, 6)
    whole = nested(CASES, repeats=2)
    assert equal(resumed.linear_predictor, whole.linear_predictor)
    assert resumed.refits == whole.refits


def test_a_ledger_of_other_cases_or_settings_is_not_used(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.sqlite"
    nested(CASES, running=Running(1, ledger=ledger))
    for cases, options in (
        (planted(CASES, CASES.survival.event), {}),
        (CASES, {"seed": 9}),
        (CASES, {"settings": replace(SOUND, rules=replace(SOUND.rules, variance="model"))}),
    ):
        counts: list[int] = []
        counted = Running(1, lambda d, t, c=counts: c.append(d), ledger)
        nested(cases, running=counted, **options)
        assert counts[:2] == [0, 1]


def test_each_centre_is_predicted_by_the_others() -> None:
    found = leave_one_centre_out(CASES, SOUND, [24.0], seed=3, running=ALONE)
    assert CASES.centre is not None
    np.testing.assert_array_equal(found.fold[0], CASES.centre)
    assert len(found.refits) == 3
    assert np.isfinite(found.linear_predictor["Combined"]).all()


def test_a_patient_of_two_centres_trains_neither() -> None:
    centre = CASES.centre.copy()  # type: ignore[union-attr]
    two = np.flatnonzero(CASES.patient == 0)
    centre[two] = [0, 1]
    cases = replace(CASES, centre=centre)
    found = leave_one_centre_out(cases, SOUND, [24.0], seed=3, running=ALONE)
    train = ~np.isin(cases.patient, cases.patient[centre == 0])
    seed = streams.seeds(3, "fold fits").spawn(3)[0]
    fitted = fit_recipe(cases.take(train), SOUND, np.random.default_rng(seed))
    predicted = fitted.predict(cases.take(centre == 0), [24.0])
    np.testing.assert_array_equal(
        found.linear_predictor["Combined"][0, centre == 0], predicted["Combined"].linear_predictor
    )


def test_one_centre_cannot_be_left_out() -> None:
    cases = replace(CASES, centre=np.zeros(len(CASES), dtype=np.int64))
    with pytest.raises(InputError, match="two centres at least"):
        leave_one_centre_out(cases, SOUND, [24.0], seed=3)


@PROTOCOLS
def test_out_of_fold_signatures_are_those_of_the_training_cases(settings: RecipeSettings) -> None:
    cases = simulate(50, p=40)
    found = nested(cases, settings)
    test = found.fold[0] == 1
    shorter = nested(planted(cases, test), settings)
    for name in ("radiomics", "deep"):
        assert np.isfinite(found.signature[name]).all()
        assert np.isfinite(found.short_signature[name]).all()
    # A short signature follows the whole one, and what test cases hold changes no weight.
    r = np.corrcoef(found.signature["deep"][0, test], found.short_signature["deep"][0, test])[0, 1]
    assert r > 0.8
    np.testing.assert_array_equal(
        shorter.signature["deep"][0, test], found.signature["deep"][0, test]
    )


def failing(monkeypatch: pytest.MonkeyPatch, *calls: int) -> None:
    """Let the given calls of the recipe's fit fail, counted from 0."""
    fit, count = fold_task.fit_recipe, iter(range(1000))

    def sometimes(cases: Cases, settings: RecipeSettings, rng: np.random.Generator) -> FittedRecipe:
        if next(count) in calls:
            raise ModelError("stage: a level separates these cases")
        return fit(cases, settings, rng)

    monkeypatch.setattr(fold_task, "fit_recipe", sometimes)


def test_a_fold_that_cannot_be_fitted_costs_its_repeat_and_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clean = nested(CASES, repeats=3)
    failing(monkeypatch, 4)  # the second repeat's second fold
    found = nested(CASES, repeats=3)
    assert [(one.repeat, one.fold) for one in found.failures] == [(1, 1)]
    assert "separates" in found.failures[0].reason
    assert found.repeats == 2
    np.testing.assert_array_equal(found.fold, clean.fold[[0, 2]])
    assert len(found.refits) == 8
    for name, lp in clean.linear_predictor.items():
        np.testing.assert_array_equal(found.linear_predictor[name], lp[[0, 2]])


def test_without_a_whole_repeat_there_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, 0, 3)
    with pytest.raises(ModelError, match="none of 2; first: stage: a level separates"):
        nested(CASES, repeats=2)


def test_a_centre_that_cannot_be_left_out_is_reported_and_the_others_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = replace(CASES, centre=CASES.patient % 3)
    failing(monkeypatch, 1)
    found = leave_one_centre_out(cases, SOUND, [24.0], seed=2, running=ALONE)
    assert [one.fold for one in found.failures] == [1]
    for lp in found.linear_predictor.values():
        np.testing.assert_array_equal(np.isnan(lp[0]), cases.centre == 1)


def test_a_level_that_training_had_not_is_counted() -> None:
    stage = CASES.clinical.values("stage").astype(np.int64)
    who = int(np.flatnonzero(np.bincount(CASES.patient) == 1)[0])
    levels = CASES.clinical.variables["stage"].levels
    variable = ClinicalVariable(levels=(*levels, "IV"), reference="I")
    stage[CASES.patient == who] = 3
    clinical = ClinicalTable(
        {**CASES.clinical.variables, "stage": variable},
        {
            **{key: CASES.clinical.values(key) for key in CASES.clinical.variables},
            "stage": stage,
        },
        len(CASES),
    )
    keep_all = replace(SOUND, clinical=SOUND.clinical.changed(clinical="all"))
    found = nested(replace(CASES, clinical=clinical), keep_all, repeats=2)
    assert found.unseen_levels == {"stage": 2}  # once a repeat
    assert nested(CASES, keep_all).unseen_levels == {}
