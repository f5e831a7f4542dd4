"""Reading masks: ITK-SNAP's NIfTI, 3D Slicer's .seg.nrrd, DICOM SEG, MHA, PNG and TIFF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from trephine.errors import ImageError
from trephine.imaging.files import read_itk_array, read_raster_array
from trephine.imaging.fitting import adopt_where_certain, correct_mask, resampled
from trephine.imaging.folder import ALONE, FOUND, only_file
from trephine.imaging.grey_array import GreyArray
from trephine.imaging.label_maps import as_labels, check_label_map, picture_labels
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
        NIfTI, NRRD (3D Slicer's ``.seg.nrrd`` too), MHA, DICOM SEG, RT Structure Set, PNG or
        TIFF; or the folder of one such file alone.
    image
        The image it was drawn on. PNG and TIFF take its geometry; a ``.seg.nrrd`` or DICOM SEG,
        which programs crop to the drawing, is put back in its place; what can only have been
        drawn on this very image keeps its pixels (`trephine.imaging.fitting`). Anything else is
        left as it is: see `trephine.imaging.fitting.fit_mask`.

    Returns
    -------
    Mask
        Integer labels, 0 outside; `trephine.imaging.label_maps` has the rule.

    Raises
    ------
    ImageError
        If the file is damaged, or holds values that are not labels.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from trephine import Geometry, Mask, read_mask
    >>> from trephine.imaging import write_nifti
    >>> labels = np.eye(40, dtype=np.int64)
    >>> write_nifti(Mask(labels, Geometry.plain((0.2, 0.2))), Path("001-mask.nii.gz"))
    >>> int(read_mask("001-mask.nii.gz").labels.sum())
    40
    """
    path = Path(path)
    if path.is_dir() and (alone := only_file(path, "mask")) is not None:
        mask = read_mask(alone, image=image)
        return replace(mask, provenance={**mask.provenance, FOUND: ALONE})
    _refuse_jpeg(path)
    kind = file_kind(path)
    if kind == "dicom":
        return _in_place(read_segmentation_object(path, image), image, path.name)
    if kind == "nrrd" and is_slicer_segmentation(path):
        return _in_place(read_slicer_segmentation(path), image, path.name)
    if kind in ("nifti", "nrrd", "mha"):
        array = read_nifti_array(path) if kind == "nifti" else read_itk_array(path)
        mask = _mask(array, kind, path.name)
        return mask if image is None else adopt_where_certain(image, mask)
    return _picture_mask(read_raster_array(path), kind, path.name, image)


def _refuse_jpeg(path: Path) -> None:
    if not path.is_file():
        return  # file_kind says what it is
    with path.open("rb") as file:
        if file.read(3) == b"\xff\xd8\xff":
            raise ImageError(
                f"{path.name}: expected a mask of whole labels, found a JPEG picture, whose"
                " compression blurs the edges into greys; save the mask as PNG"
            )


def _mask(array: GreyArray, kind: str, name: str) -> Mask:
    labels = as_labels(array.values, name)
    check_label_map(labels, name)
    if array.geometry is None:
        raise ImageError(f"{name}: expected a geometry in the header, found none")
    provenance = {
        "format": kind.upper(),
        "orientation": array.orientation,
        "placement": array.placement,
    }
    return Mask(labels, array.geometry, provenance)


def _picture_mask(array: GreyArray, kind: str, name: str, image: Image | None) -> Mask:
    labels, read_as, white = picture_labels(array.values, name)
    if image is not None and image.pixels.shape != labels.shape:
        raise ImageError(
            f"{name}: expected the image's shape {image.pixels.shape}, found {labels.shape};"
            " a picture has no geometry and must be drawn on the full image"
        )
    provenance: dict[str, str | float | int | bool | None] = {
        "format": kind.upper(),
        "geometry": "none" if image is None else "the image's: a picture has none",
        "labels": read_as,
        "white": white,
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
        return adopt_where_certain(image, mask)
    if image.geometry.placed is not None and mask.labels.ndim == 3:
        return _slice_of(mask, image, name)
    placed = correct_mask(image, mask, "resample")
    same_grid = np.allclose(
        mask.geometry.spacing_mm[-2:], image.geometry.spacing_mm[-2:], rtol=1e-4
    )
    if same_grid and np.count_nonzero(placed.labels) != np.count_nonzero(mask.labels):
        raise ImageError(
            f"{name}: expected the drawing inside its image, found"
            f" {np.count_nonzero(mask.labels)} labelled pixels of which"
            f" {np.count_nonzero(placed.labels)} lie on it; it belongs to another image"
        )
    told = "put back on the image's grid by nearest neighbour (the file is cropped)"
    return replace(placed, provenance={**mask.provenance, "corrected": told})


def _slice_of(mask: Mask, image: Image, name: str) -> Mask:
    """Return what a segmentation of a volume has on the one slice that is the image."""
    labels = resampled(image, mask)
    if not labels.any():
        raise ImageError(
            f"{name}: expected a drawing on the image's slice, found it on other slices; it"
            " belongs to another image"
        )
    told = "the image's slice taken from the segmentation of a volume"
    provenance = {**mask.provenance, "corrected": told}
    return replace(mask, labels=labels, geometry=image.geometry, provenance=provenance)
