"""convert, deidentify and pacs from the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as Pillow
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid
from typer.testing import CliRunner

from trephine.cli import app
from trephine.errors import InputError, TrephineError
from trephine.imaging import read_image, read_mask

runner = CliRunner()


def run(*arguments: object) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).integers(0, 65536, (9, 7), dtype=np.uint16)
    Pillow.fromarray(values).save(tmp_path / "image.png")
    return tmp_path / "image.png"


def test_convert_writes_the_same_image_and_reports_its_spacing(
    picture: Path, tmp_path: Path
) -> None:
    told = run("convert", picture, tmp_path / "image.nii.gz", "--spacing-mm", 0.2)
    assert "spacing_source: stated in the plan" in told
    stated = read_image(picture, spacing_mm=0.2)
    converted = read_image(tmp_path / "image.nii.gz")
    assert np.array_equal(converted.pixels, stated.pixels)
    assert converted.geometry == stated.geometry


def test_convert_writes_masks_too(tmp_path: Path) -> None:
    Pillow.fromarray(np.eye(5, dtype=np.uint8) * 255).save(tmp_path / "mask.png")
    run("convert", tmp_path / "mask.png", tmp_path / "mask.nii", "--mask")
    assert np.array_equal(read_mask(tmp_path / "mask.nii").labels, np.eye(5))


def test_convert_refuses_another_format_and_its_own_source(picture: Path, tmp_path: Path) -> None:
    for target in (tmp_path / "image.dcm", picture):
        with pytest.raises(InputError, match="ends in"):
            run("convert", picture, target)


def test_deidentify_makes_a_key_and_keeps_it_out_of_the_output(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("Doe, Jane")
    told = run("deidentify", tmp_path / "in", tmp_path / "out", "--key", tmp_path / "key")
    assert "A new key was made" in told
    assert "0 images written, 1 files refused" in told
    with pytest.raises(InputError, match="outside the output folder"):
        run("deidentify", tmp_path / "in", tmp_path / "out", "--key", tmp_path / "out" / "key")


def radiograph(stored: np.ndarray, **attributes: str) -> FileDataset:
    """A CR image of twelve bits."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta[0x00020002].value, meta[0x00020003].value
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality, dataset.PixelSpacing = "CR", [0.2, 0.2]
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.add_new(0x7FE00010, "OW", stored.astype("<u2").tobytes())
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """Two patients' images, masks and table, as a hospital has them."""
    (tmp_path / "in").mkdir()
    (tmp_path / "masks").mkdir()
    lines = ["hospital_no,operated,months,collapse"]
    for number in (1, 2):
        values = np.random.default_rng(number).integers(0, 4096, (40, 30), dtype=np.uint16)
        dataset = radiograph(values, PatientID=f"HN471{number}", StudyDate=f"2020010{number}")
        dataset.save_as(tmp_path / "in" / f"HN471{number}.dcm", enforce_file_format=True)
        mask = np.zeros((40, 30), np.uint8)
        mask[10:20, 10:20] = 255
        Pillow.fromarray(mask).save(tmp_path / "masks" / f"HN471{number}.png")
        lines.append(f"HN471{number},2020-01-0{number},12,{number % 2}")
    (tmp_path / "ward.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_table_and_masks_go_with_the_images(hospital: Path) -> None:
    out = hospital / "out"
    options = ("--table", hospital / "ward.csv", "--column", "hospital_no",
               "--image", "{hospital_no}.dcm", "--masks", hospital / "masks")  # fmt: skip
    told = run("deidentify", hospital / "in", out, "--key", hospital / "key", *options)
    assert "2 images written, 0 files refused" in told
    assert "2 rows, 2 pseudonyms, dates moved in operated. 2 rows have their image" in told
    assert "masks: 2 written, 0 refused" in told
    lines = (out / "clinical.csv").read_text().splitlines()
    for row in csv.DictReader(lines):
        image = pydicom.dcmread(out / row["deidentified_image"])
        assert image.PatientID == row["hospital_no"]
        assert row["operated"].replace("-", "") == image.StudyDate
        assert (out / "masks" / f"{row['hospital_no']}.png").is_file()
    for path in out.rglob("*"):
        assert "HN471" not in path.name
        assert not path.is_file() or b"HN471" not in path.read_bytes()
    with pytest.raises(InputError, match="never overwritten"):
        run("deidentify", hospital / "in", out, "--key", hospital / "key", *options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--table", "ward.csv"), "which column identifies"),
        (("--masks", "masks"), "--table with these"),
        (("--table", "ward.csv", "--column", "patient"), "a column of ward.csv"),
        (("--table", "ward.csv", "--column", "hospital_no", "--image", "{no}.dcm"), "in braces"),
    ],
)
def test_wrong_words_about_the_table_end_before_anything_is_written(
    hospital: Path, monkeypatch, options: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(hospital)
    with pytest.raises(TrephineError, match=told):
        run("deidentify", "in", "out", "--key", "key", *options)
    assert not (hospital / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--web", "https://pacs.example.org/d"), "either --key FILE or --keep-identifiers"),
        (("--key", "k", "--web", "https://pacs.example.org/d"), "never asked for everything"),
        (("--keep-identifiers", "--accession", "A1"), "either --web or --dimse"),
        (("--keep-identifiers", "--accession", "A1", "--dimse", "host"), "host:port and --called"),
        (("--keep-identifiers", "--accession", "A1", "--web", "http://pacs.example.org"), "https"),
    ],
)
def test_pacs_get_says_what_it_needs(tmp_path: Path, monkeypatch, arguments, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrephineError, match=told):
        run("pacs", "get", "out", *arguments)
