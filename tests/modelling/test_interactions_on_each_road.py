"""An interaction is a term like any other wherever outcomes are more than one censored time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelling.simulated_cases import simulate
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.modelling.cases import Cases
from trephine.modelling.clinical_settings import ClinicalSettings
from trephine.modelling.protocols import PUBLISHED, SOUND
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.survival.late_outcome import LateSurvival
from trephine.types import Survival

MODELS = (("Clinical", ("clinical",)), ("Combined", ("radiomics", "clinical")))
ASKED = (("age", "stage"),)


def recipe_of(cases: Cases, *, published: bool = False, **stated: object) -> FittedRecipe:
    rules = PUBLISHED if published else SOUND
    settings = rules.recipe(MODELS, {"clinical": "all", **stated})
    return fit_recipe(cases, settings, np.random.default_rng(3))


def outcomes(cases: Cases) -> dict[str, Survival]:
    rng = np.random.default_rng(11)
    known = cases.survival
    n = len(cases)
    cause = np.where(known.event, rng.choice([1, 1, 2], n), 0)
    seen = np.where(known.event, np.ceil(known.time / 6) * 6, np.inf)
    before = np.where(known.event, np.maximum(seen - 6, 0), known.time)
    return {
        "known times": known,
        "competing events": CompetingSurvival(
            known.time, cause == 1, cause=cause, names=("death",)
        ),
        "visits": IntervalSurvival(
            np.where(known.event, (before + seen) / 2, before),
            known.event,
            low=before,
            high=seen,
        ),
        "late entry": LateSurvival(known.time, known.event, entry=0.2 * known.time),
    }


CASES = simulate(60, seed=4)
ROADS = outcomes(CASES)


def by_hand(cases: Cases) -> Cases:
    """Return the cases with the products as variables of their own."""
    table = cases.clinical
    age, stage = table.values("age"), table.values("stage")
    products = {f"age_{level}": age * (stage == level) for level in (1, 2)}
    variables = {**table.variables, **{key: ClinicalVariable() for key in products}}
    columns = {key: table._columns[key] for key in table.variables} | products
    return replace(cases, clinical=ClinicalTable(variables, columns, len(cases)))


@pytest.mark.parametrize("road", ROADS)
def test_a_product_is_the_column_that_one_would_make_by_hand(road: str) -> None:
    cases = replace(CASES, survival=ROADS[road])
    asked, hand = recipe_of(cases, interactions=ASKED), recipe_of(by_hand(cases))
    for name in ("Clinical", "Combined"):
        one, other = asked.models[name], hand.models[name]
        assert len(one.terms) == len(other.terms)

        first = asked.predict(cases, [24.0])[name]
        second = hand.predict(by_hand(cases), [24.0])[name]
        np.testing.assert_allclose(first.linear_predictor, second.linear_predictor, atol=1e-6)
        np.testing.assert_allclose(
            first.survival.survival_probability, second.survival.survival_probability, atol=1e-7
        )
        assert [len(cause.columns) for cause in one.others] == [
            len(cause.columns) for cause in other.others
        ]


def test_values_are_imputed_first_and_multiplied_then() -> None:
    ages = CASES.clinical.values("age").copy()
    ages[::7] = np.nan
    cases = replace(CASES, clinical=CASES.clinical.with_column("age", ages))
    found = recipe_of(cases, interactions=ASKED, missing_clinical="multiple", imputations=3)
    choice = found.clinical
    assert choice is not None
    for table, design in zip(
        choice.training_tables(cases.clinical), choice.designs(cases.clinical), strict=True
    ):
        for term, column in zip(choice.terms, design.T, strict=True):
            if term.is_product:
                one, other = (part.column(table) for part in term.parts)
                np.testing.assert_array_equal(column, one * other)
    once = recipe_of(cases, interactions=ASKED, missing_clinical="impute")
    lacking = cases.take(np.arange(0, 20, 7))
    for recipe in (found, once):
        predicted = recipe.predict(lacking, [24.0])["Clinical"]
        assert np.isfinite(predicted.linear_predictor).all()


def test_published_multiplies_what_it_has_cut_in_two() -> None:
    rules = PUBLISHED.recipe(MODELS, {"interactions": ASKED, "univariable_p": 1.0, "stay_p": 1.0})
    found = fit_recipe(CASES, rules, np.random.default_rng(3))
    assert found.clinical is not None
    products = [term for term in found.clinical.terms if term.is_product]
    assert products
    assert all(term.is_group for term in products)


def test_a_level_without_events_takes_its_interaction_along_and_firth_keeps_both() -> None:
    event = CASES.survival.event & (CASES.clinical.values("stage") != 1)
    cases = replace(CASES, survival=Survival(CASES.survival.time, event))
    left = recipe_of(cases, interactions=ASKED).clinical
    kept = recipe_of(cases, interactions=ASKED, separation="firth").clinical
    assert left is not None
    assert kept is not None
    assert "stage" not in left.kept
    assert "age:stage" not in left.kept
    assert {"age", "stage"} <= {*kept.kept}
    assert kept.penalty == "firth"
    assert kept.kept == kept.encoding.whole(kept.kept)


def test_candidates_of_a_recipe_are_its_variables_and_interactions() -> None:
    settings = ClinicalSettings(interactions=ASKED)
    assert settings.candidates(("age", "stage")) == ("age", "stage", "age:stage")
