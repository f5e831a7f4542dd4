"""Fingerprints of files and of pixels, for the ledger of the feature store."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from trephine.errors import ImageError
from trephine.types import Geometry, Image, Mask


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises
    ------
    ImageError
        If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ImageError(f"{path.name}: cannot be read: {error.strerror}") from error


def content_sha256(image: Image | Mask) -> str:
    """Return the SHA-256 of what a measurement depends on: values, shape and geometry.

    The same radiograph read from two encodings has one digest. Values count as float64 for an
    image and as int64 for a mask, little-endian, in row order.
    """
    values = (
        np.ascontiguousarray(image.pixels, dtype="<f8")
        if isinstance(image, Image)
        else np.ascontiguousarray(image.labels, dtype="<i8")
    )
    digest = hashlib.sha256(_described(values.shape, image.geometry))
    digest.update(values.data)
    return digest.hexdigest()


def pixels_sha256(image: Image) -> str:
    """Return the SHA-256 of the pixels alone, as little-endian float64 in row order."""
    return hashlib.sha256(np.ascontiguousarray(image.pixels, dtype="<f8").data).hexdigest()


def _described(shape: tuple[int, ...], geometry: Geometry) -> bytes:
    numbers = (*geometry.spacing_mm, *geometry.origin_mm, *geometry.direction)
    # "+ 0.0" makes negative zero equal to zero, as it is for every measurement.
    return repr((shape, tuple(float(number) + 0.0 for number in numbers))).encode()
