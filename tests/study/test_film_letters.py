"""A letter on the film and a view from behind: doubts that ``check``, predict and the desk name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli.command import Command
from imaging.lettered_film import film
from study.small_study import SmallStudy
from study.test_sides import as_dicom, dicom_study, edit, notes, passed
from trephine.imaging.sides import Facing
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.viewing import FilmLetter, film_letter
from trephine.study.images.film_letters import film_remarks
from trephine.study.images.seen import SeenImage, see_image
from trephine.study.images.sides import check_new_case
from trephine.types import Geometry, Image, Mask

__all__ = ["dicom_study"]


def test_films_from_behind_that_do_not_say_where_the_right_side_lies_are_named(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    edit(dicom_study, "001", ViewPosition="PA", PatientOrientation=None)
    said = passed(trephine, dicom_study, "PA views whose file does not say on which half")
    assert "lies: 1 of 40 images (rows 2, 3). Compare" in said
    edit(dicom_study, "001", PatientOrientation=["L", "F"])
    passed(trephine, dicom_study, "PA views among AP views: 1 of 40 images")
    dicom_study.replace('accept = ["orientation"]', 'accept = ["orientation", "sides"]')
    assert notes(passed(trephine, dicom_study)) == 0


def image_of(grey: np.ndarray, orientation: str | None = "L\\F") -> Image:
    said = {"format": "DICOM", "patient_orientation": orientation, "view_position": "AP"}
    return Image(np.ascontiguousarray(grey), Geometry.plain((0.6, 0.6)), said)


@pytest.fixture(scope="module")
def seen() -> SeenImage:
    return see_image(image_of(film("R")), [0], [], sided=True)


def test_a_letter_that_contradicts_its_file_or_the_table_is_named_by_rows(seen: SeenImage) -> None:
    assert (seen.letter, seen.letter_doubt) == ("R", "")
    mirrored = see_image(image_of(film("R")[:, ::-1]), [1], [], sided=True)
    assert (mirrored.letter, mirrored.letter_doubt) == ("R", "mirrored")
    assert not see_image(image_of(film("R")), [0], [], sided=False).letter
    # A file that says that its rows run from left to right is believed, and shows the letter so.
    turned = see_image(image_of(film("R")[:, ::-1], "R\\F"), [1], [], sided=True)
    assert not turned.letter_doubt
    (said,) = film_remarks([seen, mirrored], ["R", "L"], [5, 6])
    assert said.startswith("An R or L on the film reads as its mirror image")
    assert "1 of 2 images (row 6). Is the picture mirrored" in said
    assert list(film_remarks([seen, mirrored], [None, None], [5, 6])) == []
    one_hip = replace(seen, shows_both=False)
    (said,) = film_remarks([one_hip, turned], ["L", "L"], [5, 6])
    assert said.startswith("A film of one side shows the letter of the other side")
    assert "(row 5)" in said
    assert list(film_remarks([one_hip], ["R"], [5])) == []
    behind = replace(seen, position="PA", facing=Facing(1, True, "convention"))
    assert "PA views whose file" in next(film_remarks([behind], ["R"], [5]))


def test_a_new_case_on_a_mirrored_film_is_warned_of() -> None:
    grey = film("R")
    labels = np.zeros(grey.shape, np.uint8)
    labels[180:280, 150:250], labels[180:280, 450:550] = 1, 2
    mask, by_side = Mask(labels, Geometry.plain((0.6, 0.6))), {"R": 1, "L": 2}
    assert check_new_case(image_of(grey), mask, 1, "R", by_side, ()) == []
    (said,) = check_new_case(image_of(grey[:, ::-1]), mask, 1, "R", by_side, ())
    assert "reads as its mirror image" in said
    assert check_new_case(image_of(grey[:, ::-1]), mask, 1, "R", by_side, ("sides",)) == []


def test_the_desk_sees_the_same_letter_once_for_all_changes(tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    as_dicom(film("L")[:, ::-1], path, PatientOrientation=["L", "F"], ViewPosition="AP")
    item = WorkItem("a", "film", path, (), None, {})
    assert film_letter(item) == FilmLetter("L", "mirrored", alone=False)
    narrow = tmp_path / "hip.dcm"
    as_dicom(np.vstack([film("L")[:, :400], np.full((100, 400), 60.0)]), narrow, ViewPosition="AP")
    assert film_letter(replace(item, path=narrow)) == FilmLetter("L", "", alone=True)
