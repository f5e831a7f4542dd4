"""Harmonisation as a step of the recipe: what it takes away, what it keeps, whom it learns from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelling.simulated_cases import SOUND, simulate
from trephine.cohort.schema import ClinicalTable
from trephine.modelling.bundle_content import predictor_from_json, predictor_to_json
from trephine.modelling.cases import Cases
from trephine.modelling.harmonise import fit_combat
from trephine.modelling.harmoniser import Harmoniser, fit_harmoniser
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.types import IntArray
from trephine.validation.resampling import leave_one_centre_out, nested_cross_validation
from trephine.validation.tasks import Running

COMBAT = replace(SOUND, chain=SOUND.chain.changed(harmonise="combat"))


def of_centres(shift: float = 3.0, centres: int = 3, patients: int = 60) -> Cases:
    """Cases whose features are shifted and stretched by the centre, equally for all raters."""
    cases = simulate(patients)
    centre: IntArray = (cases.patient % centres).astype(np.int64)
    given = cases.features["radiomics"]
    stretch = 1.0 + 0.5 * centre[:, np.newaxis]

    def measured(values: np.ndarray) -> np.ndarray:
        moved: np.ndarray = values * stretch + shift * centre[:, np.newaxis]
        return moved

    features = replace(
        given,
        values=measured(given.values),
        raters={rater: measured(values) for rater, values in given.raters.items()},
        repeats={rater: measured(values) for rater, values in given.repeats.items()},
    )
    return replace(cases, features={**cases.features, "radiomics": features}, centre=centre)


CASES = of_centres()


def fit(cases: Cases, seed: int = 3) -> FittedRecipe:
    return fit_recipe(cases, COMBAT, np.random.default_rng(seed))


def fitted_harmoniser(cases: Cases) -> Harmoniser:
    found, _ = fit_harmoniser(cases.features["radiomics"], cases, 0.0)
    assert found is not None
    return found


def gap(values: np.ndarray, centre: IntArray) -> float:
    means = np.array([values[centre == k].mean(axis=0) for k in np.unique(centre)])
    return float(means.std(axis=0).mean())


def test_centres_are_brought_together_and_the_audit_says_so() -> None:
    fitted = fit(CASES)
    chain = fitted.chains["radiomics"]
    assert chain.audit[0].step == "ComBat between centres"
    assert chain.audit[0].n_in == chain.audit[0].n_out
    assert "3 centres" in chain.audit[0].detail
    assert CASES.centre is not None
    before = CASES.features["radiomics"]
    cleared = fitted_harmoniser(CASES).apply(before, CASES.clinical, CASES.centre)
    assert gap(cleared.values, CASES.centre) < 0.25 * gap(before.values, CASES.centre)


def test_without_the_key_nothing_is_harmonised() -> None:
    plain = fit_recipe(CASES, SOUND, np.random.default_rng(3))
    assert not plain.predictor.harmonisers
    assert plain.chains["radiomics"].audit[0].step != "ComBat between centres"
    assert plain.harmonised(CASES).features["radiomics"].values is (
        CASES.features["radiomics"].values
    )


def test_it_is_combat_with_the_clinical_variables_as_covariates() -> None:
    found = fitted_harmoniser(CASES)
    given = CASES.features["radiomics"]
    assert CASES.centre is not None
    covariates = np.column_stack([_column(CASES.clinical, term.name) for term in found.terms])
    assert covariates.shape[1] > 0
    combat = fit_combat(given.values, CASES.centre, covariates)
    np.testing.assert_allclose(
        found.apply(given, CASES.clinical, CASES.centre).values,
        combat.apply(given.values, CASES.centre, covariates),
    )


def _column(table: ClinicalTable, name: str) -> np.ndarray:
    key, _, level = name.partition("=")
    values = table.values(key)
    if not level:
        return values
    column: np.ndarray = (values == table.variables[key].levels.index(level)).astype(float)
    return column


def test_raters_are_cleared_alike_so_that_agreement_is_not_undone() -> None:
    given = CASES.features["radiomics"]
    twin = replace(given, raters={"b": given.values.copy()}, first_rater="a")
    cleared = fitted_harmoniser(CASES).apply(twin, CASES.clinical, CASES.centre)
    np.testing.assert_array_equal(cleared.values, cleared.raters["b"])


def test_the_outcome_is_not_looked_at() -> None:
    other = CASES.with_survival(replace(CASES.survival, event=~CASES.survival.event))
    np.testing.assert_array_equal(
        fitted_harmoniser(CASES).combat.shift, fitted_harmoniser(other).combat.shift
    )


def test_no_test_case_reaches_the_fitted_centre_effects() -> None:
    """Wild values in test cases alone must leave every other fold's predictions as they were."""
    settings = replace(COMBAT, models=(("Radiomics", ("radiomics",)),))
    kind = {"repeats": 1, "folds": 3, "seed": 4, "running": Running(1)}
    clean = nested_cross_validation(CASES, settings, [], **kind)  # type: ignore[arg-type]
    fold = clean.fold[0]
    spoilt_values = CASES.features["radiomics"].values.copy()
    first = np.flatnonzero(fold == 0)
    spoilt_values[first[0]] += 1e4
    spoilt = replace(
        CASES,
        features={
            **CASES.features,
            "radiomics": replace(CASES.features["radiomics"], values=spoilt_values),
        },
    )
    again = nested_cross_validation(spoilt, settings, [], **kind)  # type: ignore[arg-type]
    before, after = (found.linear_predictor["Radiomics"][0] for found in (clean, again))
    np.testing.assert_array_equal(after[first[1:]], before[first[1:]])
    # The same case in training does move the others: the check above can fail.
    assert not np.array_equal(after[fold != 0], before[fold != 0])


