"""What every reader but DICOM's hands on: values, geometry, and how they were turned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from trephine.types import FloatArray, Geometry


@dataclass(frozen=True)
class GreyArray:
    """Values of a file that is not DICOM.

    Attributes
    ----------
    values
        Float64, (rows, columns) or (slices, rows, columns).
    geometry
        None for formats that have none (PNG, TIFF).
    orientation
        How a single slice was turned into display order; "as stored" where it was not.
    bits
        Bits a stored value.
    placement
        "array" where the header says nothing of how the array lies in the patient (NIfTI with
        both codes 0, NRRD without space directions): its first row may be the top or the bottom.
    metadata
        Text entries of the file's header; only segmentations use them.
    """

    values: FloatArray
    geometry: Geometry | None
    orientation: str
    bits: int
    placement: Literal["stated", "array"] = "stated"
    metadata: dict[str, str] = field(default_factory=dict)
