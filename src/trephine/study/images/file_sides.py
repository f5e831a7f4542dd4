"""Which side a file is of: by its DICOM header, or by a word in its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from trephine.choices import Side
from trephine.cohort.sides import side_of
from trephine.errors import ImageError
from trephine.imaging.dicom_head import read_head
from trephine.imaging.sniff import file_kind


def side_in_name(path: str) -> Side | None:
    """Return the side that a path names, its last part that names one before those above it.

    Words are parted by signs, and by digits: ``P001R`` and ``hip-left-2`` name a side; a part that
    names both sides, or joins more letters to a word, names none.
    """
    for part in reversed(re.split(r"[/\\]", path)):
        words = re.findall(r"[^\W\d_]+", part)
        sides = {side for word in words if (side := side_of(word)) is not None}
        if len(sides) == 1:
            return sides.pop()
        if sides:
            return None
    return None


def side_of_file(path: Path, shown: str) -> Side | None:
    """Return the side that a DICOM header states, else the one that the path names.

    Parameters
    ----------
    path
        Of the file, or of the folder of a series.
    shown
        The part of the path whose words count.
    """
    try:
        stated = read_head(path).laterality if file_kind(path) == "dicom" else ""
    except (ImageError, OSError):
        stated = ""  # what cannot be read is reported when it is opened
    if stated in ("R", "L"):
        return "R" if stated == "R" else "L"
    return side_in_name(shown)


def apart(sides: Sequence[Side | None]) -> bool:
    """Say whether files of one patient are one of each side."""
    return len(sides) == 2 and set(sides) == {"R", "L"}
