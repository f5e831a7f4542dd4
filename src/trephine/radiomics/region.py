"""The region of interest: is it there, does it lie on the image, is there enough of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.errors import ImageError
from trephine.imaging.fitting import remedy
from trephine.imaging.geometry import TOLERANCE_PIXELS, GeometryError, check_geometry
from trephine.imaging.itk import ITK, itk_image
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import BoolArray, FloatArray, Image, IntArray, Mask

# Voxels of a mask that are looked at together.
_AT_ONCE = 2**18


def check_pair(image: Image, mask: Mask) -> None:
    """Refuse what is no pair of a grey image and a label map.

    Raises
    ------
    ImageError
        If the image has channels, the mask holds fractions, or their dimensions differ.
    """
    shape = image.pixels.shape
    if image.pixels.ndim == 3 and mask.labels.ndim == 2 and shape[-1] in (3, 4):
        raise ImageError(
            f"image: expected grey values of shape {shape[:2]}, found {shape[-1]} channels;"
            " convert the colour image to grey"
        )
    if image.pixels.ndim not in (2, 3):
        raise ImageError(
            f"image: expected 2 or 3 dimensions, found {image.pixels.ndim} (shape {shape})"
        )
    if not (np.issubdtype(mask.labels.dtype, np.integer) or mask.labels.dtype == np.bool_):
        raise ImageError(
            f"mask: expected whole-numbered labels, found {mask.labels.dtype}; threshold it or"
            " round it before it is used"
        )
    if mask.labels.ndim != image.pixels.ndim:
        raise ImageError(
            f"mask: expected {image.pixels.ndim} dimensions as the image has, found"
            f" {mask.labels.ndim}"
        )


def labels_on_image(image: Image, mask: Mask, settings: RadiomicsSettings, label: int) -> Mask:
    """Return the mask on the image's grid.

    Raises
    ------
    ImageError
        If the geometries differ and ``correctMask`` is off, or the region leaves the image.
    """
    tolerance = settings.geometryTolerance
    try:
        check_geometry(image, mask, TOLERANCE_PIXELS if tolerance is None else tolerance)
    except GeometryError as error:
        locate(mask, label)
        if not settings.correctMask or error.fault == "unstated":
            raise GeometryError(f"{error}; {remedy(image, mask)}", error.fault) from None
    else:
        return mask
    reference = itk_image(np.zeros(image.pixels.shape, np.uint8), image.geometry)
    moving = itk_image(mask.labels.astype(np.uint32), mask.geometry)
    bounds_in_image(reference, moving, label)
    resampled = ITK.Resample(moving, reference, ITK.Transform(), ITK.sitkNearestNeighbor, 0)
    corrected = Mask(
        ITK.GetArrayFromImage(resampled).astype(np.int64), image.geometry, mask.provenance
    )
    corrected.region(label)
    return corrected


def bounds_in_image(image: Any, mask: Any, label: int) -> npt.NDArray[np.int64]:
    """Return the region's bounding box on the mask's grid: lower x, y(, z), then sizes.

    Both are ITK images.

    Raises
    ------
    ImageError
        If a corner of the box lies outside the image (by more than 1e-3 voxels).
    """
    statistics = ITK.LabelShapeStatisticsImageFilter()
    statistics.Execute(mask)
    box = np.array(statistics.GetBoundingBox(label))
    lower, size = box[: len(box) // 2], box[len(box) // 2 :]
    corners = [
        image.TransformPhysicalPointToContinuousIndex(
            mask.TransformContinuousIndexToPhysicalPoint((lower + part * size - 0.5).tolist())
        )
        for part in (0, 1)
    ]
    last = np.array(image.GetSize()) - 0.5
    if np.any(np.min(corners, axis=0) < -0.5 - 1e-3) or np.any(
        np.max(corners, axis=0) > last + 1e-3
    ):
        raise ImageError(
            f"mask: expected label {label} inside the image, found it to reach beyond the edge;"
            " image and mask may belong to different exposures"
        )
    return box


def bounding_box(region: BoolArray) -> tuple[slice, ...]:
    """Return the slices of the smallest box around a region that is not empty."""
    slices = []
    for axis in range(region.ndim):
        others = tuple(other for other in range(region.ndim) if other != axis)
        inside = np.flatnonzero(region.any(axis=others))
        slices.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return tuple(slices)


def locate(mask: Mask, label: int) -> tuple[tuple[slice, ...], BoolArray]:
    """Return a region's bounding box and the region within it.

    The mask is looked at a few slices at a time, and no array of its size is made.

    Raises
    ------
    ImageError
        If the label does not occur.
    """
    wanted = mask.label_of(label)
    slices = mask.labels if mask.labels.ndim == 3 else mask.labels[np.newaxis]
    at_once = max(_AT_ONCE // max(math.prod(slices.shape[1:]), 1), 1)
    ends = np.zeros((3, 2), np.int64)
    for first in range(0, len(slices), at_once):
        _widen(ends, np.ascontiguousarray(slices[first : first + at_once] == wanted), first)
    if ends[0, 1] == 0:
        mask.region(label)  # says what is there instead
    box = tuple(slice(first, stop) for first, stop in ends[-mask.labels.ndim :].tolist())
    return box, np.ascontiguousarray(mask.labels[box] == wanted)


@njit(cache=True, nogil=True)
def _widen(ends: IntArray, inside: BoolArray, first_slice: int) -> None:
    """Widen the first and one past the last place along each axis, shape (3, 2), 0 where empty.

    Most rows are without a voxel of the region: they are read without a branch.
    """
    for z in range(inside.shape[0]):
        for y in range(inside.shape[1]):
            row = inside[z, y]
            there = False
            for x in range(row.size):
                there |= row[x]
            if not there:
                continue
            first, stop = 0, row.size
            while not row[first]:
                first += 1
            while not row[stop - 1]:
                stop -= 1
            if ends[0, 1] == 0:
                ends[0, 0], ends[1, 0], ends[2, 0] = first_slice + z, y, first
            ends[0, 1] = first_slice + z + 1
            ends[1, 0], ends[1, 1] = min(ends[1, 0], y), max(ends[1, 1], y + 1)
            ends[2, 0], ends[2, 1] = min(ends[2, 0], first), max(ends[2, 1], stop)


def values_within(box: FloatArray, region: BoolArray) -> FloatArray:
    """Return ``box[region]``; numpy reads sooner what lies in one row, a few slices at a time."""
    if not region.size:
        return box[region]
    at_once = max(_AT_ONCE * len(region) // region.size, 1)
    parts = [
        np.ravel(box[first : first + at_once])[np.ravel(region[first : first + at_once])]
        for first in range(0, len(region), at_once)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def check_extent(cropped: BoolArray, settings: RadiomicsSettings) -> None:
    """Refuse a region smaller than the settings ask for.

    Raises
    ------
    ImageError
        If it extends along fewer axes than ``minimumROIDimensions``, or has no more voxels than
        ``minimumROISize`` (both as PyRadiomics 3.0.1).
    """
    extended = sum(extent > 1 for extent in cropped.shape)
    if extended < settings.minimumROIDimensions:
        raise ImageError(
            f"region: expected an extent along {settings.minimumROIDimensions} axes"
            f" (minimumROIDimensions), found {extended} (bounding box {cropped.shape})"
        )
    voxels = int(np.count_nonzero(cropped))
    if settings.minimumROISize is not None and voxels <= settings.minimumROISize:
        raise ImageError(
            f"region: expected more than {settings.minimumROISize} voxels (minimumROISize),"
            f" found {voxels}"
        )


def resegment(values: FloatArray, settings: RadiomicsSettings) -> BoolArray:
    """Say which voxels of a region stay within ``resegmentRange`` (PyRadiomics 3.0.1).

    One threshold keeps what is at or above it, two keep the closed range between them.

    Raises
    ------
    ImageError
        If one voxel or none is left.
    """
    thresholds = np.sort(np.asarray(settings.resegmentRange or (), dtype=np.float64))
    if settings.resegmentMode == "relative":
        thresholds = thresholds * values.max()
    elif settings.resegmentMode == "sigma":
        thresholds = values.mean() + values.std() * thresholds
    kept: BoolArray = np.ones(values.size, dtype=np.bool_)
    if thresholds.size:
        kept &= values >= thresholds[0]
    if thresholds.size == 2:
        kept &= values <= thresholds[1]
    if settings.resegmentOutliers is not None:
        # Of what is within the range: IBSI's reference implementation filters in this order.
        centre, spread = values[kept].mean(), values[kept].std()
        kept &= np.abs(values - centre) <= settings.resegmentOutliers * spread
    if np.count_nonzero(kept) <= 1:
        raise ImageError(
            f"region: expected more than one voxel in resegmentRange {settings.resegmentRange}"
            f" ({settings.resegmentMode}), found {np.count_nonzero(kept)} of {values.size}"
        )
    return kept
