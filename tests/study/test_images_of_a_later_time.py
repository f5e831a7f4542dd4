"""Images of a later time than the beginning of follow-up are caught where their dates show it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydicom import dcmread

from imaging.conftest import radiograph
from study.several_images import CASES, write_several_images
from study.small_study import SmallStudy
from trephine.errors import StudyProblemsError
from trephine.study.inputs import read_study

LATER = {4: 40, 9: 365}


@pytest.fixture
def dated(tmp_path: Path) -> SmallStudy:
    """Write a study of AP films in DICOM alone, with the date of operation in the table."""
    study = write_several_images(tmp_path / "study")
    text = study.toml.read_text(encoding="utf-8")
    text = text[: text.index("[images.lateral]")] + text[text.index("[outcome]") :]
    text = text.replace('time = "months"', 'start = "operated", last = "seen"')
    study.toml.write_text(text.replace("ap/{hip}.nii.gz", "ap/{hip}.dcm"), encoding="utf-8")
    rng, table, begun = np.random.default_rng(3), study.table(), date(2015, 3, 1)
    starts = [begun + timedelta(days=11 * row) for row in range(CASES)]
    days = [max(round(30.4375 * float(months)), 1) for months in table["months"]]
    table["operated"] = [start.isoformat() for start in starts]
    table["seen"] = [(s + timedelta(days=d)).isoformat() for s, d in zip(starts, days, strict=True)]
    study.write(table.drop(columns=["months"]))
    for row, (hip, start) in enumerate(zip(table["hip"], starts, strict=True)):
        pixels = rng.integers(0, 4000, (28, 28)).astype(np.uint16)
        film = radiograph(pixels, PixelSpacing=[0.5, 0.5], Modality="DX")
        film.StudyDate = (start + timedelta(days=LATER.get(row, -3))).strftime("%Y%m%d")
        film.save_as(study.folder / f"ap/{hip}.dcm", enforce_file_format=True)
    study.replace("[images.AP]", '[images.AP]\nmask_geometry = "adopt"')
    return study


def test_they_are_a_problem_by_their_rows_until_accepted(dated: SmallStudy) -> None:
    with pytest.raises(StudyProblemsError) as error:
        read_study(dated.toml, workers=1)
    said = str(error.value)
    assert "clinical.csv (image AP), rows 6, 11, column operated" in said
    assert f"2 of {CASES} taken 40 to 365 days after it" in said
    assert 'set [data] accept = ["dates"]' in said
    dated.replace("[images.AP]", '[images.AP]\naccept = ["dates"]')
    remarks = read_study(dated.toml, workers=1).remarks
    assert any("taken 40 to 365 days after it; accepted" in remark for remark in remarks)


def test_a_landmark_lets_images_of_up_to_then_in(dated: SmallStudy) -> None:
    dated.replace("horizons = [12, 24]", "horizons = [12, 24]\nlandmark = 1.5")
    with pytest.raises(StudyProblemsError) as error:
        read_study(dated.toml, workers=1)
    said = str(error.value)
    assert "row 11, column operated" in said
    assert "taken 365 days after it" in said
    assert "at most 46 days after it" in said
    assert "row 6" not in said


def test_films_of_the_same_weeks_are_none(dated: SmallStudy) -> None:
    table = pd.read_csv(dated.folder / "clinical.csv", dtype=str)
    for row in LATER:
        path = dated.folder / f"ap/{table['hip'][row]}.dcm"
        film = dcmread(path)
        film.StudyDate = (date.fromisoformat(table["operated"][row]) + timedelta(days=31)).strftime(
            "%Y%m%d"
        )
        film.save_as(path, enforce_file_format=True)
    assert len(read_study(dated.toml, workers=1).case_ids) == CASES
