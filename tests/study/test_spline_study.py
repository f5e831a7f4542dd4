"""A study with a variable whose effect is no straight line, from its file to the next case."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from serve.node import needs_node, predicted
from study.small_study import SmallStudy, write_clinical_study
from trephine.regression.restricted_spline import harrell_knots
from trephine.study import Study
from trephine.study.locked import calculator_content, predict_case, read_model
from trephine.study.run import StudyResult

SPLINE = 'age = { unit = "years", spline = 4 }'


def _bent(folder: Path) -> SmallStudy:
    """Let the youngest and the oldest do worst."""
    study = write_clinical_study(folder)
    table = study.table()
    rng = np.random.default_rng(8)
    age = table["age"].astype(float).to_numpy()
    time = rng.exponential(60 * np.exp(-(((age - 50) / 10) ** 2) / 2 - 0.5))
    end = rng.uniform(12, 60, len(table))
    table["months"] = [f"{max(value, 0.1):.1f}" for value in np.minimum(time, end)]
    table["died"] = (time <= end).astype(int).astype(str)
    study.write(table)
    study.replace('age = { unit = "years" }', SPLINE)
    study.replace("[selection]", '[selection]\nclinical = "all"')
    study.replace("bootstraps = 0", "bootstraps = 60")
    return study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return _bent(tmp_path_factory.mktemp("spline") / "study")


@pytest.fixture(scope="module")
def result(study: SmallStudy) -> StudyResult:
    return Study.from_toml(study.toml).run(workers=1)


def test_the_facts_have_the_curve_its_test_and_a_bent_axis(result: StudyResult) -> None:
    model = next(one for one in result.facts.models if one.protocol == "sound")
    (effect,) = model.partial_effects
    ages = result.analysis.cases.clinical.values("age")
    assert effect.knots == tuple(harrell_knots(ages, 4).tolist())
    assert effect.reference == np.median(ages)
    assert effect.degrees_of_freedom == 2
    assert effect.p is not None
    assert effect.p < 0.05
    own = [term for term in model.terms if term.name == "age"]
    assert [term.ratio.value is None for term in own] == [False, True, True]
    assert "against" in own[0].label
    (nomogram,) = [one for one in result.facts.nomograms if one.protocol == "sound"]
    axis = next(one for one in nomogram.predictors if one.name == "age")
    steps = np.sign(np.diff([tick.points for tick in axis.ticks]))
    assert {-1.0, 1.0} <= set(steps)
    table = next(one for one in result.facts.table2 if one.protocol == "sound")
    row = next(one for one in table.variables if one.name == "age")
    assert row.note.startswith("restricted cubic spline with knots at")
    shown = row.rows[0].multivariable
    assert len(row.rows) == 1
    assert shown is not None
    assert shown.ratio.value == pytest.approx(own[0].ratio.value)
    assert shown.ratio.low == pytest.approx(own[0].ratio.low)
    published = next(one for one in result.facts.models if one.protocol == "published")
    assert published.partial_effects == ()


def test_the_page_has_the_figure_and_says_what_was_done(result: StudyResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "figure-partial-effects-sound" in page
    assert "Durrleman" in page
    assert "non-linearity" in page


def test_its_model_predicts_as_the_study_does(
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


@needs_node
def test_the_calculator_predicts_as_predict_does(result: StudyResult, tmp_path: Path) -> None:
    assert result.bundle is not None
    model = read_model(result.bundle)
    content = calculator_content(model).model_dump(mode="json")
    values = [{"age": age, "stage": stage} for age in (19.5, 33, 50, 71.25, 95) for stage in "I"]
    cases = [{"clinical": one} for one in values]
    for one, own in zip(values, predicted(content, "Clinical", cases, tmp_path), strict=True):
        said = predict_case(model, dict(one), "Clinical")
        assert own["linearPredictor"] == pytest.approx(said.linear_predictor, abs=1e-12)
        assert own["totalPoints"] == pytest.approx(said.total_points, abs=1e-9)
        assert sum(part["points"] for part in own["points"]) == pytest.approx(said.total_points)
        assert len(own["warnings"]) == len(said.warnings)
        for at, survival in zip(own["survival"], said.survival.values(), strict=True):
            assert at["value"] == pytest.approx(survival.value, abs=1e-12)
            low = None if np.isnan(survival.low) else survival.low
            assert at["low"] == pytest.approx(low, abs=1e-12)


def test_a_value_outside_training_is_said_once(result: StudyResult) -> None:
    assert result.bundle is not None
    said = predict_case(read_model(result.bundle), {"age": 95, "stage": "I"}, "Clinical")
    assert len([one for one in said.warnings if "outside the training range" in one]) == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("spline = 4", "spline = 2", "3"),
        ("spline = 4", "spline = 8", "7"),
        ('levels = ["I", "II", "IIIA"]', 'levels = ["I", "II", "IIIA"], spline = 4', "levels"),
    ],
)
def test_wrong_splines_are_listed_by_check(
    study: SmallStudy, trephine: Command, tmp_path: Path, old: str, new: str, told: str
) -> None:
    other = _copy(study, tmp_path)
    other.replace(old, new)
    said = trephine("check", other.toml)
    assert said.code == 2
    assert "spline" in said.err
    assert told in said.err


def test_more_knots_than_values_are_listed_by_check(
    study: SmallStudy, trephine: Command, tmp_path: Path
) -> None:
    other = _copy(study, tmp_path)
    table = other.table()
    table["age"] = np.where(np.arange(len(table)) % 3 == 0, "40", "60")
    other.write(table)
    said = trephine("check", other.toml)
    assert said.code == 2
    assert "room for a spline of 4 knots" in said.err
    assert "2 different values" in said.err
    assert "Leave out spline" in said.err


def _copy(study: SmallStudy, folder: Path) -> SmallStudy:
    new = SmallStudy(folder / "copy")
    shutil.copytree(study.folder, new.folder, ignore=shutil.ignore_patterns("results"))
    return new
