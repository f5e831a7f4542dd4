"""Studies of every kind: clinical alone, with gaps, with and without a network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cli.command import Command
from study.small_study import (
    CASES,
    SmallStudy,
    write_clinical_study,
    write_image_study,
)
from trephine.study import Study
from trephine.study.locked.model import read_model


def test_a_study_of_clinical_variables_alone_runs(tmp_path: Path) -> None:
    result = Study.from_toml(write_clinical_study(tmp_path / "study").toml).run(
        workers=1, formats=()
    )
    assert [model.name for model in result.facts.models] == ["Clinical", "Clinical"]
    assert not result.facts.selection


@pytest.mark.parametrize("rule", ["drop", "impute"])
def test_missing_clinical_values_are_dropped_or_imputed_as_the_plan_says(
    table_study: SmallStudy, rule: str
) -> None:
    table_study.replace("[selection]", f'[selection]\nmissing_clinical = "{rule}"')
    for row, word in ((5, ""), (6, "NA"), (7, "n/a")):
        table_study.set(row, "age", word)
    table_study.set(8, "stage", "?")
    result = Study.from_toml(table_study.toml).run(workers=1, formats=())
    left = {"drop": CASES - 4, "impute": CASES}[rule]
    assert result.facts.flow.analysed.cases == left
    assert result.facts.flow.enrolled.cases == CASES


def test_cases_without_follow_up_are_left_out_and_counted(
    table_study: SmallStudy, trephine: Command
) -> None:
    table_study.set(5, "months", "")
    table_study.set(9, "died", "NA")
    said = trephine("check", table_study.toml)
    assert said.code == 0, said.err
    assert f"{CASES - 2} cases" in said.out
    assert "Left out, 2 cases: follow-up not recorded." in said.out


def test_without_torch_radiomics_and_clinical_run_and_the_report_says_so(
    image_study: SmallStudy, no_torch: None
) -> None:
    image_study.replace("\n[deep]\nenabled = false\n", "")
    result = Study.from_toml(image_study.toml).run(workers=1, formats=())
    assert list(result.analysis.cases.features) == ["radiomics"]
    told = [text for where, text in result.analysis.warnings if where == "Deep features"]
    assert told == ["torch is not installed: no deep features were extracted"]


def test_a_plan_that_asks_for_deep_features_without_torch_says_what_to_install(
    image_study: SmallStudy, trephine: Command, no_torch: None
) -> None:
    image_study.replace("[deep]\nenabled = false", '[deep]\nweights = "random:0"')
    said = trephine("run", image_study.toml)
    assert said.code == 2
    assert "pip install 'trephine[deep]'" in said.err
    assert not image_study.results.exists()


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trephine.study.settings._torch_installed", lambda: False)


def test_deep_features_give_the_four_models_of_the_paper_and_a_prediction(
    tmp_path: Path, trephine: Command
) -> None:
    pytest.importorskip("torch")
    study = write_image_study(tmp_path / "study", deep=True)
    result = Study.from_toml(study.toml).run(workers=1, formats=())
    assert [m.name for m in result.facts.models if m.protocol == "sound"] == [
        "Clinical", "Radiomics", "DL", "DLRC",
    ]  # fmt: skip
    assert result.facts.study.random_weights_note
    assert "torch" in {library.name for library in result.facts.run.versions}
    inputs = result.analysis.inputs
    assert inputs.files is not None
    row = 1
    table = study.table()
    table[table["hip"] == inputs.case_ids[row]].to_csv(tmp_path / "case.csv", index=False)
    trained = result.analysis.protocols["sound"].apparent["DL"].linear_predictor[row]
    arguments = [
        "predict", result.bundle, "--model", "DL", "--image", inputs.files.images[row],
        "--mask", inputs.files.masks["a"][row], "--label", inputs.files.labels[row],
        "--side", inputs.sides[row], "--clinical", tmp_path / "case.csv",
        "--json", tmp_path / "told.json",
    ]  # fmt: skip
    said = trephine(*arguments)
    assert said.code == 0, said.err
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["linear_predictor"] == pytest.approx(trained, abs=1e-6)
    _spoil_weights_hash(result.bundle)
    said = trephine(*arguments)
    assert result.analysis.protocols["sound"].fitted.models["DL"].signatures == ("deep",)
    assert (said.code, "expected network weights" in said.err) == (2, True)


def _spoil_weights_hash(bundle: Path) -> None:
    """Rewrite a bundle as if it had been fitted with other weights, its sums being right."""
    whole = read_model(bundle)
    features = whole.context.features.model_copy(update={"weights_sha256": "0" * 64})
    context = whole.context.model_copy(update={"features": features})
    replace(whole, context=context).write(bundle)
