"""From stored values to grey values: modality LUT or rescale first, then polarity, once.

The VOI LUT (window) is for display only and is never applied to pixels that are measured.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut

from trephine.errors import ImageError
from trephine.imaging.padding import padding_of
from trephine.types import FloatArray


@dataclass(frozen=True)
class GreyValues:
    """Modality values, bright where the display under MONOCHROME2 is bright.

    Attributes
    ----------
    pixels
        Float64, shape of the stored array.
    transform
        "none", "rescale" or "modality LUT".
    polarity
        "as stored" or "inverted from MONOCHROME1".
    padding_pixels
        How many pixels carried the Pixel Padding Value; they are set to the darkest grey value.
    """

    pixels: FloatArray
    transform: str
    polarity: str
    padding_pixels: int


def to_grey(stored: npt.NDArray[np.generic], dataset: Dataset, name: str) -> GreyValues:
    """Apply modality LUT or rescale, then invert MONOCHROME1.

    MONOCHROME1 is reflected over the range that the stored values can represent, carried through
    the modality transform: ``low + high - value``. With a rescale this equals inverting the
    stored values first, as ITK does.

    Raises
    ------
    ImageError
        If the polarity is contradictory, or the modality transform cannot be read.
    """
    inverted = _is_inverted(dataset, name)
    padding = padding_of(stored, dataset)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dataset.get("ModalityLUTSequence"):
            pixels, low, high, transform = _through_lut(stored, dataset, name)
        else:
            pixels, low, high, transform = _through_rescale(stored, dataset, name)
    if inverted:
        np.subtract(low + high, pixels, out=pixels)
    count = int(np.count_nonzero(padding)) if padding is not None else 0
    if padding is not None and 0 < count < stored.size:
        np.logical_not(padding, out=padding)
        least = pixels.min(where=padding, initial=np.inf)
        np.copyto(pixels, least, where=np.logical_not(padding, out=padding))
    return GreyValues(
        pixels, transform, "inverted from MONOCHROME1" if inverted else "as stored", count
    )


def stored_range(dataset: Dataset) -> tuple[int, int]:
    """Smallest and largest value that Bits Stored can represent."""
    bits = int(dataset.BitsStored)
    if int(dataset.get("PixelRepresentation") or 0):
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


def _is_inverted(dataset: Dataset, name: str) -> bool:
    inverted = str(dataset.PhotometricInterpretation).strip() == "MONOCHROME1"
    shape = str(dataset.get("PresentationLUTShape") or "").strip().upper()
    if shape in ("IDENTITY", "INVERSE") and inverted != (shape == "INVERSE"):
        raise ImageError(
            f"{name}: expected one polarity, found {dataset.PhotometricInterpretation} with"
            f" Presentation LUT Shape {shape}; export the image again with one of them"
        )
    return inverted


def _through_rescale(
    stored: npt.NDArray[np.generic], dataset: Dataset, name: str
) -> tuple[FloatArray, float, float, str]:
    slope = _factor(dataset, "RescaleSlope", 1.0, name)
    intercept = _factor(dataset, "RescaleIntercept", 0.0, name)
    if slope == 0:
        raise ImageError(f"{name}: expected a Rescale Slope other than 0, found 0")
    pixels = stored.astype(np.float64)
    plain = slope == 1 and intercept == 0
    if not plain:
        # In place: a large image is held once.
        pixels *= slope
        pixels += intercept
    ends = [value * slope + intercept for value in _ends(stored, dataset)]
    return pixels, ends[0], ends[1], "none" if plain else "rescale"


def _ends(stored: npt.NDArray[np.generic], dataset: Dataset) -> tuple[float, float]:
    if np.issubdtype(stored.dtype, np.floating):
        return float(np.min(stored)), float(np.max(stored))  # Float Pixel Data has no Bits Stored
    low, high = stored_range(dataset)
    return float(low), float(high)


def _through_lut(
    stored: npt.NDArray[np.generic], dataset: Dataset, name: str
) -> tuple[FloatArray, float, float, str]:
    """Map through the first item of the Modality LUT Sequence, PS3.3 C.11.1.1.1."""
    try:
        pixels = apply_modality_lut(stored, dataset).astype(np.float64)
        descriptor = dataset.ModalityLUTSequence[0].LUTDescriptor
        first, length = int(descriptor[1]), int(descriptor[0]) or 65536
        signed = bool(dataset.get("PixelRepresentation"))
        first = first - 65536 if signed and first > 32767 else first
        domain = np.arange(first, first + length, dtype=np.int64)
        entries = apply_modality_lut(domain, dataset)
    except Exception as error:  # pydicom raises many kinds on a malformed table
        raise ImageError(
            f"{name}: expected a Modality LUT that can be read, found a malformed one; export the"
            " image again"
        ) from error
    return pixels, float(entries.min()), float(entries.max()), "modality LUT"


def _factor(dataset: Dataset, keyword: str, default: float, name: str) -> float:
    value = dataset.get(keyword)
    if value is None or str(value).strip() == "":
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise ImageError(f"{name}: expected a number as {keyword}, found a malformed value")
    return number


def itk_type(stored: npt.NDArray[np.generic], dataset: Dataset, transform: str) -> str:
    """Return the type in which ITK, and PyRadiomics with it, holds the values.

    Without a rescale the stored one; with a whole-numbered one the smallest integer type that
    holds the range of Bits Stored after it; float64 otherwise (gdcm::Rescaler).
    """
    if transform == "none" or np.issubdtype(stored.dtype, np.floating):
        return stored.dtype.name
    if transform != "rescale":
        return "float64"
    slope = _factor(dataset, "RescaleSlope", 1.0, "")
    intercept = _factor(dataset, "RescaleIntercept", 0.0, "")
    if slope % 1 or intercept % 1:
        return "float64"
    ends = sorted(value * slope + intercept for value in stored_range(dataset))
    kinds = ("uint8", "uint16", "uint32") if ends[0] >= 0 else ("int8", "int16", "int32")
    for kind in kinds:
        limits = np.iinfo(kind)
        if limits.min <= ends[0] and ends[1] <= limits.max:
            return kind
    return "float64"
