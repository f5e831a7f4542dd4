"""Pixels that pad an image to a rectangle: no grey values, whatever number they carry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset


def padding_of(stored: npt.NDArray[np.generic], dataset: Dataset) -> npt.NDArray[np.bool_] | None:
    """Return which pixels are padding, PS3.3 C.7.5.1.1.2; None where the header states none.

    Parameters
    ----------
    stored
        Values as they lie in the file, any shape.
    dataset
        With Pixel Padding Value and, for a range, Pixel Padding Range Limit.

    Returns
    -------
    True where a pixel lies between the two, the shape of ``stored``.
    """
    value = _padding_value(dataset, "PixelPaddingValue")
    if value is None:
        return None
    limit = _padding_value(dataset, "PixelPaddingRangeLimit")
    other = value if limit is None else limit
    low, high = min(value, other), max(value, other)
    padding: npt.NDArray[np.bool_] = np.greater_equal(stored, low) & np.less_equal(stored, high)
    return padding


def _padding_value(dataset: Dataset, keyword: str) -> int | None:
    """Return a padding value as the pixels' own sign makes of its sixteen bits.

    Writers take US for SS and the reverse, and archives that do not know keep the bare bytes.
    """
    value = dataset.get(keyword)
    if isinstance(value, bytes) and len(value) == 2:
        big = dataset.original_encoding[1] is False
        value = int.from_bytes(value, "big" if big else "little")
    if not isinstance(value, int):
        return None
    if not -(1 << 15) <= value < 1 << 16:
        return value
    signed = bool(int(dataset.get("PixelRepresentation") or 0))
    bits = value & 0xFFFF
    return bits - (1 << 16) if signed and bits >= 1 << 15 else bits
