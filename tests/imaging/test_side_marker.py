"""The letter on a film: read as it is or mirrored, and nothing else taken for it."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.lettered_film import BOLD, SERIF, film
from trephine.imaging.side_marker import SideMarker, marker_doubt, side_marker
from trephine.imaging.sides import Facing
from trephine.types import FloatArray, Geometry, Image


def read(grey: FloatArray) -> SideMarker | None:
    return side_marker(Image(np.ascontiguousarray(grey), Geometry.plain((0.6, 0.6))))


@pytest.mark.parametrize("letter", ["R", "L"])
@pytest.mark.parametrize(("font", "angle"), [(BOLD, 0.0), (BOLD, 10.0), (SERIF, -4.0)])
def test_a_letter_is_read_the_right_way_and_as_its_mirror_image(
    letter: str, font: str, angle: float
) -> None:
    grey = film(letter, font, angle=angle)
    for picture, mirrored, place in ((grey, False, 0.1), (grey[:, ::-1], True, 0.9)):
        found = read(picture)
        assert found is not None
        assert (found.letter, found.mirrored) == (letter, mirrored)
        assert found.centre == pytest.approx((0.86, place), abs=0.02)
    assert read(300 - grey) is not None  # black on white


@pytest.mark.parametrize(
    "text", ["", "P", "B", "A", "K", "F", "T", "8", "4", "J", "AP", "LR", "R 2"]
)
def test_another_sign_or_a_letter_in_a_word_is_no_marker(text: str) -> None:
    grey = film(text)
    assert read(grey) is None
    assert read(grey[:, ::-1]) is None


def test_a_letter_that_is_too_large_or_melts_into_what_is_round_it_is_no_marker() -> None:
    grey = film("R")
    assert read(np.kron(grey[380:480, 20:120], np.ones((4, 4)))) is None
    assert read(np.kron(np.eye(3), np.ones((40, 40)))) is None
    assert read(np.pad(np.eye(3), 40)) is None
    grey[395:465, 30:110] = 250.0
    assert read(grey) is None


@pytest.mark.parametrize(
    ("letter", "mirrored", "at", "right_first", "laterality", "doubt"),
    [
        ("R", False, 0.1, True, "", None),
        ("L", False, 0.9, True, "", None),
        ("R", True, 0.9, False, "", None),  # the file says that it lies from right to left
        ("R", True, 0.9, True, "", "mirrored"),
        ("R", False, 0.1, False, "", "mirrored"),
        ("R", False, 0.9, True, "", "half"),
        ("L", False, 0.1, True, "", "half"),
        ("R", False, 0.5, True, "", None),
        ("R", False, 0.9, True, "R", None),
        ("R", False, 0.1, True, "L", "laterality"),
    ],
)
def test_a_letter_contradicts_its_file(
    letter: str, mirrored: bool, at: float, right_first: bool, laterality: str, doubt: str | None
) -> None:
    marker = SideMarker("R" if letter == "R" else "L", mirrored, (0.9, at), 0.04)
    facing = Facing(1, right_first, "Patient Orientation")
    assert marker_doubt(marker, facing, laterality, shows_both=True) == doubt
    assert marker_doubt(None, facing, laterality, shows_both=True) is None
    if doubt == "half":
        assert marker_doubt(marker, facing, laterality, shows_both=False) is None
