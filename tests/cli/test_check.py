"""``trephine check``: a screenful of problems, the rest in a file; or all as JSON."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_clinical_study, write_image_study
from trephine.cli.problems import forget_problems


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    return write_clinical_study(tmp_path / "study")


def spoil(study: SmallStudy, variables: int = 60) -> None:
    """Name many columns that are not there: a problem each."""
    lines = [f'x{number} = {{ unit = "mm" }}' for number in range(variables)]
    study.replace("[clinical]\n", "[clinical]\n" + "\n".join(lines) + "\n")


def test_more_problems_than_a_screen_holds_are_written_beside_the_study(
    trephine: Command, study: SmallStudy
) -> None:
    spoil(study)
    said = trephine("check", study.toml)
    file = study.folder / "check-problems.txt"
    assert said.code == 2
    assert "60 problems to fix:" in said.err
    assert sum(-(-len(line) // 80) for line in said.err.splitlines()) <= 42
    assert f"All of them: {file}" in said.err
    assert len(file.read_text(encoding="utf-8").splitlines()) == 61
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_clean_check_removes_the_problems_of_an_earlier_one_and_no_other_file(
    trephine: Command, study: SmallStudy
) -> None:
    clean = study.toml.read_text(encoding="utf-8")
    file = study.folder / "check-problems.txt"
    spoil(study)
    trephine("check", study.toml)
    study.toml.write_text(clean, encoding="utf-8")
    assert trephine("check", study.toml).code == 0
    assert not file.exists()
    file.write_text("mine", encoding="utf-8")
    spoil(study)
    said = trephine("check", study.toml)
    assert file.read_text(encoding="utf-8") == "mine"
    assert said.err.count("expected a column") == 60


def test_problems_are_written_where_out_says(
    trephine: Command, study: SmallStudy, tmp_path: Path
) -> None:
    spoil(study, 2)
    said = trephine("check", study.toml, "--out", tmp_path / "list.txt")
    assert said.code == 2
    assert said.err.count("expected a column") == 2
    assert len((tmp_path / "list.txt").read_text(encoding="utf-8").splitlines()) == 3


def test_problems_come_as_json(trephine: Command, study: SmallStudy) -> None:
    study.set(2, "stage", "V")
    study.set(9, "stage", "V")
    said = trephine("check", study.toml, "--json")
    assert said.code == 2
    (problem,) = json.loads(said.out)["problems"]
    assert problem["rows"] == [2, 9]
    assert (problem["table"], problem["column"]) == ("clinical.csv", "stage")
    assert problem["found"] == "'V'"
    study.set(2, "stage", "I")
    study.set(9, "stage", "I")
    said = trephine("check", study.toml, "--json")
    assert said.code == 0
    told = json.loads(said.out)
    assert told["problems"] == []
    assert told["cases"] == told["patients"] == 60


def test_images_are_opened_only_when_the_table_has_no_problem(
    trephine: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_image_study(tmp_path / "study")
    study.set(2, "stage", "V")

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("an image was opened")

    monkeypatch.setattr("trephine.study.images.case_images.check_files", opened)
    said = trephine("check", study.toml)
    assert said.code == 2
    assert "1 problem to fix" in said.err
    assert "Images and masks were not opened" in said.err


def test_a_pipe_named_as_the_file_of_problems_is_left_alone_and_not_waited_for(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "check-problems.txt")
    forget_problems(tmp_path / "study.toml")
    assert (tmp_path / "check-problems.txt").is_fifo()
