"""``trephine extract`` on folders and tables as people have them, and when it is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from imaging.conftest import ct_slice
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.study.batch import measuring
from trephine.types import Geometry, Image, Mask

SETTINGS = """
binWidth = 10
imageType = { Original = {} }
featureClass = { firstorder = ["Mean", "Variance"] }
"""
PLAIN = Geometry.plain((0.5, 0.5))


def write_pair(image: Path, mask: Path, level: float) -> None:
    """Write an image of one grey level inside its region, and the mask."""
    region = np.zeros((24, 24), dtype=np.int64)
    column = int(level) % 10
    region[4:12, column : column + 8] = 1
    image.parent.mkdir(parents=True, exist_ok=True)
    mask.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(Image(np.where(region == 1, level, 0.0), PLAIN, {}), image)
    write_nifti(Mask(region, PLAIN, {}), mask)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pairs under names as archives give them."""
    for number in (1, 2, 3):
        name = f"1.2.840.9999.{number}.nii.gz"
        write_pair(tmp_path / "images" / name, tmp_path / "masks" / name, 100.0 * number + number)
    (tmp_path / "few.toml").write_text(SETTINGS)
    return tmp_path


def features(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, index_col="name")


def extract(trephine: Command, folder: Path, *parts: object, code: int = 0) -> str:
    said = trephine("extract", *parts, "--settings", folder / "few.toml")
    assert said.code == code, said.err
    return said.err


def test_names_with_dots_find_their_own_masks(trephine: Command, folder: Path) -> None:
    out = folder / "out.csv"
    extract(trephine, folder, folder / "images", folder / "masks", "--out", out)
    found = features(out)
    assert found["original_firstorder_Mean"].tolist() == [101.0, 202.0, 303.0]
    assert found["original_firstorder_Variance"].tolist() == [0.0, 0.0, 0.0]
    assert not (folder / "out.csv.partial").exists()


@pytest.mark.parametrize("stray", [".DS_Store", "Thumbs.db", "desktop.ini", "._a.dcm", "DICOMDIR"])
def test_what_systems_leave_in_folders_is_left_aside_and_counted(
    trephine: Command, folder: Path, stray: str
) -> None:
    (folder / "images" / stray).write_bytes(b"\0")
    (folder / "masks" / stray).write_bytes(b"\0")
    said = extract(trephine, folder, folder / "images", folder / "masks")
    assert "2 files of the system left aside" in said


def test_two_files_of_one_stem_are_refused_all_at_once(trephine: Command, folder: Path) -> None:
    first = "1.2.840.9999.1"
    for place, name in (
        ("images", f"{first}.nrrd"),
        ("masks", f"{first}_mask.nii.gz"),
        ("masks", f"{first}.mha"),
    ):
        (folder / place / name).write_bytes(b"x")
    (folder / "masks" / "1.2.840.9999.3.nii.gz").unlink()
    said = extract(trephine, folder, folder / "images", folder / "masks", code=2)
    assert "found 2 alike: images 1, 2 in sorted order" in said
    assert "masks for images, image 1 of 4 in sorted order: expected one, found 3" in said
    assert "found none for 1 of 4: images 4 in sorted order" in said
    # Names of files may be patients' names.
    assert "1.2.840" not in said


def test_masks_of_images_that_are_not_there_are_counted(trephine: Command, folder: Path) -> None:
    (folder / "images" / "1.2.840.9999.3.nii.gz").unlink()
    said = extract(trephine, folder, folder / "images", folder / "masks")
    assert "1 mask has no image and is not used" in said


def manifest(folder: Path) -> pd.DataFrame:
    names = [f"1.2.840.9999.{number}.nii.gz" for number in (1, 2, 3)]
    return pd.DataFrame(
        {
            "ID": ["007", "左髋", "c"],
            "image": [f"images/{name}" for name in names],
            "mask": [f"masks/{name}" for name in names],
            "label": ["1", "", "1"],
            "side": ["R", "L", "R"],
        }
    )


