"""Limits from a study file: they hold for what is read, in workers too, under the operator's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from security.seeds import radiograph
from trephine.archives import ArchiveLimits
from trephine.cohort.reading import TableLimits, read_source
from trephine.deep.network_limits import NetworkLimits
from trephine.errors import ImageError, StudyProblemsError
from trephine.executors import executor
from trephine.imaging import read_image
from trephine.imaging.limits import ImageLimits
from trephine.limits import state_limits, stated_limits
from trephine.plan import read_plan
from trephine.plan.limits_section import (
    ArchiveLimitsSection,
    ImageLimitsSection,
    NetworkLimitsSection,
    StoreLimitsSection,
    TableLimitsSection,
)
from trephine.store.limits import ShardLimits

STUDY = '[data]\ntable = "t.csv"\n'


@pytest.fixture(autouse=True)
def none_stated() -> Iterator[None]:
    """Leaves no limits behind."""
    state_limits({})
    yield
    state_limits({})


def study(folder: Path, text: str = "") -> Path:
    path = folder / "study.toml"
    path.write_text(STUDY + text)
    return path


def test_a_section_has_each_limit_with_the_number_that_holds_without_it() -> None:
    for section, limits in (
        (ImageLimitsSection, ImageLimits),
        (TableLimitsSection, TableLimits),
        (ArchiveLimitsSection, ArchiveLimits),
        (NetworkLimitsSection, NetworkLimits),
        (StoreLimitsSection, ShardLimits),
    ):
        usual = {field.name: str(field.default) for field in fields(limits)}
        assert list(section.model_fields) == list(usual)
        for name, field in section.model_fields.items():
            assert usual[name] in (field.description or "")


def test_a_study_raises_and_lowers_limits_until_the_next_one(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id,x\n" + "1,2\n" * 10)
    Pillow.new("L", (8, 8)).save(tmp_path / "x.png")
    read_plan(study(tmp_path, "[limits.table]\nrows = 5\n[limits.image]\npixels = 63\n"))
    with pytest.raises(
        StudyProblemsError, match=r"at most 5 rows.*rows = 11 under \[limits.table\]"
    ):
        read_source(table)
    with pytest.raises(ImageError, match=r"pixels under \[limits\.image\] in the study file"):
        read_image(tmp_path / "x.png", spacing_mm=1.0)
    read_plan(study(tmp_path, "[limits.image]\npixels = 1000000000\n"))
    assert ImageLimits.in_force().pixels == 1_000_000_000
    assert len(read_source(table).frame) == 10
    read_plan(study(tmp_path))
    assert ImageLimits.in_force() == ImageLimits()


def test_a_study_has_its_word_after_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_MAX_PIXELS", "100")
    monkeypatch.setenv("TREPHINE_TABLE_LIMITS", "rows=7")
    read_plan(study(tmp_path, "[limits.image]\npixels = 200\n"))
    assert (ImageLimits.in_force().pixels, TableLimits.in_force().rows) == (200, 7)


def test_a_confined_study_lowers_the_operators_limits_and_raises_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_CONFINED", "1")
    monkeypatch.setenv("TREPHINE_MAX_PIXELS", "100")
    read_plan(study(tmp_path, "[limits.image]\npixels = 50\n[limits.table]\nrows = 9\n"))
    assert (ImageLimits.in_force().pixels, TableLimits.in_force().rows) == (50, 9)
    stated = "[limits.image]\npixels = 101\n[limits.table]\nrows = 200001\n"
    stated += "[limits.archive]\ndirectory_bytes = 4194305\n[limits.network]\nseconds = 9\n"
    with pytest.raises(StudyProblemsError) as seen:
        read_plan(study(tmp_path, stated))
    said = str(seen.value)
    assert "[limits.image.pixels]: expected at most 100" in said
    assert "[limits.table.rows]: expected at most 200000" in said
    assert "[limits.network.seconds]: expected at most 8" in said
    assert "TREPHINE_MAX_PIXELS" in said
    assert "TREPHINE_NETWORK_LIMITS=seconds=" in said
    assert "TREPHINE_ARCHIVE_LIMITS=directory_bytes=" in said
    assert ImageLimits.in_force().pixels == 100
    state_limits({"image": {"pixels": 1000}})  # whoever states it
    assert ImageLimits.in_force().pixels == 100


def png_in_chunks(path: Path) -> None:
    """Write a PNG with five chunks of text before its values."""
    text = PngInfo()
    for number in range(5):
        text.add_text(f"k{number}", "v")
    Pillow.new("L", (8, 8)).save(path, "PNG", pnginfo=text)


def dicom(path: Path) -> None:
    radiograph().save_as(path, enforce_file_format=True)


def nrrd(path: Path) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.ones((8, 8), np.uint8)), str(path))


@pytest.mark.parametrize(
    ("name", "write", "limit", "most"),
    [
        ("x.png", png_in_chunks, "chunks", 3),
        ("x.dcm", dicom, "elements", 5),
        ("x.dcm", dicom, "sequence_bytes", 20),
        ("x.nrrd", nrrd, "header_bytes", 60),
    ],
)
def test_a_study_and_an_operator_raise_what_bounds_the_parts_of_a_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, write, limit: str, most: int
) -> None:
    write(tmp_path / name)
    assert read_image(tmp_path / name, spacing_mm=1.0).pixels.size
    monkeypatch.setenv(f"TREPHINE_MAX_{limit.upper()}", str(most))
    with pytest.raises(ImageError):
        read_image(tmp_path / name, spacing_mm=1.0)
    read_plan(study(tmp_path, f"[limits.image]\n{limit} = 100000\n"))
    assert read_image(tmp_path / name, spacing_mm=1.0).pixels.size


@pytest.mark.parametrize("wrong", ["pixels = 0", "pixels = -1", "pixels = 'x'", "no = 1"])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(StudyProblemsError, match=r"limits\.image"):
        read_plan(study(tmp_path, f"[limits.image]\n{wrong}\n"))


def _of_a_worker(_: int) -> tuple[int, int]:
    return os.getpid(), ImageLimits.in_force().pixels


def test_workers_hold_to_the_same_limits() -> None:
    state_limits({"image": {"pixels": 77}})
    with executor(2) as run:
        found = list(run.map(_of_a_worker, [1, 2]))
    assert os.getpid() not in [process for process, _ in found]
    assert [pixels for _, pixels in found] == [77, 77]
    assert stated_limits() == {"image": {"pixels": 77}}


def test_a_study_file_that_is_too_long_or_a_pipe_is_not_read(tmp_path: Path) -> None:
    path = study(tmp_path, "#" * (1 << 20))
    with pytest.raises(StudyProblemsError, match="at most 1048576 bytes"):
        read_plan(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Exception, match="a pipe"):
        read_plan(path)


@pytest.mark.parametrize(
    "line", [".".join(["a"] * 50_000) + " = 1", "[" + ".".join(["a"] * 50_000) + "]",
             "x = { " + ".".join(['"a,b"'] * 50_000) + " = 1 }"],
)  # fmt: skip
def test_a_key_of_parts_without_end_is_refused_at_once(tmp_path: Path, line: str) -> None:
    with pytest.raises(StudyProblemsError, match="keys of at most 100 parts"):
        read_plan(study(tmp_path, f"{line}\n"))
