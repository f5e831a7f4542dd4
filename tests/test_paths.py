"""Paths of plans and tables stay where they belong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trephine.errors import InputError
from trephine.paths import fixed_folder, held_inside, irregular, is_confined, open_regular


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
