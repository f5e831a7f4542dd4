"""Pixel spacing of a radiograph: which DICOM attribute it rests on, and whether it is calibrated.

PS3.3 section 10.7: Pixel Spacing (0028,0030) is the distance in the patient where it has been
calibrated; where it merely repeats Imager Pixel Spacing (0018,1164) it is the distance at the
detector, which the Estimated Radiographic Magnification Factor (0018,1114) brings back into the
patient. Nothing is assumed in silence: a file without a usable spacing is refused until the
spacing is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset

from trephine.errors import ImageError

StatedSpacing = float | tuple[float, ...] | None

HOW_TO_STATE = "spacing_mm under [data] in the plan, or --spacing-mm on the command line"

# Beyond these a value is a slip of units (pixels per mm, micrometres), not a spacing.
_SMALLEST_MM, _LARGEST_MM = 0.005, 50.0


@dataclass(frozen=True)
class Spacing:
    """Distance between pixel centres.

    Attributes
    ----------
    mm
        (row, column): between rows, then between columns.
    source
        The attribute (or "stated in the plan") and its correction, for provenance.
    """

    mm: tuple[float, float]
    source: str


def radiograph_spacing(dataset: Dataset, stated_mm: StatedSpacing, name: str) -> Spacing:
    """Return the spacing of a projection radiograph.

    Order of preference: calibrated Pixel Spacing; Pixel Spacing that stands alone; Imager Pixel
    Spacing divided by the Estimated Radiographic Magnification Factor; Imager Pixel Spacing;
    Nominal Scanned Pixel Spacing (0018,2010); the stated spacing.

    Parameters
    ----------
    dataset
        The DICOM header.
    stated_mm
        Spacing to use where the header has none: one number, or (row, column).
    name
        File name for messages.

    Raises
    ------
    ImageError
        If the header has no usable spacing and none is stated.
    """
    if stated_mm is None:
        _check_readable(dataset, name)
    pixel = _pair(dataset, "PixelSpacing")
    imager = _pair(dataset, "ImagerPixelSpacing")
    magnification = _number(dataset.get("EstimatedRadiographicMagnificationFactor"))
    if pixel and not (imager and np.allclose(pixel, imager, rtol=1e-6)):
        return Spacing(pixel, _calibration(dataset))
    detector = imager or pixel
    if detector and magnification is not None and magnification >= 1:
        corrected = (detector[0] / magnification, detector[1] / magnification)
        return Spacing(corrected, "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor")
    if detector:
        return Spacing(detector, "ImagerPixelSpacing (at the detector, not corrected)")
    scanned = _pair(dataset, "NominalScannedPixelSpacing")
    if scanned:
        return Spacing(scanned, "NominalScannedPixelSpacing (film digitiser)")
    return _stated(dataset, stated_mm, name)


def parse_stated(stated_mm: StatedSpacing, axes: int, name: str) -> tuple[float, ...]:
    """Return a stated spacing along ``axes`` array axes.

    Raises
    ------
    ImageError
        If none is stated, or it has the wrong number of values or an impossible one.
    """
    if stated_mm is None:
        raise ImageError(
            f"{name}: expected a pixel spacing, found none in the file; measure it (a scale ball,"
            f" the detector's data sheet) and state it: {HOW_TO_STATE}"
        )
    values = (
        (float(stated_mm),) * axes
        if isinstance(stated_mm, int | float)
        else tuple(float(value) for value in stated_mm)
    )
    if len(values) != axes or not all(_plausible(value) for value in values):
        raise ImageError(
            f"{name}: stated spacing_mm: expected one number or {axes} numbers between"
            f" {_SMALLEST_MM} and {_LARGEST_MM} mm, found {stated_mm}"
        )
    return values


def _stated(dataset: Dataset, stated_mm: StatedSpacing, name: str) -> Spacing:
    if stated_mm is None and _has_zero(dataset):
        raise ImageError(
            f"{name}: expected a pixel spacing, found 0 in the file; measure it and state it:"
            f" {HOW_TO_STATE}"
        )
    row, column = parse_stated(stated_mm, 2, name)
    ratio = _aspect_ratio(dataset)
    if ratio is not None and not np.isclose(row / column, ratio, rtol=0.01):
        raise ImageError(
            f"{name}: expected a stated spacing that agrees with the file's Pixel Aspect Ratio"
            f" ({ratio:g} row to column), found {row / column:g}; state (row, column)"
        )
    return Spacing((row, column), "stated in the plan")


def _calibration(dataset: Dataset) -> str:
    kind = str(dataset.get("PixelSpacingCalibrationType") or "").strip().upper()
    if kind in ("GEOMETRY", "FIDUCIAL"):
        return f"PixelSpacing (calibrated: {kind.lower()})"
    if "ImagerPixelSpacing" in dataset:
        return "PixelSpacing (calibrated: differs from ImagerPixelSpacing)"
    return "PixelSpacing"


def _aspect_ratio(dataset: Dataset) -> float | None:
    """Vertical to horizontal pixel size, PS3.3 C.7.6.3.1.7; None where absent or malformed."""
    pair = _pair(dataset, "PixelAspectRatio", plausible=False)
    return pair[0] / pair[1] if pair else None


def _has_zero(dataset: Dataset) -> bool:
    values = [dataset.get(key) for key in ("PixelSpacing", "ImagerPixelSpacing")]
    return any(_number(item) == 0 for value in values for item in _items(value))


def _pair(dataset: Dataset, keyword: str, *, plausible: bool = True) -> tuple[float, float] | None:
    numbers = [_number(item) for item in _items(dataset.get(keyword))]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        return None
    row, column = numbers[0], numbers[1]
    accepted = _plausible(row) and _plausible(column) if plausible else row > 0 and column > 0
    return (row, column) if accepted else None


def _check_readable(dataset: Dataset, name: str) -> None:
    """Refuse a spacing that is there and cannot be read: what stands beside it is another one."""
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        items = [item for item in _items(dataset.get(keyword)) if str(item or "").strip()]
        if not items and dataset.get(keyword) != 0:
            continue
        if len(items) == 2 and all(_number(item) is not None for item in items):
            if keyword == "PixelSpacing":
                return
            continue
        comma = any("," in str(item) for item in items)
        found = "commas" if comma else f"{len(items)} value{'s' * (len(items) != 1)}"
        raise ImageError(
            f"{name}: expected two numbers with decimal points, separated by a backslash, as"
            f" {dictionary_description(keyword)}, found {found}: a value that cannot be read;"
            f" state it: {HOW_TO_STATE}"
        )


def _items(value: Any) -> list[Any]:
    if isinstance(value, bytes):  # a representation that nobody knew
        value = value.decode("latin-1")
    if isinstance(value, str):  # text in a representation that is never parted (UT, ST, LT)
        return [part.strip(" \0") for part in value.split("\\")]
    if value is None or isinstance(value, int | float):
        return [value]
    try:
        return list(value)
    except TypeError:
        return [value]


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _plausible(value: float) -> bool:
    return _SMALLEST_MM <= value <= _LARGEST_MM
