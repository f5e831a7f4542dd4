"""TIFF as programs write it: what its tags say of black, signs and rows is obeyed or refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from trephine.errors import ImageError
from trephine.imaging import read_image, read_mask

ROWS, COLUMNS = np.mgrid[:24, :32]
REGION = (ROWS - 10) ** 2 + (COLUMNS - 14) ** 2 < 40
GREY = np.where(REGION, 1500, 400) + COLUMNS


def write_tiff(
    path: Path,
    values: np.ndarray,
    *,
    photometric: int = 1,
    bits: int | None = None,
    sample: int = 1,
    orientation: int = 1,
) -> Path:
    """Write a TIFF of one strip, tag by tag."""
    data = values.tobytes()
    height, width = values.shape
    tags = {
        256: width, 257: height, 258: bits or values.dtype.itemsize * 8, 259: 1, 262: photometric,
        273: 8, 274: orientation, 277: 1, 278: height, 279: len(data), 339: sample,
    }  # fmt: skip
    longs = (256, 257, 273, 278, 279)
    entries = b"".join(
        struct.pack("<HHI", tag, 4 if tag in longs else 3, 1)
        + (struct.pack("<I", value) if tag in longs else struct.pack("<HH", value, 0))
        for tag, value in tags.items()
    )
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    path.write_bytes(head + data + struct.pack("<H", len(tags)) + entries + bytes(4))
    return path


def pixels(path: Path) -> list[list[float]]:
    return read_image(path, spacing_mm=(0.2, 0.2)).pixels.tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero_is_turned_round_in_any_depth(tmp_path: Path, dtype: type) -> None:
    grey = (GREY // (8 if dtype is np.uint8 else 1)).astype(dtype)
    path = write_tiff(tmp_path / "a.tif", np.iinfo(dtype).max - grey, photometric=0)
    assert pixels(path) == grey.tolist()


def test_signed_values_keep_their_sign_in_8_bits_too(tmp_path: Path) -> None:
    for dtype, by in ((np.int8, 20), (np.int16, 1)):
        signed = (GREY // by - 60).astype(dtype)
        assert pixels(write_tiff(tmp_path / "a.tif", signed, sample=2)) == signed.tolist()


def test_what_a_tiff_leaves_open_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    for orientation in (3, 6):
        write_tiff(path, GREY.astype(np.uint16), orientation=orientation)
        with pytest.raises(ImageError, match=f"found orientation {orientation}"):
            pixels(path)
    write_tiff(path, GREY.astype(np.float32), photometric=0, sample=3)
    with pytest.raises(ImageError, match="white is zero"):
        pixels(path)
    write_tiff(path, GREY.astype(np.float64), sample=3)
    with pytest.raises(ImageError, match="of a kind that is not read"):
        pixels(path)


def test_a_mask_of_16_bits_with_white_as_zero_has_its_region(tmp_path: Path) -> None:
    white = np.where(REGION, 0, 65535).astype(np.uint16)
    mask = read_mask(write_tiff(tmp_path / "m.tif", white, photometric=0))
    assert (np.squeeze(mask.labels) == REGION).all()


def test_a_mask_with_black_and_white_exchanged_is_refused(tmp_path: Path) -> None:
    for value in (255, 1):
        Pillow.fromarray(np.where(REGION, 0, value).astype(np.uint8)).save(tmp_path / "m.png")
        with pytest.raises(ImageError, match=f"found {value} in all four corners"):
            read_mask(tmp_path / "m.png")
