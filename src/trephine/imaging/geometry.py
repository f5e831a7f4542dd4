"""Whether a mask lies on its image, and putting it there when asked.

Two grids agree when no corner of one lies further from the same corner of the other than a small
part of a pixel: one number that holds spacing, origin and direction together.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import ImageError
from trephine.imaging.itk import ITK, itk_image
from trephine.types import FloatArray, Geometry, Image, Mask

Correction = Literal["adopt", "resample"]

# Single-precision headers (NIfTI) move the far corner of a radiograph by some 1e-4 pixels.
TOLERANCE_PIXELS = 1e-3


def check_geometry(image: Image, mask: Mask, tolerance: float = TOLERANCE_PIXELS) -> None:
    """Refuse a mask that does not lie on its image.

    Parameters
    ----------
    image, mask
        To be compared: shape, then the position of every corner of the grid.
    tolerance
        Largest distance between corresponding corners, in pixels of the image.

    Raises
    ------
    ImageError
        If shapes differ or a corner is further off; both geometries are told.
    """
    if image.pixels.shape != mask.labels.shape:
        raise ImageError(
            f"mask: expected the image's shape {image.pixels.shape}, found {mask.labels.shape};"
            " draw it on the image itself, or resample it with correct_mask"
        )
    if mask.provenance.get("geometry") == "none":
        return
    off = corner_distance_pixels(image.geometry, mask.geometry, image.pixels.shape)
    if not off <= tolerance:
        raise ImageError(
            f"mask: expected the image's geometry (spacing {_told(image.geometry.spacing_mm)} mm,"
            f" origin {_told(image.geometry.origin_mm)}), found spacing"
            f" {_told(mask.geometry.spacing_mm)} mm, origin {_told(mask.geometry.origin_mm)}: a"
            f" corner is {off:.4g} pixels off; if the drawing is right and its header wrong, ask"
            " for correct_mask"
        )


def corner_distance_pixels(reference: Geometry, other: Geometry, shape: tuple[int, ...]) -> float:
    """Return the largest distance between corresponding corners, in pixels of ``reference``."""
    if len(reference.spacing_mm) != len(other.spacing_mm):
        return float("inf")
    gaps = [
        np.linalg.norm(position_mm(reference, corner) - position_mm(other, corner))
        for corner in product(*((0, size - 1) for size in shape))
    ]
    return float(max(gaps) / min(reference.spacing_mm))


def position_mm(geometry: Geometry, index: tuple[float, ...]) -> FloatArray:
    """Return the patient position x, y(, z) of an array index (row, column) or (slice, ...)."""
    axes = len(geometry.spacing_mm)
    direction = np.reshape(geometry.direction, (axes, axes))
    steps = np.asarray(index[::-1]) * np.asarray(geometry.spacing_mm[::-1])
    position: FloatArray = np.asarray(geometry.origin_mm) + direction @ steps
    return position


def correct_mask(image: Image, mask: Mask, method: Correction = "resample") -> Mask:
    """Put a mask onto its image's grid; only when asked, and recorded.

    Parameters
    ----------
    image, mask
        The pair.
    method
        "adopt" keeps the labels where they are in the array and takes the image's geometry: for a
        right drawing under a wrong header. "resample" moves each label to where its header says
        it lies, by nearest neighbour: for a right header on another grid.

    Returns
    -------
    Mask
        On the image's grid; provenance says what was done.

    Raises
    ------
    ImageError
        If shapes differ under "adopt", or a label is lost under "resample".
    """
    if method == "adopt":
        if image.pixels.shape != mask.labels.shape:
            raise ImageError(
                f"mask: expected the image's shape {image.pixels.shape} to adopt its geometry,"
                f" found {mask.labels.shape}; use resample"
            )
        return replace(
            mask,
            geometry=image.geometry,
            provenance={**mask.provenance, "corrected": "the image's geometry adopted"},
        )
    if image.pixels.ndim != mask.labels.ndim:
        raise ImageError(
            f"mask: expected {image.pixels.ndim} axes as the image has, found {mask.labels.ndim}"
        )
    labels = _resample(image, mask)
    lost = sorted(set(np.unique(mask.labels)) - set(np.unique(labels)) - {0})
    if lost:
        raise ImageError(
            f"mask: expected every label on the image, found labels {list(map(int, lost))} outside"
            " it or smaller than its pixels; the mask belongs to another image"
        )
    return Mask(
        labels,
        image.geometry,
        {**mask.provenance, "corrected": "resampled by nearest neighbour"},
    )


def _resample(image: Image, mask: Mask) -> npt.NDArray[np.int32]:
    moving = itk_image(mask.labels.astype(np.int32), mask.geometry)
    grid = itk_image(np.zeros(image.pixels.shape, np.uint8), image.geometry)
    identity = ITK.Transform(image.pixels.ndim, ITK.sitkIdentity)
    resampled = ITK.Resample(moving, grid, identity, ITK.sitkNearestNeighbor, 0)
    return np.ascontiguousarray(ITK.GetArrayFromImage(resampled))


def _told(values: tuple[float, ...]) -> str:
    return " x ".join(f"{value:.6g}" for value in values)
