"""Cases of a study that end their worker process or never end: they cost only themselves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from study.small_study import SmallStudy
from trephine.errors import InputError, StudyProblemsError
from trephine.executors import work_at, workers_kept
from trephine.imaging.grey_settings import GreySettings
from trephine.plan.reading import read_plan
from trephine.store import FeatureStore
from trephine.study.batch.log import RunLog
from trephine.study.extraction import guarded
from trephine.study.extraction.fates import Fate
from trephine.study.extraction.one_image import Done, extract_image
from trephine.study.extraction.tasks import ExtractionTask, Reading, Recipe
from trephine.study.extraction.whole_study import Extraction, extract_all
from trephine.study.images import opening
from trephine.study.inputs import StudyInputs, read_study
from trephine.worker_guard import Lost, WorkerGuard

DEADLY = "030"


def made_up(_recipe: Recipe, task: ExtractionTask) -> Done:
    """Return what `extract_image` does, of no image."""
    values = {reading.keys["radiomics"]: np.array([1.0, 2.0]) for reading in task.readings}
    fates = tuple(Fate(reading.position, reading.row) for reading in task.readings)
    notes = {task.image_key: {"spacing_row_mm": 0.5}}
    return Done({"radiomics": ("a", "b")}, {"radiomics": values}, notes, fates)


def deadly(recipe: Recipe, task: ExtractionTask) -> Done:
    """End the process at one reading of one image."""
    if task.image.name.startswith(DEADLY) and any(r.mask.parent.name == "a" for r in task.readings):
        os._exit(1)
    return made_up(recipe, task)


def deadly_opening(files: object, data: object, item: tuple[Path, list[int]]) -> object:
    if item[0].name.startswith(DEADLY):
        os._exit(1)
    return opening._check_image(files, data, item)


@pytest.fixture
def study(image_study: SmallStudy) -> SmallStudy:
    skip = 'failures = "skip"\nimage = "images/{patient}.nii.gz"'
    image_study.replace('image = "images/{patient}.nii.gz"', skip)
    return image_study


def extracted(inputs: StudyInputs, log: RunLog, workers: int, *, retry: bool = False) -> Extraction:
    store = FeatureStore(inputs.plan.data.table.parent / "results" / "features")
    return extract_all(inputs, store, workers=workers, log=log, retry=retry)


@pytest.mark.slow
def test_they_are_left_out_kept_in_mind_and_tried_again_when_that_is_asked_for(
    study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = read_study(study.toml, workers=1)
    log = RunLog(study.folder / "log.jsonl")
    with monkeypatch.context() as patch, workers_kept(2):
        patch.setattr(guarded, "extract_image", deadly)
        left, _ = extracted(inputs, log, 2)
    lost = study.table()["patient"] == DEADLY
    assert set(inputs.case_ids) - set(left.case_ids) == set(study.table()["hip"][lost])
    lines = map(json.loads, (study.folder / "log.jsonl").read_text().splitlines())
    states = [(line["row"], line["state"]) for line in lines if line.get("kind")]
    assert states == [(row + 2, "quarantined") for row in np.flatnonzero(lost)]
    monkeypatch.setattr(guarded, "extract_image", made_up)
    again = RunLog(None)
    same, _ = extracted(inputs, again, 1)
    assert same.rows == left.rows
    assert (again.summary.measured, sum(again.summary.failed.values())) == (0, lost.sum())
    (said,) = [remark for remark in same.remarks if "Left out" in remark]
    assert "ended its worker process twice" in said
    assert "not tried again without --retry" in said
    whole, _ = extracted(inputs, RunLog(None), 1, retry=True)
    assert whole.rows == inputs.rows


@pytest.mark.slow
def test_an_image_whose_opening_ends_the_process_is_a_problem_of_its_rows(
    study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.replace('failures = "skip"\n', "timeout_s = 100\n")
    monkeypatch.setattr(opening, "_check_image", deadly_opening)
    with pytest.raises(StudyProblemsError) as said:
        read_study(study.toml, workers=2)
    (problem,) = said.value.problems
    assert "ended the process, twice" in problem.found
    assert list(problem.rows) == [int(r) + 2 for r in table_rows(study)]


def table_rows(study: SmallStudy) -> list[int]:
    table = study.table()
    return table.index[table["patient"] == DEADLY].tolist()


def test_a_lost_reading_ends_a_run_that_does_not_go_on_and_a_longer_limit_tries_it_again(
    study: SmallStudy,
) -> None:
    study.replace("[data]", "[data]\ntimeout_s = 20")
    store = FeatureStore(study.folder / "store")
    recipe = Recipe(read_plan(study.toml).data, GreySettings(), None, None, None, None)
    reading = Reading(Path("m.nii"), "", 1, "R", 7, {"radiomics": "key"}, 3)
    task = ExtractionTask(Path("i.nii"), "", (reading,))
    (fate,) = guarded.GivenUp(store, recipe, retry=False).take(reading, Lost("timeout")).fates
    assert (fate.kind, fate.position, fate.row, fate.seconds) == ("timeout", 3, 7, 20.0)
    assert fate.problem == "clinical.csv, row 7: took longer than 20 s ([data] timeout_s)"

    def parted(timeout_s: float | None, failures: str = "skip", *, retry: bool = False) -> int:
        data = recipe.data.model_copy(update={"timeout_s": timeout_s, "failures": failures})
        other = Recipe(data, GreySettings(), None, None, None, None)
        return len(guarded.GivenUp(store, other, retry=retry).part([task])[0])

    assert [parted(10), parted(20), parted(21), parted(None)] == [0, 0, 1, 1]
    assert parted(20, retry=True) == parted(20, "stop") == 1
    store.write_notes({"given up:key": {"kind": "worker", "problem": 3, "limit_s": "x"}})
    assert parted(20) == 1  # a note of another form, as a store from elsewhere may hold
    stopping = recipe.data.model_copy(update={"failures": "stop"})
    strict = guarded.GivenUp(
        store, Recipe(stopping, GreySettings(), None, None, None, None), retry=False
    )
    with pytest.raises(InputError, match=r"row 7: ended its worker process twice.*failures"):
        strict.take(reading, Lost("killed"))


def test_a_limit_that_work_in_this_process_cannot_keep_is_refused() -> None:
    with work_at("serial"):
        with pytest.raises(InputError, match="--executor serial: expected no time limit"):
            WorkerGuard(extract_image, 2, timeout_s=5.0)
        with WorkerGuard(abs, 2) as guard:
            assert dict(guard.map([-1, -2])) == {0: 1, 1: 2}
