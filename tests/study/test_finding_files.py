"""From patterns to files: wildcards, folders, lists of files, and what belongs to no row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.small_study import SmallStudy
from trephine.errors import StudyProblemsError
from trephine.plan.data_section import DataSection
from trephine.study.images.filling import absent, filled
from trephine.study.images.listed_files import with_listed
from trephine.study.images.strays import plain_name, strays_remark

IDS = ("007", "008", "B9")


def table(ids: tuple[str, ...] = IDS) -> pd.DataFrame:
    return pd.DataFrame({"id": list(ids)}, index=range(2, 2 + len(ids)))


def section(folder: Path, **keys: object) -> DataSection:
    data = DataSection(table=folder / "t.csv", image="x", raters={"a": "y"})
    return data.anchored(folder, dict(keys))


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def problems(folder: Path, pattern: str, ids: tuple[str, ...] = IDS) -> list[str]:
    """Fill a pattern and say what is wrong."""
    frame, data = table(ids), section(folder)
    paths, found = filled(str(folder / pattern), "an image", frame, data)
    needed = np.ones(len(frame), bool)
    found += absent(paths, needed, str(folder / pattern), "an image", frame, data)
    return [str(problem) for problem in found]


def test_a_wildcard_stands_for_a_name_where_one_file_alone_fits(tmp_path: Path) -> None:
    for name in IDS:
        put(tmp_path / "export" / f"{name}" / "ST1" / "[1]" / "IM000001")
        put(tmp_path / "export" / f"{name}" / "ST1" / "[1]" / "Thumbs.db")
    assert problems(tmp_path, "export/{id}/*/[1]/*") == []
    put(tmp_path / "export" / "008" / "ST2" / "[1]" / "IM000001")
    (told,) = problems(tmp_path, "export/{id}/*/[1]/*")
    assert "t.csv, row 3: expected one file for an image at export/{id}/*/[1]/*, found 2 files" in (
        told
    )
    (told,) = problems(tmp_path, "*/*/*")
    assert "rows 2, 3, 4: expected one file for an image at */*/*, found 4 folders" in told
    (told,) = problems(tmp_path, "export/{id}/*/none/*")
    assert "rows 2, 3, 4: expected an image at export/{id}/*/none/*, found no such file" in told


def test_a_cell_with_a_star_is_a_name_and_no_wildcard(tmp_path: Path) -> None:
    put(tmp_path / "i" / "a1" / "x.dcm")
    assert "found no such file" in problems(tmp_path, "i/{id}/*.dcm", ("a*",))[0]


def test_a_missing_file_is_reported_with_the_whole_pattern_and_what_is_there_instead(
    tmp_path: Path,
) -> None:
    put(tmp_path / "DICOM" / "007" / "ST1" / "SE1" / "IM1")
    (tmp_path / "DICOM" / "008").mkdir()
    told = problems(tmp_path, "DICOM/{id}", ("007", "008", "9", ""))
    assert "row 2: expected an image at DICOM/{id}, found a folder of 1 folder; the path" in told[0]
    assert "row 3: expected an image at DICOM/{id}, found an empty folder" in told[1]
    assert "row 4: expected an image at DICOM/{id}, found no such file" in told[2]
    assert "row 5: expected an image at DICOM/{id}, found an empty cell" in told[3]
    deep = "DICOM/{id}/ST000001/SE000001/IM000001"
    assert f"an image at {deep}, found" in problems(tmp_path, deep)[0]


def test_a_file_of_nearly_the_name_is_pointed_out(tmp_path: Path) -> None:
    for name in ("7", "008", "b9"):
        put(tmp_path / "i" / f"{name}.dcm")
    (told,) = problems(tmp_path, "i/{id}.dcm")
    assert "rows 2, 4: expected an image at i/{id}.dcm, found no such file" in told
    assert "differs only by capitals, leading zeros or blanks" in told


def test_files_that_belong_to_no_row_are_counted(tmp_path: Path) -> None:
    for name in (*IDS, "0010", "b 9", "10"):
        put(tmp_path / "i" / f"{name}.dcm")
    put(tmp_path / "i" / "notes.txt")
    frame, data, pattern = table(), section(tmp_path), str(tmp_path / "i" / "{id}.dcm")
    paths, _ = filled(pattern, "an image", frame, data)
    (said,) = strays_remark({"images": (pattern, paths)}, frame, data, ())
    assert said.startswith("3 of the images at i/{id}.dcm belong to no row; 1 of them differs from")
    assert strays_remark({"images": (pattern, paths)}, frame, data, ("id",)) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("007", "7", True), ("PA 001", "pa1", True), ("100", "1", False), ("P10", "P1", False)],
)
def test_names_are_alike_without_capitals_blanks_and_leading_zeros(
    one: str, other: str, same: bool
) -> None:
    assert (plain_name(one) == plain_name(other)) is same


def test_a_list_of_files_gives_each_row_its_path(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("id,image\n008,b\n007,a\nB9,c\nX,d\n")
    data = section(tmp_path, manifest=tmp_path / "images.csv")
    frame, added, found, remarks = with_listed(table(), data, np.ones(3, bool))
    assert (list(frame["image"]), added, found) == (["a", "b", "c"], ["image"], [])
    assert remarks == ["1 row of images.csv belongs to no row of the table."]


def test_rows_that_are_not_listed_or_listed_twice_are_reported(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("id,image\n008,b\n008,a\nB9,c\n")
    data = section(tmp_path, manifest=tmp_path / "images.csv")
    found = with_listed(table(), data, np.ones(3, bool))[2]
    told = "\n".join(map(str, found))
    assert "images.csv, rows 2, 3, column id: expected one row for each case or patient" in told
    assert "t.csv, row 2, column id: expected cells that are in the same column" in told
    assert with_listed(table(), data, np.array([False, True, True]))[2] == found[:1]
    (tmp_path / "images.csv").write_text("name,image\n008,b\n")
    with pytest.raises(StudyProblemsError, match="that say whose files they are"):
        with_listed(table(), data, np.ones(3, bool))


def test_a_study_reads_its_list_of_files_and_a_stray_mask_is_noted(
    trephine: Command, image_study: SmallStudy
) -> None:
    patients = sorted(set(image_study.table()["patient"]))
    lines = [f"{patient},images/{patient}.nii.gz" for patient in patients]
    listed = image_study.folder / "images.csv"
    listed.write_text("\n".join(["patient,image", *lines]))
    old = 'image = "images/{patient}.nii.gz"'
    image_study.replace(old, 'image = "{image}"\nmanifest = "images.csv"')
    masks = image_study.folder / "a"
    (masks / "1.nii.gz").write_bytes((masks / "001.nii.gz").read_bytes())
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert "1 of the masks of rater a at a/{patient}.nii.gz belongs to no row; 1 of" in " ".join(
        (said.out + said.err).split()
    )
    listed.write_text("\n".join(["patient,image", *lines[:-1], f"{patients[-1]},../secret.dcm"]))
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "a path that leads out of it" in said.err
    assert "secret" not in said.err
