"""A study with interactions, from its file to the next case."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from serve.node import axis_names, needs_node, predicted
from study.small_study import SmallStudy, write_clinical_study
from trephine.study import Study
from trephine.study.locked import calculator_content, predict_case, read_model
from trephine.study.run import StudyResult

ASKED = 'interactions = [["age", "stage"], ["sex", "stage"]]'


def _depending(folder: Path) -> SmallStudy:
    """Let age count in stage IIIA only, and let no man be in that stage."""
    study = write_clinical_study(folder)
    table = study.table()
    rng = np.random.default_rng(8)
    age, late = table["age"].astype(float).to_numpy(), (table["stage"] == "IIIA").to_numpy()
    table["sex"] = np.where(late, "f", rng.choice(["f", "m"], len(table)))
    time = rng.exponential(60 * np.exp(-0.12 * (age - 50) * late - 0.5))
    end = rng.uniform(12, 60, len(table))
    table["months"] = [f"{max(value, 0.1):.1f}" for value in np.minimum(time, end)]
    table["died"] = (time <= end).astype(int).astype(str)
    study.write(table)
    study.replace(
        'age = { unit = "years" }', 'age = { unit = "years" }\nsex = { levels = ["f", "m"] }'
    )
    study.replace("[selection]", f'[selection]\nclinical = "all"\n{ASKED}')
    study.replace("bootstraps = 0", "bootstraps = 24")
    return study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return _depending(tmp_path_factory.mktemp("interaction") / "study")


@pytest.fixture(scope="module")
def result(study: SmallStudy) -> StudyResult:
    return Study.from_toml(study.toml).run(workers=1)


def test_the_facts_have_tests_effects_within_levels_and_axes_for_them(result: StudyResult) -> None:
    model = next(one for one in result.facts.models if one.protocol == "sound")
    tests = {one.label: one for one in model.interaction_tests}
    assert list(tests) == [
        "Age × Stage",
        "Sex × Stage",
        "All interactions",
        "Age, with its interactions",
        "Stage, with its interactions",
        "Sex, with its interactions",
    ]
    assert [one.degrees_of_freedom for one in tests.values()] == [2, 1, 3, 3, 5, 2]
    assert tests["Age × Stage"].p is not None
    assert tests["Age × Stage"].p < 0.05
    ages = [one for one in model.effects_within if one.label.startswith("Age, per")]
    assert [one.within for one in ages] == ["Stage I", "Stage II", "Stage IIIA"]
    ratios = [one.ratio.value or 0.0 for one in ages]
    assert ratios[2] > 1.5 * ratios[0]
    (nomogram,) = [one for one in result.facts.nomograms if one.protocol == "sound"]
    axes = [one for one in nomogram.predictors if one.settings]
    assert [one.variable for one in axes] == ["age"] * 5  # none for men in stage IIIA
    assert not any(
        "IIIA" in one.label + one.within and "Sex m" in one.within for one in model.effects_within
    )
    assert axes[0].label == "Age, Stage I, Sex f"
    assert nomogram.example is not None
    shown = [one.points for one in nomogram.example.values if one.points is not None]
    assert len(shown) == 1 + len(nomogram.predictors) - len(axes)
    assert sum(shown) == pytest.approx(nomogram.example.total_points)
    table = next(one for one in result.facts.table2 if one.protocol == "sound")
    row = next(one for one in table.variables if one.name == "age:stage")
    assert [one.level.split(",")[0] for one in row.rows] == ["II", "IIIA"]
    assert row.multivariable_p == pytest.approx(tests["Age × Stage"].p)
    plain = next(one for one in table.variables if one.name == "age")
    assert "where Stage is at its reference level or 0" in plain.note
    (cut,) = [one for one in result.facts.models if one.protocol == "published"]
    assert all(one.ratio.value is not None for one in cut.terms)


def test_a_sample_size_counts_every_product(result: StudyResult) -> None:
    (row,) = [one for one in result.facts.sample_size.rows if one.model.startswith("Clinical")]
    assert row.parameters == 1 + 1 + 2 + 2 + 1


def test_the_page_tests_draws_and_says_what_was_done(result: StudyResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    for said in (
        "table-interactions",
        "table-effects-within",
        "Interactions named in the study file entered with both of their variables",
        "Effects of variables that interact",
    ):
        assert said in page


def test_its_model_predicts_as_the_study_does_and_is_validated(
    study: SmallStudy, result: StudyResult, trephine: Command, tmp_path: Path
) -> None:
    case, written = tmp_path / "case.csv", tmp_path / "answer.json"
    inputs = result.analysis.inputs
    known = result.analysis.protocols["sound"].apparent["Clinical"].linear_predictor
    for row in (0, 7):
        table = study.table()
        table = table[table["case"] == inputs.case_ids[row]]
        table.drop(columns=["months", "died"]).to_csv(case, index=False)
        said = trephine("predict", result.bundle, "--clinical", case, "--json", written)
        assert said.code == 0, said.err
        answer = json.loads(written.read_text(encoding="utf-8"))
        assert answer["linear_predictor"] == pytest.approx(known[row], abs=1e-9)
    out = tmp_path / "outside"
    said = trephine("validate", result.bundle, study.toml, "--out", out)
    assert said.code == 0, said.err
    assert (out / "report.html").is_file()


VALUES = [
    {"age": age, "stage": stage, "sex": sex}
    for age in (19.5, 50, 71.25, 95)
    for stage in ("I", "II", "IIIA")
    for sex in "fm"
]


@needs_node
def test_the_calculator_predicts_as_predict_does(result: StudyResult, tmp_path: Path) -> None:
    assert result.bundle is not None
    model = read_model(result.bundle)
    content = calculator_content(model).model_dump(mode="json")
    cases = [{"clinical": one} for one in VALUES]
    for one, own in zip(VALUES, predicted(content, "Clinical", cases, tmp_path), strict=True):
        said = predict_case(model, dict(one), "Clinical")
        assert own["linearPredictor"] == pytest.approx(said.linear_predictor, abs=1e-12)
        assert own["totalPoints"] == pytest.approx(said.total_points, abs=1e-9)
        apart = one["stage"] == "IIIA" and one["sex"] == "m"
        shown = [part["points"] for part in own["points"] if part["points"] is not None]
        assert shown == ([] if apart else [pytest.approx(said.total_points, abs=1e-9)])
        assert len(own["warnings"]) == len(said.warnings)
        assert apart == any("no training case had both" in text for text in said.warnings)
        assert apart == any(warning["code"] == "apart" for warning in own["warnings"])
        for at, survival in zip(own["survival"], said.survival.values(), strict=True):
            assert at["value"] == pytest.approx(survival.value, abs=1e-12)
            low = None if np.isnan(survival.low) else survival.low
            assert at["low"] == pytest.approx(low, abs=1e-12)


@needs_node
def test_the_calculator_names_each_axis_in_its_language(
    result: StudyResult, tmp_path: Path
) -> None:
    assert result.bundle is not None
    model = read_model(result.bundle)
    content = calculator_content(model).model_dump(mode="json")
    axes = content["models"][0]["nomogram"]["axes"]
    words = resources.files("trephine.serve").joinpath("words")
    english, chinese = (
        axis_names(json.loads(words.joinpath(f"{one}.json").read_text()), content, axes, tmp_path)
        for one in ("en", "zh")
    )
    assert english == [axis["label"] for axis in axes]
    assert "年龄、分期 II、性别 f" in chinese
    assert all(name.startswith(("年龄、分期 ", "性别、分期 ")) for name in chinese)


def test_a_value_outside_training_is_said_once(result: StudyResult) -> None:
    assert result.bundle is not None
    case = {"age": 95, "stage": "II", "sex": "f"}
    said = predict_case(read_model(result.bundle), case, "Clinical")
    assert len([one for one in said.warnings if "outside the training range" in one]) == 1


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ('interactions = [["age", "centre"]]', "'centre'"),
        ('interactions = [["age", "age"]]', "age twice"),
        ('interactions = [["age", "stage"], ["stage", "age"]]', "each pair once"),
        ('interactions = [["age"]]', "interactions"),
        ('interactions = [["age", "stage", "sex"]]', "interactions"),
        ('interactions = ["age", "stage"]', "interactions"),
    ],
)
def test_wrong_interactions_are_listed_by_check(
    study: SmallStudy, trephine: Command, tmp_path: Path, asked: str, told: str
) -> None:
    other = _copy(study, tmp_path)
    other.replace(ASKED, asked)
    said = trephine("check", other.toml)
    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err


def test_check_counts_interactions_among_the_parameters(
    study: SmallStudy, trephine: Command
) -> None:
    said = trephine("check", study.toml)
    assert said.code == 0
    assert "Age × Stage 2, Sex × Stage 1" in said.out + said.err


def _copy(study: SmallStudy, folder: Path) -> SmallStudy:
    new = SmallStudy(folder / "copy")
    shutil.copytree(study.folder, new.folder)
    return new
