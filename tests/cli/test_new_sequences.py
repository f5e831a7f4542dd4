"""``trephine new`` on an export of MR whose sequences only the headers name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import MRImageStorage

from cli.command import Command
from cli.test_new_export import PATIENTS, save, write_table
from imaging.conftest import ct_slice
from trephine.imaging.dicom_head import read_head
from trephine.plan import read_plan
from trephine.study.draft.export import sort_export
from trephine.study.draft.folder_scan import scan_folder


def write_series(folder: Path, patient: str, number: int, description: str) -> None:
    """Write a series of two slices, in a folder that says nothing."""
    for position in range(2):
        stored = np.random.default_rng(number).integers(0, 900, (12, 14), dtype=np.uint16)
        one = ct_slice(
            stored, (0.0, 0.0, 4.0 * position), PatientID=patient, Modality="MR",
            SOPClassUID=MRImageStorage, StudyInstanceUID=f"1.2.{patient[2:].lstrip('0')}",
            SeriesInstanceUID=f"1.2.{patient[2:].lstrip('0')}.{number}",
            SeriesDescription=description, RescaleIntercept="0",
        )  # fmt: skip
        one.file_meta.MediaStorageSOPClassUID = MRImageStorage
        save(one, folder / "DICOM" / patient / f"SE{number:06d}" / f"IM{position}.dcm")


def write_export(folder: Path, *described: str) -> None:
    for patient in PATIENTS:
        for number, description in enumerate(described, start=1):
            # As it came off the scanner: whichever series was first has the lowest number.
            turned = number if int(patient[-1]) % 2 else len(described) + 1 - number
            write_series(folder, patient, turned, description)


def test_sequences_that_only_headers_name_are_images_of_a_case(
    trephine: Command, tmp_path: Path
) -> None:
    write_table(tmp_path, PATIENTS)
    write_export(tmp_path, "t1_tse_cor", "t2_tse_cor_fs")
    said = trephine("new", tmp_path)
    assert said.code == 0, said.err
    assert "MR by Series Description (24 T1, 24 T2-FS)" in said.out
    plan = read_plan(tmp_path / "study.toml")
    assert sorted(plan.images) == ["T1", "T2-FS"]
    assert plan.data.image is None
    assert [section.modality for section in plan.images.values()] == ["MR", "MR"]
    assert "series of slices left aside" not in said.out


@pytest.mark.parametrize(
    "described",
    [
        ("t1_tse_cor", "t1_tse_cor"),  # which of the two is not said
        ("t1_tse_cor", "survey"),  # one has no weighting
    ],
)
def test_where_headers_do_not_tell_nothing_is_guessed(
    described: tuple[str, str], tmp_path: Path
) -> None:
    write_export(tmp_path, *described)
    export = sort_export(scan_folder(tmp_path))
    assert export.kind in ("", "MR")
    assert not {"T1", "T2-FS"} & export.beside.keys()


def test_two_planes_of_one_weighting_are_two_images(tmp_path: Path) -> None:
    write_export(tmp_path, "T1 COR", "T1 SAG")
    export = sort_export(scan_folder(tmp_path))
    assert {export.kind, *(kind for kind, own in export.beside.items() if own)} == {
        "T1-cor",
        "T1-sag",
    }


@pytest.mark.parametrize(
    ("description", "weighting", "plane"),
    [
        ("t1_tse_cor", "T1", "cor"),
        ("COR T2 FATSAT", "T2-FS", "cor"),
        ("pd_fs_sag", "PD-FS", "sag"),
        ("PDw SPAIR TRA", "PD-FS", "ax"),
        ("STIR coronal", "STIR", "cor"),
        ("Ax DWI b1000", "DWI", "ax"),
        ("T10 localiser level", "", ""),
        ("spdx hip", "", ""),
        ("axial 3D", "", "ax"),
    ],
)
def test_a_description_names_weighting_and_plane(
    description: str, weighting: str, plane: str, tmp_path: Path
) -> None:
    write_series(tmp_path, PATIENTS[0], 1, description)
    head = read_head(next(tmp_path.rglob("*.dcm")))
    assert (head.weighting, head.plane) == (weighting, plane)
