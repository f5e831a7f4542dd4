"""A clinical variable that separates the events: left out, or kept by Firth's likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelling.simulated_cases import simulate
from trephine.choices import ClinicalSelection
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.modelling.cases import Cases
from trephine.modelling.clinical_choice import choose_clinical
from trephine.modelling.protocols import SOUND
from trephine.modelling.recipe import fit_recipe
from trephine.modelling.separation import design_frame
from trephine.regression.cox import CoxModel

FIRTH = SOUND.clinical.changed(separation="firth")
CASES = simulate(80, effect=1.5)


def _with_level(values: np.ndarray, cases: Cases = CASES) -> Cases:
    """Return cases with one more clinical variable of two levels."""
    table = cases.clinical
    columns = {key: np.nan_to_num(table.values(key), nan=-1) for key in table.variables}
    for key, one in table.variables.items():
        if one.categorical:
            columns[key] = columns[key].astype(np.int64)
    variables = {**table.variables, "healed": ClinicalVariable(levels=("no", "yes"))}
    columns["healed"] = values.astype(np.int64)
    return replace(cases, clinical=ClinicalTable(variables, columns, len(table)))


# Nobody who healed has the event; of the others, some have it and some have not.
SEPARATED = _with_level(~CASES.survival.event & (np.arange(len(CASES)) % 2 == 0))


def test_by_default_it_is_in_no_model_as_before() -> None:
    choice = choose_clinical(SEPARATED.clinical, CASES.survival, SOUND.clinical, None)
    plain = choose_clinical(CASES.clinical, CASES.survival, SOUND.clinical, None)
    assert choice.separated == ("healed",)
    assert choice.kept == plain.kept
    assert choice.penalty == "none"


@pytest.mark.parametrize("rule", ["backward-aic", "univariable-backward", "all"])
def test_firth_keeps_it_beside_what_stays_without_it(rule: ClinicalSelection) -> None:
    settings = FIRTH.changed(clinical=rule)
    choice = choose_clinical(SEPARATED.clinical, CASES.survival, settings, CASES.patient)
    plain = choose_clinical(CASES.clinical, CASES.survival, settings, CASES.patient)
    assert choice.penalised == ("healed",)
    assert choice.kept == (*plain.kept, "healed")
    assert choice.separated == ()
    row = next(row for row in choice.alone if row.variable == "healed")
    assert row.separates
    assert 0 < row.p_value < 0.01
    assert row.shown is not None
    assert row.shown.profiled
    assert np.isfinite(row.shown.low).all()


def test_one_that_says_nothing_leaves_again() -> None:
    """Two cases of one level, censored early: they separate, and tell nothing."""
    first = np.argsort(CASES.survival.time + 1e6 * CASES.survival.event)[:2]
    values = np.zeros(len(CASES), dtype=np.bool_)
    values[first] = True
    cases = _with_level(values)
    choice = choose_clinical(cases.clinical, CASES.survival, FIRTH, None)
    row = next(row for row in choice.alone if row.variable == "healed")
    assert row.separates
    assert "healed" not in choice.kept
    assert choice.penalty == "none"


def test_two_that_separate_only_together_are_both_kept() -> None:
    rng = np.random.default_rng(3)
    first = rng.random(len(CASES)) < 0.5
    # Whoever has the event has one of the two; nobody has both.
    second = ~first & (CASES.survival.event | (rng.random(len(CASES)) < 0.5))
    cases = _with_level(first)
    table = cases.clinical
    columns = {
        key: table.values(key).astype(np.int64 if one.categorical else float)
        for key, one in table.variables.items()
    }
    both = ClinicalTable(
        {**table.variables, "second": ClinicalVariable()},
        {**columns, "second": second.astype(float)},
        len(table),
    )
    everything = FIRTH.changed(clinical="all")
    choice = choose_clinical(both, CASES.survival, everything, None)
    assert choice.kept == tuple(both.variables)
    assert len(choice.penalised) == 1
    assert choice.set_aside == ()


def test_the_models_are_firth_s_and_predict() -> None:
    recipe = SOUND.recipe((("Clinical", ("clinical",)),), {"separation": "firth", "inner_folds": 3})
    fitted = fit_recipe(SEPARATED, recipe, np.random.default_rng(0))
    model = fitted.models["Clinical"]
    assert model.result is not None
    assert model.result.penalty == "firth"
    assert fitted.clinical is not None
    design = design_frame(SEPARATED.clinical, fitted.clinical.encoding, fitted.clinical.kept)
    alone = CoxModel(penalty="firth").fit(design, CASES.survival).result_
    assert model.coefficients == pytest.approx(alone.coefficients, abs=1e-9)
    predicted = fitted.predict(SEPARATED, [12.0])["Clinical"].survival.survival_probability
    healed = SEPARATED.clinical.values("healed") == 1
    assert np.nanmean(predicted[healed]) > np.nanmean(predicted[~healed])
