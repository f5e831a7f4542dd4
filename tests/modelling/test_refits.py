"""Refits that are kept predict as the refits did: in memory, in a ledger and in a bundle."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from modelling.simulated_cases import MODELS, simulate
from trephine.errors import BundleError
from trephine.modelling.bundle import REFIT_NUMBERS, REFITS, Bundle, read_bundle, write_bundle
from trephine.modelling.protocols import PROTOCOLS
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.modelling.refit_content import (
    form_from_answer,
    form_to_answer,
    refits_from_parts,
    refits_to_parts,
)
from trephine.modelling.refits import RefitForm, Refits, refit_form
from trephine.validation.bootstrap_optimism import draw_patients

HORIZONS = (12.0, 36.0, 99.9)
CASES = simulate(50)


def recipes(protocol: str, harmonise: str) -> list[FittedRecipe]:
    settings = PROTOCOLS[protocol].recipe(
        MODELS, {"inner_folds": 3, "missing_clinical": "impute", "harmonise": harmonise}
    )
    rng = np.random.default_rng(3)
    return [
        fit_recipe(CASES.take(draw_patients(CASES.patient, rng)), settings, rng) for _ in range(2)
    ]


def kept(fitted: list[FittedRecipe]) -> Refits:
    forms = [refit_form(one.predictor, HORIZONS) for one in fitted]
    return Refits(HORIZONS, tuple(form for form in forms if form is not None))


@pytest.fixture(scope="module", params=[("sound", "none"), ("published", "none"),
                                        ("sound", "combat")])  # fmt: skip
def fitted(request: pytest.FixtureRequest) -> list[FittedRecipe]:
    return recipes(*request.param)


def assert_same(refits: Refits, fitted: list[FittedRecipe]) -> None:
    """Other cases, all complete or one without a value: what the recipe says, to 1e-12."""
    complete = simulate(20, seed=5)
    ages = np.r_[np.nan, complete.clinical.values("age")[1:]]
    lacking = replace(complete, clinical=complete.clinical.with_column("age", ages))
    for others, (name, _) in product((complete, lacking), MODELS):
        found = refits.survival(name, others.features, others.clinical, others.centre)
        for one, again in zip(fitted, found, strict=True):
            expected = one.predict(others, HORIZONS)[name].survival.survival_probability
            np.testing.assert_allclose(again, expected, rtol=0, atol=1e-12)


def test_a_kept_refit_predicts_as_the_refit_itself(fitted: list[FittedRecipe]) -> None:
    assert_same(kept(fitted), fitted)


def test_so_it_does_after_a_ledger_and_after_a_bundle(
    fitted: list[FittedRecipe], tmp_path: Path
) -> None:
    variables = fitted[0].predictor.variables
    refits = kept(fitted)
    answers = [json.loads(json.dumps(form_to_answer(form))) for form in refits.forms]
    again = tuple(form_from_answer(answer, variables) for answer in answers)
    assert_same(Refits(HORIZONS, again), fitted)
    folder = write_bundle(
        Bundle(fitted[0].predictor, {"a": 1}, "# Card\n", refits=refits), tmp_path / "model"
    )
    read = read_bundle(folder).refits
    assert read is not None
    assert_same(read, fitted)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_bundle(read_bundle(folder), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_refits_need_is_what_any_of_them_weighs(fitted: list[FittedRecipe]) -> None:
    refits = kept(fitted)
    for name, _ in MODELS:
        terms = {t.variable for one in fitted for t in one.models[name].terms if not t.is_signature}
        assert set(refits.needed_variables(name)) == terms
        for feature_set, names in refits.needed_features(name).items():
            used = {n for one in fitted for n in one.predictor.signatures[feature_set].names}
            assert set(names) <= used


@pytest.fixture(scope="module")
def sound() -> list[FittedRecipe]:
    return recipes("sound", "none")


@pytest.fixture
def folder(sound: list[FittedRecipe], tmp_path: Path) -> Path:
    bundle = Bundle(sound[0].predictor, {"a": 1}, "# Card\n", refits=kept(sound))
    return write_bundle(bundle, tmp_path / "model")


@pytest.mark.parametrize("name", [REFITS, REFIT_NUMBERS])
def test_altered_or_missing_refits_are_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name} was altered"):
        read_bundle(folder)
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"expected a file {name}, found none"):
        read_bundle(folder)


def broken(content: dict, how: str) -> dict:
    form = content["refits"][0]
    match how:
        case "a term too far":
            form["models"]["Clinical"]["terms"] = [999]
        case "a term before the first":
            form["models"]["Clinical"]["terms"] = [-1]
        case "a coefficient too many":
            form["models"]["Combined"]["coefficients"] += [1.0]
        case "a set without numbers":
            form["signatures"] += ["other"]
        case "no models":
            del form["models"]
        case "too few features":
            content["features"]["radiomics"] = []
    return content


@pytest.mark.parametrize(
    "how",
    ["a term too far", "a term before the first", "a coefficient too many",
     "a set without numbers", "no models", "too few features"],
)  # fmt: skip
def test_refits_that_do_not_fit_together_are_refused(sound: list[FittedRecipe], how: str) -> None:
    content, numbers = refits_to_parts(kept(sound))
    content = broken(json.loads(json.dumps(content)), how)
    with pytest.raises(BundleError, match="its refits do not fit together"):
        refits_from_parts(content, numbers, sound[0].predictor.variables)
    with pytest.raises(BundleError, match="its refits do not fit together"):
        refits_from_parts(content, numbers[:50], sound[0].predictor.variables)


def test_refits_of_other_models_are_refused(sound: list[FittedRecipe], tmp_path: Path) -> None:
    refits = kept(sound)
    fewer = tuple(
        RefitForm(form.terms_from, {"Clinical": form.models["Clinical"]}) for form in refits.forms
    )
    bundle = Bundle(sound[0].predictor, {}, "", refits=replace(refits, forms=fewer))
    with pytest.raises(BundleError, match="expected refits of its models"):
        read_bundle(write_bundle(bundle, tmp_path / "model"))
