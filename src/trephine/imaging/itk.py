"""The one place that talks to SimpleITK, whose own annotations leave most calls untyped."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK

from trephine.types import Geometry, Image, Mask

ITK: Any = SimpleITK


def geometry_of_itk(image: Any) -> Geometry:
    """Return the geometry of a SimpleITK image."""
    return Geometry(
        tuple(map(float, image.GetSpacing()[::-1])),
        tuple(map(float, image.GetOrigin())),
        tuple(map(float, image.GetDirection())),
    )


def itk_image(values: npt.NDArray[np.generic], geometry: Geometry) -> Any:
    """Return an array with its geometry as a SimpleITK image."""
    image = ITK.GetImageFromArray(values)
    image.SetSpacing(geometry.spacing_mm[::-1])
    image.SetOrigin(geometry.origin_mm)
    image.SetDirection(geometry.direction)
    return image


def image_of_itk(image: Any) -> Image:
    """Return a SimpleITK image's grey values; ``provenance`` says of which type they were."""
    pixels = ITK.GetArrayFromImage(image)
    provenance = {"pixel_type": str(pixels.dtype)}
    return Image(pixels.astype(np.float64), geometry_of_itk(image), provenance)


def mask_of_itk(mask: Any) -> Mask:
    """Return the labels of a SimpleITK image."""
    return Mask(ITK.GetArrayFromImage(mask).astype(np.int64), geometry_of_itk(mask))
