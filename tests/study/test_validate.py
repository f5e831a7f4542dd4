"""A locked model on outside data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import BundleError, PlanError, StudyProblemsError
from trephine.evaluation.concordance import concordance_index
from trephine.modelling.bundle import read_bundle, sign_bundle
from trephine.study import Study
from trephine.study.locked.validate import ValidationResult, validate_bundle
from trephine.types import Survival

PLAN = """
[study]
title = "Made-up cohort"
[data]
table = "{table}"
columns = {{ case = "case", time = "time", event = "event" }}
"""
CLINICAL = """
[outcome]
horizons = [12, 24]
[clinical]
age = { unit = "years" }
stage = { levels = ["I", "II", "III"] }
[models.parts]
Clinical = ["clinical"]
Again = ["clinical"]
[validation]
repeats = 0
interval_bootstraps = 50
"""


def write_cohort(folder: Path, name: str, seed: int, n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age, stage = rng.normal(50, 8, n), rng.integers(0, 3, n)
    time = rng.exponential(size=n) * 30 / np.exp(0.05 * (age - 50) + 0.6 * stage - 0.6)
    censored = rng.uniform(10, 60, n)
    table = pd.DataFrame(
        {
            "case": [f"{row:03d}" for row in range(n)],
            "time": np.round(np.minimum(time, censored) + 0.1, 2),
            "event": (time <= censored).astype(int),
            "age": np.round(age, 1),
            "stage": np.array(["I", "II", "III"])[stage],
        }
    )
    table.to_csv(folder / f"{name}.csv", index=False)
    return table


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    write_cohort(folder, "training", seed=1)
    plan = folder / "study.toml"
    plan.write_text(PLAN.format(table="training.csv") + CLINICAL)
    return Study.from_toml(plan).run(workers=1, formats=()).bundle


@pytest.fixture(scope="module")
def outside(locked: Path, tmp_path_factory: pytest.TempPathFactory) -> ValidationResult:
    folder = tmp_path_factory.mktemp("outside")
    write_cohort(folder, "outside", seed=2)
    plan = folder / "external.toml"
    plan.write_text(PLAN.format(table="outside.csv"))
    signed = shutil.copytree(locked, folder / "model")
    sign_bundle(signed, folder / "key.pem", "new")
    return validate_bundle(signed, plan, workers=1, formats=("html",))


def test_the_facts_the_page_and_the_json_say_who_signed_the_model(
    outside: ValidationResult,
) -> None:
    signer = read_bundle(outside.folder.parent / "model").signed_by
    assert signer is not None
    facts = json.loads((outside.folder / "facts.json").read_text())
    assert facts["external"]["signed_by"] == signer
    assert outside.report is not None
    page = outside.report.read_text(encoding="utf-8")
    assert "The model is signed by " in page
    assert signer in page
    found = json.loads(outside.to_json())
    assert (found["signed_by"], found["training_cases"]) == (signer, 120)
    assert found["flow"]["analysed"]["cases"] == 120
    assert found["performance"] == facts["performance"]
    assert found["recalibration"] == facts["external"]["recalibration"]


def test_the_locked_coefficients_decide_and_nothing_is_fitted(
    locked: Path, outside: ValidationResult
) -> None:
    model = json.loads((locked / "predictor.json").read_text())["models"]["Clinical"]
    table = pd.read_csv(outside.folder.parent / "outside.csv")
    lp = np.zeros(len(table))
    for term, coefficient in zip(model["terms"], model["coefficients"], strict=True):
        if term["kind"] == "linear":
            lp += coefficient * table["age"].to_numpy()
        else:
            lp += coefficient * (table["stage"] == term["level"]).to_numpy()
    survival = Survival(table["time"].to_numpy(), table["event"].to_numpy())
    expected = concordance_index(survival, lp)
    row = outside.facts.performance[0]
    assert row.kind == "external"
    assert row.c_index.value == pytest.approx(expected.value, abs=1e-12)
    assert row.c_index.low == pytest.approx(expected.low, abs=1e-9)


def test_the_report_holds_case_mix_and_the_recalibration_on_offer(
    outside: ValidationResult,
) -> None:
    external = outside.facts.external
    assert external is not None
    assert {row.label for row in external.case_mix} >= {"Age (years)"}
    assert len(external.recalibration) == 2 * 2
    assert all(row.new_baseline is not None for row in external.recalibration)
    assert outside.report is not None
    page = outside.report.read_text()
    assert "Case mix: training and outside cases" in page
    assert "Recalibration on offer" in page
    assert "external data" in page


def test_models_are_compared_on_all_pairs_of_outside_cases(outside: ValidationResult) -> None:
    differences = [row for row in outside.facts.comparisons if row.measure == "C-index"]
    assert [(row.old, row.new, row.kind) for row in differences] == [
        ("Clinical", "Again", "external")
    ]
    assert differences[0].difference is not None
    assert differences[0].difference.value == 0


def test_another_unit_of_time_is_refused(locked: Path, tmp_path: Path) -> None:
    write_cohort(tmp_path, "outside", seed=3)
    plan = tmp_path / "external.toml"
    plan.write_text(PLAN.format(table="outside.csv") + '[outcome]\nunit = "days"\n')
    with pytest.raises(PlanError, match="convert the times"):
        validate_bundle(locked, plan, workers=1, formats=())
    assert not (tmp_path / "validation").exists()


def test_a_missing_variable_of_the_model_is_reported(locked: Path, tmp_path: Path) -> None:
    write_cohort(tmp_path, "outside", seed=3).drop(columns="age").to_csv(
        tmp_path / "outside.csv", index=False
    )
    plan = tmp_path / "external.toml"
    plan.write_text(PLAN.format(table="outside.csv"))
    with pytest.raises(StudyProblemsError, match="age"):
        validate_bundle(locked, plan, workers=1, formats=())


def test_an_altered_model_is_refused(locked: Path, tmp_path: Path) -> None:
    altered = tmp_path / "model"
    altered.mkdir()
    for file in locked.iterdir():
        (altered / file.name).write_bytes(file.read_bytes())
    content = (altered / "predictor.json").read_bytes()
    (altered / "predictor.json").write_bytes(content.replace(b"0", b"1", 1))
    with pytest.raises(BundleError, match="altered"):
        validate_bundle(altered, tmp_path / "external.toml", workers=1)


def test_columns_of_other_names_are_taken_from_the_outside_plan(
    locked: Path, outside: ValidationResult, tmp_path: Path
) -> None:
    table = write_cohort(tmp_path, "outside", seed=2)
    table.rename(columns={"age": "years_of_life", "stage": "grade"}).to_csv(
        tmp_path / "outside.csv", index=False
    )
    plan = tmp_path / "external.toml"
    plan.write_text(
        PLAN.format(table="outside.csv")
        + '[clinical]\nage = { column = "years_of_life", unit = "years" }\n'
        + 'stage = { column = "grade", levels = ["I", "II", "III"] }\n'
    )
    renamed = validate_bundle(locked, plan, workers=1, formats=())
    told, expected = (found.facts.performance[0].c_index for found in (renamed, outside))
    assert told == expected


@pytest.mark.parametrize(
    "variable", ['age = { unit = "months" }', 'stage = { levels = ["1", "2", "3"] }']
)
def test_a_variable_of_another_unit_or_other_levels_is_refused(
    locked: Path, tmp_path: Path, variable: str
) -> None:
    write_cohort(tmp_path, "outside", seed=3)
    plan = tmp_path / "external.toml"
    plan.write_text(PLAN.format(table="outside.csv") + f"[clinical]\n{variable}\n")
    with pytest.raises(PlanError, match="recode the table"):
        validate_bundle(locked, plan, workers=1, formats=())


@pytest.mark.slow
def test_outside_cases_at_a_level_that_training_had_not_are_reported(tmp_path: Path) -> None:
    table = write_cohort(tmp_path, "training", seed=1)
    table[table["stage"] != "III"].to_csv(tmp_path / "training.csv", index=False)
    plan = tmp_path / "study.toml"
    plan.write_text(PLAN.format(table="training.csv") + CLINICAL)
    bundle = Study.from_toml(plan).run(workers=1, formats=()).bundle
    outside = write_cohort(tmp_path, "outside", seed=2)
    plan = tmp_path / "external.toml"
    plan.write_text(PLAN.format(table="outside.csv"))
    found = validate_bundle(bundle, plan, workers=1, formats=()).facts.run.warnings
    count = int((outside["stage"] == "III").sum())
    assert [w.text for w in found if w.where == "Stage"] == [
        f"{count} cases are at a level that no training case had; it counts as I"
    ]


def test_empty_cells_that_the_model_cannot_fill_in_are_refused_by_row_and_column(
    locked: Path, tmp_path: Path
) -> None:
    table = write_cohort(tmp_path, "outside", seed=7)
    table.loc[[3, 8], "age"] = None
    table.loc[5, "stage"] = None
    table.to_csv(tmp_path / "outside.csv", index=False)
    plan = tmp_path / "external.toml"
    plan.write_text(PLAN.format(table="outside.csv") + '[selection]\nmissing_clinical = "impute"\n')
    with pytest.raises(StudyProblemsError) as refused:
        validate_bundle(locked, plan, workers=1, formats=())
    assert {(p.rows, p.column) for p in refused.value.problems} == {
        ((5, 10), "age"),
        ((7,), "stage"),
    }
