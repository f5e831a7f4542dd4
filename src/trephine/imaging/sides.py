"""Where a patient's right and left lie on an image, and how a file shows the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.types import BoolArray, Geometry, Image

Projection = Literal["frontal", "lateral", "unknown"]
Source = Literal["Patient Orientation", "direction cosines", "convention"]

LATERAL_VIEWS = frozenset({"LL", "RL", "LLD", "RLD"})
FRONTAL_VIEWS = frozenset({"AP", "PA"})
# A cosine below this does not say that an axis runs from side to side.
_SLANTED = 0.5


@dataclass(frozen=True)
class Facing:
    """Along which axis of an image the patient's sides lie.

    Attributes
    ----------
    axis
        Of the array.
    right_first
        True where the patient's right lies at the low indices: on the left of a picture, as a
        radiologist looks at it.
    source
        What says so: the DICOM attribute, the header's direction cosines, or nothing but the
        convention for frontal radiographs.
    """

    axis: int
    right_first: bool
    source: Source

    @property
    def certain(self) -> bool:
        """Say whether the file itself says so."""
        return self.source != "convention"

    def place(self, region: BoolArray) -> float:
        """Return where a region's centre lies, from the patient's right edge (0) to the left (1).

        Parameters
        ----------
        region
            Shape of the image, not empty.
        """
        others = tuple(axis for axis in range(region.ndim) if axis != self.axis)
        along = region.sum(axis=others)
        centre = (float(np.average(np.arange(along.size), weights=along)) + 0.5) / int(along.size)
        return centre if self.right_first else 1.0 - centre

    @property
    def picture_sides(self) -> tuple[str, str]:
        """Return the letters at a picture's left and right edge; none where they lie elsewhere."""
        if self.axis != 1:
            return "", ""
        return ("R", "L") if self.right_first else ("L", "R")


def picture_sides(image: Image) -> tuple[str, str]:
    """Return the patient's side at an image's left and right edge, R or L; empty if unknown."""
    facing = facing_of(image)
    return facing.picture_sides if facing is not None else ("", "")


def facing_of(image: Image) -> Facing | None:
    """Return where the patient's sides lie; None for a view from the side.

    DICOM's Patient Orientation decides for a radiograph, the direction cosines for a slice or a
    volume. Where a file says neither, or a plane's header is the plain one that any converted
    radiograph has, the convention for frontal views counts: the patient's right on the left.
    """
    if view_of(image) == "lateral":
        return None
    if image.pixels.ndim == 3:
        found = _by_cosines(image.geometry, 0)
        stated = image.provenance.get("placement", "stated") == "stated"
        return found if stated or found is None else Facing(found.axis, True, "convention")
    orientation = image.provenance.get("patient_orientation")
    if image.geometry.placed is not None:
        plain = np.allclose(np.reshape(image.geometry.placed.direction, (3, 3)), np.eye(3))
        if image.provenance.get("format") == "DICOM" or not plain:
            return _by_cosines(image.geometry.placed, 1)
    elif isinstance(orientation, str):
        return _by_codes(orientation)
    return Facing(1, True, "convention")


def view_of(image: Image) -> Projection:
    """Return the direction of a radiograph's view, as far as its header says."""
    view = image.provenance.get("view_position")
    if image.geometry.placed is not None or image.pixels.ndim == 3:
        return "unknown"
    if view in LATERAL_VIEWS:
        return "lateral"
    orientation = image.provenance.get("patient_orientation")
    if isinstance(orientation, str):
        codes = orientation.split("\\")
        return "frontal" if any(code[0] in "LR" for code in codes) else "lateral"
    return "frontal" if view in FRONTAL_VIEWS else "unknown"


def _by_codes(orientation: str) -> Facing | None:
    """Read Patient Orientation: where the row and then the column run to."""
    for axis, code in zip((1, 0), orientation.split("\\"), strict=True):
        if code[0] in "LR":
            return Facing(axis, code[0] == "L", "Patient Orientation")
    return None


def _by_cosines(geometry: Geometry, dropped: int) -> Facing | None:
    """Read the axis that runs most from side to side; ``dropped`` leading axes are not shown."""
    along_x = np.reshape(geometry.direction, (3, 3))[0][::-1]  # LPS: x rises to the left
    axis = int(np.argmax(np.abs(along_x)))
    if abs(along_x[axis]) < _SLANTED or axis < dropped:
        return None
    return Facing(axis - dropped, bool(along_x[axis] > 0), "direction cosines")
