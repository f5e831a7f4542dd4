"""The NIfTI-1 and NIfTI-2 headers: parsed by the standard's own offsets, then distrusted."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from trephine.errors import ImageError
from trephine.imaging.affine import affine_of_geometry
from trephine.imaging.limits import check_pixels
from trephine.imaging.nifti_transform import affine_of_header
from trephine.types import FloatArray, Geometry

# Extensions between header and values hold at most a copy of a DICOM header.
_LARGEST_OFFSET = 1 << 24
HEADER_BYTES = 544
TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4",
    1024: "i8", 1280: "u8",
}  # fmt: skip


@dataclass(frozen=True)
class NiftiHeader:
    """What the reader needs of a header.

    Attributes
    ----------
    order
        Byte order, "<" or ">".
    shape
        Sizes along i, j, k, ...
    datatype, bits
        NIfTI code and bits a value.
    offset
        Where the values start, in bytes.
    slope, intercept
        Scaling of stored values; a slope of 0 means none.
    affine
        Shape (4, 4), array index to RAS millimetres.
    oriented
        False where both codes are 0: nothing says how the array lies in the patient.
    """

    order: str
    shape: tuple[int, ...]
    datatype: int
    bits: int
    offset: int
    slope: float
    intercept: float
    affine: FloatArray
    oriented: bool

    @property
    def pixels(self) -> int:
        """How many values there are."""
        return prod(map(int, self.shape))

    @property
    def value_bytes(self) -> int:
        """How many bytes the values take."""
        return self.pixels * self.bits // 8


def parse_header(content: bytes, name: str) -> NiftiHeader:
    """Parse the first `HEADER_BYTES` of a file.

    Raises
    ------
    ImageError
        If a field contradicts another, or the file is not a grey image of two or three axes.
    """
    for order in "<>":
        for size, parse in ((348, _parse_1), (540, _parse_2)):
            if len(content) >= size and struct.unpack_from(order + "i", content)[0] == size:
                header = parse(content, order)
                _check_header(header, name)
                return header
    raise ImageError(f"{name}: expected a NIfTI header of 348 or 540 bytes, found another")


def _parse_1(content: bytes, order: str) -> NiftiHeader:
    def at(offset: int, kind: str) -> tuple[Any, ...]:
        return struct.unpack_from(order + kind, content, offset)

    dim = at(40, "8h")
    datatype, bits = at(70, "2h")
    pixdim = _decimal(at(76, "8f"))
    offset, slope, intercept = at(108, "3f")
    units = at(123, "B")[0]
    codes = at(252, "2h")
    quatern, srow = _decimal(at(256, "6f")), _decimal(at(280, "12f"))
    single = content[344:348] == b"n+1\0"
    affine = affine_of_header(codes, pixdim, quatern, srow, units)
    start = int(offset) if single and np.isfinite(offset) else -1
    return NiftiHeader(
        order, _shape(dim), datatype, bits, start, slope, intercept, affine, max(codes) > 0
    )


def _parse_2(content: bytes, order: str) -> NiftiHeader:
    def at(offset: int, kind: str) -> tuple[Any, ...]:
        return struct.unpack_from(order + kind, content, offset)

    datatype, bits = at(12, "2h")
    dim = at(16, "8q")
    pixdim = at(104, "8d")
    offset = at(168, "q")[0]
    slope, intercept = at(176, "2d")
    codes = at(344, "2i")
    quatern, srow = at(352, "6d"), at(400, "12d")
    units = at(500, "i")[0]
    single = content[4:8] == b"n+2\0"
    affine = affine_of_header(codes, pixdim, quatern, srow, units)
    start = int(offset) if single else -1
    return NiftiHeader(
        order, _shape(dim), datatype, bits, start, slope, intercept, affine, max(codes) > 0
    )


def _decimal(values: tuple[float, ...]) -> tuple[float, ...]:
    """Read single precision as the shortest decimal it stands for: 0.143, not 0.14300000667."""
    return tuple(float(np.format_float_positional(np.float32(value))) for value in values)


def _shape(dim: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dim[1 : dim[0] + 1]) if 1 <= dim[0] <= 7 else ()


def _check_header(header: NiftiHeader, name: str) -> None:
    if header.offset < 0:
        raise ImageError(f"{name}: expected header and values in one .nii file, found half a pair")
    if header.datatype not in TYPES:
        raise ImageError(
            f"{name}: expected grey values, found NIfTI data type {header.datatype} (colour,"
            " complex or damaged); convert it to a grey type"
        )
    if header.bits != 8 * np.dtype(TYPES[header.datatype]).itemsize:
        raise ImageError(f"{name}: expected bits that fit the data type, found {header.bits}")
    shape = header.shape
    if len(shape) < 2 or min(shape, default=0) < 1 or any(size > 1 for size in shape[3:]):
        raise ImageError(
            f"{name}: expected two or three axes, found {'x'.join(map(str, shape)) or 'none'};"
            " save one volume of a series on its own"
        )
    check_pixels(shape, name)
    if header.offset > _LARGEST_OFFSET:
        raise ImageError(
            f"{name}: expected values that start within {_LARGEST_OFFSET} bytes, the header says"
            f" {header.offset}; it is damaged"
        )
    if not np.isfinite(header.affine).all():
        raise ImageError(
            f"{name}: expected an affine of spacing and rotation, and a unit of length that is"
            " known, found shear, nothing, or another; resample the image onto a rectangular grid"
            " first"
        )


def build_header(shape: tuple[int, ...], kind: np.dtype[Any], geometry: Geometry) -> bytes:
    """Return the 348 bytes of a NIfTI-1 header.

    Parameters
    ----------
    shape
        Of the array, (rows, columns) or (slices, rows, columns).
    kind
        Of the values, little-endian.
    geometry
        Written as both qform and sform.
    """
    axes = (*shape[::-1], 1)[:3]
    datatype = next(code for code, name in TYPES.items() if name == kind.str[1:])
    affine = affine_of_geometry(geometry)
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    handed, quaternion = _quaternion(affine[:3, :3] / steps)
    header = bytearray(348)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *axes, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, datatype, kind.itemsize * 8)
    struct.pack_into("<8f", header, 76, handed, *steps, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    struct.pack_into("<B", header, 123, 2)
    struct.pack_into("<2h", header, 252, 1, 1)
    struct.pack_into("<6f", header, 256, *quaternion, *affine[:3, 3])
    struct.pack_into("<12f", header, 280, *affine[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)


def _quaternion(rotation: FloatArray) -> tuple[float, tuple[float, ...]]:
    """Return NIfTI's handedness (1 or -1) and quaternion (b, c, d)."""
    handed = 1.0 if np.linalg.det(rotation) > 0 else -1.0
    proper = rotation * np.array([1.0, 1.0, handed])
    b, c, d, _ = Rotation.from_matrix(proper).as_quat(canonical=True)
    return handed, (float(b), float(c), float(d))
