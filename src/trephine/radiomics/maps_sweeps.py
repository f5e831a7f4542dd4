"""From kernel to kernel: each class of features in the cube round each of many voxels.

Every sweep takes grey levels (and values) with a margin of ``reach`` and the voxels' places without
it, shape (voxels, 3), and returns shape (features, voxels).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.maps_first_order import first_order, pair_features
from trephine.radiomics.maps_kernel import (
    dependence_features,
    run_features,
    tone_features,
    zone_features,
)
from trephine.radiomics.neighbourhood import Levels
from trephine.types import FloatArray, IntArray


@njit(cache=True, nogil=True)
def sweep_runs(
    levels: Levels, voxels: IntArray, reach: IntArray, directions: IntArray
) -> FloatArray:
    """Measure the run lengths of each kernel, in the order of ``emphasis.EMPHASIS``."""
    out = np.empty((16, voxels.shape[0]))
    notes = _room(reach)
    for k in range(voxels.shape[0]):
        out[:, k] = run_features(_cube(levels, voxels[k], reach), directions, notes)
    return out


@njit(cache=True, nogil=True)
def sweep_zones(
    levels: Levels, voxels: IntArray, reach: IntArray, directions: IntArray
) -> FloatArray:
    """Measure the zones of each kernel, in the order of ``emphasis.EMPHASIS``."""
    out = np.empty((16, voxels.shape[0]))
    notes = _room(reach)
    seen = np.zeros((2 * reach[0] + 1, 2 * reach[1] + 1, 2 * reach[2] + 1), np.bool_)
    for k in range(voxels.shape[0]):
        out[:, k] = zone_features(_cube(levels, voxels[k], reach), directions, notes, seen)
    return out


@njit(cache=True, nogil=True)
def sweep_dependences(
    levels: Levels, voxels: IntArray, reach: IntArray, offsets: IntArray, alpha: int
) -> FloatArray:
    """Measure the dependences of each kernel, in the order of ``emphasis.EMPHASIS``."""
    out = np.empty((16, voxels.shape[0]))
    notes = _room(reach)
    for k in range(voxels.shape[0]):
        out[:, k] = dependence_features(_cube(levels, voxels[k], reach), offsets, alpha, notes)
    return out


@njit(cache=True, nogil=True)
def sweep_tones(
    levels: Levels, voxels: IntArray, reach: IntArray, offsets: IntArray, count_isolated: bool
) -> FloatArray:
    """Measure the neighbouring tones of each kernel, in the order of ``tone_features``."""
    out = np.empty((5, voxels.shape[0]))
    for k in range(voxels.shape[0]):
        out[:, k] = tone_features(_cube(levels, voxels[k], reach), offsets, count_isolated)
    return out


@njit(cache=True, nogil=True)
def sweep_pairs(levels: Levels, voxels: IntArray, reach: IntArray, offsets: IntArray) -> FloatArray:
    """Measure MaximumProbability and MCC of each kernel."""
    out = np.empty((2, voxels.shape[0]))
    notes = _room(reach)
    for k in range(voxels.shape[0]):
        out[:, k] = pair_features(_cube(levels, voxels[k], reach), offsets, notes)
    return out


@njit(cache=True, nogil=True)
def sweep_grey(
    levels: Levels,
    voxels: IntArray,
    reach: IntArray,
    values: FloatArray,
    shift: float,
    voxel_size: float,
    less: float,
) -> FloatArray:
    """Measure the first order of each kernel, in the order of ``first_order``."""
    out = np.empty((19, voxels.shape[0]))
    notes = _room(reach)
    grey = np.empty(notes.size)
    for k in range(voxels.shape[0]):
        cube, box = _cube(levels, voxels[k], reach), _cube(values, voxels[k], reach)
        n = 0
        for z in range(cube.shape[0]):
            for y in range(cube.shape[1]):
                for x in range(cube.shape[2]):
                    if cube[z, y, x] > 0:
                        notes[n] = cube[z, y, x]
                        grey[n] = box[z, y, x]
                        n += 1
        out[:, k] = first_order(grey[:n], notes[:n], shift, voxel_size, less)
    return out


@njit(cache=True, nogil=True)
def _room(reach: IntArray) -> IntArray:
    return np.empty((2 * reach[0] + 1) * (2 * reach[1] + 1) * (2 * reach[2] + 1), np.int64)


@njit(cache=True, nogil=True)
def _cube(padded: npt.NDArray[Any], voxel: IntArray, reach: IntArray) -> npt.NDArray[Any]:
    """Return what lies round a voxel, whose place is without the margin."""
    z, y, x = voxel
    return padded[z : z + 2 * reach[0] + 1, y : y + 2 * reach[1] + 1, x : x + 2 * reach[2] + 1]
