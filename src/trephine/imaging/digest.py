"""Fingerprints of files and of pixels, for the ledger of the feature store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from trephine.imaging.text_header import data_files
from trephine.imaging.unreadable import image_errors
from trephine.paths import open_regular
from trephine.types import Geometry, Image, Mask


def file_sha256(path: Path) -> str:
    """Return the SHA-256, in hexadecimal, of the bytes that reading a path depends on.

    For a file, its own, so that ``sha256sum`` gives the same; for the folder of a series, the
    SHA-256 of its files' sorted digests, whatever their names; for a header whose values lie in
    another file, that of both.

    Raises
    ------
    ImageError
        If it cannot be read, or is neither a regular file nor a folder.
    """
    with image_errors(path.name):
        if path.is_dir():
            # Hidden files are the file manager's, which writes them as it pleases.
            inside = [item for item in path.iterdir() if item.name[:1] != "." and item.is_file()]
            return _joined(_bytes_sha256(item) for item in inside)
        parts = [path, *data_files(path)]
        return _bytes_sha256(path) if len(parts) == 1 else _joined(map(_bytes_sha256, parts))


def _bytes_sha256(path: Path) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _joined(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


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
