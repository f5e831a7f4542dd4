"""Whether the header of an NRRD or MetaImage file says how its array lies in the patient."""

from __future__ import annotations

import gzip
from pathlib import Path

from trephine.choices import SpacingSource

_HEAD = 1 << 16
# The field that holds the axes' directions, by the first bytes of the format.
_NRRD, _META = b"space directions:", (b"transformmatrix", b"orientation", b"rotation")


def itk_placement(path: Path) -> SpacingSource:
    """Return "array" where the header gives the axes no directions.

    ITK then takes the array's axes for the patient's, and so does whoever drew on it in a program
    that is built on ITK; others show the first row at the bottom.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(path) as file:
            head = file.read(_HEAD)
    if head[:4] == b"NRRD":
        fields = head.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].lower()
        return "stated" if _NRRD in fields else "array"
    fields = head.lower().split(b"elementdatafile", 1)[0]
    stated = any(line.lstrip().startswith(_META) for line in fields.splitlines())
    return "stated" if stated else "array"
