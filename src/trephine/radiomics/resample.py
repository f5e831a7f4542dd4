"""Resampling of image and mask to a new spacing, on PyRadiomics' grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from trephine.errors import InputError
from trephine.imaging.itk import ITK, geometry_of_itk, itk_image
from trephine.imaging.limits import check_pixels
from trephine.radiomics.region import bounds_in_image
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import Geometry, Image, Mask

# No limit lets a finer grid through, and the number of its pixels is still one.
_FINEST_MM = 1e-12


def resample_pair(
    image: Image, mask: Mask, settings: RadiomicsSettings, label: int
) -> tuple[Image, Mask]:
    """Resample image and mask to ``resampledPixelSpacing``, cropped to the region and a margin.

    The grid is PyRadiomics 3.0.1's: aligned to the outer corner of the mask's first voxel, as
    large as the region's bounding box and ``padDistance`` voxels around it, within the mask's
    extent. An axis along which the region is one voxel thick, or whose new spacing is 0, keeps its
    spacing. The mask is resampled by nearest neighbour.

    Under ``definitions="pyradiomics"`` an image that its file holds in an integer type is
    interpolated in that type, as PyRadiomics does: values lose their fraction and stop at the
    type's ends. With ``ibsi``, after a normalisation, and for images of floating-point numbers
    they stay float64.

    Raises
    ------
    InputError
        If the spacing has other than the image's number of axes.
    ImageError
        If the label is absent, the region leaves the image, or the new grid has more pixels than
        an image may have.
    """
    mask.region(label)
    wanted = np.asarray(settings.resampledPixelSpacing, dtype=np.float64)
    if len(wanted) != image.pixels.ndim:
        raise InputError(
            f"resampledPixelSpacing: expected {image.pixels.ndim} values (x, y"
            f"{', z' if image.pixels.ndim == 3 else ''}), found {len(wanted)}"
        )
    pixels = image.pixels.astype(interpolation_type(image, settings), copy=False)
    grey = itk_image(np.ascontiguousarray(pixels), _as_itk_reads(image, settings))
    labels = itk_image(mask.labels.astype(np.uint32), _as_itk_reads(mask, settings))
    box = bounds_in_image(grey, labels, label)
    lower, size = box[: len(wanted)], box[len(wanted) :]
    old = np.array(labels.GetSpacing())
    new = np.where((wanted == 0) | (size == 1), old, wanted)
    if np.allclose(grey.GetSpacing(), new):
        return _cropped(grey, labels, settings.padDistance, label)
    reference = _grid(labels, lower, size, new, settings.padDistance)
    interpolator = getattr(ITK, str(settings.interpolator))
    grey = ITK.Resample(grey, reference, ITK.Transform(), interpolator, 0.0)
    labels = ITK.Resample(labels, reference, ITK.Transform(), ITK.sitkNearestNeighbor, 0)
    return _pair(grey, labels)


def _as_itk_reads(item: Image | Mask, settings: RadiomicsSettings) -> Geometry:
    """Return a geometry with the spacing that ITK reads from the same file.

    NIfTI holds spacings in single precision: 0.9 is 0.89999998 to ITK and to PyRadiomics. A value
    that should fall on a whole number then falls just below, and loses one when it is cut.
    """
    geometry = item.geometry
    if settings.definitions != "pyradiomics" or item.provenance.get("format") != "NIFTI":
        return geometry
    single = tuple(float(np.float32(step)) for step in geometry.spacing_mm)
    return replace(geometry, spacing_mm=single)


def interpolation_type(image: Image, settings: RadiomicsSettings) -> np.dtype[Any]:
    """Return the type in which an image is interpolated.

    The integer type of its file (``provenance["pixel_type"]``) where PyRadiomics' numbers are
    wanted and the values are still that type's; float64 otherwise.
    """
    plain: np.dtype[Any] = np.dtype(np.float64)
    stored = image.provenance.get("pixel_type")
    if settings.definitions != "pyradiomics" or not isinstance(stored, str):
        return plain
    kind = np.dtype(stored)
    if not np.issubdtype(kind, np.integer):
        return plain
    limits, pixels = np.iinfo(kind), image.pixels
    fits = limits.min <= pixels.min() and pixels.max() <= limits.max
    return kind if fits and np.array_equal(pixels, np.rint(pixels)) else plain


def _grid(
    labels: Any,
    lower: np.ndarray[tuple[int], np.dtype[np.int64]],
    size: np.ndarray[tuple[int], np.dtype[np.int64]],
    spacing: np.ndarray[tuple[int], np.dtype[np.float64]],
    margin: int,
) -> Any:
    """Return an empty image on the new grid."""
    old = np.array(labels.GetSpacing())
    ratio = old / np.maximum(spacing, _FINEST_MM)
    last = np.ceil(np.array(labels.GetSize()) * ratio) - 1
    first = np.maximum(np.floor((lower - 0.5) * ratio - margin), 0)
    stop = np.minimum(np.ceil((lower + size - 0.5) * ratio + margin), last)
    origin_index = 0.5 * (spacing - old) / old + first / ratio
    sizes = [int(size) for size in stop - first + 1]
    check_pixels(sizes, "resampledPixelSpacing")
    grid = ITK.Image(sizes, ITK.sitkUInt8)
    grid.SetSpacing(spacing.tolist())
    grid.SetDirection(labels.GetDirection())
    grid.SetOrigin(labels.TransformContinuousIndexToPhysicalPoint(origin_index.tolist()))
    return grid


def _cropped(grey: Any, labels: Any, margin: int, label: int) -> tuple[Image, Mask]:
    """Crop where the spacing stays: the mask is only brought onto the image's grid."""
    labels = ITK.Resample(labels, grey, ITK.Transform(), ITK.sitkNearestNeighbor, 0)
    box = bounds_in_image(grey, labels, label)
    axes = len(box) // 2
    first = np.maximum(box[:axes] - margin, 0)
    stop = np.minimum(box[:axes] + box[axes:] + margin, grey.GetSize())
    part = tuple(slice(int(a), int(b)) for a, b in zip(first, stop, strict=True))
    return _pair(grey[part], labels[part])


def _pair(grey: Any, labels: Any) -> tuple[Image, Mask]:
    geometry = geometry_of_itk(grey)
    pixels = ITK.GetArrayFromImage(grey).astype(np.float64)
    return Image(pixels, geometry), Mask(ITK.GetArrayFromImage(labels).astype(np.int64), geometry)
