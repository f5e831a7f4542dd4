"""The one way to read a file with ITK: its header first, within the limits, by the named format."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from trephine.errors import ImageError
from trephine.imaging.grey_array import Purpose
from trephine.imaging.itk import ITK
from trephine.imaging.limits import check_file_bytes, check_inflation, check_pixels
from trephine.imaging.text_header import TextHeader, read_text_header

_PER_AXIS = (
    "spacings", "thicknesses", "axis mins", "axismins", "axis maxs", "axismaxs", "centers",
    "centerings", "labels", "units", "kinds",
)  # fmt: skip


def read_itk(path: Path, purpose: Purpose = "labels") -> tuple[Any, TextHeader]:
    """Read an NRRD or MetaImage file.

    Parameters
    ----------
    path
        The file.
    purpose
        Labels may compress to next to nothing; an image may not.

    Returns
    -------
    image
        SimpleITK's.
    header
        What its text says.

    Raises
    ------
    ImageError
        If it is too large, damaged or truncated, or its values lie in a file elsewhere.
    """
    header = read_text_header(path)
    _check_size(header, path, purpose)
    if _is_plane_in_space(header):
        with tempfile.TemporaryDirectory(prefix="trephine-") as folder:
            lifted = Path(folder) / "lifted.nrrd"
            lifted.write_bytes(_lifted(path, header))
            return _execute(lifted, path.name, "NrrdImageIO"), header
    kind = "NrrdImageIO" if "type" in header.fields else "MetaImageIO"
    return _execute(path, path.name, kind), header


def _execute(path: Path, name: str, kind: str) -> Any:
    reader = ITK.ImageFileReader()
    # By name: a file that two formats would read is read as what it was checked as.
    reader.SetImageIO(kind)
    reader.SetFileName(str(path))
    try:
        return reader.Execute()
    except RuntimeError as error:
        raise ImageError(
            f"{name}: expected a whole {kind.removesuffix('ImageIO')} file, found one that cannot"
            " be read; it is damaged or truncated, or written in a way that only its own program"
            " reads: export it again as NIfTI"
        ) from error


def _check_size(header: TextHeader, path: Path, purpose: Purpose) -> None:
    name = path.name
    check_file_bytes(path)
    if header.data_file is not None:
        check_file_bytes(header.data_file, name)
    pixels = check_pixels(header.sizes, name)
    if header.is_packed and purpose == "image":
        check_inflation(pixels, header.value_bytes, header.stored_bytes, name)
    if header.encoding == "raw" and header.stored_bytes < header.value_bytes:
        raise ImageError(
            f"{name}: expected {header.value_bytes} bytes of values for"
            f" {' x '.join(map(str, header.sizes))}, found {header.stored_bytes}; it is damaged,"
            " truncated, or its header is"
        )


def _is_plane_in_space(header: TextHeader) -> bool:
    """Return whether this is a two-axis NRRD in three-dimensional space, as ImageJ writes it."""
    directions = header.fields.get("space directions", "")
    return (
        len(header.sizes) == 2
        and header.data_file is None
        and [vector.count(",") for vector in directions.split()] == [2, 2]
    )


def _lifted(path: Path, header: TextHeader) -> bytes:
    """Return the file with a third axis of one slice, which ITK needs to place it in space."""
    content = path.read_bytes()
    lines = []
    for line in content[: header.length].decode("latin-1").splitlines():
        name = line.partition(":")[0].strip().lower()
        if name == "dimension":
            line = "dimension: 3"
        elif name == "sizes":
            line += " 1"
        elif name == "space directions":
            line += " " + _normal(header.fields[name])
        elif name in _PER_AXIS or not line:
            continue
        lines.append(line)
    return "\n".join((*lines, "", "")).encode("latin-1") + content[header.length :]


def _normal(directions: str) -> str:
    """Return the unit normal of two vectors as NRRD writes it."""
    import numpy as np

    try:
        first, second = (
            np.array([float(number) for number in vector.strip("()").split(",")])
            for vector in directions.split()
        )
        normal = np.cross(first, second)
    except ValueError:
        return "none"
    length = float(np.linalg.norm(normal))
    if not 0 < length < float("inf"):
        return "none"
    normal = normal / length
    return f"({','.join(repr(float(value)) for value in normal)})"
