"""Putting a mask onto its image's grid: only when asked, or where nothing else can be meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trephine.choices import Correction, MaskGeometry
from trephine.errors import ImageError, named_labels
from trephine.imaging.affine import AS_STORED, turn, turn_back
from trephine.imaging.copies import belied_by_shape
from trephine.imaging.folder import FOUND
from trephine.imaging.geometry import GeometryError, check_geometry, is_default_header
from trephine.imaging.itk import ITK, itk_image
from trephine.imaging.sides import view_of
from trephine.types import Image, Mask

# How a method is asked for, in what errors advise: in a study file, or by an option.
BY_KEY = 'set mask_geometry = "{}"'
BY_OPTION = "give --mask-geometry {}"

_PICTURES = ("PNG", "TIFF")
_SAME_DIRECTION = 1e-3


def fit_mask(
    image: Image, mask: Mask, how: MaskGeometry = "strict", *, asked: str = BY_KEY
) -> Mask:
    """Return a mask on its image's grid.

    Parameters
    ----------
    image, mask
        The pair.
    how
        What to do with a mask whose header differs from the image's: "strict" refuses it, the
        others are those of `correct_mask`.
    asked
        How errors word the advice to ask for a method: `BY_KEY` or `BY_OPTION`.

    Raises
    ------
    ImageError
        If it does not lie there and must not or cannot be put there; says what would help.
    """
    try:
        check_geometry(image, mask)
    except GeometryError as error:
        if how == "strict":
            raise GeometryError(f"{error}; {remedy(image, mask, asked)}", error.fault) from None
        return correct_mask(image, mask, how, asked=asked)
    return mask


def remedy(image: Image, mask: Mask, asked: str = BY_KEY) -> str:
    """Return what to do about a mask that does not lie on its image; ``asked`` as `fit_mask`."""
    if view_of(image) == "lateral" and mask.labels.shape != image.pixels.shape:
        # A grid of another size on another view of the patient: no header puts it right.
        return (
            "the image is a lateral view by its header (View Position, Patient Orientation): was"
            " the mask drawn on the frontal one? Take the image that it was drawn on"
        )
    same_shape = _adopted(image, mask) is not None
    if same_shape and not _lies_in_another_plane(image, mask):
        return (
            "if it was drawn on this very image, row for row, and its header is wrong,"
            f" {asked.format('adopt')}, which leaves the drawing on its pixels; if not, draw it on"
            " the image itself"
        )
    belied = belied_by_shape(image, mask, asked)
    if belied:
        return belied
    if not _missing(image, mask):
        return (
            f"its header puts it on the image with another grid: {asked.format('resample')},"
            " which moves it there by nearest neighbour"
        )
    return (
        "it cannot be put on this image, neither by its pixels nor by its header: it was drawn on"
        " another image; draw it on this one"
    )


def correct_mask(
    image: Image, mask: Mask, method: Correction = "resample", *, asked: str = BY_KEY
) -> Mask:
    """Put a mask onto its image's grid; only when asked, and recorded.

    Parameters
    ----------
    image, mask
        The pair.
    method
        "adopt" keeps the labels where they are in the array and takes the image's geometry: for a
        right drawing under a wrong header. "resample" moves each label to where its header says
        it lies, by nearest neighbour: for a right header on another grid.
    asked
        As `fit_mask`.

    Returns
    -------
    Mask
        On the image's grid; provenance says what was done.

    Raises
    ------
    ImageError
        If shapes or axes differ under "adopt"; if a label is lost, or the headers say too little,
        under "resample".
    """
    if method == "adopt":
        labels = _adopted(image, mask)
        if labels is None:
            raise ImageError(
                f"mask: expected the image's shape {image.pixels.shape} and axes to adopt its"
                f" geometry, found {mask.labels.shape} and axes that run another way; its pixels"
                " cannot be matched one to one: draw it on the image itself"
                if mask.labels.shape == image.pixels.shape
                else f"mask: expected the image's shape {image.pixels.shape} to adopt its"
                f" geometry, found {mask.labels.shape}; draw it on the image itself"
            )
        return _corrected(image, mask, labels, "the image's geometry adopted")
    if "array" in (mask.provenance.get("placement"), image.provenance.get("placement")):
        raise ImageError(
            "mask: expected headers that say how image and mask lie in the patient to resample it,"
            " found one that does not; draw it on the image itself, or, if it was drawn on this"
            f" very image, row for row, {asked.format('adopt')}"
        )
    belied = belied_by_shape(image, mask, asked)
    if belied:
        raise ImageError(f"mask: expected a header that says where it lies, found that {belied}")
    lost = _missing(image, mask)
    if lost:
        raise ImageError(
            f"mask: expected every label on the image, found {lost} outside it or smaller than"
            " its pixels; the mask belongs to another image"
        )
    return _corrected(image, mask, resampled(image, mask), "resampled by nearest neighbour")


def certainly_drawn_here(image: Image, mask: Mask) -> str:
    """Say why a mask of another geometry can only have been drawn on this very image.

    A program that draws does not know the spacing that a study states, or the calibrated one: it
    takes 1 mm, or another spacing of the same file. Where shape and corner are the image's and
    the spacing is one of those, the drawing is kept on its pixels.

    Returns
    -------
    The reason, or nothing where it is not certain.
    """
    if (
        image.pixels.ndim != 2
        or image.pixels.shape != mask.labels.shape
        or image.geometry.placed is not None
        or mask.provenance.get("placement") == "array"
        or mask.provenance.get("geometry") is not None
        or mask.provenance.get("orientation", AS_STORED) != AS_STORED
        or not np.allclose(mask.geometry.origin_mm, 0.0, atol=1e-6)
    ):
        return ""
    spacing = mask.geometry.spacing_mm
    if image.provenance.get("spacing_source") == "stated in the plan":
        return "the spacing is the study's, the file has none" if is_default_header(mask) else ""
    if image.header is not None and any(
        np.allclose(spacing, other, rtol=1e-5) for other in image.header.spacings_mm
    ):
        return "its spacing is another that programs read from the same DICOM file"
    return ""


def adopt_where_certain(image: Image, mask: Mask) -> Mask:
    """Return a mask with its image's geometry where `certainly_drawn_here` has a reason."""
    reason = certainly_drawn_here(image, mask)
    if not reason:
        return mask
    try:
        check_geometry(image, mask)
    except GeometryError:
        return _corrected(image, mask, mask.labels, f"the image's geometry adopted: {reason}")
    return mask


