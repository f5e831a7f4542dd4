"""p of what was learned: the share of permuted outcomes on which the recipe finds as much."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pandas as pd
import pytest

from modelling.simulated_cases import PUBLISHED, SOUND, simulate
from trephine.errors import ModelError
from trephine.modelling import pooled_model
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.regression.cox import CoxModel
from trephine.streams import generator
from trephine.validation.null_check import NullCheck, _tasks, null_check
from trephine.validation.signature_evidence import (
    PermutedEvidence,
    SignatureEvidence,
    add_one_p,
    evidence_from_answer,
    evidence_of,
    evidence_to_answer,
)
from trephine.validation.tasks import Running

CASES = simulate(50)
ONLY = (("Radiomics", ("radiomics",)),)


def checked(cases: Cases, settings: RecipeSettings, permutations: int, seed: int = 4) -> NullCheck:
    return null_check(
        cases, settings, permutations=permutations, folds=2, seed=seed, running=Running(1)
    )


def z_by_hand(fitted: FittedRecipe, cases: Cases) -> tuple[float, float]:
    """Return z of the radiomics signature alone and in its model, from Cox fits made here."""
    values = fitted.signature_values("radiomics")
    if fitted.chains["radiomics"].signature.empty:
        return 0.0, 0.0
    cluster = None if fitted.settings.independent else cases.patient
    alone = CoxModel().fit(pd.DataFrame({"s": values}), cases.survival, cluster=cluster).result_
    model = fitted.models["Radiomics"]
    if "radiomics" not in model.signatures:
        return float(alone.z[0]), 0.0
    columns = {
        term.name: values if term.is_signature else term.column(cases.clinical)
        for term in model.terms
    }
    inside = CoxModel().fit(pd.DataFrame(columns), cases.survival, cluster=cluster).result_
    return float(alone.z[0]), float(inside.z[inside.names.index("radiomics")])


@pytest.mark.parametrize("settings", [PUBLISHED, SOUND], ids=["published", "sound"])
def test_p_counts_refits_by_hand_that_give_the_signature_as_large_a_z(
    settings: RecipeSettings,
) -> None:
    settings = replace(
        settings, models=(("Clinical", ("clinical",)), ("Radiomics", ("radiomics", "clinical")))
    )
    found = checked(CASES, settings, 5).signatures
    alone, inside = [], []
    for task in _tasks(CASES.patient, 5, 4):
        cases = CASES.with_survival(CASES.survival.take(task.rows))
        fitted = fit_recipe(cases, settings, np.random.default_rng(task.seed))
        one, other = z_by_hand(fitted, cases)
        alone.append(one)
        inside.append(other)
    own = [found.observed.z["Radiomics"]["radiomics"]]
    own += [one.z["Radiomics"]["radiomics"] for one in found.permuted]
    np.testing.assert_allclose(own, inside, rtol=1e-6)
    everywhere = [
        found.observed.alone["radiomics"],
        *(e.alone["radiomics"] for e in found.permuted),
    ]
    np.testing.assert_allclose(everywhere, alone, rtol=1e-6)
    assert found.p_in_model("Radiomics", "radiomics") == np.mean(np.array(inside) >= inside[0])
    assert found.p_alone("radiomics") == np.mean(np.array(alone) >= alone[0])


def test_the_observed_statistics_are_those_of_the_studys_own_fit() -> None:
    found = checked(CASES, SOUND, 1).signatures.observed
    own = evidence_of(fit_recipe(CASES, SOUND, generator(4, "model")), CASES)
    assert found == own
    model = fit_recipe(CASES, SOUND, generator(4, "model")).models["Combined"]
    assert model.result is not None
    chi_square = model.result.likelihood_ratio.statistic
    assert found.chi_square["Combined"] == pytest.approx(chi_square)


def test_every_signature_of_every_model_has_a_p() -> None:
    found = checked(CASES, SOUND, 2).signatures
    for model in ("Radiomics", "Combined"):
        for signature in found.observed.z[model]:
            assert found.p_in_model(model, signature) in (1 / 3, 2 / 3, 1.0)
    assert set(found.observed.z["Combined"]) == {"radiomics", "deep"}
    assert found.p_of_gain("Clinical", "Combined") in (1 / 3, 2 / 3, 1.0)


def test_as_large_counts_and_no_p_is_zero() -> None:
    assert add_one_p(3.0, [1.0, 2.0, 2.9]) == 0.25
    assert add_one_p(3.0, [3.0, 2.0, inf]) == 0.75


def test_a_fit_that_fails_counts_against_the_signature_and_one_that_finds_nothing_for_it() -> None:
    def evidence(z: float, chi_square: float = 2.0) -> SignatureEvidence:
        return SignatureEvidence({"C": {}, "M": {"s": z}}, {"s": z}, {"C": 1.0, "M": chi_square})

    of = PermutedEvidence(evidence(2.0, 9.0), (evidence(inf, inf), evidence(0.0), evidence(1.0)))
    assert of.p_in_model("M", "s") == of.p_alone("s") == 0.5
    assert of.p_of_gain("C", "M") == 0.5
    for one in of.permuted:
        models = (("C", ("clinical",)), ("M", ("s", "clinical")))
        assert evidence_from_answer(evidence_to_answer(one), models, ("s",)) == one


def test_a_signature_that_no_cox_model_holds_has_an_infinite_z(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fit = pooled_model.fit_model

    def fails(name, parts, terms, *given, **more):
        if any(term.is_signature for term in terms):
            raise ModelError("{} separates", ["radiomics"], kind="separation")
        return fit(name, parts, terms, *given, **more)

    monkeypatch.setattr(pooled_model, "fit_model", fails)
    found = checked(CASES, PUBLISHED, 1).signatures.observed
    assert found.z["Radiomics"] == {"radiomics": inf}
    assert found.chi_square["Radiomics"] == inf
    assert np.isfinite(found.alone["radiomics"])


def p_under_noise(studies: int, permutations: int) -> tuple[list[float], list[float]]:
    """Return p of the signature by permuted outcomes, and by Wald's test, where it was kept.

    1 where it was not: nothing is printed then.
    """
    settings = replace(SOUND, models=ONLY)
    by_permutation, by_wald = [], []
    for seed in range(studies):
        noise = simulate(40, effect=0.0, p=30, seed=seed)
        found = checked(noise, settings, permutations, seed).signatures
        fitted = fit_recipe(noise, settings, generator(seed, "model")).models["Radiomics"]
        kept = fitted.result is not None
        by_permutation.append(found.p_in_model("Radiomics", "radiomics") if kept else 1.0)
        by_wald.append(float(fitted.result.p_values[0]) if fitted.result is not None else 1.0)
    return by_permutation, by_wald


@pytest.mark.slow
def test_of_noise_p_is_as_small_as_it_says_and_no_more_often() -> None:
    studies, permutations = 150, 9
    found, wald = (np.array(p) for p in p_under_noise(studies, permutations))
    for k in range(1, permutations + 1):
        at = k / (permutations + 1)
        assert (found <= at + 1e-9).mean() <= at + 3 * np.sqrt(at * (1 - at) / studies)
    # Falling signatures are dropped, so that a two-sided test would be below p in p/2 of studies.
    assert (wald <= 0.05).mean() > 0.025 + 3 * np.sqrt(0.025 * 0.975 / studies)
