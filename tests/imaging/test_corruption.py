"""Two hundred damaged files: each a clear error or a right image, never something else.

"Right" means what an independent reading of the damaged bytes says: the original image, or, where
the damage struck pixel values or a number in the header that remains possible, exactly that.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from trephine.errors import ImageError
from trephine.imaging import read_image, write_nifti
from trephine.types import Geometry, Image

CORRUPTIONS = 100
SECONDS = 5.0


def truncate(content: bytearray, rng: np.random.Generator) -> None:
    del content[int(rng.integers(1, len(content))) :]


def flip_bits(content: bytearray, rng: np.random.Generator) -> None:
    for position in rng.integers(0, len(content), int(rng.integers(1, 20))):
        content[position] ^= 1 << int(rng.integers(8))


def flip_header_bits(content: bytearray, rng: np.random.Generator) -> None:
    for position in rng.integers(0, min(len(content), 700), int(rng.integers(1, 8))):
        content[position] ^= 1 << int(rng.integers(8))


def blank_block(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(0, len(content)))
    length = min(int(rng.integers(1, 400)), len(content) - start)
    content[start : start + length] = bytes([int(rng.integers(256))]) * length


def cut_out(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(0, len(content)))
    del content[start : start + int(rng.integers(1, 60))]


def insert(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(0, len(content)))
    content[start:start] = rng.bytes(int(rng.integers(1, 60)))


def huge_numbers(content: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(0, min(len(content) - 4, 700)))
    content[start : start + 4] = b"\xff\xff\xff\x7f"


KINDS: list[Callable[[bytearray, np.random.Generator], None]] = [
    truncate,
    flip_bits,
    flip_header_bits,
    blank_block,
    cut_out,
    insert,
    huge_numbers,
]


def corrupt(content: bytes, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    damaged = bytearray(content)
    KINDS[seed % len(KINDS)](damaged, rng)
    return bytes(damaged)


def outcome(path: Path) -> Image | None:
    """Return the image read, or None where it was refused by a clear, single error."""
    begun = time.monotonic()
    try:
        image = read_image(path)
    except ImageError as refusal:
        message = str(refusal)
        assert message.startswith(path.name)
        assert len(message) < 500
        assert "Doe" not in message
        return None
    finally:
        assert time.monotonic() - begun < SECONDS
    assert np.isfinite(image.pixels).all()
    return image


def as_dicom_says(path: Path) -> tuple[np.ndarray, list[float]]:
    """Rows x Columns words behind the last Pixel Data element, by the definition, little-endian."""
    dataset = pydicom.dcmread(path, force=True)
    words = np.frombuffer(dataset.PixelData, "<u2")[: dataset.Rows * dataset.Columns]
    bits = int(dataset.BitsStored)
    values = (words & ((1 << bits) - 1)).astype(np.int64)
    if int(dataset.get("PixelRepresentation") or 0):
        values = np.where(values >= 1 << (bits - 1), values - (1 << bits), values)
    slope = float(dataset.get("RescaleSlope") or 1)
    intercept = float(dataset.get("RescaleIntercept") or 0)
    pixels = values * slope + intercept
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        low, high = (0, (1 << bits) - 1) if not dataset.PixelRepresentation else (
            -(1 << (bits - 1)), (1 << (bits - 1)) - 1)  # fmt: skip
        pixels = (low + high) * slope + 2 * intercept - pixels
    return pixels.reshape(dataset.Rows, dataset.Columns), [float(v) for v in dataset.PixelSpacing]


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_hundred_corruptions_of_a_dicom_file(
    make_dicom, tmp_path: Path, stored, photometric: str
) -> None:
    whole = tmp_path / "whole.dcm"
    make_dicom(
        stored,
        PhotometricInterpretation=photometric,
        RescaleSlope="2",
        RescaleIntercept="-100",
        PatientOrientation=["L", "F"],
    ).save_as(whole, enforce_file_format=True)
    content, original = whole.read_bytes(), read_image(whole)
    refused = 0
    for seed in range(CORRUPTIONS // 2):
        path = tmp_path / f"{seed}.dcm"
        path.write_bytes(corrupt(content, seed if photometric == "MONOCHROME1" else seed + 1000))
        image = outcome(path)
        refused += image is None
        if image is None or np.array_equal(image.pixels, original.pixels):
            continue
        pixels, spacing = as_dicom_says(path)
        assert np.array_equal(image.pixels, pixels), f"seed {seed}"
        assert list(image.geometry.spacing_mm) == spacing, f"seed {seed}"
    assert refused >= CORRUPTIONS // 8


def as_nifti_says(content: bytes) -> tuple[np.ndarray, tuple[float, ...]]:
    """Values and pixdim of a little-endian float64 NIfTI-1, by the standard's offsets."""
    columns, rows = struct.unpack_from("<2h", content, 42)
    slope, intercept = struct.unpack_from("<2f", content, 112)
    values = np.frombuffer(content, "<f8", rows * columns, 352).reshape(rows, columns)
    if slope not in (0, 1) or intercept:
        values = values * (slope or 1) + intercept
    across, down = (abs(step) or 1.0 for step in struct.unpack_from("<2f", content, 80))
    return values, (down, across)


def test_a_hundred_corruptions_of_a_nifti_file(tmp_path: Path) -> None:
    whole = tmp_path / "whole.nii"
    pixels = np.random.default_rng(0).normal(500, 100, (13, 11))
    write_nifti(Image(pixels, Geometry.plain((0.143, 0.2))), whole)
    content = whole.read_bytes()
    refused = 0
    for seed in range(CORRUPTIONS // 2):
        path = tmp_path / f"{seed}.nii"
        damaged = corrupt(content, seed)
        path.write_bytes(damaged)
        image = outcome(path)
        refused += image is None
        if image is None or np.array_equal(image.pixels, pixels):
            continue
        values, spacing = as_nifti_says(damaged)
        same = sorted(image.pixels.ravel()) == sorted(values.ravel())
        assert same, f"seed {seed}"
        assert image.geometry.spacing_mm == pytest.approx(spacing, rel=1e-5)
    assert refused >= CORRUPTIONS // 8


def test_a_gzipped_nifti_is_right_or_refused_under_every_corruption(tmp_path: Path) -> None:
    """Here the checksum leaves no third way."""
    whole = tmp_path / "whole.nii.gz"
    pixels = np.random.default_rng(0).normal(500, 100, (13, 11))
    write_nifti(Image(pixels, Geometry.plain((0.143, 0.2))), whole)
    content = whole.read_bytes()
    for seed in range(CORRUPTIONS // 2):
        path = tmp_path / f"{seed}.nii.gz"
        path.write_bytes(corrupt(content, seed))
        image = outcome(path)
        assert image is None or np.array_equal(image.pixels, pixels)
