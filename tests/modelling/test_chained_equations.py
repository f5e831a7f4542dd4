"""Multiple imputation by chained equations: mice by distribution, its laws, and no leak."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from modelling.simulated_cases import MODELS, simulate
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import InputError
from trephine.modelling.bundle_content import predictor_from_json, predictor_to_json
from trephine.modelling.cases import Cases
from trephine.modelling.chained_equations import (
    FEWEST,
    MOST,
    complete,
    n_imputations,
    outcome_columns,
)
from trephine.modelling.clinical_choice import ClinicalChoice, choose_clinical
from trephine.modelling.imputed_draws import draw_matched
from trephine.modelling.pooled_model import fit_over
from trephine.modelling.protocols import PROTOCOLS, SOUND
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.modelling.refit_content import form_from_answer, form_to_answer
from trephine.modelling.refits import Refits, refit_form
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import Survival

REFERENCE = Path(__file__).parents[1] / "reference/imputation"
VARIABLES = {
    "x": ClinicalVariable(),
    "y": ClinicalVariable(levels=("no", "yes")),
    "z": ClinicalVariable(levels=("a", "b", "c")),
    "w": ClinicalVariable(),
}
ALL = SOUND.clinical.changed(missing_clinical="multiple", clinical="all")


def read() -> tuple[ClinicalTable, Survival]:
    frame = pd.read_csv(REFERENCE / "simulated.csv")
    columns = {
        key: frame[key].map({name: code for code, name in enumerate(one.levels)}).fillna(-1)
        if one.levels
        else frame[key]
        for key, one in VARIABLES.items()
    }
    stored = {
        key: np.asarray(c, int if VARIABLES[key].levels else float) for key, c in columns.items()
    }
    outcome = Survival(frame["time"].to_numpy(), frame["event"].to_numpy() == 1)
    return ClinicalTable(VARIABLES, stored, len(frame)), outcome


TABLE, OUTCOME = read()


def chosen(table: ClinicalTable, m: int, seed: int = 1, **how: str) -> ClinicalChoice:
    settings = ALL.changed(imputations=m, **how)
    return choose_clinical(table, OUTCOME, settings, None, rng=np.random.default_rng(seed))


def test_pooled_estimates_are_mice_s_within_the_noise_of_imputation() -> None:
    """200 completed data sets each: differences of an eighth of a standard error at most.

    Without the Nelson-Aalen estimate it is 0.43 of one, without the outcome 1.07.
    """
    expected = json.loads((REFERENCE / "expected.json").read_text(encoding="utf-8"))["simulated"]
    choice = chosen(TABLE, 200)
    found = fit_over("m", (), choice.terms, choice.designs(TABLE), OUTCOME)
    errors = np.array(expected["standard_error"])
    assert np.abs((found.coefficients - expected["estimate"]) / errors).max() < 0.125
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), errors, rtol=0.02)
    assert found.result is not None
    np.testing.assert_allclose(found.result.pooled.missing_information, expected["fmi"], atol=0.06)


def test_what_is_known_stays_and_what_is_imputed_was_seen() -> None:
    found = complete(TABLE, OUTCOME, (), 7, np.random.default_rng(2))
    assert len(found.tables) == 7
    for table in found.tables:
        assert not table.missing().any()
        for key in VARIABLES:
            given, filled = TABLE.values(key), table.values(key)
            known = ~np.isnan(given)
            np.testing.assert_array_equal(filled[known], given[known])
            assert np.isin(filled[~known], given[known]).all()
    imputed = np.array([table.values("x")[np.isnan(TABLE.values("x"))] for table in found.tables])
    assert (imputed.std(axis=0) > 0).mean() > 0.9
    assert {trace.variable for trace in found.traces} == {"x", "y", "z"}
    assert all(trace.mean.shape == (10, 7) for trace in found.traces)


def test_the_seed_decides_every_draw() -> None:
    first, again, other = (
        complete(TABLE, OUTCOME, (), 3, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert all(
        np.array_equal(a.values("x"), b.values("x"))
        for a, b in zip(first.tables, again.tables, strict=True)
    )
    assert not np.array_equal(first.tables[0].values("x"), other.tables[0].values("x"))


def test_the_unit_of_a_variable_does_not_matter() -> None:
    metres = TABLE.with_column("x", TABLE.values("x") * 100 + 40)
    first, other = chosen(TABLE, 4), chosen(metres, 4)
    for a, b in zip(first.training_tables(TABLE), other.training_tables(metres), strict=True):
        np.testing.assert_allclose(a.values("x") * 100 + 40, b.values("x"), rtol=1e-9)


@pytest.mark.parametrize(("share", "m"), [(0.0, 1), (0.01, FEWEST), (0.23, 23), (0.9, MOST)])
def test_there_are_as_many_data_sets_as_percent_of_cases_are_incomplete(
    share: float, m: int
) -> None:
    x = np.arange(200.0)
    x[: round(share * 200)] = np.nan
    table = ClinicalTable({"x": ClinicalVariable()}, {"x": x}, 200)
    assert n_imputations(table, None) == m
    assert n_imputations(table, 12) == (12 if share else 1)


def test_the_outcome_s_columns_are_the_event_and_the_nelson_aalen_estimate_of_every_cause() -> None:
    time, cause = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 0, 1])
    outcome = CompetingSurvival(time, cause == 1, "months", cause, ("death",))
    expected = [[1, 1 / 4, 0, 0], [0, 1 / 4, 1, 1 / 3], [0, 1 / 4, 0, 1 / 3], [1, 5 / 4, 0, 1 / 3]]
    np.testing.assert_allclose(outcome_columns(outcome), expected)


def test_matched_values_follow_the_line_that_known_ones_lie_on() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    design = np.stack([np.column_stack([np.ones(400), x])] * 2)
    known = np.arange(400) >= 100
    drawn = draw_matched(design, 5 + 2 * x[known] + 0.01 * rng.normal(size=300), known, rng)
    inside = np.abs(x[:100]) < 1
    np.testing.assert_allclose(drawn[:, inside], np.tile(5 + 2 * x[:100][inside], (2, 1)), atol=0.3)


def test_a_variable_that_nobody_has_a_value_of_is_refused() -> None:
    empty = TABLE.with_column("x", np.full(len(TABLE), np.nan))
    with pytest.raises(InputError, match="x: no training case has a value"):
        complete(empty, OUTCOME, (), 3, np.random.default_rng(1))


@pytest.mark.parametrize("clinical", ["backward-aic", "univariable-backward"])
def test_variables_that_say_nothing_go_by_pooled_tests(clinical: str) -> None:
    choice = chosen(TABLE, 10, clinical=clinical)
    assert {"x", "y"} <= set(choice.kept) <= {"x", "y", "z"}
    assert [row.variable for row in choice.alone] == list(VARIABLES)
    x = choice.alone[0]
    assert x.shown is not None
    assert x.p_value == pytest.approx(float(x.shown.p_values[0]))


def test_without_gaps_the_choice_is_that_of_complete_cases() -> None:
    full = TABLE.take(~TABLE.missing())
    outcome = OUTCOME.take(~TABLE.missing())
    drop, multiple = (
        choose_clinical(
            full, outcome, SOUND.clinical.changed(missing_clinical=rule), None,
            rng=np.random.default_rng(1),
        )
        for rule in ("drop", "multiple")
    )  # fmt: skip
    assert drop.kept == multiple.kept
    np.testing.assert_array_equal(drop.designs(full), multiple.designs(full))


def with_gaps(cases: Cases) -> Cases:
    rng = np.random.default_rng(8)
    angle = cases.clinical.values("angle")
    angle[rng.random(len(cases)) < 0.25] = np.nan
    return replace(cases, clinical=cases.clinical.with_column("angle", angle))


@pytest.fixture(scope="module", params=["sound", "published"])
def fitted(request: pytest.FixtureRequest) -> tuple[Cases, FittedRecipe]:
    cases = with_gaps(simulate(60))
    settings = PROTOCOLS[request.param].recipe(
        MODELS, {"inner_folds": 3, "missing_clinical": "multiple", "imputations": 6}
    )
    return cases, fit_recipe(cases, settings, np.random.default_rng(5))


def test_a_recipe_s_models_are_pooled(
    fitted: tuple[Cases, FittedRecipe],
) -> None:
    _, recipe = fitted
    assert recipe.clinical is not None
    assert recipe.clinical.completed is not None
    assert len(recipe.clinical.completed.tables) == 6
    clinical = recipe.models["Clinical"]
    assert clinical.result is not None
    assert hasattr(clinical.result, "pooled")


def test_predicting_looks_at_no_outcome_and_at_no_other_case(
    fitted: tuple[Cases, FittedRecipe],
) -> None:
    """Nothing is learned of the cases that are predicted: each says the same alone."""
    cases, recipe = fitted
    every = recipe.predict(cases, [24.0])["Clinical"]
    changed = cases.with_survival(
        Survival(cases.survival.time[::-1].copy(), ~cases.survival.event, "months")
    )
    np.testing.assert_array_equal(
        recipe.predict(changed, [24.0])["Clinical"].linear_predictor, every.linear_predictor
    )
    lacking = np.flatnonzero(np.isnan(cases.clinical.values("angle")))[:5]
    assert lacking.size == 5
    for row in (*lacking, 0, 1):
        alone = recipe.predict(cases.take([row]), [24.0])["Clinical"]
        assert alone.linear_predictor[0] == pytest.approx(every.linear_predictor[row], abs=1e-12)


def test_a_refit_that_is_kept_predicts_cases_with_gaps_as_the_recipe_does(
    fitted: tuple[Cases, FittedRecipe],
) -> None:
    cases, recipe = fitted
    form = refit_form(recipe.predictor, [24.0])
    assert form is not None
    content = json.loads(json.dumps(form_to_answer(form)))
    again = form_from_answer(content, cases.clinical.variables)
    found = Refits((24.0,), (again,)).survival(
        "Clinical", cases.features, cases.clinical, cases.centre
    )
    expected = recipe.predict(cases, [24.0])["Clinical"].survival.survival_probability
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)


def test_a_predictor_is_written_and_read_with_its_imputation(
    fitted: tuple[Cases, FittedRecipe],
) -> None:
    cases, recipe = fitted
    content = json.loads(json.dumps(predictor_to_json(recipe.predictor)))
    again = predictor_from_json(content, {})
    found = again.predict(cases.features, cases.clinical, [24.0], centre=cases.centre)
    expected = recipe.predict(cases, [24.0])
    for name, said in expected.items():
        np.testing.assert_array_equal(found[name].linear_predictor, said.linear_predictor)
        np.testing.assert_array_equal(found[name].survival.low, said.survival.low)
