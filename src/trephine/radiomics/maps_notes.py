"""What a kernel's features are counted with: numbers that note two things, and places in a cube."""

from __future__ import annotations

import numpy as np
from numba import njit

from trephine.types import FloatArray, IntArray

# The place of one thing in the number that it makes with another, which fits into 16 bits.
STRIDE = 1 << 16


@njit(cache=True, nogil=True)
def tallied(notes: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each different note's two parts and how often it occurs; sorts the notes in place."""
    notes.sort()
    first = np.empty(notes.size)
    second = np.empty(notes.size)
    counts = np.zeros(notes.size)
    k = -1
    for n in range(notes.size):
        if n == 0 or notes[n] != notes[n - 1]:
            k += 1
            first[k] = notes[n] // STRIDE
            second[k] = notes[n] % STRIDE
        counts[k] += 1.0
    return first[: k + 1], second[: k + 1], counts[: k + 1]


@njit(cache=True, nogil=True)
def place(at: int, height: int, width: int) -> tuple[int, int, int]:
    """Return slice, row and column of a place in raster order."""
    return at // (height * width), at // width % height, at % width


@njit(cache=True, nogil=True)
def inside(z: int, y: int, x: int, depth: int, height: int, width: int) -> bool:
    """Return whether a place lies in a cube."""
    return 0 <= z < depth and 0 <= y < height and 0 <= x < width
