"""A study with a variable that separates the events, from its file to the next case."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_clinical_study
from trephine.report import phrases
from trephine.study import Study
from trephine.study.run import StudyResult


def _study(folder: Path, *, firth: bool) -> SmallStudy:
    """Add whether a hip was healed at the first visit: none of those collapsed."""
    study = write_clinical_study(folder)
    table = study.table()
    rng = np.random.default_rng(5)
    table["healed"] = np.where((table["died"] == "0") & (rng.random(len(table)) < 0.6), "yes", "no")
    study.write(table)
    study.replace("[clinical]", '[clinical]\nhealed = { levels = ["no", "yes"] }')
    if firth:
        study.replace("[selection]", '[selection]\nseparation = "firth"')
    return study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return _study(tmp_path_factory.mktemp("firth") / "study", firth=True)


@pytest.fixture(scope="module")
def result(study: SmallStudy) -> StudyResult:
    return Study.from_toml(study.toml).run(workers=1)


def test_the_report_says_that_and_why_a_model_is_penalised(result: StudyResult) -> None:
    model = next(one for one in result.facts.models if one.protocol == "sound")
    assert model.penalty == "firth"
    assert model.notes == (phrases.FIRTH,)
    assert model.hazards_tests == ()
    term = next(term for term in model.terms if term.name == "healed")
    assert term.ratio.value is not None
    assert 0 < term.ratio.low < term.ratio.value < term.ratio.high < 1
    table = next(one for one in result.facts.table2 if one.protocol == "sound")
    row = next(one for one in table.variables if one.name == "healed")
    assert row.note == phrases.SEPARATES
    assert row.multivariable_p == pytest.approx(term.p)
    shown = row.rows[1].multivariable
    assert shown is not None
    assert shown.ratio == term.ratio
    told = [text for where, text in result.analysis.warnings if where == "Healed, sound"]
    assert len(told) == 1
    assert told[0].startswith("separates the events")
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "Firth" in page
    assert "Heinze" in page


def test_its_model_predicts_as_the_study_does(
    study: SmallStudy, result: StudyResult, trephine: Command, tmp_path: Path
) -> None:
    table = study.table()
    case = tmp_path / "case.csv"
    table.drop(columns=["months", "died"]).iloc[[0]].to_csv(case, index=False)
    written = tmp_path / "answer.json"
    said = trephine("predict", result.bundle, "--clinical", case, "--json", written)
    assert said.code == 0, said.err
    answer = json.loads(written.read_text(encoding="utf-8"))
    known = result.analysis.protocols["sound"].apparent["Clinical"].linear_predictor[0]
    assert answer["linear_predictor"] == pytest.approx(known, abs=1e-9)


def test_without_the_key_it_is_left_out_and_the_key_is_named(tmp_path: Path) -> None:
    plain = _study(tmp_path / "plain", firth=False)
    found = Study.from_toml(plain.toml).run(workers=1, formats=())
    told = [text for where, text in found.analysis.warnings if where == "Healed, sound"]
    assert len(told) == 1
    assert 'separation = "firth"' in told[0]
    assert all(model.penalty == "none" for model in found.facts.models)


def test_another_word_is_listed_by_check(tmp_path: Path, trephine: Command) -> None:
    plain = _study(tmp_path / "plain", firth=False)
    plain.replace("[selection]", '[selection]\nseparation = "ridge"')
    said = trephine("check", plain.toml)
    assert said.code == 2
    assert "separation" in said.err
    assert "firth" in said.err
