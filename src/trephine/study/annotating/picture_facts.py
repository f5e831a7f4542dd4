"""Facts of an image for its page. The server passes them on without loading any image decoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class PlanePicture:
    """A plane of an image in 16 bits.

    Attributes
    ----------
    rows, columns
        Of the picture.
    values
        Little-endian, row by row.
    """

    rows: int
    columns: int
    values: bytes


@dataclass(frozen=True)
class ImageFacts:
    """What a page has to know of an image.

    Attributes
    ----------
    shape, spacing_mm
        Along the axes, two or three.
    low, step
        The grey of a picture's 0, and of each step above it, in the image's own values.
    sides
        By axis of the planes: the letters at a picture's left, right, top and bottom, R, L, A, P,
        H (head) or F (feet), empty where nothing is known.
    certain
        Whether the file says so, and not the convention for frontal radiographs alone.
    laterality, view
        As the file states them; empty without.
    is_dicom
        Whether a DICOM SEG can refer to it.
    projection
        Whether it is a radiograph from the front, from the side, or not known.
    """

    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    low: float
    step: float
    sides: dict[int, tuple[str, str, str, str]]
    certain: bool
    laterality: str
    view: str
    projection: str
    is_dicom: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return asdict(self)
