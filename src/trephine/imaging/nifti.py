"""Reading and writing NIfTI-1 and NIfTI-2, exactly, and distrusting the header.

The reader parses the header itself: nothing is allocated before the declared size has been
compared with the bytes that are there, the gzip checksum is verified, values are scaled in
double precision, and the choice between sform and qform is ITK's.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.choices import SpacingSource
from trephine.errors import ImageError
from trephine.imaging.affine import AS_STORED, flatten, geometry_of_affine
from trephine.imaging.grey_array import GreyArray, Purpose, check_finite
from trephine.imaging.limits import check_file_bytes, check_inflation
from trephine.imaging.nifti_header import (
    HEADER_BYTES,
    TYPES,
    NiftiHeader,
    build_header,
    parse_header,
)
from trephine.imaging.unreadable import image_errors
from trephine.paths import open_regular
from trephine.types import Image, Mask


def read_nifti_array(path: Path, purpose: Purpose = "labels") -> GreyArray:
    """Read a NIfTI file, plain or gzipped.

    Raises
    ------
    ImageError
        If header, size or checksum contradict each other; if it is colour, complex or has more
        than three axes; if a value is not finite.
    """
    header, body = _read(path, purpose)
    values = _values(body, header, path.name)
    geometry = geometry_of_affine(header.affine, path.name)
    placement: SpacingSource = "stated" if header.oriented else "array"
    if values.shape[0] > 1:
        return GreyArray(values, geometry, AS_STORED, header.bits, placement)
    plane, flat, orientation = flatten(values, geometry)
    return GreyArray(plane, flat, orientation, header.bits, placement)


def check_nifti(path: Path) -> None:
    """Read a file's header and values, and keep neither.

    Raises
    ------
    ImageError
        As `read_nifti_array`, for what the file itself says.
    """
    _read(path, "labels")


def write_nifti(image: Image | Mask, path: Path) -> None:
    """Write an image or a mask as NIfTI-1, gzipped where the name ends in ``.gz``.

    A radiograph becomes array (x, y, 1) under affine ``diag(-sx, -sy, 1)``, which agrees with
    ITK. Values keep an integer type where they are integers that fit one, and are written as
    float64 otherwise: a round trip is exact. The bytes depend on the content alone.

    Raises
    ------
    ImageError
        If the folder does not exist or cannot be written.
    """
    values = image.pixels if isinstance(image, Image) else image.labels
    array = _smallest_type(np.asarray(values))
    header = build_header(array.shape, array.dtype, image.geometry)
    body = header + b"\0" * 4 + np.ascontiguousarray(array).tobytes()
    data = gzip.compress(body, compresslevel=6, mtime=0) if path.suffix == ".gz" else body
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ImageError(f"{path.name}: cannot be written: {error.strerror}") from error


def _head_and_body(path: Path, purpose: Purpose) -> tuple[NiftiHeader, bytes]:
    sent = check_file_bytes(path)
    with open_regular(path) as plain:
        zipped = plain.read(2) == b"\x1f\x8b"
    with gzip.open(path) if zipped else path.open("rb") as file:
        head = file.read(HEADER_BYTES)
        header = parse_header(head, path.name)
        if zipped and purpose == "image":
            check_inflation(header.pixels, header.value_bytes, sent, path.name)
        file.seek(header.offset)
        # One byte more than declared: a surplus shows, and gzip verifies its checksum.
        return header, file.read(header.value_bytes + 1)


def _read(path: Path, purpose: Purpose) -> tuple[NiftiHeader, memoryview]:
    """Return the header and exactly the bytes of the values."""
    name = path.name
    with image_errors(name):
        try:
            header, body = _head_and_body(path, purpose)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise ImageError(
                f"{name}: expected a whole gzip file, found a damaged or truncated one;"
                " copy it again from its source"
            ) from None
    if len(body) < header.value_bytes:
        shape = "x".join(map(str, header.shape))
        raise ImageError(
            f"{name}: expected {header.value_bytes} bytes of values for {shape}, found"
            f" {len(body)}; the file is truncated or its header damaged"
        )
    if len(body) > header.value_bytes:
        shape = "x".join(map(str, header.shape))
        raise ImageError(
            f"{name}: expected {header.value_bytes} bytes of values for {shape}, found more;"
            " the header says less than the file holds: write it again"
        )
    return header, memoryview(body)


def _values(body: memoryview, header: NiftiHeader, name: str) -> npt.NDArray[Any]:
    """Return the values as they are stored, or as float64 where the header scales them."""
    kind = np.dtype(header.order + TYPES[header.datatype])
    columns, rows, slices = (*header.shape, 1)[:3]
    stored = np.frombuffer(body, kind).reshape(slices, rows, columns)
    values = stored.astype(kind.newbyteorder("="), copy=False)
    scaled = np.isfinite(header.slope) and header.slope != 0
    if scaled and (header.slope != 1 or header.intercept != 0):
        values = values.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # refused below, in words
            values *= header.slope
            values += header.intercept
    check_finite(values, name)
    return values


def _smallest_type(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if np.issubdtype(values.dtype, np.bool_):
        return values.astype(np.uint8)
    if np.issubdtype(values.dtype, np.floating) and not np.array_equal(values, np.rint(values)):
        return values.astype("<f8")
    low, high = values.min(initial=0), values.max(initial=0)
    if np.issubdtype(values.dtype, np.floating) and np.any(np.signbit(values) & (values == 0)):
        return values.astype("<f8")
    for kind in ("<u1", "<i2", "<u2", "<i4"):
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return values.astype(kind)
    return values.astype("<f8")
