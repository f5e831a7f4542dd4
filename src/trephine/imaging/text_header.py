"""The text headers of NRRD and MetaImage, read before ITK is: sizes, encodings, files they name.

Both formats let a header name other files: whatever it names would be opened, and come back as
pixels. Only a plain file beside the header is accepted, and none at all where studies are confined.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from math import isfinite, prod
from pathlib import Path

from trephine.errors import ImageError
from trephine.imaging.limits import ImageLimits
from trephine.imaging.nrrd_fields import nrrd_fields
from trephine.imaging.unreadable import image_errors
from trephine.paths import irregular, is_confined, open_regular

_NRRD_END = re.compile(rb"\r?\n\r?\n")
_NRRD_DETACHED = re.compile(rb"[\r\n][ \t]*data ?file[ \t]*:", re.IGNORECASE)
_META_DATA = re.compile(
    rb"^[ \t]*ElementDataFile[ \t]*[=:][ \t]*([^\r\n]*)\r?\n?", re.IGNORECASE | re.MULTILINE
)
_META_LINE = re.compile(r"\s*(\w+)\s*[=:]\s*(.*)")
_META_LONGEST = 4096  # letters of a line, as many as its library holds
_META_MOST_AXES = 4
_META_PER_AXIS = ("elementspacing", "elementsize", "offset", "position", "origin",
                  "centerofrotation")  # fmt: skip
_META_MATRICES = ("transformmatrix", "rotation", "orientation")
_WIDTHS = {
    1: "signed char|int8|int8_t|uchar|unsigned char|uint8|uint8_t|MET_CHAR|MET_UCHAR",
    2: "short|short int|signed short|signed short int|int16|int16_t|ushort|unsigned short"
    "|unsigned short int|uint16|uint16_t|MET_SHORT|MET_USHORT",
    4: "int|signed int|int32|int32_t|uint|unsigned int|uint32|uint32_t|float|MET_INT|MET_UINT"
    "|MET_FLOAT",
    8: "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t"
    "|ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t|double|MET_LONG"
    "|MET_ULONG|MET_LONG_LONG|MET_ULONG_LONG|MET_DOUBLE",
}  # fmt: skip
_WIDTH_OF = {name.lower(): width for width, names in _WIDTHS.items() for name in names.split("|")}
_PACKED = ("gzip", "gz", "bzip2", "bz2")


@dataclass(frozen=True)
class TextHeader:
    """What a header says of its values.

    Attributes
    ----------
    sizes
        Along every axis, fastest first; components of a pixel count as an axis.
    value_bytes
        How many bytes the values take.
    stored_bytes
        How many bytes of the file (or of the file it names) are left for them.
    encoding
        "raw", "gzip" or another word of the format.
    states_spacing
        Whether it says how far neighbours are apart along every axis.
    data_file
        The file that holds the values, where it is another one.
    fields
        Every field, names in lower case.
    length
        Of the header itself, in bytes.
    """

    sizes: tuple[int, ...]
    value_bytes: int
    stored_bytes: int
    encoding: str
    states_spacing: bool
    data_file: Path | None
    fields: dict[str, str] = field(default_factory=dict)
    length: int = 0

    @property
    def is_packed(self) -> bool:
        """Whether the values are compressed."""
        return self.encoding in _PACKED


def read_text_header(path: Path) -> TextHeader:
    """Read the header of an NRRD or MetaImage file.

    Raises
    ------
    ImageError
        If it is damaged, or names a file that is not a plain one beside it.
    """
    with image_errors(path.name), open_regular(path) as file:
        head = file.read(ImageLimits.in_force().header_bytes)
        size = os.fstat(file.fileno()).st_size
    return _nrrd(head, size, path) if head[:4] == b"NRRD" else _meta(head, size, path)


def data_files(path: Path) -> tuple[Path, ...]:
    """Return the other files that reading a file depends on: none for most.

    Raises
    ------
    ImageError
        If a header names a file that is not a plain one beside it.
    OSError, InputError
        If the path cannot be read.
    """
    with open_regular(path) as file:
        head = file.read(ImageLimits.in_force().header_bytes)
    detached = head[:4] == b"NRRD" and _NRRD_DETACHED.search(head)
    if not detached and not (
        head[:10].lstrip().startswith((b"ObjectType", b"NDims", b"Comment"))
        and _META_DATA.search(head)
    ):
        return ()
    named = read_text_header(path).data_file
    return () if named is None else (named,)


def _nrrd(head: bytes, size: int, path: Path) -> TextHeader:
    end = _NRRD_END.search(head)
    length = end.end() if end else len(head)
    fields = nrrd_fields(head[: end.start() if end else len(head)].decode("latin-1").rstrip("\r\n"))
    if fields is None:
        raise _damaged(path, "NRRD")
    named = fields.get("data file", fields.get("datafile"))
    if (named is None) != (_NRRD_DETACHED.search(head) is None):
        raise _damaged(path, "NRRD")
    if named is None and end is None:
        raise _damaged(path, "NRRD")
    other = _beside(path, named) if named is not None else None
    sizes = _whole_numbers(fields.get("sizes", ""))
    width = _WIDTH_OF.get(fields.get("type", "").lower())
    if not sizes or width is None or len(sizes) > 8:
        raise _damaged(path, "NRRD")
    encoding = fields.get("encoding", "raw").lower()
    return TextHeader(
        sizes,
        width * prod(sizes),
        size - length if other is None else other.stat().st_size,
        encoding,
        _nrrd_states_spacing(fields),
        other,
        fields,
        length,
    )


def _nrrd_states_spacing(fields: dict[str, str]) -> bool:
    if "space directions" in fields:
        return "nan" not in fields["space directions"].lower()
    numbers = fields.get("spacings", "").split()
    return bool(numbers) and all(_is_number(number) for number in numbers)


def _meta(head: bytes, size: int, path: Path) -> TextHeader:
    found = _META_DATA.search(head)
    if found is None or head.lower().count(b"elementdatafile") != 1:
        raise _damaged(path, "MetaImage")
    fields = _meta_fields(head[: found.start()], path)
    named = found[1].decode("latin-1").strip()
    other = None if named.lower() == "local" else _beside(path, named)
    sizes = _whole_numbers(fields.get("dimsize", ""))
    width = _WIDTH_OF.get(fields.get("elementtype", "").lower().removesuffix("_array"))
    channels = _whole_numbers(fields.get("elementnumberofchannels", "1"))
    if not sizes or width is None or len(channels) != 1 or not _axes_agree(fields, len(sizes)):
        raise _damaged(path, "MetaImage")
    packed = fields.get("compresseddata", "").lower() in ("true", "1", "t", "y", "yes")
    spacing = fields.get("elementspacing", fields.get("elementsize", "")).split()
    axes = sizes if channels == (1,) else (*channels, *sizes)
    binary = fields.get("binarydata", "true")[:1] in "tT1"
    return TextHeader(
        axes,
        width * prod(axes),
        size - found.end() if other is None else other.stat().st_size,
        "gzip" if packed else "raw" if binary else "ascii",
        len(spacing) >= len(sizes) and all(_is_number(number) for number in spacing),
        other,
        fields,
        found.end(),
    )


def _meta_fields(head: bytes, path: Path) -> dict[str, str]:
    """Return a MetaImage header's fields; one that stands twice would be read in two ways."""
    fields: dict[str, str] = {}
    for line in head.decode("latin-1").replace("\r\n", "\n").split("\n"):
        match = _META_LINE.fullmatch(line)
        if match is None and not line.strip():
            continue
        if match is None or match[1].lower() in fields or len(line) > _META_LONGEST:
            raise _damaged(path, "MetaImage")
        fields[match[1].lower()] = match[2].strip()
    return fields


