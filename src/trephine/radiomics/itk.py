"""Between the product's images and SimpleITK's, which names axes x, y, z."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813

from trephine.types import Geometry


def to_itk(array: np.ndarray[Any, np.dtype[Any]], geometry: Geometry) -> sitk.Image:
    """Return an array (rows, columns or slices, rows, columns) as an ITK image."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(geometry.spacing_mm[::-1])
    image.SetOrigin(geometry.origin_mm)
    image.SetDirection(geometry.direction)
    return image


def geometry_of(image: sitk.Image) -> Geometry:
    """Return where an ITK image lies."""
    return Geometry(image.GetSpacing()[::-1], image.GetOrigin(), image.GetDirection())
