"""NIfTI: exact round trips, ITK's geometry, and a header that is not believed."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from scipy.spatial.transform import Rotation

from trephine.errors import ImageError
from trephine.imaging import read_image, read_mask, write_nifti
from trephine.types import Geometry, Image, Mask

RADIOGRAPH = Geometry.plain((0.143, 0.2))


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape)


@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
@pytest.mark.parametrize(
    "pixels",
    [
        noise((7, 5)),
        np.arange(35.0).reshape(7, 5),
        np.arange(35.0).reshape(7, 5) * -900,
        np.arange(35.0).reshape(7, 5) * 1900,
        np.arange(35.0).reshape(7, 5) * 1e9,
        np.full((7, 5), -0.0),
    ],
)
def test_a_round_trip_is_exact(tmp_path: Path, name: str, pixels: np.ndarray) -> None:
    image = Image(pixels, RADIOGRAPH)
    write_nifti(image, tmp_path / name)
    back = read_image(tmp_path / name)
    assert np.array_equal(back.pixels, pixels)
    assert np.array_equal(np.signbit(back.pixels), np.signbit(pixels))
    assert back.geometry == RADIOGRAPH


def test_itk_sees_a_radiograph_as_we_do(tmp_path: Path) -> None:
    pixels = noise((7, 5))
    write_nifti(Image(pixels, RADIOGRAPH), tmp_path / "image.nii.gz")
    itk = SimpleITK.ReadImage(str(tmp_path / "image.nii.gz"))
    assert itk.GetSize() == (5, 7, 1)
    assert itk.GetSpacing() == pytest.approx((0.2, 0.143, 1.0))
    assert itk.GetOrigin() == (0.0, 0.0, 0.0)
    assert itk.GetDirection() == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    assert np.array_equal(SimpleITK.GetArrayFromImage(itk)[0], pixels)


@pytest.mark.parametrize("seed", range(6))
def test_volumes_in_any_orientation_agree_with_itk(tmp_path: Path, seed: int) -> None:
    rotation = Rotation.random(random_state=seed).as_matrix()
    if seed % 2:
        rotation[:, 2] *= -1
    itk = SimpleITK.GetImageFromArray(noise((3, 4, 5)))
    itk.SetSpacing((0.5, 0.7, 2.1))
    itk.SetOrigin((-10.0, 20.0, 33.5))
    itk.SetDirection(rotation.ravel())
    path = tmp_path / "volume.nii.gz"
    SimpleITK.WriteImage(itk, str(path))
    image = read_image(path)
    assert image.geometry.spacing_mm == pytest.approx((2.1, 0.7, 0.5))
    assert image.geometry.origin_mm == pytest.approx(itk.GetOrigin())
    assert image.geometry.direction == pytest.approx(itk.GetDirection(), abs=1e-6)
    assert np.array_equal(image.pixels, SimpleITK.GetArrayFromImage(itk))
    write_nifti(image, tmp_path / "again.nii")
    again = SimpleITK.ReadImage(str(tmp_path / "again.nii"))
    assert again.GetDirection() == pytest.approx(itk.GetDirection(), abs=1e-6)
    assert np.array_equal(SimpleITK.GetArrayFromImage(again), image.pixels)


@pytest.mark.parametrize("flips", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_radiograph_stored_in_any_order_is_laid_out_as_displayed(
    tmp_path: Path, flips: tuple[int, int], swapped: bool
) -> None:
    """Every pixel keeps its patient position; rows run down, columns to the patient's left."""
    pixels = noise((6, 4))
    direction = np.diag([flips[0], flips[1], 1.0])
    if swapped:
        direction = direction[:, [1, 0, 2]] * np.array([1, 1, -1.0])
    itk = SimpleITK.GetImageFromArray(pixels[None])
    itk.SetSpacing((0.2, 0.3, 1.0))
    itk.SetOrigin((10.0, -5.0, 0.0))
    itk.SetDirection(direction.ravel())
    SimpleITK.WriteImage(itk, str(tmp_path / "image.nii"))
    image = read_image(tmp_path / "image.nii")
    assert image.geometry.direction == (1.0, 0.0, 0.0, 1.0)
    for row, column in np.ndindex(6, 4):
        x, y, _ = itk.TransformIndexToPhysicalPoint((column, row, 0))
        down = (y - image.geometry.origin_mm[1]) / image.geometry.spacing_mm[0]
        left = (x - image.geometry.origin_mm[0]) / image.geometry.spacing_mm[1]
        assert image.pixels[round(down), round(left)] == pixels[row, column]


