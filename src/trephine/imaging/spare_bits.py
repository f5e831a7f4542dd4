"""What lies above Bits Stored: an overlay that is cleared, or values that the header denies."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from trephine.errors import ImageError

Whole = npt.NDArray[Any]


def declared_overlays(dataset: Dataset) -> int:
    """Return the bits of a pixel that the header gives to overlays, PS3.5 8.1.2 before 2004."""
    bits = 0
    for group in range(0x6000, 0x6020, 2):
        words = ((group, 0x0100), (group, 0x0102))
        if not all(word in dataset for word in words):
            continue
        allocated, position = (dataset[word].value for word in words)
        whole = isinstance(allocated, int) and isinstance(position, int)
        if whole and allocated > 1 and 0 < position < 32:
            bits |= 1 << position
    return bits


def refuse_values_above(raw: Whole, bits: int, signed: bool, ignored: int, name: str) -> None:
    """Refuse an image whose values need more bits than its header says that they have.

    PS3.5 8.1.1 leaves the bits above Bits Stored to whoever wants them, and old equipment draws
    overlays there, which are cleared. A header that states too few bits looks the same in one
    pixel; in its neighbours it does not: where such a bit changes from a pixel to the next, the
    values run on if it is theirs, and jump if it is not. Cleared, 4096 would become 0. Bits that
    are the same in every pixel are cleared.

    Parameters
    ----------
    raw
        Values as they lie in the file, shape (..., rows, columns), whole numbers; padding that
        lies above the bits is set to 0.
    bits
        Bits Stored.
    signed
        Pixel Representation. The spare bits of a signed value may repeat its sign, or be 0.
    ignored
        Bits that are known to be no part of a value.
    name
        For messages.

    Raises
    ------
    ImageError
        If bits above Bits Stored belong to the values.
    """
    width = raw.dtype.itemsize * 8
    if bits >= width:
        return
    unsigned = np.dtype(f"u{width // 8}")
    spare = ((1 << width) - (1 << bits)) & ~ignored
    words = raw.astype(unsigned, copy=False) & unsigned.type(spare | ((1 << bits) - 1))
    above = words & unsigned.type(spare)
    odd = above != 0
    if signed:
        negative = (words & unsigned.type(1 << (bits - 1))) != 0
        odd &= ~(negative & (above == spare))
    if not odd.any():
        return
    whole, low = _as_numbers(words, width, signed), _as_numbers(words, bits, signed)
    # The sign bit too: a value that is cut short changes its sign where the next bit would be set.
    top = words >> unsigned.type(bits - signed)
    if _steps(whole, top) < _steps(low, top):
        raise ImageError(
            f"{name}: expected values of {bits} bits, as Bits Stored says, found"
            f" {int(np.count_nonzero(odd))} pixels whose values need more; the header is wrong:"
            " export the image again"
        )


def _as_numbers(words: Whole, bits: int, signed: bool) -> npt.NDArray[np.float64]:
    """Return the number that the lowest bits of each word mean."""
    numbers: npt.NDArray[np.float64]
    numbers = (words & words.dtype.type((1 << bits) - 1)).astype(np.float64)
    if signed:
        numbers[numbers >= 1 << (bits - 1)] -= 1 << bits
    return numbers


def _steps(numbers: npt.NDArray[np.float64], top: Whole) -> float:
    """Return the sum of steps between neighbours in a row or column whose top bits differ."""
    total = 0.0
    for axis in (-1, -2):
        changes = np.diff(top, axis=axis) != 0
        total += float(np.abs(np.diff(numbers, axis=axis))[changes].sum())
    return total
