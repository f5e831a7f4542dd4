"""Texture of a kernel: the small cube of grey levels round one voxel, 0 outside the region.

Runs, zones and dependences are noted as one number each, extent and level, and counted by sorting:
a kernel holds too few voxels to fill a matrix.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from trephine.radiomics.emphasis import emphasis_features
from trephine.radiomics.maps_notes import STRIDE, inside, place, tallied
from trephine.radiomics.neighbourhood import Levels
from trephine.radiomics.ngtdm import tone_formulas
from trephine.types import BoolArray, FloatArray, IntArray


@njit(cache=True, nogil=True)
def run_features(cube: Levels, directions: IntArray, notes: IntArray) -> FloatArray:
    """Return the run-length features: means over the directions in which two voxels share a line.

    Parameters
    ----------
    cube
        Grey levels, shape (slices, rows, columns).
    directions
        Forward steps to neighbours at distance 1, shape (directions, 3).
    notes
        Room for as many numbers as the cube has voxels.
    """
    total = np.full(16, np.nan)
    counted = 0
    for a in range(directions.shape[0]):
        if not _two_on_a_line(cube, directions[a]):
            continue
        found = _note_runs(cube, directions[a], notes)
        one = _tallied_features(notes[:found])
        total = one if counted == 0 else total + one
        counted += 1
    return total / max(counted, 1)


@njit(cache=True, nogil=True)
def zone_features(
    cube: Levels, directions: IntArray, notes: IntArray, seen: BoolArray
) -> FloatArray:
    """Return the size-zone features; ``seen`` is room of the cube's shape."""
    depth, height, width = cube.shape
    stack = np.empty(cube.size, np.int64)
    seen[:] = False
    found = 0
    for start in range(cube.size):
        z, y, x = place(start, height, width)
        level = cube[z, y, x]
        if level == 0 or seen[z, y, x]:
            continue
        seen[z, y, x] = True
        stack[0] = start
        waiting, size = 1, 0
        while waiting:
            waiting -= 1
            size += 1
            z, y, x = place(stack[waiting], height, width)
            for a in range(2 * directions.shape[0]):
                sign = 1 - 2 * (a % 2)
                dz, dy, dx = directions[a // 2]
                p, q, r = z + sign * dz, y + sign * dy, x + sign * dx
                within = inside(p, q, r, depth, height, width)
                if within and not seen[p, q, r] and cube[p, q, r] == level:
                    seen[p, q, r] = True
                    stack[waiting] = (p * height + q) * width + r
                    waiting += 1
        notes[found] = size * STRIDE + level
        found += 1
    return _tallied_features(notes[:found])


@njit(cache=True, nogil=True)
def dependence_features(cube: Levels, offsets: IntArray, alpha: int, notes: IntArray) -> FloatArray:
    """Return the dependence features; a neighbour depends whose level is ``alpha`` off at most."""
    depth, height, width = cube.shape
    found = 0
    for here in range(cube.size):
        z, y, x = place(here, height, width)
        level = np.int64(cube[z, y, x])
        if level == 0:
            continue
        extent = np.int64(1)
        for a in range(2 * offsets.shape[0]):
            sign = 1 - 2 * (a % 2)
            dz, dy, dx = offsets[a // 2]
            p, q, r = z + sign * dz, y + sign * dy, x + sign * dx
            if inside(p, q, r, depth, height, width):
                other = np.int64(cube[p, q, r])
                extent += np.int64(other > 0 and abs(other - level) <= alpha)
        notes[found] = extent * STRIDE + level
        found += 1
    return _tallied_features(notes[:found])


@njit(cache=True, nogil=True)
def tone_features(cube: Levels, offsets: IntArray, count_isolated: bool) -> FloatArray:
    """Return Busyness, Coarseness, Complexity, Contrast and Strength of the neighbouring tones."""
    depth, height, width = cube.shape
    present = np.unique(cube)
    present = present[present > 0]
    voxels = np.zeros(present.size)
    apart = np.zeros(present.size)
    for here in range(cube.size):
        z, y, x = place(here, height, width)
        level = np.int64(cube[z, y, x])
        if level == 0:
            continue
        neighbours, total = 0, np.int64(0)
        for a in range(2 * offsets.shape[0]):
            sign = 1 - 2 * (a % 2)
            dz, dy, dx = offsets[a // 2]
            p, q, r = z + sign * dz, y + sign * dy, x + sign * dx
            if inside(p, q, r, depth, height, width) and cube[p, q, r] > 0:
                neighbours += 1
                total += np.int64(cube[p, q, r])
        at = np.searchsorted(present, level)
        if neighbours > 0:
            apart[at] += abs(level - total / neighbours)
        if neighbours > 0 or count_isolated:
            voxels[at] += 1.0
    kept = voxels > 0
    return tone_formulas(present[kept].astype(np.float64), voxels[kept], apart[kept])


@njit(cache=True, nogil=True)
def _note_runs(cube: Levels, step: IntArray, notes: IntArray) -> int:
    """Note every run of equal levels along one direction; return how many there are."""
    depth, height, width = cube.shape
    dz, dy, dx = step
    found = 0
    for here in range(cube.size):
        z, y, x = place(here, height, width)
        level = cube[z, y, x]
        if level == 0:
            continue
        p, q, r = z - dz, y - dy, x - dx
        if inside(p, q, r, depth, height, width) and cube[p, q, r] == level:
            continue
        length = 0
        p, q, r = z, y, x
        while inside(p, q, r, depth, height, width) and cube[p, q, r] == level:
            length += 1
            p, q, r = p + dz, q + dy, r + dx
        notes[found] = length * STRIDE + level
        found += 1
    return found


@njit(cache=True, nogil=True)
def _two_on_a_line(cube: Levels, step: IntArray) -> bool:
    """Return whether any line along a direction meets two voxels of the region."""
    depth, height, width = cube.shape
    dz, dy, dx = step
    for here in range(cube.size):
        z, y, x = place(here, height, width)
        if cube[z, y, x] == 0:
            continue
        p, q, r = z + dz, y + dy, x + dx
        while inside(p, q, r, depth, height, width):
            if cube[p, q, r] > 0:
                return True
            p, q, r = p + dz, q + dy, r + dx
    return False


@njit(cache=True, nogil=True)
def _tallied_features(notes: IntArray) -> FloatArray:
    extents, levels, counts = tallied(notes)
    return emphasis_features(levels, extents, counts)
