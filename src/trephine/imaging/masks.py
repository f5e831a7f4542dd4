"""Reading masks: ITK-SNAP's NIfTI, 3D Slicer's .seg.nrrd, DICOM SEG, MHA, PNG and TIFF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trephine.errors import ImageError
from trephine.imaging.files import read_itk_array, read_raster_array
from trephine.imaging.geometry import correct_mask
from trephine.imaging.grey_array import GreyArray
from trephine.imaging.nifti import read_nifti_array
from trephine.imaging.segmentation_object import read_segmentation_object
from trephine.imaging.slicer import is_slicer_segmentation, read_slicer_segmentation
from trephine.imaging.sniff import file_kind
from trephine.types import Geometry, Image, Mask


def read_mask(path: Path | str, *, image: Image | None = None) -> Mask:
    """Read a mask.

    Parameters
    ----------
    path
        NIfTI, NRRD (3D Slicer's ``.seg.nrrd`` too), MHA, DICOM SEG, PNG or TIFF.
    image
        The image it was drawn on. PNG and TIFF take its geometry; a ``.seg.nrrd``, which 3D
        Slicer crops to the drawing, is put back in its place. Anything else is left as it is:
        compare with `trephine.imaging.geometry.check_geometry`.

    Returns
    -------
    Mask
        Integer labels, 0 outside. A two-valued picture (0 and 255) becomes labels 0 and 1.

    Raises
    ------
    ImageError
        If the file is damaged, holds values that are not labels, or segments overlap.
    """
    path = Path(path)
    kind = file_kind(path)
    if kind == "dicom":
        return _in_place(read_segmentation_object(path), image, path.name)
    if kind == "nrrd" and is_slicer_segmentation(path):
        return _in_place(read_slicer_segmentation(path), image, path.name)
    if kind == "nifti":
        return _mask(read_nifti_array(path), kind, path.name)
    if kind in ("nrrd", "mha"):
        return _mask(read_itk_array(path), kind, path.name)
    return _picture_mask(read_raster_array(path), kind, path.name, image)


def as_labels(values: npt.NDArray[np.generic], name: str) -> npt.NDArray[np.int32]:
    """Return values as labels.

    Raises
    ------
    ImageError
        If a value is negative, fractional or beyond 2^31.
    """
    numbers = np.asarray(values, dtype=np.float64)
    labels = np.rint(numbers)
    if not np.array_equal(labels, numbers) or labels.min() < 0 or labels.max() >= 1 << 31:
        odd = numbers[(labels != numbers) | (labels < 0) | (labels >= 1 << 31)]
        raise ImageError(
            f"{name}: expected labels 0, 1, 2, ..., found {odd.size} values such as {odd[0]:.6g};"
            " a mask is not an image and must not be interpolated"
        )
    return labels.astype(np.int32)


def _mask(array: GreyArray, kind: str, name: str) -> Mask:
    labels = as_labels(array.values, name)
    if array.geometry is None:
        raise ImageError(f"{name}: expected a geometry in the header, found none")
    provenance = {"format": kind.upper(), "orientation": array.orientation}
    return Mask(labels, array.geometry, provenance)


def _picture_mask(array: GreyArray, kind: str, name: str, image: Image | None) -> Mask:
    labels = as_labels(array.values, name)
    values = np.unique(labels)
    binary = values.size == 2 and values[0] == 0 and values[1] == 255
    if binary:
        labels = (labels == 255).astype(np.int32)
    if image is not None and image.pixels.shape != labels.shape:
        raise ImageError(
            f"{name}: expected the image's shape {image.pixels.shape}, found {labels.shape};"
            " a picture has no geometry and must be drawn on the full image"
        )
    provenance: dict[str, str | float | int | bool | None] = {
        "format": kind.upper(),
        "geometry": "none" if image is None else "the image's: a picture has none",
        "labels": "0 and 255 read as 0 and 1" if binary else "as stored",
    }
    geometry = Geometry.plain((1.0, 1.0)) if image is None else image.geometry
    return Mask(labels, geometry, provenance)


def _in_place(mask: Mask, image: Image | None, name: str) -> Mask:
    """Put a cropped segmentation back onto its image's grid; labels must survive whole."""
    if image is None:
        return mask
    if mask.provenance.get("geometry") == "none":
        if mask.labels.shape != image.pixels.shape:
            raise ImageError(
                f"{name}: expected the image's shape {image.pixels.shape}, found"
                f" {mask.labels.shape}; it belongs to another image"
            )
        told = "the image's: the segmentation of a radiograph has none"
        provenance = {**mask.provenance, "geometry": told}
        return replace(mask, geometry=image.geometry, provenance=provenance)
    if mask.labels.shape == image.pixels.shape:
        return mask
    placed = correct_mask(image, mask, "resample")
    same_grid = np.allclose(mask.geometry.spacing_mm, image.geometry.spacing_mm, rtol=1e-4)
    if same_grid and np.count_nonzero(placed.labels) != np.count_nonzero(mask.labels):
        raise ImageError(
            f"{name}: expected the drawing inside its image, found"
            f" {np.count_nonzero(mask.labels)} labelled pixels of which"
            f" {np.count_nonzero(placed.labels)} lie on it; it belongs to another image"
        )
    told = "put back on the image's grid by nearest neighbour (the file is cropped)"
    return replace(placed, provenance={**mask.provenance, "corrected": told})
