"""Neighbours of a voxel: the offsets along which texture matrices are counted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from trephine.types import FloatArray, IntArray


def forward_offsets(
    shape: tuple[int, ...], distances: Sequence[int], out_of_plane: int | None
) -> IntArray:
    """Return one of each pair of opposite offsets at the given Chebyshev distances.

    An offset goes forward: its first component that is not 0 is positive, so that a voxel and its
    neighbour are met once. Offsets that reach beyond ``shape`` have no neighbour anywhere and are
    left out, as in PyRadiomics: 4 in two dimensions and 13 in three at distance 1.

    Parameters
    ----------
    shape
        Extent of the region's bounding box.
    distances
        Chebyshev distances in voxels.
    out_of_plane
        Axis along which no offset moves (``force2Ddimension``), or None.

    Returns
    -------
    IntArray
        Shape (directions, axes), the first axis' largest offset first; may have no rows. Not to
        be written to: regions share it.
    """
    reach = max(distances)
    # Beyond the reach an extent makes no difference: most regions have the same offsets.
    kept = tuple(min(extent, reach + 1) for extent in shape)
    return _forward_offsets(kept, tuple(distances), out_of_plane)


@lru_cache(maxsize=64)
def _forward_offsets(
    shape: tuple[int, ...], distances: tuple[int, ...], out_of_plane: int | None
) -> IntArray:
    reach = max(distances)
    steps = [
        (0,) if axis == out_of_plane else range(reach, -reach - 1, -1) for axis in range(len(shape))
    ]
    wanted = set(distances)
    rows = [
        offset
        for offset in itertools.product(*steps)
        if max(map(abs, offset)) in wanted
        and all(abs(step) < extent for step, extent in zip(offset, shape, strict=True))
        and next(step for step in offset if step) > 0
    ]
    offsets = np.array(rows, dtype=np.int64).reshape(-1, len(shape))
    offsets.setflags(write=False)
    return offsets


def flat_offsets(offsets: IntArray, padded_shape: tuple[int, ...]) -> IntArray:
    """Return the offsets as steps in a flattened, C-ordered array."""
    strides = [math.prod(padded_shape[axis + 1 :]) for axis in range(len(padded_shape))]
    steps: IntArray = offsets @ np.array(strides, dtype=np.int64)
    return steps


def lengths_mm(offsets: IntArray, spacing_mm: Sequence[float], norm: str) -> FloatArray:
    """Return the length of each offset in mm under a norm of PyRadiomics' ``weightingNorm``."""
    steps: FloatArray = np.abs(offsets) * np.asarray(spacing_mm)
    lengths: FloatArray
    if norm == "infinity":
        lengths = steps.max(axis=1)
    elif norm == "manhattan":
        lengths = steps.sum(axis=1)
    else:
        lengths = np.sqrt((steps**2).sum(axis=1))
    return lengths
