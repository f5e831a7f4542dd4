"""Masks written anew: labels and geometry stay, the texts that programs leave in headers go."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from trephine.errors import ImageError
from trephine.imaging.deidentify.dataset import deidentify_dataset
from trephine.imaging.deidentify.key import PseudonymKey
from trephine.imaging.dicom import quiet_pydicom, read_dicom_dataset

SUFFIXES = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".png", ".dcm")

_LARGEST_BYTES = 1 << 31
# Text fields of NIfTI-1 and NIfTI-2: (offset, bytes); data_type to glmin, descrip, aux_file, names.
_NIFTI_TEXTS = {
    348: ((4, 10), (14, 18), (148, 80), (228, 24), (328, 16)),
    540: ((240, 80), (320, 24), (508, 16), (525, 15)),
}
_NRRD_FIELDS = frozenset(
    {
        "type", "dimension", "space", "space dimension", "sizes", "space directions", "kinds",
        "endian", "encoding", "space origin", "spacings", "measurement frame", "centerings",
        "centers",
    }
)  # fmt: skip
_NRRD_VALUE = re.compile(r"^[\w\s(),.+:-]*$", re.ASCII)
_SEGMENT_KEY = re.compile(r"^Segment(\d+)_(LabelValue|Layer|Extent)$")
_SEGMENT_VALUE = re.compile(r"^[\d\s-]{1,80}$")


def suffix_of(path: Path) -> str:
    """Return the ending by which the format is known; "" for another."""
    return next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), "")


def clean_mask(path: Path, key: PseudonymKey, name: str) -> bytes:
    """Return a mask's file without what its header says beside labels and geometry.

    Parameters
    ----------
    path
        NIfTI, NRRD with its values inside, PNG or DICOM.
    key
        For DICOM.
    name
        What to call it in messages: never its own name.

    Raises
    ------
    ImageError
        If the format is another, or the file damaged.
    """
    suffix = suffix_of(path)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ImageError(f"{name}: expected at most {_LARGEST_BYTES} bytes, found more")
        if suffix in (".nii", ".nii.gz"):
            return _clean_nifti(path.read_bytes(), suffix == ".nii.gz", name)
        if suffix in (".nrrd", ".seg.nrrd"):
            return _clean_nrrd(path.read_bytes(), name)
        if suffix == ".png":
            return _clean_png(path, name)
        if suffix == ".dcm":
            return _clean_dicom(path, key, name)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise ImageError(
            f"{name}: expected a mask that can be read, found a damaged one"
            f" ({type(error).__name__})"
        ) from None
    raise ImageError(
        f"{name}: expected a mask in NIfTI, NRRD, PNG or DICOM, found another kind of file"
    )


def _clean_nifti(content: bytes, packed: bool, name: str) -> bytes:
    raw = bytearray(_inflated(content, name) if packed else content)
    for order in "<>":
        (size,) = struct.unpack_from(f"{order}i", raw)
        if size in _NIFTI_TEXTS:
            break
    else:
        raise ImageError(f"{name}: expected a NIfTI header, found another")
    for offset, length in _NIFTI_TEXTS[size]:
        raw[offset : offset + length] = bytes(length)
    form, place = ("f", 108) if size == 348 else ("q", 168)
    (start,) = struct.unpack_from(f"{order}{form}", raw, place)
    start = int(start)
    if not size + 4 <= start <= len(raw):
        raise ImageError(f"{name}: expected values behind the NIfTI header, found none")
    raw[size:start] = bytes(start - size)  # extensions: often a copy of a DICOM header
    end = start + _value_bytes(raw, size, order)
    if end > len(raw):
        raise ImageError(f"{name}: expected whole values, found fewer; the file is truncated")
    del raw[end:]
    return gzip.compress(bytes(raw), compresslevel=6, mtime=0) if packed else bytes(raw)


def _value_bytes(raw: bytearray, size: int, order: str) -> int:
    if size == 348:
        shape = struct.unpack_from(f"{order}8h", raw, 40)
        (bits,) = struct.unpack_from(f"{order}h", raw, 72)
    else:
        shape = struct.unpack_from(f"{order}8q", raw, 16)
        (bits,) = struct.unpack_from(f"{order}h", raw, 14)
    count = 1
    for side in shape[1 : 1 + max(0, min(int(shape[0]), 7))]:
        count *= max(int(side), 1)
    return count * int(bits) // 8


def _inflated(content: bytes, name: str) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        found = file.read(_LARGEST_BYTES + 1)
    if len(found) > _LARGEST_BYTES:
        raise ImageError(f"{name}: expected at most {_LARGEST_BYTES} bytes, found more")
    return found


def _clean_nrrd(content: bytes, name: str) -> bytes:
    """Keep the fields of geometry and encoding, and of segments their number, layer and extent."""
    parted = re.split(rb"\r?\n\r?\n", content, maxsplit=1)
    if len(parted) != 2 or not parted[0].startswith(b"NRRD000"):
        raise ImageError(f"{name}: expected an NRRD header with its values behind it, found none")
    lines = parted[0].decode("latin-1").splitlines()
    kept = [lines[0][:8]]
    numbers: list[str] = []
    for line in lines[1:]:
        word, mark, value = line.partition(":=")
        if mark:
            found = _SEGMENT_KEY.match(word)
            if found and _SEGMENT_VALUE.match(value.strip()):
                kept.append(f"{word}:={value.strip()}")
                numbers.append(found[1])
            continue
        word, _, value = line.partition(":")
        if word.strip().lower() in ("data file", "datafile"):
            raise ImageError(f"{name}: expected values inside the file, found another file's name")
        if word.strip().lower() in _NRRD_FIELDS and _NRRD_VALUE.match(value):
            kept.append(f"{word}:{value}")
    for number in dict.fromkeys(numbers):
        kept += [f"Segment{number}_ID:=Segment_{int(number) + 1}",
                 f"Segment{number}_Name:=Segment {int(number) + 1}"]  # fmt: skip
    return "\n".join(kept).encode("ascii", errors="ignore") + b"\n\n" + _values(parted[1], kept)


def _values(content: bytes, header: list[str]) -> bytes:
    """Pack gzipped values anew: what lies behind them, or names in gzip's own header, goes."""
    if any(re.match(r"^encoding:\s*(gz|gzip)\s*$", line, re.IGNORECASE) for line in header):
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            values = file.read(_LARGEST_BYTES)
        return gzip.compress(values, compresslevel=6, mtime=0)
    return content


def _clean_png(path: Path, name: str) -> bytes:
    try:
        with Pillow.open(path, formats=("PNG",)) as picture:
            plain = Pillow.fromarray(np.asarray(picture)) if picture.mode != "P" else picture.copy()
    except (ValueError, Pillow.DecompressionBombError, SyntaxError):
        raise ImageError(f"{name}: expected a PNG that can be read, found a damaged one") from None
    plain.info = {}
    buffer = io.BytesIO()
    plain.save(buffer, "PNG")
    return buffer.getvalue()


def _clean_dicom(path: Path, key: PseudonymKey, name: str) -> bytes:
    dataset = read_dicom_dataset(path, name=name)
    buffer = io.BytesIO()
    with quiet_pydicom():
        deidentify_dataset(dataset, key, name).dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
