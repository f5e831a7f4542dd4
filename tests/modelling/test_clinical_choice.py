"""Which clinical variables enter: both selections, imputation, and what cannot be fitted."""

from __future__ import annotations

import numpy as np
import pytest

from modelling.simulated_cases import simulate
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import Reason
from trephine.modelling.clinical_choice import choose_clinical
from trephine.modelling.protocols import PUBLISHED, SOUND
from trephine.regression.cox import CoxModel

CASES = simulate(80, effect=1.5)
TABLE = CASES.clinical


def with_variable(key: str, variable: ClinicalVariable, values: np.ndarray) -> ClinicalTable:
    columns = {name: np.nan_to_num(TABLE.values(name), nan=-1) for name in TABLE.variables}
    for name, known in TABLE.variables.items():
        if known.categorical:
            columns[name] = columns[name].astype(np.int64)
    return ClinicalTable({**TABLE.variables, key: variable}, {**columns, key: values}, len(TABLE))


def test_the_published_selection_cuts_at_the_median_and_goes_by_p() -> None:
    choice = choose_clinical(TABLE, CASES.survival, PUBLISHED.clinical, None)
    p_value = {row.variable: row.p_value for row in choice.alone}
    assert set(choice.entered) == {key for key, p in p_value.items() if p < 0.1}
    assert set(choice.kept) <= set(choice.entered)
    assert "angle" in choice.kept
    assert all(term.kind in ("at-least", "level") for term in choice.terms)


def test_aic_keeps_what_no_removal_betters() -> None:
    choice = choose_clinical(TABLE, CASES.survival, SOUND.clinical, CASES.patient)

    def aic(keys: tuple[str, ...]) -> float:
        matrix = choice.encoding.matrix(TABLE, keys)
        return CoxModel().fit(matrix, CASES.survival).result_.aic

    best = aic(choice.kept)
    for key in choice.kept:
        rest = tuple(other for other in choice.kept if other != key)
        assert not rest or aic(rest) >= best
    assert choice.entered == tuple(TABLE.variables)


def test_all_keeps_every_variable() -> None:
    choice = choose_clinical(TABLE, CASES.survival, SOUND.clinical.changed(clinical="all"), None)
    assert choice.kept == tuple(TABLE.variables)
    assert choice.elimination is None


def test_a_constant_variable_cannot_enter_and_says_why() -> None:
    table = with_variable(
        "centre", ClinicalVariable(levels=("a", "b")), np.zeros(len(TABLE), dtype=np.int64)
    )
    choice = choose_clinical(table, CASES.survival, SOUND.clinical, None)
    assert "centre" not in choice.entered
    assert choice.alone[-1].problem == Reason("constant", "only one level occurs")


def test_of_two_variables_that_say_the_same_one_enters() -> None:
    twin = with_variable("again", ClinicalVariable(unit="degree"), TABLE.values("angle") * 2 + 1)
    choice = choose_clinical(twin, CASES.survival, SOUND.clinical.changed(clinical="all"), None)
    assert ("again" in choice.kept) + ("angle" in choice.kept) == 1


def test_missing_values_are_filled_with_what_training_had() -> None:
    age = TABLE.values("age")
    age[:3] = np.nan
    table = TABLE.with_column("age", age)
    settings = SOUND.clinical.changed(missing_clinical="impute", clinical="all")
    choice = choose_clinical(table, CASES.survival, settings, None)
    assert choice.imputation is not None
    assert choice.imputation.values["age"] == pytest.approx(np.nanmedian(age))
    column = [term.name for term in choice.terms].index("age")
    np.testing.assert_allclose(choice.designs(table)[0, :3, column], np.nanmedian(age))


ALL = SOUND.clinical.changed(clinical="all")


def with_numbers(**columns: np.ndarray) -> ClinicalTable:
    table = TABLE
    for key, values in columns.items():
        known = {name: np.nan_to_num(table.values(name), nan=-1) for name in table.variables}
        for name, variable in table.variables.items():
            if variable.categorical:
                known[name] = known[name].astype(np.int64)
        table = ClinicalTable(
            {**table.variables, key: ClinicalVariable()}, {**known, key: values}, len(table)
        )
    return table


@pytest.mark.parametrize("slope", [-1.0, 12.0])
def test_a_variable_that_follows_from_an_earlier_one_goes_and_no_other(slope: float) -> None:
    """As R's coxph pivots: of age and birth year, the birth year goes, and the stage stays."""
    table = with_numbers(again=2020.0 + slope * TABLE.values("age"))
    choice = choose_clinical(table, CASES.survival, ALL, None)
    assert choice.kept == tuple(TABLE.variables)
    assert choice.set_aside == (("again", Reason("collinear", "it follows from {}", (("age",),))),)


def test_a_variable_that_follows_from_two_together_names_both() -> None:
    table = with_numbers(sum=TABLE.values("age") + 3 * TABLE.values("angle"))
    choice = choose_clinical(table, CASES.survival, ALL, None)
    ((key, reason),) = choice.set_aside
    assert key == "sum"
    assert reason.kind == "collinear"
    assert set(reason.terms) == {"age", "angle"}


def test_a_yes_or_no_that_a_later_variable_contains_gives_way_to_it() -> None:
    """The stage says all that "late stage" says; without the stage, two levels would be lost."""
    stage = next(key for key, one in TABLE.variables.items() if len(one.levels) > 2)
    late = (TABLE.values(stage) == 2).astype(float)
    known = TABLE.variables
    columns = {key: TABLE.values(key) for key in known}
    for key, variable in known.items():
        if variable.categorical:
            columns[key] = columns[key].astype(np.int64)
    table = ClinicalTable(
        {"late": ClinicalVariable(), **known}, {"late": late, **columns}, len(TABLE)
    )
    choice = choose_clinical(table, CASES.survival, ALL, None)
    assert choice.kept == tuple(known)
    assert [key for key, _ in choice.set_aside] == ["late"]


def test_of_two_that_separate_together_the_one_that_says_less_alone_goes() -> None:
    """In the corner where both are 1 nobody has the event; everything else is left alone."""
    rng = np.random.default_rng(3)
    event = CASES.survival.event
    first = (rng.random(len(TABLE)) < 0.5).astype(float)
    second = np.where(event, 1 - first, (rng.random(len(TABLE)) < 0.5).astype(float))
    table = with_numbers(first=first, second=second)
    choice = choose_clinical(table, CASES.survival, ALL, None)
    assert set(TABLE.variables) <= set(choice.kept)
    assert len(choice.kept) >= len(TABLE.variables) + 1
