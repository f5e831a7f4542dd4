"""The whole recipe: what each protocol fits, its laws, and that it learns from its cases alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelling.simulated_cases import PUBLISHED, SOUND, simulate
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import InputError, ModelError
from trephine.modelling import protocols, recipe
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.modelling.terms import Term
from trephine.types import Survival

CASES = simulate(60)
PROTOCOLS = pytest.mark.parametrize("settings", [PUBLISHED, SOUND], ids=["published", "sound"])


def fit(cases: Cases, settings: RecipeSettings, seed: int = 5) -> FittedRecipe:
    return fit_recipe(cases, settings, np.random.default_rng(seed))


@PROTOCOLS
def test_every_model_is_made_of_its_parts(settings: RecipeSettings) -> None:
    fitted = fit(CASES, settings)
    assert list(fitted.models) == ["Clinical", "Radiomics", "Combined"]
    for name, parts in settings.models:
        terms = {term.variable for term in fitted.models[name].terms}
        assert fitted.clinical is not None
        possible = {part for part in parts if part != "clinical"} | set(fitted.clinical.kept)
        left_out = {what for what, _ in fitted.models[name].left_out}
        assert terms <= possible
        assert possible - terms <= left_out


@PROTOCOLS
def test_the_same_seed_gives_the_same_recipe(settings: RecipeSettings) -> None:
    first, second = fit(CASES, settings), fit(CASES, settings)
    for name, model in first.models.items():
        np.testing.assert_array_equal(model.coefficients, second.models[name].coefficients)


@PROTOCOLS
def test_predicting_does_not_look_at_the_outcome(settings: RecipeSettings) -> None:
    fitted = fit(CASES, settings)
    other = CASES.with_survival(
        Survival(CASES.survival.time[::-1].copy(), ~CASES.survival.event, "months")
    )
    given, blind = fitted.predict(CASES, [36.0]), fitted.predict(other, [36.0])
    for name in given:
        np.testing.assert_array_equal(given[name].linear_predictor, blind[name].linear_predictor)


@PROTOCOLS
def test_the_unit_of_time_does_not_matter(settings: RecipeSettings) -> None:
    years = CASES.with_survival(Survival(CASES.survival.time / 12, CASES.survival.event, "years"))
    given, other = fit(CASES, settings), fit(years, settings)
    for name in given.models:
        there, here = other.predict(years, [3.0])[name], given.predict(CASES, [36.0])[name]
        np.testing.assert_allclose(
            there.survival.survival_probability, here.survival.survival_probability, rtol=1e-6
        )


@PROTOCOLS
def test_renaming_patients_in_the_same_order_does_not_matter(settings: RecipeSettings) -> None:
    renamed = replace(CASES, patient=CASES.patient * 3 + 11)
    given, other = fit(CASES, settings), fit(renamed, settings)
    for name, model in given.models.items():
        np.testing.assert_allclose(model.coefficients, other.models[name].coefficients)
        np.testing.assert_allclose(model.covariance, other.models[name].covariance)


def test_the_order_of_cases_does_not_matter_where_folds_are_by_patient() -> None:
    order = np.random.default_rng(9).permutation(len(CASES))
    given, other = fit(CASES, SOUND), fit(CASES.take(order), SOUND)
    for name, model in given.models.items():
        np.testing.assert_allclose(
            model.coefficients, other.models[name].coefficients, rtol=1e-3, atol=1e-6
        )


@PROTOCOLS
def test_scale_and_origin_of_a_feature_do_not_matter(settings: RecipeSettings) -> None:
    features = {
        name: replace(part, values=part.values * 1000 - 7) for name, part in CASES.features.items()
    }
    moved = replace(CASES, features=features)
    given, other = fit(CASES, settings), fit(moved, settings)
    for name, prediction in given.predict(CASES, [36.0]).items():
        np.testing.assert_allclose(
            other.predict(moved, [36.0])[name].linear_predictor,
            prediction.linear_predictor,
            rtol=1e-4,
            atol=1e-5,
        )


def test_the_sound_protocol_fits_models_to_signatures_out_of_fold() -> None:
    published, sound = fit(CASES, PUBLISHED), fit(CASES, SOUND)
    chain = sound.chains["radiomics"]
    model = sound.models["Radiomics"]
    at = [term.variable for term in model.terms].index("radiomics")
    assert model.centre[at] == pytest.approx(chain.out_of_fold_score.mean(), abs=1e-9)
    other = published.models["Radiomics"]
    assert "radiomics" in [term.variable for term in other.terms]
    where = [term.variable for term in other.terms].index("radiomics")
    training = published.chains["radiomics"].training_score
    assert other.centre[where] == pytest.approx(training.mean(), abs=1e-9)


def test_standard_errors_are_by_patient_in_the_sound_protocol_only() -> None:
    published, sound = fit(CASES, PUBLISHED), fit(CASES, SOUND)
    assert published.models["Clinical"].result is not None
    assert sound.models["Clinical"].result is not None
    assert not published.models["Clinical"].result.robust
    assert sound.models["Clinical"].result.n_clusters == 60


def test_a_signature_of_nothing_is_left_out_with_its_reason() -> None:
    rng = np.random.default_rng(0)
    left_out = []
    for seed in range(6):
        noise = simulate(60, seed=seed, effect=0.0)
        shuffled = noise.with_survival(noise.survival.take(rng.permutation(len(noise))))
        for model in fit(shuffled, SOUND).models.values():
            left_out += [reason for _, reason in model.left_out]
    assert "its out-of-fold values do not rise with the risk" in left_out


@PROTOCOLS
def test_a_clinical_variable_that_separation_keeps_out_is_not_called_unselected(
    settings: RecipeSettings,
) -> None:
    """The reference level has no event: the strongest variable that there can be."""
    stage = np.where(CASES.survival.event, 1 + np.arange(len(CASES)) % 2, 0)
    variables = {"stage": ClinicalVariable(levels=("I", "II", "III"), reference="I")}
    table = ClinicalTable(variables, {"stage": stage}, len(CASES))
    fitted = fit(replace(CASES, clinical=table), settings)
    assert fitted.clinical is not None
    assert fitted.clinical.separated == ("stage",)
    reason = dict(fitted.models["Clinical"].left_out)["clinical"]
    assert "stage cannot be fitted (separation)" in reason.lower()


def test_a_missing_clinical_value_is_filled_where_the_settings_say_so() -> None:
    age = CASES.clinical.values("age")
    age[0] = np.nan
    cases = replace(CASES, clinical=CASES.clinical.with_column("age", age))
    clinical = SOUND.clinical.changed(missing_clinical="impute", clinical="all")
    settings = replace(SOUND, clinical=clinical)
    predicted = fit(cases, settings).predict(cases, [36.0])
    assert np.isfinite(predicted["Clinical"].linear_predictor).all()


def test_a_signature_that_orders_the_events_perfectly_is_left_out_with_the_reason() -> None:
    rng = np.random.default_rng(5)
    n = 60
    time = np.sort(rng.exponential(size=n)) + 0.1
    survival = Survival(time, np.arange(n) % 3 == 0)
    perfect = -np.arange(n, dtype=float)[:, None]
    values = np.hstack([perfect, rng.normal(size=(n, 3))])
    features = FeatureSet("radiomics", ("told", "a", "b", "c"), values)
    cases = Cases(survival, np.arange(n), {"radiomics": features}, ClinicalTable({}, {}, n))
    models = (("Radiomics", ("radiomics",)),)
    settings = protocols.PUBLISHED.recipe(models, {"relevance": "none"})
    model = fit_recipe(cases, settings, np.random.default_rng(0)).models["Radiomics"]
    assert model.terms == ()
    assert "perfectly" in dict(model.left_out)["radiomics"]


def test_the_reason_for_leaving_a_signature_out_is_its_own_fault_or_none() -> None:
    """What the model of other terms does wrong is not told of the signature."""
    stage = Term("stage=II", "stage", "level", "Stage: II", level="II", reference="I")
    first, last = (Term(name, name, "signature", name) for name in ("radiomics", "deep"))
    terms = [stage, first, last]
    separated = ModelError("{} runs off", ["radiomics"], model="Cox model", kind="separation")
    assert recipe._guilty(terms, separated) == 1
    assert "perfectly" in recipe._why(first, separated)
    assert recipe._why(last, separated) == "the Cox model cannot be fitted with it"
    by_stage = ModelError("{} runs off", ["stage=II"], kind="separation")
    assert recipe._guilty(terms, by_stage) == 2
    assert recipe._why(last, by_stage) == "the Cox model cannot be fitted with it"
    named_alike = ModelError("'deep' is a word of this message, not a column", ["radiomics"])
    assert recipe._guilty(terms, named_alike) == 1
    assert recipe._guilty([stage], separated) is None


def test_a_key_that_no_selection_has_is_refused() -> None:
    with pytest.raises(InputError, match=r"found \['max_correlation'\]"):
        protocols.SOUND.recipe((("Radiomics", ("radiomics",)),), {"max_correlation": 0.8})
