"""Right and left, and whose image it is: each exchange is found by ``check``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from cli.command import Command
from study.small_study import SmallStudy
from trephine.errors import InputError
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.imaging.sides import facing_of
from trephine.study.images.new_header import check_new_header
from trephine.study.images.seen import is_freehand
from trephine.study.images.sides import check_new_case
from trephine.types import Geometry, Image, ImageHeader, Mask


def as_dicom(pixels: np.ndarray, path: Path, **attributes: object) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.PhotometricInterpretation = "CR", "MONOCHROME2"
    dataset.PixelSpacing, dataset.SamplesPerPixel = [0.5, 0.5], 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelData = np.clip(np.rint(pixels * 8), 0, 4095).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)


@pytest.fixture
def dicom_study(image_study: SmallStudy) -> SmallStudy:
    """The small study with its radiographs in DICOM, which name patient, sex, age and sides."""
    table = image_study.table()
    table["sex"] = ["男" if int(patient) % 3 else "女" for patient in table["patient"]]
    image_study.write(table)
    for patient, rows in table.groupby("patient"):
        source = image_study.folder / f"images/{patient}.nii.gz"
        first = rows.iloc[0]
        as_dicom(
            read_image(source).pixels,
            source.with_name(f"{patient}.dcm"),
            PatientID=patient.lstrip("0"),
            PatientSex="M" if first["sex"] == "男" else "F",
            PatientAge=f"{int(float(first['age'])):03d}Y",
            PatientOrientation=["L", "F"],
            ViewPosition="AP",
        )
        source.unlink()
    image_study.replace("images/{patient}.nii.gz", "images/{patient}.dcm")
    image_study.replace("[data]\n", '[data]\naccept = ["orientation"]\n')
    return image_study


def edit(study: SmallStudy, patient: str, **attributes: object) -> None:
    path = study.folder / f"images/{patient}.dcm"
    dataset = pydicom.dcmread(path)
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)


def change_masks(
    study: SmallStudy, change: Callable[[np.ndarray], np.ndarray], *names: str
) -> None:
    for rater in ("a", "b", "a2"):
        for path in sorted((study.folder / rater).iterdir()):
            if not names or path.name.split(".")[0] in names:
                mask = read_mask(path)
                write_nifti(Mask(change(mask.labels), Geometry.plain((0.5, 0.5))), path)


def exchanged(labels: np.ndarray) -> np.ndarray:
    return np.choose(labels, [0, 2, 1])


def mirrored(labels: np.ndarray) -> np.ndarray:
    return labels[:, ::-1]


def stopped(trephine: Command, study: SmallStudy, *parts: str) -> str:
    said = trephine("check", study.toml)
    assert said.code == 2, said.out
    assert "Traceback" not in said.err
    for part in parts:
        assert part in said.err, said.err
    return said.err


def passed(trephine: Command, study: SmallStudy, *parts: str) -> str:
    said = trephine("check", study.toml)
    assert said.code == 0, said.err
    for part in parts:
        assert part in said.out, said.out
    return said.out


def notes(said: str) -> int:
    """How many notes there are, apart from the one that 46 events are few."""
    assert said.count("Note: 46 events") == 1
    return said.count("Note") - 1


def accept(study: SmallStudy, *kinds: str) -> None:
    named = ", ".join(f'"{kind}"' for kind in kinds)
    study.replace('accept = ["orientation"]', f'accept = ["orientation", {named}]')


def test_a_study_of_radiographs_that_agree_with_the_table_has_no_note(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    assert notes(passed(trephine, dicom_study, "No problem found")) == 0


def test_masks_whose_labels_are_all_exchanged_are_reported_in_one_line(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    change_masks(dicom_study, exchanged)
    # One hip was drawn in the other patients: its label is absent.
    told = stopped(trephine, dicom_study, "The other side's label is there: are the sides")
    assert "R on the patient's left in 50 of 50 masks with both sides" in told
    assert "by Patient Orientation" in told
    assert len(told.splitlines()) < 12


def test_mirrored_masks_are_found_by_their_place_and_can_be_accepted(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    change_masks(dicom_study, mirrored)
    told = stopped(trephine, dicom_study, "masks with both sides, by Patient Orientation")
    assert "40 of 40 regions on the half of the patient's other side" in told
    assert '[data] accept = ["sides"]' in told
    accept(dicom_study, "sides")
    passed(trephine, dicom_study, "Note:", 'accepted by [data] accept = ["sides"]')


def test_one_patient_with_exchanged_labels_is_found_with_the_rows(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    change_masks(dicom_study, exchanged, "002")
    told = stopped(trephine, dicom_study, "rows 4, 5, column side", "3 of 50 masks with both sides")
    assert "1 problem" in told


def test_the_labels_of_one_rater_are_named(trephine: Command, dicom_study: SmallStudy) -> None:
    for path in (dicom_study.folder / "b").iterdir():
        labels = read_mask(path).labels
        if np.unique(labels).size == 3:
            write_nifti(Mask(exchanged(labels), Geometry.plain((0.5, 0.5))), path)
    stopped(trephine, dicom_study, "20 of 50 masks", "of rater b, by Patient Orientation")


def test_a_mirrored_file_that_says_so_is_read_as_it_says(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    for path in (dicom_study.folder / "images").iterdir():
        edit(dicom_study, path.stem, PatientOrientation=["R", "F"])
    stopped(trephine, dicom_study, "50 of 50 masks with both sides")
    change_masks(dicom_study, mirrored)
    passed(trephine, dicom_study, "No problem found")


def test_by_convention_alone_some_are_a_note_and_all_a_problem(
    trephine: Command, image_study: SmallStudy
) -> None:
    change_masks(image_study, exchanged, "002")
    told = passed(
        trephine, image_study, "Note: Rows 4, 5: R on the patient's left in 3 of 50 masks"
    )
    assert "by the convention of frontal radiographs" in told
    change_masks(image_study, exchanged, "002")
    change_masks(image_study, mirrored)
    stopped(trephine, image_study, "50 of 50 masks with both sides", "pictures mirrored?")


def test_a_file_of_the_other_side_is_found(trephine: Command, dicom_study: SmallStudy) -> None:
    edit(dicom_study, "030", ImageLaterality="L")
    stopped(trephine, dicom_study, "row 51, column side", "DICOM Laterality is the other side")


def test_the_side_of_one_row_is_compared_with_the_cases_name(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    table = dicom_study.table()
    table.loc[[0, 1], "side"] = ["L", "R"]
    dicom_study.write(table)
    stopped(trephine, dicom_study, "rows 2, 3, column side", "2 of 60 that name the other side")


def test_one_label_for_both_hips_measures_one_hip_twice(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    dicom_study.replace("mask_label = { R = 1, L = 2 }", "mask_label = 1")
    told = stopped(trephine, dicom_study, "40 cases that share one region of an image", "R = 1, L")
    assert "20 of 20 regions" not in told or "other side" in told


def test_one_image_for_two_patients_is_found_also_as_a_copy(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    images = dicom_study.folder / "images"
    (images / "031.dcm").write_bytes((images / "030.dcm").read_bytes())
    told = stopped(trephine, dicom_study, "rows 51, 52, column patient", "share an image")
    assert "1 of 60 with another Patient ID" in told


def test_a_missing_patient_column_is_seen_by_the_images_that_rows_share(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    dicom_study.replace('patient = "patient", ', "")
    stopped(trephine, dicom_study, "40 cases of different patients that share an image", "columns.")


def test_exchanged_images_are_found_by_the_patient_id(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    edit(dicom_study, "030", PatientID="031")
    edit(dicom_study, "031", PatientID="0030")
    told = stopped(trephine, dicom_study, "rows 51, 52, column patient", "2 of 60 with another")
    assert "0030" not in told
    accept(dicom_study, "patient")
    passed(trephine, dicom_study, "accepted")


@pytest.mark.parametrize("name", ["", "ANONYMOUS", "X{}"])
def test_patient_ids_of_another_kind_are_not_compared(
    trephine: Command, dicom_study: SmallStudy, name: str
) -> None:
    for number, path in enumerate(sorted((dicom_study.folder / "images").iterdir())):
        edit(dicom_study, path.stem, PatientID=name.format(number))
    passed(trephine, dicom_study, "No problem found")


def test_two_patients_with_one_patient_id_are_found(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    for number, path in enumerate(sorted((dicom_study.folder / "images").iterdir())):
        edit(dicom_study, path.stem, PatientID=f"X{max(number, 1)}")
    stopped(trephine, dicom_study, "4 cases of different patients whose images have the same")


def test_sex_age_and_view_are_compared(trephine: Command, dicom_study: SmallStudy) -> None:
    edit(dicom_study, "030", PatientSex="F" if 30 % 3 else "M")
    edit(dicom_study, "031", PatientAge="001Y")
    edit(dicom_study, "032", ViewPosition="LL", PatientOrientation=["A", "F"])
    stopped(
        trephine,
        dicom_study,
        "row 51, column sex: expected the sex that the image's header states",
        "row 52, column age: expected within 3 years",
        "row 53: expected one view in all images, found 1 of 60 with a lateral view",
    )
    accept(dicom_study, "sex", "age", "view")
    assert passed(trephine, dicom_study, "Note: Row 53").count("accepted") == 3


def test_an_age_that_most_headers_contradict_is_another_age(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    table = dicom_study.table()
    table["age"] = [str(float(age) + 10) for age in table["age"]]
    dicom_study.write(table)
    passed(trephine, dicom_study, "60 of 60 further off")


def test_a_region_that_reaches_every_edge_is_the_background(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    change_masks(dicom_study, lambda labels: 1 - labels, "030")
    stopped(trephine, dicom_study, "reaches every edge of the image")


def test_regions_at_an_edge_are_a_note(trephine: Command, dicom_study: SmallStudy) -> None:
    change_masks(dicom_study, lambda labels: np.roll(labels, -10, 1) * (labels < 2), "030")
    told = passed(trephine, dicom_study, "reach an edge of their image (row 51): cut off?")
    assert notes(told) == 1


def test_nifti_masks_on_radiographs_have_a_note_until_it_is_accepted(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    dicom_study.replace('accept = ["orientation"]\n', "")
    passed(trephine, dicom_study, "90 NIfTI masks were laid on their DICOM radiographs")


def pair(orientation: str | None) -> tuple[Image, Mask]:
    labels = np.zeros((20, 40), np.uint8)
    labels[8:12, 5:10], labels[8:12, 30:35] = 1, 2
    geometry = Geometry.plain((1.0, 1.0))
    said = {"format": "DICOM", "patient_orientation": orientation}
    pixels = np.random.default_rng(3).normal(size=labels.shape)
    return Image(pixels, geometry, said), Mask(labels, geometry)


def test_a_new_case_with_the_other_sides_label_or_region_is_refused() -> None:
    image, mask = pair("L\\F")
    by_side = {"R": 1, "L": 2}
    assert check_new_case(image, mask, 1, "R", by_side, ()) == []
    with pytest.raises(InputError, match=r"label: expected the label of the left side, 2, found 1"):
        check_new_case(image, mask, 1, "L", by_side, ())
    with pytest.raises(InputError, match=r"expected a region on the patient's left.*Orientation"):
        check_new_case(image, mask, 1, "L", 1, ())
    assert check_new_case(image, mask, 1, "L", 1, ("sides",)) == []
    mirrored_image, _ = pair("R\\F")
    with pytest.raises(InputError, match="on the patient's right"):
        check_new_case(mirrored_image, mask, 1, "R", by_side, ())


def test_a_new_case_against_the_convention_is_warned_of() -> None:
    image, mask = pair(None)
    (warning,) = check_new_case(image, mask, 2, "R", 2, ())
    assert "by the convention of frontal radiographs" in warning


def test_a_new_case_s_row_is_compared_with_its_image() -> None:
    header = ImageHeader(patient_id="0007", sex="F", age_years=60.0, body_part="")
    right = pd.DataFrame({"Patient ID": ["7"], "性别": ["女"], "age": ["61"], "hip": ["7-R"]})
    assert check_new_header(header, right, ()) == []
    assert check_new_header(None, right, ()) == []
    other = right.assign(**{"Patient ID": "8", "age": "41"})
    age, patient = check_new_header(header, other, ())
    assert age.startswith("age: column age is more than 3 years")
    assert patient.startswith("patient: the image's Patient ID is not that of column Patient ID")
    assert not re.search(r"\b(7|8|41|60)\b", age + patient)
    assert check_new_header(header, other, ("age", "patient")) == []
    lettered = replace(header, patient_id="TREPHINE-DEMO-007")
    assert check_new_header(lettered, right, ()) == []
    (patient,) = check_new_header(replace(header, patient_id="PA17"), right, ())
    assert patient.startswith("patient: ")
    male = right.assign(性别="M")
    with pytest.raises(InputError, match="sex: expected the sex that the image's header states"):
        check_new_header(header, male, ())
    assert check_new_header(header, male, ("sex",)) == []


def test_a_volume_shows_its_sides_by_its_cosines() -> None:
    axes = (-1.0, 0, 0, 0, 1, 0, 0, 0, -1)
    volume = Image(np.zeros((3, 4, 5)), Geometry((1.0, 1.0, 1.0), (0.0, 0, 0), axes))
    facing = facing_of(volume)
    assert facing is not None
    assert (facing.axis, facing.right_first, facing.certain) == (2, False, True)
    sagittal = Geometry((1.0, 1.0, 1.0), (0.0, 0, 0), (0.0, 0, 1, 1, 0, 0, 0, 1, 0))
    facing = facing_of(Image(np.zeros((3, 4, 5)), sagittal))
    assert facing is not None
    assert facing.axis == 0
    lateral, _ = pair("A\\F")
    assert facing_of(lateral) is None


def test_sexes_and_ages_are_compared_as_the_study_file_reads_their_cells(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    table = dicom_study.table()
    table["sex"] = table["sex"].replace({"男": "1", "女": "女的"})
    table["age"] = [f"{age}岁" for age in table["age"]]
    dicom_study.write(table)
    dicom_study.replace("range = [18, 90] }", 'range = [18, 90], strip = ["岁"] }')
    read = '{ levels = ["F", "M"], read = { "1" = "M", "女的" = "F" } }'
    dicom_study.replace("[clinical]\n", f"[clinical]\nsex = {read}\n")
    passed(trephine, dicom_study, "No problem found")
    edit(dicom_study, "030", PatientSex="F" if 30 % 3 else "M")
    edit(dicom_study, "031", PatientAge="001Y")
    stopped(trephine, dicom_study, "row 51, column sex: expected", "row 52, column age: expected")


def test_a_mask_copied_from_another_patient_is_found(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    def drawn(labels: np.ndarray) -> np.ndarray:
        labels = labels.copy()
        labels[18:22, 12:16] = np.where(labels[18:22, 12:16] == 0, 1, 0)  # a wavering hand
        return labels

    change_masks(dicom_study, drawn, "030")
    (dicom_study.folder / "a/031.nii.gz").write_bytes(
        (dicom_study.folder / "a/030.nii.gz").read_bytes()
    )
    stopped(trephine, dicom_study, "rows 51, 52: expected a region drawn on each patient's own")
    accept(dicom_study, "regions")
    passed(trephine, dicom_study, "2 cases whose region is, pixel by pixel, another patient's")


def test_a_region_that_most_patients_share_is_an_atlas_s(
    trephine: Command, dicom_study: SmallStudy
) -> None:
    def of_the_atlas(labels: np.ndarray) -> np.ndarray:
        found = np.zeros_like(labels)
        found[20:40, 8:20] = found[20:45, 40:52] = 1
        found[20:24, 8:12] = found[20:24, 40:44] = 0
        found[:, 32:] *= 2
        return found

    change_masks(dicom_study, of_the_atlas)
    passed(trephine, dicom_study, "60 cases whose region is, pixel by pixel", "silences")


def test_templates_are_not_drawn_by_hand() -> None:
    rows, columns = np.ogrid[:40, :40]
    disc = (rows - 20) ** 2 + (columns - 18) ** 2 < 144
    assert not is_freehand(disc)
    assert not is_freehand(np.pad(np.ones((12, 9), dtype=bool), 3))
    assert is_freehand(disc & (rows > columns - 9))
    assert not is_freehand(np.tri(5, dtype=bool))
