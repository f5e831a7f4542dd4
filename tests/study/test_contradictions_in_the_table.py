"""Rows that cannot both be true, and variables that say one thing twice: said by ``check``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_table_study
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.plan.columns_section import Columns
from trephine.study.doubts.patients import patient_doubts
from trephine.study.doubts.twins import twin_doubts
from trephine.study.table.doubts import time_doubts
from trephine.study.table.outcome import TableRows

SEX = ClinicalVariable(levels=("F", "M"))
AGE = ClinicalVariable(unit="years")
COLUMNS = Columns(patient="patient", centre="centre")


def rows_of(patients: list[str], centres: list[str]) -> TableRows:
    n = len(patients)
    cases = tuple(f"H{k}" for k in range(n))
    numbers, ones = tuple(range(2, n + 2)), np.ones(n)
    return TableRows(
        numbers, cases, tuple(patients), (None,) * n, ones, ones.copy(), tuple(centres)
    )


def said_of(sex: list[int], age: list[float], centres: list[str]) -> list[str]:
    columns = {"sex": np.array(sex), "age": np.array(age, dtype=np.float64)}
    clinical = ClinicalTable({"sex": SEX, "age": AGE}, columns, 4)
    return patient_doubts(rows_of(["a", "a", "b", "b"], centres), clinical, COLUMNS)


def test_one_patient_has_one_sex_one_hospital_and_ages_that_fit() -> None:
    one = ["A", "A", "B", "B"]
    assert said_of([0, 0, 1, 1], [40, 55, 60, 60], one) == []
    assert said_of([0, -1, 1, 1], [40, np.nan, 60, 60], one) == []
    (sex,) = said_of([0, 1, 1, 1], [40, 40, 60, 60], one)
    assert sex.startswith("Sex differs between rows of one patient: rows 2, 3.")
    (age,) = said_of([0, 0, 1, 1], [40, 40, 61, 40], one)
    assert age.startswith("Age differs by more than 20 years between rows of one patient: rows 4,")
    (centre,) = said_of([0, 0, 1, 1], [40, 40, 60, 60], ["A", "B", "B", "B"])
    assert "Column patient, rows 2, 3: one patient in several centres" in centre


def test_without_a_column_of_patients_nothing_contradicts() -> None:
    rows = rows_of(["a", "a"], ["A", "B"])
    assert patient_doubts(rows, ClinicalTable({}, {}, 2), Columns(centre="centre")) == []


def twins(a: list[float], b: list[float], **kind: object) -> list[str]:
    variable = ClinicalVariable.model_validate(kind)
    kinds = np.int64 if variable.categorical else np.float64
    columns = {"one": np.array(a, dtype=kinds), "two": np.array(b, dtype=kinds)}
    return list(twin_doubts(ClinicalTable({"one": variable, "two": variable}, columns, len(a))))


def test_variables_that_say_the_same_twice_are_named() -> None:
    kilograms = np.random.default_rng(1).normal(70, 10, 30).tolist()
    (same,) = twins(kilograms, kilograms)
    assert same.startswith("One and Two hold the same numbers")
    (scaled,) = twins(kilograms, [2.20462 * value + 1 for value in kilograms])
    assert "follow from each other" in scaled
    rounded = [round(2.20462 * value) for value in kilograms]
    assert twins(kilograms, rounded) == []
    stage = [0, 1, 2] * 10
    (levels,) = twins(stage, [2 - value for value in stage], levels=["a", "b", "c"])
    assert "part the cases alike" in levels
    assert twins(stage, [min(value, 1) for value in stage], levels=["a", "b", "c"]) == []


@pytest.mark.parametrize(("unit", "scale"), [("months", 30.4), ("years", 12.0), ("weeks", 7 * 12)])
def test_times_in_a_smaller_unit_than_the_study_says_are_said(unit: str, scale: float) -> None:
    """Days under unit = "months" passed without a word."""
    times = np.random.default_rng(2).uniform(12, 120, 60)
    rows = rows_of([f"P{k}" for k in range(60)], ["A"] * 60)
    object.__setattr__(rows, "time", times * scale if unit != "years" else times)
    (said,) = time_doubts(rows, "time", unit)  # type: ignore[arg-type]
    assert "Is [outcome] unit another, such as days?" in said
    object.__setattr__(rows, "time", times / 12 if unit == "years" else times)
    assert time_doubts(rows, "time", unit) == []  # type: ignore[arg-type]


@pytest.fixture
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return write_table_study(tmp_path_factory.mktemp("study"))


def test_a_table_of_features_on_its_side_is_turned_and_not_searched_for_a_column(
    study: SmallStudy, trephine: Command
) -> None:
    features = study.table("features.csv")
    turned = features.set_index(features.columns[0]).T.reset_index(names="gene")
    study.write(turned, "features.csv")
    said = trephine("check", study.toml)
    assert said.code == 2
    assert "The names of the cases stand above the columns: turn the table" in said.err


def test_several_rows_of_a_case_are_told_to_become_columns(
    study: SmallStudy, trephine: Command
) -> None:
    features = study.table("features.csv")
    study.write(pd.concat([features, features]), "features.csv")
    said = trephine("check", study.toml)
    assert "Bring all features of a case into one row" in said.err


def test_names_that_became_dates_and_a_program_s_own_columns_are_said(
    study: SmallStudy, trephine: Command
) -> None:
    features = study.table("features.csv")
    features["2024-03-01"], features["1-Sep"] = features["gene_0"], features["gene_1"]
    features["PRE_1"] = features["gene_2"]
    study.write(features, "features.csv")
    said = trephine("check", study.toml)
    assert said.code == 0, said.err
    assert "features named by a date ('2024-03-01', '1-Sep')" in said.out
    assert (
        "not taken for features, columns that a program made of others: column 'PRE_1'" in said.out
    )
