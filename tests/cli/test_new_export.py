"""``trephine new`` on what an archive exports: nested DICOM trees, folders of slices, links."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.command import Command
from imaging.conftest import ct_slice, radiograph
from study.small_study import NO_NETWORK
from trephine.imaging import read_image, write_nifti
from trephine.plan import StudyPlan, read_plan
from trephine.study.draft.export import sort_export
from trephine.study.draft.folder_scan import scan_folder
from trephine.study.draft.names import match_names
from trephine.study.inputs import read_study
from trephine.types import Geometry, Mask

N = 24
PATIENTS = [f"PA{number:06d}" for number in range(1, N + 1)]


def write_table(folder: Path, names: list[str], column: str = "PA no") -> None:
    rng = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(
        {
            column: names,
            "months": rng.exponential(40, N).round(1) + 0.1,
            "died": [1, 0] * (N // 2),
            "age": rng.integers(20, 70, N),
        }
    )
    table.to_csv(folder / "t.csv", index=False)


def save(dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def picture(patient: str, number: int, **more: object):
    stored = np.random.default_rng(number).integers(0, 4096, (12, 14), dtype=np.uint16)
    return radiograph(stored, PatientID=patient, Modality="DX", **more)


def write_tree(folder: Path, ids: list[str], folders: list[str] | None = None) -> None:
    """Write an export: a frontal view each, five frog legs, two copies, a report, a DICOMDIR."""
    for number, patient in enumerate(ids):
        own = folder / "DICOM" / (folders or ids)[number] / "ST000001"
        view = picture(patient, number, ViewPosition="AP")
        save(view, own / "SE000001" / "IM000001")
        if number < 5:
            frog = {"SeriesDescription": "Frog-leg"} if number < 2 else {"ViewPosition": "LL"}
            save(picture(patient, 100 + number, **frog), own / "SE000002" / "IM000001")
        if number == 6:
            save(view, own / "SE000003" / "IM000001")
            sent_again = picture(patient, number, ViewPosition="AP")
            save(sent_again, own / "SE000004" / "IM000001")
    report = picture(ids[0], 0, Rows=None, Columns=None, PixelData=None)
    report.Modality = "SR"
    save(report, folder / "DICOM" / "SR000001")
    (folder / "DICOM" / "DICOMDIR").write_bytes(b"\\0" * 200)


def write_masks(folder: Path, names: list[str], rater: str, shape: tuple[int, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    region = np.zeros(shape, dtype=np.int64)
    region[..., 3:9, 3:9] = 1
    for name in names:
        write_nifti(Mask(region, Geometry.plain((0.2, 0.2)), {}), folder / f"{name}_{rater}.nii.gz")


def drafted(trephine: Command, folder: Path) -> tuple[StudyPlan, str]:
    said = trephine("new", folder)
    assert said.code == 0, said.err
    toml = folder / "study.toml"
    toml.write_text(toml.read_text().replace("[deep]\n", NO_NETWORK))
    return read_plan(toml), said.out


def test_a_nested_tree_without_extensions_is_drafted_with_what_is_left_aside(
    trephine: Command, tmp_path: Path
) -> None:
    write_table(tmp_path, PATIENTS)
    write_tree(tmp_path, PATIENTS)
    write_masks(tmp_path / "masks", PATIENTS, "zhang", (12, 14))
    write_masks(tmp_path / "masks", PATIENTS[:8], "li", (12, 14))
    plan, said = drafted(trephine, tmp_path)
    assert plan.data.image == str(tmp_path / "DICOM/{PA no}/ST000001/SE000001/IM000001")
    assert list(plan.data.raters) == ["zhang", "li"]
    assert "32 DICOM files of 24 patients; 5 lateral views, 1 file without an image" in said
    assert "2 duplicates and a DICOMDIR left aside" in said
    assert "1 clinical variable: age" in said
    assert "Masks of zhang: masks/{PA no}_zhang.nii.gz (24 files)" in said
    assert "Masks of li: masks/{PA no}_li.nii.gz (8 files)" in said
    checked = trephine("check", tmp_path / "study.toml")
    assert checked.code == 0, checked.err


def test_where_no_pattern_fits_the_paths_are_listed_by_patient_id(
    trephine: Command, tmp_path: Path
) -> None:
    numbers = [str(3 * number) for number in range(1, N + 1)]
    ids = [f"PA{int(number):06d}" for number in numbers]
    write_table(tmp_path, numbers, "no")
    write_tree(tmp_path, ids, [f"S{7 * n % 25:04d}" for n in range(1, N + 1)])
    write_masks(tmp_path / "masks", ids, "zhang", (12, 14))
    plan, said = drafted(trephine, tmp_path)
    assert plan.data.manifest == tmp_path / "images.csv"
    assert plan.data.image == str(tmp_path / "{image}")
    assert "Patient IDs are the cells of no by their number" in said
    listed = pd.read_csv(tmp_path / "images.csv", dtype=str)
    assert list(listed["no"]) == numbers
    assert listed["image"][1] == "DICOM/S0014/ST000001/SE000001/IM000001"
    assert listed.iloc[1, 2] == "masks/PA000006_zhang.nii.gz"
    inputs = read_study(tmp_path / "study.toml")
    assert inputs.files is not None
    for case, path in zip(inputs.case_ids, inputs.files.images, strict=True):
        header = read_image(path).header
        assert header is not None
        assert header.patient_id == f"PA{int(case):06d}"


def test_several_images_of_a_patient_are_all_listed_for_a_person_to_choose(
    trephine: Command, tmp_path: Path
) -> None:
    write_table(tmp_path, PATIENTS)
    write_tree(tmp_path, PATIENTS, [f"S{n:04d}" for n in range(N)])
    save(picture(PATIENTS[3], 999), tmp_path / "DICOM" / "later")
    write_masks(tmp_path / "masks", PATIENTS, "zhang", (12, 14))
    _, said = drafted(trephine, tmp_path)
    assert "1 of PA no have several images, all in the list" in said
    checked = trephine("check", tmp_path / "study.toml")
    assert checked.code == 2
    assert "images.csv, rows 5, 6, column PA no: expected one row for each" in checked.err
    assert PATIENTS[3] not in checked.err


def test_folders_of_slices_are_drafted_as_folders(trephine: Command, tmp_path: Path) -> None:
    names = [f"c{number:02d}" for number in range(N)]
    write_table(tmp_path, names, "case")
    for number, name in enumerate(names):
        for place in range(3):
            plane = np.random.default_rng(10 * number + place).integers(
                0, 2000, (12, 12), dtype=np.uint16
            )
            series = f"1.2.3.{number + 1}"
            one = ct_slice(plane, (0.0, 0.0, 2.5 * place), SeriesInstanceUID=series, PatientID=name)
            save(one, tmp_path / "ct" / name / f"IM{place}")
        scout = ct_slice(plane, (0.0, 0.0, 0.0), PatientID=name)
        scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        save(scout, tmp_path / "scouts" / name / "IM0")
        image = read_image(tmp_path / "ct" / name)
        region = np.zeros(image.pixels.shape, dtype=np.int64)
        region[:2, 3:8, 3:8] = 1
        (tmp_path / "masks").mkdir(exist_ok=True)
        write_nifti(Mask(region, image.geometry, {}), tmp_path / "masks" / f"{name}.nii.gz")
    plan, said = drafted(trephine, tmp_path)
    assert plan.data.image == str(tmp_path / "ct/{case}")
    assert "96 DICOM files of 24 patients: 24 series; 24 localizers left aside" in said
    checked = trephine("check", tmp_path / "study.toml")
    assert checked.code == 0, checked.err
    assert "as drawn on the DICOM" not in checked.out


def test_one_file_of_one_patient_is_counted_as_one(tmp_path: Path) -> None:
    save(picture("PA1", 1), tmp_path / "a")
    assert sort_export(scan_folder(tmp_path)).said() == ["1 DICOM file of 1 patient"]


def test_links_are_followed_inside_the_folder_only_and_never_in_circles(tmp_path: Path) -> None:
    folder, other = tmp_path / "study", tmp_path / "other"
    save(picture("A", 1), folder / "export" / "IM1")
    save(picture("B", 2), other / "IM1")
    (folder / "images").mkdir()
    (folder / "images" / "a.dcm").symlink_to(folder / "export" / "IM1")
    (folder / "away").symlink_to(other)
    (folder / "export" / "up").symlink_to(folder)
    (folder / "nothing").symlink_to(folder / "nowhere")
    scan = scan_folder(folder)
    assert [head.path.relative_to(folder).as_posix() for head in scan.heads] == ["images/a.dcm"]
    assert scan.outside == 1


def test_pixels_are_read_only_where_a_patient_has_several_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, patient in enumerate(PATIENTS[:4]):
        save(picture(patient, number), tmp_path / patient)
    monkeypatch.setattr("trephine.study.draft.export.read_dicom_dataset", None)
    assert len(sort_export(scan_folder(tmp_path)).images) == 4


@given(st.lists(st.integers(5, 999), min_size=1, max_size=8, unique=True))
def test_whoever_is_matched_has_the_same_number(numbers: list[int]) -> None:
    frame = pd.DataFrame({"no": [str(number) for number in numbers]})
    found = match_names([f"PA{number:06d}" for number in numbers], frame, ["no"])
    assert found is not None
    assert all(int(name[2:]) == int(cell) for name, cell in found.cells.items())
    assert len(found.cells) == len(numbers)


def test_names_are_never_matched_by_likeness() -> None:
    frame = pd.DataFrame({"no": ["12037", "12074"], "twice": ["7", "007"]})
    assert match_names(["12038", "12073", "1207", "120740"], frame, ["no"]) is None
    assert match_names(["PA7"], frame, ["twice"]) is None
    counted = pd.DataFrame({"row": ["1", "2", "3"]})
    assert match_names(["PA001", "PA002", "PA003"], counted, ["row"]) is None
