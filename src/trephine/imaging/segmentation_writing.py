"""Writing DICOM SEG: drawn regions of a radiograph or a series, one segment each."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import highdicom
import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from trephine.errors import ImageError
from trephine.imaging.dicom import quiet_pydicom, read_dicom_dataset
from trephine.imaging.sniff import file_kind
from trephine.types import BoolArray, FloatArray

# Attributes that a SEG copies and that files may lack: empty means not known (PS3.3, type 2).
_MAY_BE_EMPTY = (
    "AccessionNumber", "StudyID", "StudyDate", "StudyTime", "PatientID", "PatientName",
    "PatientBirthDate", "PatientSex", "ReferringPhysicianName",
)  # fmt: skip
_SERIES_NUMBER = 9100
_STRUCTURE = highdicom.sr.CodedConcept("91723000", "SCT", "Anatomical structure")
_HEAD = highdicom.sr.CodedConcept("2812003", "SCT", "Head of femur")


def segmentation_object(path: Path, regions: Mapping[str, BoolArray], version: str) -> bytes:
    """Return a DICOM Segmentation Storage object of regions, which may overlap.

    Parameters
    ----------
    path
        Of the DICOM image that they were drawn on, or the folder of its series.
    regions
        By name, of the image's shape, at least one.
    version
        Of the program, for the object's equipment.

    Raises
    ------
    ImageError
        If the image is no DICOM, or lacks what a segmentation must state.
    """
    if not regions:
        raise ImageError("segmentation: expected a region that was drawn, found none")
    sources = _sources(path)
    frames = np.stack(list(regions.values()), axis=-1).astype(np.uint8)
    frames = frames[None] if frames.ndim == 3 else frames
    try:
        with quiet_pydicom():
            made = highdicom.seg.Segmentation(
                source_images=sources,
                pixel_array=frames,
                segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
                segment_descriptions=[_segment(k, n) for k, n in enumerate(regions, start=1)],
                series_instance_uid=generate_uid(),
                series_number=_SERIES_NUMBER,
                sop_instance_uid=generate_uid(),
                instance_number=1,
                manufacturer="Trephine",
                manufacturer_model_name="Trephine",
                software_versions=version,
                device_serial_number="0",
                omit_empty_frames=True,
            )
            written = io.BytesIO()
            made.save_as(written)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ImageError(
            "segmentation: expected a DICOM image whose header states what a SEG refers to, found"
            f" one that does not ({type(error).__name__}); use the NIfTI masks"
        ) from None
    return written.getvalue()


def _segment(number: int, name: str) -> highdicom.seg.SegmentDescription:
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=_STRUCTURE,
        segmented_property_type=_HEAD,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
    )


def _sources(path: Path) -> Sequence[Dataset]:
    """Return the data sets of an image, slices in the order of their normal."""
    inside = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [one for one in inside if one.is_file() and file_kind(one) == "dicom"]
    if not files:
        raise ImageError("segmentation: expected a DICOM image, found another format")
    found = [read_dicom_dataset(one) for one in files]
    for dataset in found:
        for keyword in _MAY_BE_EMPTY:
            if keyword not in dataset:
                setattr(dataset, keyword, "")
    return sorted(found, key=_along_normal) if len(found) > 1 else found


def _along_normal(dataset: Dataset) -> float:
    cosines: FloatArray = np.asarray(dataset.ImageOrientationPatient, dtype=np.float64)
    position: FloatArray = np.asarray(dataset.ImagePositionPatient, dtype=np.float64)
    return float(np.cross(cosines[:3], cosines[3:]) @ position)