def write_gbk(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, encoding="gbk")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "gbk"])
def test_a_table_of_any_kind_names_what_is_measured(
    trephine: Command, folder: Path, kind: str
) -> None:
    table = folder / f"pairs.{'csv' if kind == 'gbk' else kind}"
    frame = manifest(folder)
    if kind == "gbk":
        write_gbk(frame, table)
    elif kind == "csv":
        frame.to_csv(table, index=False)
    elif kind == "xlsx":
        frame.to_excel(table, index=False)
    else:
        frame["label"] = [1.0, np.nan, 1.0]
        frame.to_parquet(table)
    extract(trephine, folder, table, "--out", folder / "out.csv")
    found = pd.read_csv(folder / "out.csv", dtype={"name": str})
    assert found["name"].tolist() == ["007", "左髋", "c"]
    assert found["side"].tolist() == ["R", "L", "R"]
    assert found["original_firstorder_Mean"].tolist() == [101.0, 202.0, 303.0]


def test_every_cell_that_cannot_be_used_is_named_at_once(trephine: Command, folder: Path) -> None:
    frame = manifest(folder)
    frame.loc[0, "image"] = ""
    frame.loc[[1, 2], "mask"] = "NA"
    frame.loc[[0, 2], "label"] = "head"
    frame.to_csv(folder / "pairs.csv", index=False)
    said = extract(trephine, folder, folder / "pairs.csv", code=2)
    assert "pairs.csv, row 2, column image" in said
    assert "pairs.csv, rows 3, 4, column mask" in said
    assert "pairs.csv, rows 2, 4, column label: expected a label of the mask" in said


@pytest.mark.parametrize("content", ["", "image,mask\n", "picture,mask\na,b\n"])
def test_a_table_without_pairs_is_refused_in_words(
    trephine: Command, folder: Path, content: str
) -> None:
    (folder / "pairs.csv").write_text(content)
    assert "expected" in extract(trephine, folder, folder / "pairs.csv", code=2)


def test_a_pipe_is_not_waited_for(trephine: Command, folder: Path) -> None:
    for name in ("pairs.csv", "a.nii.gz"):
        os.mkfifo(folder / name)
    mask = folder / "masks" / "1.2.840.9999.1.nii.gz"
    assert "a pipe" in extract(trephine, folder, folder / "pairs.csv", code=2)
    assert "a pipe" in extract(trephine, folder, folder / "a.nii.gz", mask, code=2)


