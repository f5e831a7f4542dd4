"""What a filter hands on: grey values of the region, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.radiomics.prepare import PreparedImage
from trephine.types import FloatArray


@dataclass(frozen=True)
class DerivedImage:
    """One image type of one region.

    Attributes
    ----------
    name
        PyRadiomics' name of the image type, such as ``wavelet-LH``.
    values
        Grey values of the region in raster order; None where the filter cannot be applied.
    reason
        Why there are no values, or why the values carry no signal; otherwise empty.
    """

    name: str
    values: FloatArray | None
    reason: str = ""


def in_region(prepared: PreparedImage, box: npt.NDArray[np.floating]) -> FloatArray:
    """Return the region's values of an array that covers its bounding box, in raster order."""
    values: FloatArray = box[prepared.cropped_region].astype(np.float64, copy=False)
    return values


def margin_around(prepared: PreparedImage, margins: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the bounding box widened by a margin an axis, within the image."""
    return tuple(
        slice(max(part.start - margin, 0), min(part.stop + margin, extent))
        for part, margin, extent in zip(prepared.box, margins, prepared.pixels.shape, strict=True)
    )


def box_within(prepared: PreparedImage, window: tuple[slice, ...]) -> tuple[slice, ...]:
    """Return the bounding box's slices within a window around it."""
    return tuple(
        slice(part.start - outer.start, part.stop - outer.start)
        for part, outer in zip(prepared.box, window, strict=True)
    )