def test_scaled_integers_are_scaled_in_double_precision(tmp_path: Path) -> None:
    path = tmp_path / "scaled.nii"
    write_nifti(Image(np.arange(6.0).reshape(2, 3), RADIOGRAPH), path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<2f", content, 112, 0.1, -3.0)
    path.write_bytes(content)
    expected = np.arange(6.0).reshape(2, 3) * float(np.float32(0.1)) - 3.0
    assert np.array_equal(read_image(path).pixels, expected)


def test_nifti_2_and_big_endian_are_read(tmp_path: Path) -> None:
    values = np.arange(6, dtype=">i2").reshape(2, 3)
    header = bytearray(540)
    struct.pack_into(">i", header, 0, 540)
    header[4:8] = b"n+2\0"
    struct.pack_into(">2h", header, 12, 4, 16)
    struct.pack_into(">8q", header, 16, 3, 3, 2, 1, 1, 1, 1, 1)
    struct.pack_into(">8d", header, 104, 1, 0.25, 0.5, 1, 0, 0, 0, 0)
    struct.pack_into(">q", header, 168, 544)
    struct.pack_into(">2i", header, 344, 0, 1)
    struct.pack_into(">12d", header, 400, -0.25, 0, 0, 0, 0, -0.5, 0, 0, 0, 0, 1, 0)
    struct.pack_into(">i", header, 500, 2)
    path = tmp_path / "two.nii"
    path.write_bytes(bytes(header) + b"\0" * 4 + values.tobytes())
    image = read_image(path)
    assert np.array_equal(image.pixels, values)
    assert image.geometry.spacing_mm == (0.5, 0.25)


def damaged(path: Path, offset: int, kind: str, *values: float) -> Path:
    content = bytearray(path.read_bytes())
    struct.pack_into("<" + kind, content, offset, *values)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("offset", "kind", "values", "told"),
    [
        (40, "8h", (3, 30000, 30000, 30000, 1, 1, 1, 1), "at most"),
        (40, "8h", (3, 5, 8, 1, 1, 1, 1, 1), "truncated or its header damaged"),
        (40, "8h", (3, 5, 6, 1, 1, 1, 1, 1), "says less than the file holds"),
        (40, "8h", (4, 5, 7, 1, 2, 1, 1, 1), "two or three axes"),
        (40, "8h", (9, 5, 7, 1, 1, 1, 1, 1), "two or three axes"),
        (40, "8h", (3, 5, -7, 1, 1, 1, 1, 1), "two or three axes"),
        (70, "2h", (128, 24), "grey values"),
        (70, "2h", (64, 32), "bits that fit"),
        (252, "2h24x12f", (0, 1, *(0.0,) * 12), "affine"),
        (252, "2h24x12f", (0, 1, 1, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0), "affine"),
        (252, "2h24xf", (0, 1, float("nan")), "affine"),
        (352, "d", (float("nan"),), "expected finite values, found 1 of 35"),
        (344, "3s", (b"ni1",), "half a pair"),
    ],
)
def test_a_damaged_header_is_refused(tmp_path: Path, offset, kind, values, told) -> None:
    path = tmp_path / "image.nii"
    write_nifti(Image(noise((7, 5)), RADIOGRAPH), path)
    with pytest.raises(ImageError, match=told):
        read_image(damaged(path, offset, kind, *values))


def test_gzip_damage_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "image.nii.gz"
    write_nifti(Image(noise((7, 5)), RADIOGRAPH), path)
    whole = path.read_bytes()
    for content in (whole[:-9], whole[:-8] + b"\0\0\0\0" + whole[-4:], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ImageError, match="damaged or truncated"):
            read_image(path)


def test_a_decompression_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = tmp_path / "bomb.nii.gz"
    write_nifti(Image(noise((7, 5)), RADIOGRAPH), tmp_path / "image.nii")
    path.write_bytes(gzip.compress((tmp_path / "image.nii").read_bytes() + b"\0" * 50_000_000))
    with pytest.raises(ImageError, match="found more"):
        read_image(path)


def test_the_bytes_written_depend_on_the_content_alone(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(Image(noise((7, 5)), RADIOGRAPH), tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_a_mask_round_trip_is_exact_and_small(tmp_path: Path) -> None:
    labels = np.zeros((7, 5), dtype=np.int32)
    labels[2:4, 1:3], labels[5, 4] = 1, 2
    write_nifti(Mask(labels, RADIOGRAPH), tmp_path / "mask.nii")
    back = read_mask(tmp_path / "mask.nii")
    assert np.array_equal(back.labels, labels)
    assert back.geometry == RADIOGRAPH
    assert (tmp_path / "mask.nii").stat().st_size == 352 + 35


def test_a_folder_that_is_missing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be written"):
        write_nifti(Image(noise((7, 5)), RADIOGRAPH), tmp_path / "no" / "image.nii")
