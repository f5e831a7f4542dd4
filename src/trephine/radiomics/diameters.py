"""The largest distance between the vertices of a region's mesh."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist

from trephine.types import BoolArray, FloatArray, IntArray


def mesh_vertices(region: BoolArray) -> IntArray:
    """Return the mesh's vertices in half voxels, shape (vertices, axes).

    A vertex lies halfway between a voxel of the region and a neighbour outside it; ``region`` must
    have a margin of one voxel.
    """
    vertices = []
    for axis in range(region.ndim):
        before = region.take(range(region.shape[axis] - 1), axis=axis)
        after = region.take(range(1, region.shape[axis]), axis=axis)
        found = 2 * np.argwhere(before != after)
        found[:, axis] += 1
        vertices.append(found)
    return np.concatenate(vertices).astype(np.int64)


def largest_distance(vertices: IntArray, spacing_mm: FloatArray) -> float:
    """Return the largest distance of vertices in space, in mm, exactly.

    Only corners of the convex hull can be furthest apart; and only the first and last vertex of
    each line along the last axis can be corners.
    """
    ordered = vertices[np.lexsort(vertices.T[::-1])]
    new_line = np.any(ordered[1:, :-1] != ordered[:-1, :-1], axis=1)
    ends = ordered[np.r_[True, new_line] | np.r_[new_line, True]]
    points = ends * (spacing_mm / 2.0)
    corners = points[ConvexHull(points).vertices]
    chunks = np.array_split(corners, max(1, len(corners) // 512))
    return max(float(cdist(chunk, corners).max()) for chunk in chunks)


def largest_distance_in_plane(vertices: IntArray, spacing_mm: FloatArray, normal: int) -> float:
    """Return the largest distance of vertices that share their coordinate along ``normal``, in mm.

    For vertices in two dimensions, give them a constant coordinate along a third axis.
    """
    u, v = (axis for axis in range(3) if axis != normal)
    ordered = vertices[np.lexsort((vertices[:, v], vertices[:, u], vertices[:, normal]))]
    planes = np.flatnonzero(np.diff(ordered[:, normal])) + 1
    starts = np.r_[0, planes, len(ordered)].astype(np.int64)
    return _widest_plane(
        np.ascontiguousarray(ordered[:, u]),
        np.ascontiguousarray(ordered[:, v]),
        starts,
        float(spacing_mm[u]) / 2.0,
        float(spacing_mm[v]) / 2.0,
    )


@njit(cache=True, nogil=True)
def _widest_plane(
    u: IntArray, v: IntArray, starts: IntArray, spacing_u: float, spacing_v: float
) -> float:
    """Return the largest distance within any plane; points are sorted by plane, u, v.

    The convex hull of each plane's points is found by Andrew's monotone chain on whole numbers.
    """
    widest = 0.0
    hull = np.empty(2 * u.size + 2, np.int64)
    for plane in range(starts.size - 1):
        first, stop = starts[plane], starts[plane + 1]
        corners = 0
        for direction in range(2):  # the lower chain, then the upper one on top of it
            floor = corners + 1
            for step in range(stop - first):
                n = first + step if direction == 0 else stop - 1 - step
                while corners > floor:
                    a, b = hull[corners - 2], hull[corners - 1]
                    turn = (u[b] - u[a]) * (v[n] - v[a]) - (v[b] - v[a]) * (u[n] - u[a])
                    if turn > 0:
                        break
                    corners -= 1
                hull[corners] = n
                corners += 1
            corners -= 1
        corners = max(corners, 1)
        for p in range(corners):
            for q in range(p):
                du = (u[hull[p]] - u[hull[q]]) * spacing_u
                dv = (v[hull[p]] - v[hull[q]]) * spacing_v
                widest = max(widest, du * du + dv * dv)
    return math.sqrt(widest)
