"""Which clinical variables enter: both selections, imputation, and what cannot be fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelling.simulated_cases import simulate
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.modelling.clinical_choice import choose_clinical
from trephine.modelling.cox import CoxModel
from trephine.modelling.protocols import PUBLISHED_CLINICAL, SOUND_CLINICAL

CASES = simulate(80, effect=1.5)
TABLE = CASES.clinical


def with_variable(key: str, variable: ClinicalVariable, values: np.ndarray) -> ClinicalTable:
    columns = {name: np.nan_to_num(TABLE.values(name), nan=-1) for name in TABLE.variables}
    for name, known in TABLE.variables.items():
        if known.categorical:
            columns[name] = columns[name].astype(np.int64)
    return ClinicalTable({**TABLE.variables, key: variable}, {**columns, key: values}, len(TABLE))


def test_the_published_selection_cuts_at_the_median_and_goes_by_p() -> None:
    choice = choose_clinical(TABLE, CASES.survival, PUBLISHED_CLINICAL, None)
    p_value = {row.variable: row.p_value for row in choice.alone}
    assert set(choice.entered) == {key for key, p in p_value.items() if p < 0.1}
    assert set(choice.kept) <= set(choice.entered)
    assert "angle" in choice.kept
    assert all(term.kind in ("at-least", "level") for term in choice.terms)


def test_aic_keeps_what_no_removal_betters() -> None:
    choice = choose_clinical(TABLE, CASES.survival, SOUND_CLINICAL, CASES.patient)

    def aic(keys: tuple[str, ...]) -> float:
        matrix = choice.encoding.matrix(TABLE, keys)
        return CoxModel().fit(matrix, CASES.survival).result_.aic

    best = aic(choice.kept)
    for key in choice.kept:
        rest = tuple(other for other in choice.kept if other != key)
        assert not rest or aic(rest) >= best
    assert choice.entered == tuple(TABLE.variables)


def test_all_keeps_every_variable() -> None:
    choice = choose_clinical(TABLE, CASES.survival, replace(SOUND_CLINICAL, selection="all"), None)
    assert choice.kept == tuple(TABLE.variables)
    assert choice.elimination is None


def test_a_constant_variable_cannot_enter_and_says_why() -> None:
    table = with_variable(
        "centre", ClinicalVariable(levels=("a", "b")), np.zeros(len(TABLE), dtype=np.int64)
    )
    choice = choose_clinical(table, CASES.survival, SOUND_CLINICAL, None)
    assert "centre" not in choice.entered
    assert choice.alone[-1].problem == "centre: only one level occurs"


def test_of_two_variables_that_say_the_same_one_enters() -> None:
    twin = with_variable("again", ClinicalVariable(unit="degree"), TABLE.values("angle") * 2 + 1)
    choice = choose_clinical(twin, CASES.survival, replace(SOUND_CLINICAL, selection="all"), None)
    assert ("again" in choice.kept) + ("angle" in choice.kept) == 1


def test_missing_values_are_filled_with_what_training_had() -> None:
    age = TABLE.values("age")
    age[:3] = np.nan
    table = TABLE.with_column("age", age)
    settings = replace(SOUND_CLINICAL, missing="impute", selection="all")
    choice = choose_clinical(table, CASES.survival, settings, None)
    assert choice.imputation is not None
    assert choice.imputation.values["age"] == pytest.approx(np.nanmedian(age))
    column = [term.name for term in choice.terms].index("age")
    np.testing.assert_allclose(choice.design(table)[:3, column], np.nanmedian(age))
