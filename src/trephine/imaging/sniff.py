"""What kind of file this is, by its bytes and never from its name."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Literal

from trephine.errors import ImageError, InputError
from trephine.paths import open_regular

FileKind = Literal["dicom", "nifti", "nrrd", "mha", "png", "tiff"]

_NAMES = {
    "dicom": "a DICOM file", "nrrd": "an NRRD file", "mha": "a MetaImage file",
    "png": "a PNG file", "tiff": "a TIFF file",
}  # fmt: skip

_PICTURE = "a {} picture; save a mask as PNG or NIfTI, and of a radiograph export the DICOM file"
_ARCHIVE = "a {} archive; unpack it first"
_ARRAY = "an array of {}, which has no geometry; save it as NIfTI or NRRD with its spacing"
_OTHERS = {
    b"PK\x03\x04": _ARCHIVE.format("ZIP"),
    b"7z\xbc\xaf": _ARCHIVE.format("7-Zip"),
    b"Rar!": _ARCHIVE.format("RAR"),
    b"BM": _PICTURE.format("BMP"),
    b"GIF8": _PICTURE.format("GIF"),
    b"\0\0\0\x0cjP  ": _PICTURE.format("JPEG 2000"),
    b"%PDF": "a PDF document; export the DICOM file from the archive",
    b"\x93NUMPY": _ARRAY.format("NumPy"),
    b"MATLAB": _ARRAY.format("MATLAB"),
    b"\x89HDF": "an HDF5 file; save it as NIfTI or NRRD",
}
"""Files that people take for images, by how they begin."""

_NIFTI_HEADER_SIZES = (348, 540)
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class PackedImageError(ImageError):
    """An image that has to be unpacked before it is read."""


def file_kind(path: Path) -> FileKind:
    """Return the kind of image file at ``path``.

    Raises
    ------
    ImageError
        If the file is missing, empty, unreadable or of a kind that Trephine does not read.
    """
    head = _first_bytes(path)
    packed = head[:2] == b"\x1f\x8b"
    if packed:
        head = _inflate(path)
    kind = _kind_of(head)
    if kind is not None and packed and kind != "nifti":
        raise PackedImageError(
            f"{path.name}: expected {_NAMES[kind]} as it is, found it packed with gzip; unpack it"
            " first (gunzip, 7-Zip)"
        )
    if kind is not None:
        return kind
    raise ImageError(
        f"{path.name}: expected DICOM, NIfTI, NRRD, MHA, PNG or TIFF, found {_guess(head)}"
    )


def _kind_of(head: bytes) -> FileKind | None:
    if head[128:132] == b"DICM" or _looks_like_bare_dicom(head):
        return "dicom"
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if head[:4] in _TIFF_MAGIC:
        return "tiff"
    if head[:4] == b"NRRD":
        return "nrrd"
    if head[:10].lstrip().startswith((b"ObjectType", b"NDims", b"Comment")):
        return "mha"
    if _header_size(head) in _NIFTI_HEADER_SIZES:
        return "nifti"
    return None


def _header_size(head: bytes) -> int:
    little = int.from_bytes(head[:4], "little")
    return little if little in _NIFTI_HEADER_SIZES else int.from_bytes(head[:4], "big")


def _looks_like_bare_dicom(head: bytes) -> bool:
    """Tell a data set without preamble: it starts with an element of group 0002 or 0008."""
    if len(head) < 8 or int.from_bytes(head[:2], "little") not in (0x0002, 0x0008):
        return False
    element = int.from_bytes(head[2:4], "little")
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return element < 0x1200 and (explicit or int.from_bytes(head[4:8], "little") < 1024)


def _guess(head: bytes) -> str:
    if not head:
        return "an empty file"
    if head[:3] == b"\xff\xd8\xff":
        return "a JPEG photograph; export the DICOM file, or a 16-bit PNG, from the archive"
    for start, found in _OTHERS.items():
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _PICTURE.format("WebP")
    if head.lstrip()[:5].lower() in (b"<html", b"<?xml", b"<!doc"):
        return "a web page or XML, as where a download asks for a password; fetch the file again"
    return "something else (a damaged header, or a file that is not an image)"


def _first_bytes(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(512)
    except InputError as error:
        raise ImageError(str(error)) from None
    except OSError as error:
        raise ImageError(
            f"{path.name}: expected a readable file, found: {error.strerror}"
        ) from error


def _inflate(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(512)
    except (OSError, EOFError, zlib.error):
        raise ImageError(
            f"{path.name}: expected a whole gzip file, found a damaged or truncated one;"
            " copy it again from its source"
        ) from None
