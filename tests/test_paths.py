"""Paths of plans and tables stay where they belong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trephine.errors import ImageError, InputError
from trephine.imaging import read_image
from trephine.paths import (
    fixed_folder,
    held_inside,
    irregular,
    is_confined,
    open_regular,
    without_name,
)


def test_a_path_inside_its_folder_is_held_whether_it_exists_or_not(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    assert held_inside("images/1.dcm", tmp_path) == tmp_path.resolve() / "images/1.dcm"
    assert held_inside("images/../1.dcm", tmp_path) == tmp_path.resolve() / "1.dcm"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("../x", r"by \.\."),
        ("a/../../x", r"by \.\."),
        ("/etc/passwd", "absolute"),
        ("~root", "home"),
    ],
)
def test_a_path_that_leads_out_is_refused_without_its_text(
    tmp_path: Path, path: str, told: str
) -> None:
    with pytest.raises(InputError, match=told) as caught:
        held_inside(path, tmp_path)
    assert path not in str(caught.value)


def test_a_link_is_followed_and_held_too(tmp_path: Path) -> None:
    study, elsewhere = tmp_path / "study", tmp_path / "elsewhere"
    study.mkdir(), elsewhere.mkdir()
    (elsewhere / "1.dcm").write_bytes(b"1")
    (study / "1.dcm").symlink_to(elsewhere / "1.dcm")
    with pytest.raises(InputError, match="a link that leads out"):
        held_inside("1.dcm", study)
    assert held_inside("1.dcm", study, outside=[elsewhere]) == (elsewhere / "1.dcm").resolve()
    (study / "circle").symlink_to(study / "circle")
    with pytest.raises(InputError, match="in a circle"):
        held_inside("circle/x", study)
    with pytest.raises(InputError, match="no file can have"):
        held_inside("a\0b", study)


def test_the_fixed_folder_ends_before_the_first_column() -> None:
    assert fixed_folder("/data/ct/{case}/x.dcm") == Path("/data/ct")
    assert fixed_folder("/data/ct/c_{case}.dcm") == Path("/data/ct")
    assert fixed_folder("/data/ct.dcm") == Path("/data")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.dcm"
    os.mkfifo(pipe)
    (tmp_path / "link.dcm").symlink_to(pipe)
    assert irregular(pipe) == "a pipe"
    assert irregular(tmp_path) == "a folder"
    for path, told in (
        (pipe, "pipe"),
        (tmp_path / "link.dcm", "pipe"),
        (Path("/dev/zero"), "device"),
    ):
        with pytest.raises(InputError, match=f"found a {told}"):
            open_regular(path)


def test_the_confining_variable_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_confined()
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    assert is_confined()
    monkeypatch.setenv("TREPHINE_CONFINED", "yes")
    with pytest.raises(InputError, match="expected 0 or 1"):
        is_confined()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("{folder}: expected slices", "the file: expected slices"),
        ("DOE_JOHN.dcm: expected a whole file", "the file: expected a whole file"),
        ("expected 3 slices, found 2 (DOE_JOHN.dcm, DOE_JOHN_2.dcm)",
         "expected 3 slices, found 2 (the file, the file)"),
        ("P17: expected slices of P170", "the file: expected slices of P170"),
    ],
)  # fmt: skip
def test_names_of_a_folder_and_of_what_lies_in_it_are_taken_out(
    tmp_path: Path, said: str, shown: str
) -> None:
    folder = tmp_path / "P17"
    folder.mkdir()
    for name in ("DOE_JOHN.dcm", "DOE_JOHN_2.dcm"):
        (folder / name).touch()
    assert without_name(said.format(folder=folder), folder) == shown


def test_a_folder_called_like_a_word_takes_no_words_out(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert without_name("a: expected a mask", tmp_path / "a") == "the file: expected a mask"


def test_a_damaged_slice_of_a_series_is_not_named(tmp_path: Path) -> None:
    folder = tmp_path / "P17"
    folder.mkdir()
    (folder / "DOE_JOHN_19500101.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 64)
    with pytest.raises(ImageError) as seen:
        read_image(folder)
    assert "DOE" not in without_name(str(seen.value), folder)