def doubts_of(image: Image, mask: Mask) -> tuple[str, ...]:
    """Say what was done to a mask that was read for its image, and what nobody can know."""
    doubts = [
        f"the {what} is {found.provenance[FOUND]}, and was read"
        for what, found in (("image", image), ("mask", mask))
        if FOUND in found.provenance
    ]
    if "corrected" in mask.provenance:
        doubts.append(f"the mask did not lie on its image: {mask.provenance['corrected']}")
    elif (
        image.provenance.get("format") == "DICOM"
        and image.pixels.ndim == 2
        and image.geometry.placed is None
        and mask.provenance.get("format") == "NIFTI"
    ):
        doubts.append(
            "a NIfTI mask on a DICOM radiograph is taken as drawn on the DICOM file itself, first"
            " row at the top; drawn on a copy that dcm2niix or the like converted, it is upside"
            " down"
        )
    return tuple(doubts)


def resampled(image: Image, mask: Mask) -> npt.NDArray[np.int32]:
    """Return a mask's labels where its header puts them on the image, by nearest neighbour.

    A single slice is placed in the patient where it and the other lie there.
    """
    grid, labels, target, moving = image.geometry, mask.labels, image.geometry, mask.geometry
    shape = image.pixels.shape
    if target.placed is not None and (moving.placed is not None or labels.ndim == 3):
        target, shape = target.placed, (1, *shape)
    if moving.placed is not None and len(target.spacing_mm) == 3:
        labels, moving = labels[np.newaxis], moving.placed
    if len(target.spacing_mm) != len(moving.spacing_mm):
        raise ImageError(
            f"mask: expected {len(grid.spacing_mm)} axes as the image has, found"
            f" {mask.labels.ndim}; draw it on the image itself"
        )
    source = itk_image(np.ascontiguousarray(labels.astype(np.int32)), moving)
    reference = itk_image(np.zeros(shape, np.uint8), target)
    identity = ITK.Transform(len(shape), ITK.sitkIdentity)
    found = ITK.Resample(source, reference, identity, ITK.sitkNearestNeighbor, 0)
    values: npt.NDArray[np.int32] = ITK.GetArrayFromImage(found)
    return np.ascontiguousarray(values.reshape(image.pixels.shape))


def _missing(image: Image, mask: Mask) -> str:
    """Name the labels that resampling would lose; empty where it keeps all."""
    try:
        found = resampled(image, mask)
    except ImageError:
        return "every label"
    lost = sorted(set(np.unique(mask.labels)) - set(np.unique(found)) - {0})
    if not lost and not found.any():
        return "no label"
    return f"labels {named_labels(list(map(int, lost)))}" if lost else ""


def _adopted(image: Image, mask: Mask) -> npt.NDArray[np.integer] | None:
    """Return the labels on the image's pixels as both are stored; None where that is unclear."""
    wanted = str(image.provenance.get("orientation", AS_STORED))
    found = str(mask.provenance.get("orientation", AS_STORED))
    unknown = mask.provenance.get("placement") == "array" or is_default_header(mask)
    labels = mask.labels
    if labels.ndim == 2 and wanted != found:
        if not unknown or mask.provenance.get("format") in _PICTURES:
            return None
        labels = turn(turn_back(labels, found), wanted)
    elif labels.ndim == 3 and not unknown and not _same_direction(image, mask):
        return None
    return labels if labels.shape == image.pixels.shape else None


def _same_direction(image: Image, mask: Mask) -> bool:
    one, other = image.geometry.direction, mask.geometry.direction
    return len(one) == len(other) and np.allclose(one, other, atol=_SAME_DIRECTION)


def _lies_in_another_plane(image: Image, mask: Mask) -> bool:
    """Say whether two slices of one grid lie in different places along their normal."""
    one, other = image.geometry.placed, mask.geometry.placed
    if one is None or other is None or is_default_header(mask):
        return False
    if mask.provenance.get("placement") == "array":
        return False
    normal = np.reshape(one.direction, (3, 3))[:, 2]
    step = abs(float(normal @ (np.asarray(one.origin_mm) - np.asarray(other.origin_mm))))
    parallel = abs(float(normal @ np.reshape(other.direction, (3, 3))[:, 2])) > 1 - _SAME_DIRECTION
    return not parallel or step > 0.5 * one.spacing_mm[0]


def _corrected(image: Image, mask: Mask, labels: npt.NDArray[np.integer], how: str) -> Mask:
    provenance = {**mask.provenance, "corrected": how}
    return replace(mask, labels=labels, geometry=image.geometry, provenance=provenance)