def _axes_agree(fields: dict[str, str], axes: int) -> bool:
    """Return whether NDims is the number of axes, and every list has a number for each.

    ITK takes NDims at its word: where it is wrong, its reader writes beyond its own memory.
    """
    if _whole_numbers(fields.get("ndims", "")) != (axes,) or axes > _META_MOST_AXES:
        return False
    lists = dict.fromkeys(_META_PER_AXIS, axes) | dict.fromkeys(_META_MATRICES, axes**2)
    return all(len(fields[word].split()) == n for word, n in lists.items() if word in fields)


def _beside(path: Path, named: str) -> Path:
    """Return the file that a header names; nothing but a plain file in the same folder."""
    advice = "save the image as one file (.nrrd, .mha)"
    if is_confined():
        raise ImageError(
            f"{path.name}: expected header and values in one file, found a header that names"
            f" another; {advice}"
        )
    other = path.parent / named
    plain = named not in ("", ".", "..") and not set(named) & set('/\\:*?"<>|%~\0')
    if not plain or named.upper().startswith("LIST"):
        raise ImageError(
            f"{path.name}: expected values in the file itself or in one file beside it, found a"
            f" header that names a list, a pattern or another folder; {advice}"
        )
    try:
        found = "a link" if other.is_symlink() else irregular(other)
    except OSError:
        found = "none"
    if found is not None:
        raise ImageError(
            f"{path.name}: expected the file of values that the header names beside it, found"
            f" {found}; copy both files, or {advice}"
        )
    return other


def _whole_numbers(text: str) -> tuple[int, ...]:
    parts = text.split()
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        return ()
    return tuple(map(int, parts))


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _damaged(path: Path, kind: str) -> ImageError:
    return ImageError(
        f"{path.name}: expected a whole {kind} header, found a damaged one; export the image again"
    )
