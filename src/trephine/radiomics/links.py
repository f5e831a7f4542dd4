"""Which of a voxel's equal neighbours are already in one zone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.types import IntArray

Links = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]


def equal_neighbours(offsets: IntArray) -> Links:
    """Return, for each set of equal neighbours behind a voxel, which ones it must be joined to.

    Neighbours that touch each other are in one zone already: one of them stands for all. A set is
    the bits of a number; the result is the set's representative and what is left of the set
    without those it stands for. The empty set's representative is one more than the last offset.

    Parameters
    ----------
    offsets
        Offsets at distance 1, shape (directions, axes).
    """
    return _known(offsets.tobytes(), offsets.shape[1])


@lru_cache(maxsize=64)
def _known(offsets: bytes, axes: int) -> Links:
    """Return them of offsets as bytes: most regions have the same, of 2^13 sets in a volume."""
    return _equal_neighbours(np.frombuffer(offsets, dtype=np.int64).reshape(-1, axes).copy())


@njit(cache=True, nogil=True)
def _equal_neighbours(offsets: IntArray) -> Links:
    count = offsets.shape[0]
    touching = np.zeros(count, np.int64)
    for a in range(count):
        for b in range(count):
            if np.abs(offsets[a] - offsets[b]).max() <= 1:
                touching[a] |= 1 << b
    representative = np.zeros(1 << count, np.uint8)
    rest = np.zeros(1 << count, np.uint16)
    representative[0] = count
    for equal in range(1, 1 << count):
        first = 0
        while not equal >> first & 1:
            first += 1
        joined, grown = 0, 1 << first
        while grown != joined:
            joined = grown
            for b in range(count):
                if joined >> b & 1:
                    grown |= touching[b] & equal
        representative[equal] = first
        rest[equal] = equal & ~joined
    return representative, rest
