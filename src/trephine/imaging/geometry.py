"""Whether a mask lies on its image.

Two grids agree when no corner of one lies further from the same corner of the other than a small
part of a pixel: one number that holds spacing, origin and direction together. Headers that say
nothing of how the array lies in the patient agree with nothing but their own format, which every
program reads alike.
"""

from __future__ import annotations

from itertools import product
from typing import Literal

import numpy as np

from trephine.errors import ImageError
from trephine.types import FloatArray, Geometry, Image, Mask

# Single-precision headers (NIfTI) move the far corner of a radiograph by some 1e-4 pixels.
TOLERANCE_PIXELS = 1e-3
# What programs write that know no geometry: spacing 1, the first pixel at 0.
_DEFAULT = 1e-6

Fault = Literal["shape", "position", "unstated"]


class GeometryError(ImageError):
    """A mask that does not lie on its image.

    Attributes
    ----------
    fault
        "shape" or "position" of the grid differs, or the headers say too little to compare.
    """

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault: Fault = fault

    def __reduce__(self) -> tuple[type[GeometryError], tuple[str, Fault]]:
        """Let the error come back whole from a worker process."""
        return type(self), (str(self), self.fault)


def check_geometry(image: Image, mask: Mask, tolerance: float = TOLERANCE_PIXELS) -> None:
    """Refuse a mask that does not lie on its image.

    Parameters
    ----------
    image, mask
        To be compared: shape, then the position of every corner of the grid; of single slices
        that both lie somewhere in the patient, in three dimensions.
    tolerance
        Largest distance between corresponding corners, in pixels of the image.

    Raises
    ------
    GeometryError
        If shapes differ, a corner is further off, or one header states no orientation and the
        other is of another format; both geometries are named.
    """
    if image.pixels.shape != mask.labels.shape:
        raise GeometryError(
            f"mask: expected the image's shape {image.pixels.shape}, found {mask.labels.shape}",
            "shape",
        )
    if mask.provenance.get("geometry") == "none":
        return
    silent = _silent_header(image, mask)
    if silent:
        raise GeometryError(
            f"mask: expected headers that can be compared, found {silent}", "unstated"
        )
    off = corner_distance_pixels(image.geometry, mask.geometry, image.pixels.shape)
    if not off <= tolerance:
        first, second = _same_axes(image.geometry, mask.geometry)
        raise GeometryError(
            f"mask: expected the image's geometry ({told(first)}), found {told(second)}: a corner"
            f" is {off:.4g} pixels off",
            "position",
        )


def _silent_header(image: Image, mask: Mask) -> str:
    """Say which header states no orientation where the other is of another format."""
    if "corrected" in mask.provenance:
        return ""
    formats = [str(part.provenance.get("format", "")) for part in (image, mask)]
    if formats[0] == formats[1]:
        return ""
    silent = [part.provenance.get("placement") == "array" for part in (image, mask)]
    for which, other, is_silent in (
        (f"a mask ({formats[1]})", f"an image ({formats[0]})", silent[1]),
        (f"an image ({formats[0]})", f"a mask ({formats[1]})", silent[0]),
    ):
        if is_silent:
            return (
                f"{which} whose header does not say how it lies in the patient, with {other}: its"
                " first row may be the top or the bottom"
            )
    if formats[1] in ("PNG", "TIFF") and image.provenance.get("orientation", "as stored") != (
        "as stored"
    ):
        return (
            f"a picture with an image ({formats[0]}) whose rows do not run downwards: programs"
            " show it in different ways"
        )
    return ""


def corner_distance_pixels(reference: Geometry, other: Geometry, shape: tuple[int, ...]) -> float:
    """Return the largest distance between corresponding corners, in pixels of ``reference``."""
    if len(reference.spacing_mm) != len(other.spacing_mm):
        return float("inf")
    first, second = _same_axes(reference, other)
    if first == second and np.isfinite(first.spacing_mm + first.origin_mm + first.direction).all():
        return 0.0
    lifted = (0,) * (len(first.spacing_mm) - len(shape))
    gaps = [
        np.linalg.norm(position_mm(first, lifted + corner) - position_mm(second, lifted + corner))
        for corner in product(*((0, size - 1) for size in shape))
    ]
    return float(max(gaps) / min(reference.spacing_mm))


def _same_axes(first: Geometry, second: Geometry) -> tuple[Geometry, Geometry]:
    """Return both in three dimensions where both lie there, else as they are."""
    if first.placed is not None and second.placed is not None:
        return first.placed, second.placed
    return first, second


def position_mm(geometry: Geometry, index: tuple[float, ...]) -> FloatArray:
    """Return the patient position x, y(, z) of an array index (row, column) or (slice, ...)."""
    axes = len(geometry.spacing_mm)
    direction = np.reshape(geometry.direction, (axes, axes))
    steps = np.asarray(index[::-1]) * np.asarray(geometry.spacing_mm[::-1])
    position: FloatArray = np.asarray(geometry.origin_mm) + direction @ steps
    return position


def is_default_header(mask: Mask) -> bool:
    """Say whether a mask's header is the one that programs write which know no geometry.

    Spacing 1 and the first pixel at 0, along the axes of ITK (LPS) or of NIfTI (RAS).
    """
    stored = mask.geometry.placed or mask.geometry
    if not np.allclose(mask.geometry.spacing_mm, 1.0, atol=_DEFAULT):
        return False
    if mask.labels.ndim == 2:
        orientation = mask.provenance.get("orientation", "as stored")
        corner = {
            "as stored": (0.0, 0.0),
            "rows reversed, columns reversed": tuple(
                1.0 - size for size in mask.labels.shape[::-1]
            ),
        }.get(str(orientation))
        return corner is not None and np.allclose(mask.geometry.origin_mm, corner, atol=_DEFAULT)
    axes = np.reshape(stored.direction, (3, 3))
    along = any(np.allclose(axes, np.diag(signs)) for signs in ((1, 1, 1), (-1, -1, 1)))
    return along and np.allclose(stored.origin_mm, 0.0, atol=_DEFAULT)


def told(geometry: Geometry) -> str:
    """Return spacing, origin and, where it is not plain, direction, for a message."""
    text = f"spacing {_told(geometry.spacing_mm)} mm, origin {_told(geometry.origin_mm)}"
    axes = len(geometry.spacing_mm)
    if np.allclose(np.reshape(geometry.direction, (axes, axes)), np.eye(axes)):
        return text
    return f"{text}, direction {_told(geometry.direction, ' ')}"


def _told(values: tuple[float, ...], between: str = " x ") -> str:
    return between.join(f"{value:.6g}" for value in values)
