"""DICOM SEG: segments of one radiograph as a plane, of a series as a volume."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from trephine.errors import ImageError
from trephine.imaging.affine import flatten
from trephine.imaging.dicom import quiet_pydicom, read_dicom_dataset
from trephine.imaging.label_maps import put_segment
from trephine.imaging.structure_set import structures_of
from trephine.types import Geometry, Image, Mask

# By name, as whatever else stands there may be anything.
_IMAGES = ("CR", "CT", "DX", "MG", "MR", "NM", "OT", "PT", "RF", "US", "XA")


def read_segmentation_object(path: Path, image: Image | None = None) -> Mask:
    """Read a DICOM Segmentation Storage object, or an RT Structure Set (`structures_of`).

    Parameters
    ----------
    path
        The file.
    image
        That it was drawn on; a structure set, whose contours have no grid, needs it.

    Returns
    -------
    Mask
        Labels are the segment numbers. Of a projection radiograph (rows, columns) without
        geometry of its own; of a series (slices, rows, columns). Segments that overlap are refused
        when one of them is asked for.

    Raises
    ------
    ImageError
        If it is another object, is fractional, or refers to several radiographs.
    """
    dataset = read_dicom_dataset(path)
    modality = str(dataset.get("Modality") or "")
    if modality == "RTSTRUCT":
        with quiet_pydicom():
            return structures_of(dataset, path.name, image)
    if modality != "SEG":
        found = f"an image ({modality})" if modality in _IMAGES else "another DICOM object"
        raise ImageError(
            f"{path.name}: expected a DICOM SEG mask, found {found};"
            " are image and mask exchanged? From Python, an image is read with read_image"
        )
    if str(dataset.get("SegmentationType") or "") == "FRACTIONAL":
        raise ImageError(
            f"{path.name}: expected a binary or label-map segmentation, found probabilities;"
            " threshold them in the program that wrote the file"
        )
    try:
        with quiet_pydicom():
            if _has_positions(dataset):
                return _volume(highdicom.seg.Segmentation.from_dataset(dataset, copy=False))
            # highdicom insists on a slice thickness, which a radiograph does not have.
            return _plane(dataset, path.name)
    except ImageError:
        raise
    except Exception as error:  # highdicom raises many kinds on malformed objects
        raise ImageError(
            f"{path.name}: expected a readable DICOM SEG, found a malformed one"
            f" ({type(error).__name__})"
        ) from error


def _has_positions(segmentation: Dataset) -> bool:
    """Tell a series, whose slices lie in space, from a radiograph, which does not."""
    groups = [
        *(segmentation.get("SharedFunctionalGroupsSequence") or []),
        *(segmentation.get("PerFrameFunctionalGroupsSequence") or []),
    ]
    return any("PlanePositionSequence" in group for group in groups)


def _volume(segmentation: highdicom.seg.Segmentation) -> Mask:
    volume, overlapping = _one_map(segmentation)
    affine = volume.affine  # LPS, array index (slice, row, column)
    spacing = tuple(float(value) for value in volume.spacing)
    direction = affine[:3, :3] / np.asarray(spacing)
    geometry = Geometry(
        spacing,
        tuple(float(value) for value in affine[:3, 3]),
        tuple(float(value) for value in direction[:, ::-1].ravel()),
    )
    labels: npt.NDArray[np.int32] = np.asarray(volume.array, dtype=np.int32)
    provenance: dict[str, str | float | int | bool | None] = {"format": "DICOM SEG"}
    if labels.shape[0] == 1:
        plane, geometry, orientation = flatten(labels.astype(np.float64), geometry)
        labels, provenance["orientation"] = plane.astype(np.int32), orientation
    names = segment_names(segmentation)
    return Mask(labels, geometry, provenance, names, overlapping=overlapping)


def _one_map(
    segmentation: highdicom.seg.Segmentation,
) -> tuple[highdicom.Volume, tuple[int, ...]]:
    """Return the segments as one label map, and the labels of those that share pixels."""
    numbers = list(segmentation.segment_numbers)
    try:
        return segmentation.get_volume(combine_segments=True), ()
    except RuntimeError:
        if len(numbers) < 2:
            raise
    overlapping: set[int] = set()
    volume = segmentation.get_volume(segment_numbers=numbers[:1], combine_segments=True)
    labels = np.zeros(volume.spatial_shape, np.int32)
    for number in numbers:
        one = segmentation.get_volume(segment_numbers=[number], combine_segments=True)
        put_segment(labels, np.asarray(one.array) > 0, number, overlapping)
    return volume.with_array(labels), tuple(sorted(overlapping))


def _plane(segmentation: Dataset, name: str) -> Mask:
    frames: npt.NDArray[np.generic] = segmentation.pixel_array
    if frames.ndim == 2:
        frames = frames[None]
    groups = segmentation.get("PerFrameFunctionalGroupsSequence") or []
    if len(groups) != len(frames):
        raise ImageError(f"{name}: expected one description a frame, found {len(groups)}")
    sources = {_source(group) for group in groups} - {None}
    if len(sources) > 1:
        raise ImageError(
            f"{name}: expected the segmentation of one radiograph, found {len(sources)}; export"
            " one SEG for each image"
        )
    labels = np.zeros(frames.shape[1:], np.int32)
    overlapping: set[int] = set()
    for frame, group in zip(frames, groups, strict=True):
        if str(segmentation.SegmentationType) == "LABELMAP":
            labels[frame > 0] = frame[frame > 0]
        else:
            identification = _segment_identification(segmentation, group, name)
            number = int(identification.ReferencedSegmentNumber)
            put_segment(labels, frame > 0, number, overlapping)
    provenance: dict[str, str | float | int | bool | None] = {
        "format": "DICOM SEG",
        "geometry": "none",
    }
    plain, names = Geometry.plain((1.0, 1.0)), segment_names(segmentation)
    return Mask(labels, plain, provenance, names, overlapping=tuple(sorted(overlapping)))


def segment_names(segmentation: Dataset) -> dict[str, int]:
    """Return the number of each segment by its label; labels that occur twice name none."""
    items = segmentation.get("SegmentSequence") or []
    names = [str(item.get("SegmentLabel") or "").strip() for item in items]
    return {
        name: int(item.SegmentNumber)
        for name, item in zip(names, items, strict=True)
        if name and names.count(name) == 1
    }


def _segment_identification(segmentation: Dataset, group: Dataset, name: str) -> Dataset:
    shared = segmentation.get("SharedFunctionalGroupsSequence") or [Dataset()]
    for place in (group, shared[0]):
        found = place.get("SegmentIdentificationSequence")
        if found:
            item: Dataset = found[0]
            return item
    raise ImageError(f"{name}: expected a segment number for each frame, found none")


def _source(group: Dataset) -> str | None:
    for derivation in group.get("DerivationImageSequence") or []:
        for source in derivation.get("SourceImageSequence") or []:
            return str(source.get("ReferencedSOPInstanceUID"))
    return None
