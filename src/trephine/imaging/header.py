"""What a DICOM header says beside its pixels: where a slice lies, whose it is, what it shows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from trephine.imaging.affine import flatten
from trephine.types import FloatArray, Geometry, Image, ImageHeader

# ITK reads the detector's spacing of a radiograph, and 1 mm where there is none.
_ITK_DEFAULT = (1.0, 1.0)
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_YEARS_IN = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
# Cosines are written with few decimals.
_ORTHOGONAL = 1e-3


def header_of(dataset: Dataset) -> ImageHeader:
    """Return what is compared with a study's table."""
    return ImageHeader(
        patient_id=_text(dataset, "PatientID"),
        sex=sex if (sex := _text(dataset, "PatientSex").upper()) in ("F", "M") else "",
        age_years=_age_years(dataset),
        body_part=_text(dataset, "BodyPartExamined").upper(),
        taken=_day(dataset, "AcquisitionDate") or _day(dataset, "StudyDate"),
        spacings_mm=tuple(
            (float(pair[0]), float(pair[1]))
            for keyword in _SPACINGS
            if (pair := _numbers(dataset.get(keyword), 2)) is not None
        )
        + (() if "ImagerPixelSpacing" in dataset else (_ITK_DEFAULT,)),
        frame_of_reference=_text(dataset, "FrameOfReferenceUID"),
    )


def lay_flat(image: Image, dataset: Dataset) -> Image:
    """Return a CT or MR slice where it lies in the patient; anything else as it is.

    It is turned as the other formats' slices are, so that a mask drawn on it in a program that
    writes NIfTI or NRRD lies on it.
    """
    origin = _numbers(dataset.get("ImagePositionPatient"), 3)
    cosines = _numbers(dataset.get("ImageOrientationPatient"), 6)
    if origin is None or cosines is None or image.pixels.ndim != 2:
        return image
    x, y = cosines[:3], cosines[3:]
    if not np.allclose([x @ x, y @ y, x @ y], [1, 1, 0], atol=_ORTHOGONAL):
        return image
    direction = np.column_stack([x, y, np.cross(x, y)])
    volume = Geometry(
        (_thickness_mm(dataset), *image.geometry.spacing_mm),
        tuple(float(value) for value in origin),
        tuple(float(value) for value in direction.ravel()),
    )
    pixels, geometry, orientation = flatten(image.pixels[np.newaxis], volume)
    provenance = {**image.provenance, "orientation": orientation}
    return replace(image, pixels=pixels, geometry=geometry, provenance=provenance)


def _thickness_mm(dataset: Dataset) -> float:
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        number = _numbers(dataset.get(keyword), 1)
        if number is not None and abs(number[0]) > 0:
            return float(abs(number[0]))
    return 1.0


def _text(dataset: Dataset, keyword: str) -> str:
    return str(dataset.get(keyword) or "").strip()


def _numbers(value: Any, count: int) -> FloatArray | None:
    """Return an attribute's numbers; None where there are not as many, or one is no number."""
    values = value if isinstance(value, (list, tuple)) or hasattr(value, "__iter__") else [value]
    try:
        numbers = np.asarray([float(item) for item in values], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.size == count and np.isfinite(numbers).all() else None


def _age_years(dataset: Dataset) -> float | None:
    found = re.fullmatch(r"(\d{1,3})([YMWD])", _text(dataset, "PatientAge").upper())
    if found is not None:
        return int(found[1]) * _YEARS_IN[found[2]]
    born, seen = _day(dataset, "PatientBirthDate"), _day(dataset, "StudyDate")
    if born is None or seen is None or seen < born:
        return None
    return (seen - born).days / 365.25


def _day(dataset: Dataset, keyword: str) -> date | None:
    try:
        return date.fromisoformat(_text(dataset, keyword))
    except ValueError:
        return None
