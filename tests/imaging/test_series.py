"""A CT series as a volume: sorted, complete, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from pydicom.uid import generate_uid

from trephine.errors import ImageError
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.types import Geometry, Mask

SERIES, FRAME = generate_uid(), generate_uid()


def write_series(folder: Path, make_slice, heights: list[float], **more) -> np.ndarray:
    rng = np.random.default_rng(2)
    volume = rng.integers(0, 2000, (len(heights), 6, 5), dtype=np.uint16)
    for number, (height, plane) in enumerate(zip(heights, volume, strict=True)):
        dataset = make_slice(plane, (-3.0, 4.0, height), SeriesInstanceUID=SERIES, **more)
        dataset.FrameOfReferenceUID = FRAME
        dataset.save_as(folder / f"{(number * 7) % 11:02d}.dcm", enforce_file_format=True)
    return volume


def test_slices_are_sorted_along_their_normal_and_agree_with_itk(tmp_path, make_slice) -> None:
    volume = write_series(tmp_path, make_slice, [10.0, 12.5, 15.0, 17.5])
    (tmp_path / "README.txt").write_text("not an image")
    image = read_image(tmp_path)
    assert np.array_equal(image.pixels, volume - 1024.0)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    itk = reader.Execute()
    assert np.array_equal(SimpleITK.GetArrayFromImage(itk), image.pixels)
    assert image.geometry.spacing_mm == pytest.approx(itk.GetSpacing()[::-1])
    assert image.geometry.origin_mm == pytest.approx(itk.GetOrigin())
    assert image.geometry.direction == pytest.approx(itk.GetDirection())


def test_a_missing_slice_is_refused(tmp_path, make_slice) -> None:
    write_series(tmp_path, make_slice, [0.0, 2.5, 7.5, 10.0])
    with pytest.raises(ImageError, match="1 slice seems to be missing"):
        read_image(tmp_path)


def test_a_doubled_slice_is_refused(tmp_path, make_slice) -> None:
    write_series(tmp_path, make_slice, [0.0, 2.5, 2.5, 5.0])
    with pytest.raises(ImageError, match="doubled slices"):
        read_image(tmp_path)


def test_two_series_in_one_folder_are_refused(tmp_path, make_slice, stored) -> None:
    write_series(tmp_path, make_slice, [0.0, 2.5, 5.0])
    other = make_slice(np.zeros((6, 5), np.uint16), (0, 0, 7.5), SeriesInstanceUID=generate_uid())
    other.save_as(tmp_path / "other.dcm", enforce_file_format=True)
    with pytest.raises(ImageError, match="expected one series in the folder, found 2"):
        read_image(tmp_path)


def test_a_localiser_among_the_slices_is_refused(tmp_path, make_slice) -> None:
    write_series(tmp_path, make_slice, [0.0, 2.5, 5.0])
    scout = make_slice(np.zeros((6, 5), np.uint16), (0, 0, 7.5), SeriesInstanceUID=SERIES)
    scout.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    scout.save_as(tmp_path / "scout.dcm", enforce_file_format=True)
    with pytest.raises(ImageError, match="remove localisers"):
        read_image(tmp_path)


@pytest.mark.parametrize("damage", ["cut short", "another orientation"])
def test_a_slice_is_reported_by_its_place_and_not_by_its_file_s_name(
    tmp_path, make_slice, damage
) -> None:
    folder = tmp_path / "ct"
    folder.mkdir()
    write_series(folder, make_slice, [0.0, 2.5, 5.0])
    odd = folder / "ROE_JANE.dcm"
    scout = make_slice(np.zeros((6, 5), np.uint16), (0, 0, 7.5), SeriesInstanceUID=SERIES)
    scout.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    scout.save_as(odd, enforce_file_format=True)
    if damage == "cut short":
        odd.write_bytes(odd.read_bytes()[:300])
    with pytest.raises(ImageError, match="ct, file 4 of 4 by name") as found:
        read_image(folder)
    assert "ROE" not in str(found.value)


def test_a_tilted_gantry_is_refused(tmp_path, make_slice) -> None:
    for number in range(3):
        dataset = make_slice(
            np.zeros((6, 5), np.uint16), (0.0, 0.5 * number, 2.5 * number), SeriesInstanceUID=SERIES
        )
        dataset.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    with pytest.raises(ImageError, match="tilted gantry"):
        read_image(tmp_path)


def test_a_folder_without_an_image_or_with_several_radiographs_is_refused(
    tmp_path, make_dicom, stored
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match=r"found no file that is one: the folder is empty"):
        read_image(tmp_path / "empty")
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ImageError, match=r"in the folder, found no file that is one$"):
        read_image(tmp_path)
    for name in ("ap", "lateral"):
        make_dicom(stored).save_as(tmp_path / name, enforce_file_format=True)
    with pytest.raises(ImageError, match=r"found 2 radiographs; name the file itself"):
        read_image(tmp_path)


def test_a_folder_of_one_image_is_that_image_whatever_lies_beside_it(
    tmp_path, make_dicom, stored
) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    own = make_dicom(stored)
    own.save_as(folder / "IM000001", enforce_file_format=True)
    report = make_dicom(stored, Modality="SR", Rows=None, Columns=None, PixelData=None)
    report.save_as(folder / "SR000001", enforce_file_format=True)
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "DICOMDIR").write_bytes(b"x" * 300)
    (folder / "thumbnail.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 40)
    image = read_image(folder)
    assert np.array_equal(image.pixels, read_image(folder / "IM000001").pixels)
    assert image.provenance["found_as"] == "the only one in its folder"


def test_one_slice_in_a_folder_is_read_as_that_slice(tmp_path, make_slice) -> None:
    make_slice(np.ones((6, 5), np.uint16), (0.0, 0.0, 7.0)).save_as(
        tmp_path / "1", enforce_file_format=True
    )
    assert read_image(tmp_path).pixels.shape == (6, 5)


def test_a_mask_may_be_named_by_its_folder_if_it_is_alone_there(tmp_path) -> None:
    labels = np.zeros((8, 9), np.uint8)
    labels[2:5, 3:7] = 1
    for name in ("one.nii.gz", "two.nii.gz"):
        write_nifti(Mask(labels, Geometry.plain((0.5, 0.5)), {}), tmp_path / name)
    with pytest.raises(ImageError, match="expected one mask in the folder, found 2 image files"):
        read_mask(tmp_path)
    (tmp_path / "two.nii.gz").unlink()
    mask = read_mask(tmp_path)
    assert np.array_equal(mask.labels, labels)
    assert mask.provenance["found_as"] == "the only one in its folder"
