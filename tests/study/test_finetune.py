"""A study that trains its network: from its file to its report's facts, its model, a prediction."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_image_study
from study.test_run import numbers
from trephine.errors import PlanError, StudyProblemsError
from trephine.modelling.bundle import read_bundle
from trephine.plan.validation_section import ValidationSection
from trephine.study import Study
from trephine.study.finetuning import fewest_training_events, number_of_trainings
from trephine.study.inputs import read_study
from trephine.study.locked.validate import validate_bundle

pytest.importorskip("torch")

FINETUNE = """
[deep.finetune]
epochs = 2
learning_rate = 1e-3
minimum_events = 10
"""


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    """A small study with images whose network is trained."""
    made = write_image_study(tmp_path / "study", deep=True)
    made.replace("[selection]", FINETUNE + "\n[selection]\nmax_outliers = 1.0\nicc_threshold = 0.0")
    return made


@pytest.mark.slow
def test_a_study_trains_predicts_and_validates(
    study: SmallStudy, tmp_path: Path, trephine: Command
) -> None:
    told: list[str] = []
    result = Study.from_toml(study.toml).run(
        workers=1, progress=lambda stage, done, total: told.append(stage), formats=()
    )
    assert any("trainings of the network" in stage for stage in told)
    steps = {
        (part.protocol, part.feature_set): [step.name for step in part.steps]
        for part in result.facts.selection
    }
    for protocol in ("published", "sound"):
        assert steps[protocol, "Deep"][0] == "Fine-tuning"
        assert "Fine-tuning" not in steps[protocol, "Radiomics"]
    assert result.facts.methods.deep is not None
    assert "trained on survival" in result.facts.methods.deep.layer
    sound = result.analysis.protocols["sound"]
    assert set(read_bundle(result.bundle).predictor.blocks) == {"deep"}

    inputs = result.analysis.inputs
    assert inputs.files is not None
    table = study.table()
    row = 1
    table[table["hip"] == inputs.case_ids[row]].to_csv(tmp_path / "case.csv", index=False)
    said = trephine(
        "predict", result.bundle, "--model", "DL", "--image", inputs.files.images[row],
        "--mask", inputs.files.masks["a"][row], "--label", inputs.files.labels[row],
        "--side", inputs.sides[row], "--clinical", tmp_path / "case.csv",
        "--json", tmp_path / "told.json", "--saliency", tmp_path / "saliency.png",
    )  # fmt: skip
    assert said.code == 0, said.err
    predicted = json.loads((tmp_path / "told.json").read_text())["linear_predictor"]
    expected = sound.apparent["DL"].linear_predictor
    assert predicted == pytest.approx(expected[row], abs=1e-9)
    assert (tmp_path / "saliency.png").exists()

    outside = validate_bundle(
        result.bundle, study.toml, tmp_path / "outside", workers=1, formats=()
    )
    c_index = {p.model: p.c_index.value for p in outside.facts.performance}
    apparent = {
        p.model: p.c_index.value
        for p in result.facts.performance
        if (p.protocol, p.kind) == ("sound", "apparent")
    }
    assert c_index["DL"] == pytest.approx(apparent["DL"], abs=1e-12)

    again = Study.from_toml(study.toml).run(tmp_path / "two", workers=2, formats=())
    assert numbers(again.facts) == numbers(result.facts)


def test_too_few_events_are_reported_before_any_work(study: SmallStudy) -> None:
    study.replace("minimum_events = 10", "minimum_events = 30")
    with pytest.raises(StudyProblemsError, match="at least 30 events in every training"):
        read_study(study.toml)


def test_an_unknown_key_is_refused_with_the_nearest(study: SmallStudy) -> None:
    study.replace("epochs = 2", "epoch = 2")
    with pytest.raises(StudyProblemsError, match=r"unknown key 'epoch'.*'epochs'"):
        read_study(study.toml)


def test_without_the_section_nothing_is_trained(study: SmallStudy) -> None:
    study.replace(FINETUNE, "")
    plan = read_study(study.toml).plan
    assert plan.deep.finetune is None


def test_a_study_without_deep_features_has_nothing_to_train(study: SmallStudy) -> None:
    study.replace("input_size = 32", "input_size = 32\nenabled = false")
    with pytest.raises((PlanError, StudyProblemsError), match="without deep features"):
        read_study(study.toml)


def test_centre_effects_and_training_are_not_both_taken(study: SmallStudy) -> None:
    study.write(study.table().assign(hospital=lambda table: table["side"]))
    study.replace("columns = {", 'columns = { centre = "hospital",')
    study.replace("[selection]\n", '[selection]\nharmonise = "combat"\n')
    with pytest.raises(StudyProblemsError, match=r'expected selection\.harmonise = "none"'):
        read_study(study.toml)


def test_trainings_are_counted_as_they_are_made() -> None:
    few = ValidationSection(repeats=2, folds=3, bootstraps=0, permutations=0)
    # Published: all cases and six refits; sound: each of them six times.
    assert number_of_trainings(few) == 7 + 7 * 6
    assert number_of_trainings(few, centres=3) == 10 + 10 * 6
    many = ValidationSection(repeats=0, folds=5, bootstraps=10, permutations=4)
    # Bootstrap fits all cases once more; the sound null check fits all cases and every fold.
    assert number_of_trainings(many) == (1 + 11 + 5) + (1 + 11 + 30) * 6


def test_the_fewest_events_hold_in_every_nested_fold() -> None:
    from trephine.regression.folds import assign_folds

    rng = np.random.default_rng(0)
    for _ in range(50):
        n = int(rng.integers(60, 200))
        patient = np.sort(rng.integers(0, n // 2 + 10, n))
        event = rng.random(n) < 0.5
        fewest = fewest_training_events(int(event.sum()), ValidationSection(folds=4))
        outer = assign_folds(4, patient, event, rng)
        for held_out in range(4):
            rest = outer != held_out
            inner = assign_folds(5, patient[rest], event[rest], rng)
            assert min(event[rest][inner != k].sum() for k in range(5)) >= fewest


def test_the_default_plan_trains_as_often_as_the_reference_says() -> None:
    from trephine.plan.reference import study_file_reference

    assert f"{number_of_trainings(ValidationSection()):,} trainings" in study_file_reference()