def test_a_pair_that_fails_is_reported_and_counted_and_the_rest_stays(
    trephine: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, broken = folder / "out.csv", folder / "images" / "1.2.840.9999.2.nii.gz"
    whole = broken.read_bytes()
    broken.write_bytes(b"")
    arguments = (folder / "images", folder / "masks", "--out", out)
    said = extract(trephine, folder, *arguments, code=1)
    assert "pair 2 of 3 in sorted order: left out. " in said
    assert "1 of 3 pairs could not be measured." in said
    # A file's name may be a patient's: it stands in the table that was asked for and nowhere else.
    assert broken.name not in said
    assert list(features(out).index) == ["1.2.840.9999.1.nii.gz", "1.2.840.9999.3.nii.gz"]
    broken.write_bytes(whole)
    measure, seen = measuring.measure_item, []

    def counts(work: measuring.Work, item: measuring.KeyedPair) -> measuring.PairMeasurement:
        seen.append(item.pair.name)
        return measure(work, item)

    monkeypatch.setattr(measuring, "measure_item", counts)
    extract(trephine, folder, *arguments)
    assert seen == [broken.name]
    assert len(features(out)) == 3


@pytest.mark.slow
def test_after_a_kill_nothing_is_measured_twice_and_the_table_is_the_same(
    trephine: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "few.toml").write_text(SETTINGS)
    for number in range(24):
        name = f"{number:02d}.nii.gz"
        write_pair(tmp_path / "images" / name, tmp_path / "masks" / name, 100.0 + number)
    arguments = (tmp_path / "images", tmp_path / "masks")
    extract(trephine, tmp_path, *arguments, "--out", tmp_path / "whole.csv")
    out = tmp_path / "out.csv"
    code = (
        "import os, signal\n"
        "from trephine.store import FeatureStore\n"
        "write = FeatureStore.write_all\n"
        "def killed(*arguments):\n"
        "    write(*arguments)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "FeatureStore.write_all = killed\n"
        "from trephine.cli import main\n"
        "main()\n"
    )
    settings = ("--settings", tmp_path / "few.toml", "--workers", 1)
    parts = ["extract", *map(str, (*arguments, "--out", out, *settings))]
    done = subprocess.run([sys.executable, "-c", code, *parts], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    measure, seen = measuring.measure_item, []

    def counts(work: measuring.Work, item: measuring.KeyedPair) -> measuring.PairMeasurement:
        seen.append(item.pair.name)
        return measure(work, item)

    monkeypatch.setattr(measuring, "measure_item", counts)
    extract(trephine, tmp_path, *arguments, "--out", out)
    # How much was written before depends on the clock: batches end by number or by time.
    assert 0 < len(seen) < 24
    assert seen == [f"{number:02d}.nii.gz" for number in range(24 - len(seen), 24)]
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_an_image_without_spacing_is_measured_with_the_one_that_is_stated(
    trephine: Command, folder: Path
) -> None:
    from PIL import Image as Pillow

    place = folder / "png"
    place.mkdir()
    Pillow.fromarray(np.full((24, 24), 7, dtype=np.uint8)).save(place / "a.png")
    mask = np.zeros((24, 24), dtype=np.uint8)
    mask[4:12, 4:12] = 1
    Pillow.fromarray(mask).save(place / "a_mask.png")
    extract(trephine, folder, place / "a.png", place / "a_mask.png", code=2)
    extract(trephine, folder, place / "a.png", place / "a_mask.png", "--spacing-mm", 0.5)


def test_convert_takes_a_folder_and_a_table_and_counts(trephine: Command, folder: Path) -> None:
    (folder / "images" / ".DS_Store").write_bytes(b"\0")
    said = trephine("convert", folder / "images", folder / "out")
    assert (said.code, "3 of 3 converted" in said.out) == (0, True), said.err
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names == [f"1.2.840.9999.{number}.nii.gz" for number in (1, 2, 3)]
    manifest(folder).to_csv(folder / "pairs.csv", index=False)
    (folder / "images" / "1.2.840.9999.2.nii.gz").write_bytes(b"")
    said = trephine("convert", folder / "pairs.csv", folder / "more")
    assert (said.code, "2 of 3 converted" in said.out) == (1, True)
    assert "row 3: left out" in said.err
    assert sorted(path.name for path in (folder / "more").iterdir()) == ["007.nii.gz", "c.nii.gz"]
    (folder / "images" / "1.2.840.9999.1.mha").write_bytes(b"x")
    said = trephine("convert", folder / "images", folder / "out")
    assert (said.code, "found image 1 of 4 in sorted order; image 2 of 4" in said.err) == (2, True)


def write_slices(folder: Path, level: float, instances: int = 4, series: str = "1.2.3") -> None:
    """Write an axial series with a bright block in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(instances):
        plane = np.zeros((12, 12), np.uint16)
        plane[3:9, 3:9] = level
        dataset = ct_slice(plane, (0.0, 0.0, 2.5 * number), SeriesInstanceUID=series)
        name = f"IM{series[-1]}{(number * 7) % 11:04d}"
        dataset.save_as(folder / name, enforce_file_format=True)


def write_block(path: Path, image: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    region = np.zeros(image.pixels.shape, dtype=np.int64)
    region[1:3, 4:8, 4:8] = 1
    write_nifti(Mask(region, image.geometry, {}), path)


def test_an_export_of_folders_in_folders_is_converted_and_measured(
    trephine: Command, tmp_path: Path
) -> None:
    (tmp_path / "few.toml").write_text(SETTINGS)
    for number in (1, 2):
        series = tmp_path / "DICOM" / f"PA{number}" / "ST1" / "SE1"
        write_slices(series, 1100.0 + number)
        write_block(tmp_path / "masks" / f"PA{number}.nii.gz", read_image(series))
    call = ("extract", tmp_path / "DICOM", tmp_path / "masks", "--settings", tmp_path / "few.toml")
    said = trephine(*call, "--out", tmp_path / "out.csv")
    assert said.code == 0, said.err
    assert "2 regions" in said.out
    write_slices(tmp_path / "DICOM" / "PA2" / "ST1" / "SE2", 900.0)
    said = trephine("convert", tmp_path / "DICOM", tmp_path / "nii")
    assert (said.code, "3 of 3 converted" in said.out) == (0, True), said.err
    names = sorted(path.name for path in (tmp_path / "nii").iterdir())
    assert names == ["PA1.nii.gz", "PA2_ST1_SE1.nii.gz", "PA2_ST1_SE2.nii.gz"]


def test_folders_of_slices_are_measured_as_volumes(trephine: Command, tmp_path: Path) -> None:
    (tmp_path / "few.toml").write_text(SETTINGS)
    for number in (1, 2):
        write_slices(tmp_path / "ct" / f"p{number}", 1100.0 + number)
        image = read_image(tmp_path / "ct" / f"p{number}")
        write_block(tmp_path / "masks" / f"p{number}.nii.gz", image)
    (tmp_path / "ct" / ".DS_Store").write_bytes(b"")
    out = tmp_path / "out.csv"
    extract(trephine, tmp_path, tmp_path / "ct", tmp_path / "masks", "--out", out)
    assert features(out)["original_firstorder_Mean"].tolist() == [77.0, 78.0]
    one = (tmp_path / "ct" / "p1", tmp_path / "masks" / "p1.nii.gz", "--out", out)
    extract(trephine, tmp_path, *one)
    assert features(out)["original_firstorder_Mean"].tolist() == [77.0]


def test_several_series_in_a_folder_are_refused_with_what_is_there(
    trephine: Command, tmp_path: Path
) -> None:
    (tmp_path / "few.toml").write_text(SETTINGS)
    write_slices(tmp_path / "p1", 1100.0)
    write_block(tmp_path / "m.nii.gz", read_image(tmp_path / "p1"))
    write_slices(tmp_path / "p1", 1100.0, instances=2, series="1.2.4")
    said = extract(trephine, tmp_path, tmp_path / "p1", tmp_path / "m.nii.gz", code=2)
    assert "expected one series in the folder, found 2 (CT of 4 slices, CT of 2 slices)" in said


def test_a_mask_under_a_wrong_header_is_refused_by_name_of_the_option_and_adopted_when_asked(
    trephine: Command, folder: Path
) -> None:
    names = ("images/1.2.840.9999.1.nii.gz", "masks/1.2.840.9999.1.nii.gz")
    image, mask = (folder / name for name in names)
    write_nifti(Mask(read_mask(mask).labels, Geometry.plain((1.0, 1.0)), {}), mask)
    said = extract(trephine, folder, image, mask, code=2)
    assert "give --mask-geometry adopt" in said
    assert "mask_geometry =" not in said
    out = folder / "out.csv"
    extract(trephine, folder, image, mask, "--mask-geometry", "adopt", "--out", out)
    assert features(out)["original_firstorder_Mean"].tolist() == [101.0]


def test_a_parameter_file_that_corrects_masks_or_lets_them_lie_off_is_obeyed(
    trephine: Command, folder: Path
) -> None:
    """As PyRadiomics does; a mask of half the spacing was refused whatever the file said."""
    names = ("images/1.2.840.9999.1.nii.gz", "masks/1.2.840.9999.1.nii.gz")
    image, path = (folder / name for name in names)
    labels, out = read_mask(path).labels, folder / "out.csv"
    fine = Geometry((0.25, 0.25), (-0.125, -0.125), PLAIN.direction)
    write_nifti(Mask(np.kron(labels, np.ones((2, 2), np.int64)), fine, {}), path)
    said = extract(trephine, folder, image, path, code=2)
    assert "give --mask-geometry resample" in said
    (folder / "few.toml").write_text(f"correctMask = true\n{SETTINGS}")
    said = extract(trephine, folder, image, path, "--out", out)
    assert "the mask did not lie on its image: resampled by nearest neighbour" in said
    assert features(out)["original_firstorder_Mean"].tolist() == [101.0]
    assert features(out)["original_firstorder_Variance"].tolist() == [0.0]
    write_nifti(Mask(labels, Geometry((0.5, 0.5), (0.01, 0.0), PLAIN.direction), {}), path)
    (folder / "few.toml").write_text(SETTINGS)
    assert "pixels off" in extract(trephine, folder, image, path, code=2)
    (folder / "few.toml").write_text(f"geometryTolerance = 0.05\n{SETTINGS}")
    assert "did not lie" not in extract(trephine, folder, image, path, "--out", out)
    assert features(out)["original_firstorder_Mean"].tolist() == [101.0]
