"""What stands in for a missing clinical value is learned from training cases and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.errors import InputError
from trephine.modelling.imputation import fit_imputation

VARIABLES = {"age": ClinicalVariable(unit="years"), "stage": ClinicalVariable(levels=("I", "II"))}


def table(age: list[float], stage: list[int]) -> ClinicalTable:
    return ClinicalTable(VARIABLES, {"age": np.array(age), "stage": np.array(stage)}, len(age))


def test_the_median_and_the_most_frequent_level_of_training_are_filled_in() -> None:
    training = table([40, 50, 90, np.nan], [1, 1, 0, -1])
    imputation = fit_imputation(training)
    assert imputation.values == {"age": 50.0, "stage": 1.0}
    filled = imputation.fill(table([np.nan, 20], [-1, 0]))
    assert filled.values("age").tolist() == [50, 20]
    assert filled.texts("stage") == ["II", "I"]
    assert not filled.missing().any()


def test_the_given_table_is_left_as_it_was() -> None:
    new = table([np.nan, 20], [-1, 0])
    fit_imputation(table([1.0, 3.0], [0, 1])).fill(new)
    assert new.missing().tolist() == [True, False]


def test_levels_equally_frequent_give_the_first() -> None:
    assert fit_imputation(table([1, 2], [1, 0])).values["stage"] == 0


def test_a_variable_without_any_training_value_is_named() -> None:
    with pytest.raises(InputError, match="age: no training case has a value"):
        fit_imputation(table([np.nan, np.nan], [0, 1]))


def test_a_table_of_some_variables_is_filled_by_what_was_learned_from_all() -> None:
    imputation = fit_imputation(table([40, 50], [1, 1]))
    age = ClinicalTable({"age": VARIABLES["age"]}, {"age": np.array([np.nan])}, 1)
    assert imputation.fill(age).values("age").tolist() == [45]
    assert not imputation.fill(ClinicalTable({}, {}, 1)).variables