def test_a_case_of_an_unknown_centre_counts_as_measured() -> None:
    found = fitted_harmoniser(CASES)
    given = CASES.features["radiomics"]
    nowhere = np.full(len(CASES), 99)
    assert not found.knows(nowhere, len(CASES)).any()
    for centre in (nowhere, None):
        np.testing.assert_array_equal(
            found.apply(given, CASES.clinical, centre).values, given.values
        )


def test_centres_too_small_to_be_known_are_left_as_measured_and_reported() -> None:
    assert CASES.centre is not None
    centre = CASES.centre.copy()
    centre[:2] = 7
    few = replace(CASES, centre=centre)
    found, audit = fit_harmoniser(few.features["radiomics"], few, 0.0)
    assert found is not None
    assert 7 not in found.combat.centres
    assert "1 centres of fewer than 3 cases as measured" in audit.detail
    one = replace(CASES, centre=np.zeros(len(CASES), dtype=np.int64))
    nothing, audit = fit_harmoniser(one.features["radiomics"], one, 0.0)
    assert nothing is None
    assert "not applied" in audit.detail


def test_a_covariate_that_the_centres_explain_is_no_covariate() -> None:
    assert CASES.centre is not None
    key = next(k for k, v in CASES.clinical.variables.items() if not v.categorical)
    site = CASES.clinical.with_column(key, CASES.centre.astype(float))
    found = fitted_harmoniser(replace(CASES, clinical=site))
    assert key not in {term.variable for term in found.terms}


def test_a_missing_feature_value_stays_missing() -> None:
    given = CASES.features["radiomics"]
    values = given.values.copy()
    values[4, 1] = np.nan
    holed = replace(given, values=values)
    cases = replace(CASES, features={**CASES.features, "radiomics": holed})
    found, _ = fit_harmoniser(holed, cases, 0.1)
    assert found is not None
    assert given.names[1] in found.names
    cleared = found.apply(holed, cases.clinical, cases.centre)
    assert np.argwhere(np.isnan(cleared.values)).tolist() == [[4, 1]]


def test_the_locked_model_carries_the_centre_effects() -> None:
    fitted = fit(CASES)
    content = predictor_to_json(fitted.predictor)
    again = predictor_from_json(content, {})
    horizons = [36.0]
    given = fitted.predict(CASES, horizons)
    after = again.predict(CASES.features, CASES.clinical, horizons, centre=CASES.centre)
    blind = again.predict(CASES.features, CASES.clinical, horizons)
    for name, prediction in given.items():
        np.testing.assert_allclose(
            after[name].linear_predictor, prediction.linear_predictor, atol=1e-9
        )
    assert not np.allclose(blind["Radiomics"].linear_predictor, given["Radiomics"].linear_predictor)


def test_training_scores_are_what_predicting_the_training_cases_gives() -> None:
    fitted = fit(CASES)
    chain = fitted.chains["radiomics"]
    cleared = fitted.harmonised(CASES).features["radiomics"]
    np.testing.assert_allclose(
        chain.signature.score(cleared.values, cleared.names), chain.training_score, atol=1e-9
    )


@pytest.mark.parametrize("centres", [2, 3])
def test_leaving_a_centre_out_works_with_its_features_as_measured(centres: int) -> None:
    cases = of_centres(shift=0.3, centres=centres)
    found = leave_one_centre_out(cases, COMBAT, [36.0], seed=1, running=Running(1))
    assert np.isfinite(found.linear_predictor["Radiomics"]).all()
