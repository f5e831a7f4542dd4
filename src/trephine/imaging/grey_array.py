"""What every reader but DICOM's hands on: values, geometry, and how they were turned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from trephine.choices import SpacingSource
from trephine.errors import ImageError
from trephine.types import Geometry

# What a file is read for: labels may be almost empty and compress to nothing, an image may not.
Purpose = Literal["image", "labels"]


@dataclass(frozen=True)
class GreyArray:
    """Values of a file that is not DICOM.

    Attributes
    ----------
    values
        (rows, columns) or (slices, rows, columns), of the type that the file holds them in:
        float64 only where its header scales them.
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
    states_spacing
        False where the format could say how far pixels are apart and this file does not: its
        geometry's spacing is then a reader's default, and no statement of the file.
    """

    values: npt.NDArray[Any]
    geometry: Geometry | None
    orientation: str
    bits: int
    placement: SpacingSource = "stated"
    metadata: dict[str, str] = field(default_factory=dict)
    states_spacing: bool = True


def check_finite(values: npt.NDArray[Any], name: str) -> None:
    """Refuse NaN and infinite values.

    Raises
    ------
    ImageError
        With how many there are.
    """
    if not np.issubdtype(values.dtype, np.floating):
        return
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise ImageError(
            f"{name}: expected finite values, found {bad} of {values.size} NaN or infinite; fill"
            " or crop them in the program that wrote the file"
        )
