"""Cases that pass the check and cannot be measured: counted and left out, or the end of it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from study.small_study import CENTRES, LABELS, SIDE, SPACING, SmallStudy
from trephine.errors import ImageError, InputError, StudyProblemsError
from trephine.facts import Facts
from trephine.imaging import write_nifti
from trephine.store import FeatureStore
from trephine.study.batch.log import RunLog
from trephine.study.extraction import one_image
from trephine.study.extraction.leaving_out import UNMEASURED
from trephine.study.extraction.whole_study import extract_all
from trephine.study.inputs import read_study
from trephine.types import Mask

SKIP = 'failures = "skip"\nimage = "images/{patient}.nii.gz"'
SMALL, ALONE = "030", "R"


@pytest.fixture
def study(image_study: SmallStudy) -> SmallStudy:
    """The region of a patient with one hip is too small for the settings."""
    image_study.replace("binWidth = 10.0", "binWidth = 10.0\nminimumROISize = 100")
    labels = np.zeros((SIDE, SIDE), dtype=np.uint8)
    row, column = CENTRES[ALONE]
    labels[row : row + 3, column : column + 3] = LABELS[ALONE]
    write_nifti(Mask(labels, SPACING), image_study.folder / "a" / f"{SMALL}.nii.gz")
    return image_study


def number_of(study: SmallStudy) -> int:
    (row,) = np.flatnonzero(study.table()["patient"] == SMALL)
    return int(row) + 2


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_first_ends_the_work_by_default_named_by_its_row(
    study: SmallStudy, trephine: Command
) -> None:
    assert trephine("check", study.toml).code == 0
    said = trephine("run", study.toml)
    assert said.code == 2
    expected = f"clinical.csv, row {number_of(study)}: region: expected more than 100 voxels"
    assert expected in " ".join(said.err.split())
    assert SMALL not in said.err
    assert not (study.results / "facts.json").exists()
    log = lines(study.results / "log.jsonl")
    assert (log[0]["event"], log[-1]["event"], log[-1]["how"]) == ("begin", "end", "failed")


@pytest.mark.slow
def test_it_is_left_out_counted_and_told_and_the_rest_is_the_study_without_it(
    study: SmallStudy, trephine: Command
) -> None:
    study.replace('image = "images/{patient}.nii.gz"', SKIP)
    row = number_of(study)
    said = trephine("run", study.toml)
    assert said.code == 0, said.err
    out = " ".join(said.out.split())
    assert f"Note: Left out, clinical.csv, row {row}: region: expected more than 100" in out
    assert "Features: Failed, by kind: region 1." in out
    facts = Facts.model_validate_json((study.results / "facts.json").read_text())
    (exclusion,) = [one for one in facts.flow.exclusions if one.reason == UNMEASURED]
    assert (exclusion.cases, exclusion.patients) == (1, 1)
    log = lines(study.results / "log.jsonl")
    failed = [line for line in log if line.get("state") == "failed"]
    assert [(line["row"], line["kind"]) for line in failed] == [(row, "region")]
    assert f"{SMALL}.nii" not in (study.results / "log.jsonl").read_text()
    assert log[-1]["how"] == "done"
    assert log[-1]["failed"] == {"region": 1}
    assert log[-1]["regions_an_hour"] > 0
    assert {line["stage"] for line in log if line["event"] == "stage"} >= {"Extracting features"}

    table = study.table()
    study.write(table[table["patient"] != SMALL])
    assert trephine("run", study.toml, "--out", study.folder / "without").code == 0
    without = Facts.model_validate_json((study.folder / "without" / "facts.json").read_text())
    assert facts.performance == without.performance
    assert facts.table1 == without.table1
    assert facts.models == without.models


def test_a_second_run_measures_what_failed_again_and_nothing_else(study: SmallStudy) -> None:
    study.replace('image = "images/{patient}.nii.gz"', SKIP)
    inputs = read_study(study.toml, workers=1)
    store = FeatureStore(study.results / "features")
    first, second = RunLog(None), RunLog(None)
    left, features = extract_all(inputs, store, workers=1, log=first)
    again = extract_all(inputs, store, workers=1, log=second)
    readings = first.summary.measured
    assert (second.summary.known, second.summary.measured) == (readings, 0)
    assert first.summary.failed == second.summary.failed == {"region": 1}
    assert SMALL not in left.patient_ids
    assert len(left.rows) == len(inputs.rows) - 1
    assert features.sets["radiomics"].values.shape[0] == len(left.rows)
    assert np.isfinite(features.sets["radiomics"].values).all()
    assert left.rows == again.inputs.rows
    n = len(inputs.rows)
    for field in fields(inputs):  # whatever a study comes to hold of each case loses this one
        before, after = (getattr(one, field.name) for one in (inputs, left))
        if hasattr(before, "__len__") and len(before) == n:
            assert len(after) == n - 1, field.name


def test_too_little_memory_for_one_case_is_a_failure_of_its_own_kind(
    image_study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_study.replace('image = "images/{patient}.nii.gz"', SKIP)
    measure, calls = one_image.measure_region, []

    def short(*given: object, **more: object) -> object:
        calls.append(1)
        if len(calls) == 5:
            raise MemoryError
        return measure(*given, **more)

    monkeypatch.setattr(one_image, "measure_region", short)
    inputs = read_study(image_study.toml, workers=1)
    log = RunLog(None)
    left, _ = extract_all(inputs, FeatureStore(image_study.results / "f"), workers=1, log=log)
    assert log.summary.failed == {"memory": 1}
    assert len(left.rows) == len(inputs.rows) - 1
    assert [one for one in left.remarks if "expected enough memory" in one and "row" in one]


def test_files_that_went_away_end_the_work_whatever_the_plan_says(image_study: SmallStudy) -> None:
    image_study.replace('image = "images/{patient}.nii.gz"', SKIP)
    inputs = read_study(image_study.toml, workers=1)
    images = image_study.folder / "images"

    def gone(done: int, total: int) -> None:
        if done == total // 2:
            images.rename(image_study.folder / "away")

    store = FeatureStore(image_study.results / "features")
    with pytest.raises(InputError, match=r"went away.*run the same command again"):
        extract_all(inputs, store, workers=1, progress=gone)
    (image_study.folder / "away").rename(images)
    log = RunLog(None)
    left, _ = extract_all(inputs, store, workers=1, log=log)
    assert left is inputs
    assert log.summary.known >= 16


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (0, "expected cases that can be measured"),
        (8, "events among the cases that can be analysed"),
    ],
)
def test_too_few_that_are_left_are_refused(
    image_study: SmallStudy, monkeypatch: pytest.MonkeyPatch, left: int, expected: str
) -> None:
    image_study.replace('image = "images/{patient}.nii.gz"', SKIP)
    measure, calls = one_image.measure_region, []

    def fails(*given: object, **more: object) -> object:
        calls.append(1)
        if len(calls) > 3 * left:  # three readings of each
            raise ImageError("region: expected another")
        return measure(*given, **more)

    monkeypatch.setattr(one_image, "measure_region", fails)
    inputs = read_study(image_study.toml, workers=1)
    with pytest.raises(StudyProblemsError, match=expected):
        extract_all(inputs, FeatureStore(image_study.results / "features"), workers=1)
