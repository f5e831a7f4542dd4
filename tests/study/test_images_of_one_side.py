"""Radiographs of one side each: two images of a patient, one for the right and one for the left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.small_study import NO_NETWORK, SPACING, SmallStudy
from study.test_sides import as_dicom
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.study.images.file_sides import side_in_name
from trephine.study.inputs import read_study
from trephine.types import Mask

WORDS = {"R": "右", "L": "左"}


def part(study: SmallStudy, *, stated: bool, named: bool) -> pd.DataFrame:
    """Give each hip an image and masks of its own, and return their list without sides.

    The side is stated in the DICOM header, or named by the file, or both. Sides are Chinese in the
    clinical table, and the list is out of order.
    """
    table = study.table()
    rows = []
    for number, hip in enumerate(table.itertuples(), start=1):
        whole = read_image(study.folder / f"images/{hip.patient}.nii.gz").pixels
        half = slice(0, 32) if hip.side == "R" else slice(32, 64)
        name = f"{hip.patient}_{hip.side}" if named else f"IM{number:06d}"
        path = study.folder / f"images/{name}"
        header = {"ImageLaterality": hip.side} if stated else {}
        as_dicom(whole[:, half], path, PatientID=hip.patient, BodyPartExamined="HIP", **header)
        for rater in ("a", "b"):
            labels = read_mask(study.folder / f"{rater}/{hip.patient}.nii.gz").labels[:, half]
            mask = Mask((labels > 0).astype(np.uint8), SPACING)
            write_nifti(mask, study.folder / f"{rater}/{hip.patient}_{hip.side}.nii.gz")
        rows.append({"patient": hip.patient, "file": f"images/{name}"})
    table["side"] = table["side"].map(WORDS)
    study.write(table)
    for old in study.folder.glob("*/[0-9][0-9][0-9].nii.gz"):
        old.unlink()
    return pd.DataFrame(rows).iloc[::-1]


def listed(study: SmallStudy, files: pd.DataFrame) -> None:
    study.write(files, "files.csv")
    study.replace('image = "images/{patient}.nii.gz"', 'image = "{file}"')
    study.replace("[data]\n", '[data]\nmanifest = "files.csv"\naccept = ["orientation"]\n')
    study.replace('repeats = { a = "a2/{patient}.nii.gz" }\n', "")
    study.replace("mask_label = { R = 1, L = 2 }\n", "")
    study.replace("{patient}.nii.gz", "{patient}_{side}.nii.gz")
    words = "{ R = 'R', L = 'L', '右' = 'R', '左' = 'L' }"
    study.replace("[data]\n", f"[data]\nread = {{ side = {words} }}\n")


@pytest.mark.parametrize("how", ["stated", "named"])
def test_a_list_without_sides_gives_each_hip_its_own_image(
    trephine: Command, image_study: SmallStudy, how: str
) -> None:
    files = part(image_study, stated=how == "stated", named=how == "named")
    listed(image_study, files)
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err
    assert "files.csv has no column 'side' and two rows for 20 of its entries" in said.out
    assert "the patient's left" not in said.out
    inputs = read_study(image_study.toml)
    assert inputs.files is not None
    for case, image in zip(inputs.case_ids, inputs.files.images, strict=True):
        if how == "named":
            assert image.name == case.replace("-", "_")
        else:
            assert len(set(inputs.files.images)) == len(inputs.case_ids)


def test_two_files_of_a_patient_that_name_no_side_are_still_asked_about(
    trephine: Command, image_study: SmallStudy
) -> None:
    listed(image_study, part(image_study, stated=False, named=False))
    said = trephine("check", image_study.toml)
    assert said.code == 2
    assert "expected one row for each case or patient, found 2 for one" in said.err
    assert "name the side in a column called as in the table" in said.err


def test_a_list_with_sides_written_otherwise_is_joined_by_what_they_mean(
    trephine: Command, image_study: SmallStudy
) -> None:
    files = part(image_study, stated=False, named=True)
    files["side"] = ["right" if name.endswith("R") else "left" for name in files["file"]]
    listed(image_study, files)
    said = trephine("check", image_study.toml)
    assert said.code == 0, said.err


def test_new_lists_an_export_of_one_side_each(trephine: Command, image_study: SmallStudy) -> None:
    part(image_study, stated=True, named=False)
    table = image_study.table()
    table["side"] = table["side"].map({"右": "R", "左": "L"})
    image_study.write(table)
    image_study.toml.unlink()
    said = trephine("new", image_study.folder)
    assert said.code == 0, said.err
    assert "20 of patient have an image for each side, recognised by DICOM Laterality" in said.out
    text = image_study.toml.read_text(encoding="utf-8")
    assert "mask_label" not in text
    assert "{patient}_{side}.nii.gz" in text
    image_study.toml.write_text(text.replace("[deep]\n", NO_NETWORK), encoding="utf-8")
    checked = trephine("check", image_study.toml)
    assert checked.code == 0, checked.err


@pytest.mark.parametrize(
    ("path", "side"),
    [
        ("images/001_R.dcm", "R"),
        ("P001L.png", "L"),
        ("hips/left/12.nii.gz", "L"),
        ("right/001_left.dcm", "L"),
        ("images/LR.png", None),
        ("R_vs_L/1.dcm", None),
        ("images/001.dcm", None),
        ("影像/12_右.dcm", "R"),
        ("renal/left-over.dcm", "L"),
    ],
)
def test_a_side_is_named_by_a_word_of_its_own(path: str, side: str | None) -> None:
    assert side_in_name(path) == side
