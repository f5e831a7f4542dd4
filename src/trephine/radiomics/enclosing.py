"""Boxes and ellipsoids round a region: their volumes and areas."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial import ConvexHull

from trephine.types import FloatArray

_TERMS = 20
_TOLERANCE = 1e-7


def box_size(extents: FloatArray) -> tuple[float, float]:
    """Return volume and area of a box by its three extents."""
    a, b, c = (float(extent) for extent in extents)
    return a * b * c, 2.0 * (a * b + a * c + b * c)


def ellipsoid_size(semi_axes: FloatArray) -> tuple[float, float]:
    """Return volume and area of an ellipsoid.

    The area by the series in Legendre polynomials of the IBSI reference manual, up to its 20th
    term, with their powers drawn in so that a sphere divides nothing by 0. Its alpha is of the
    middle axis, which makes the area that of a sphere right and that of others approximate; IBSI's
    consensus values rest on it.
    """
    c, b, a = np.sort(semi_axes)
    volume = 4.0 / 3.0 * math.pi * float(a * b * c)
    if a <= 0:
        return 0.0, 0.0
    alpha2, beta2 = 1.0 - (b / a) ** 2, 1.0 - (c / a) ** 2
    middle, product2 = (alpha2 + beta2) / 2.0, alpha2 * beta2
    before, now = 0.0, 1.0  # (alpha beta)^n P_n
    total = 0.0
    for n in range(_TERMS + 1):
        total += now / (1.0 - 4.0 * n * n)
        before, now = now, ((2 * n + 1) * middle * now - n * product2 * before) / (n + 1)
    return volume, 4.0 * math.pi * float(a * b) * total


def smallest_box(hull: ConvexHull) -> FloatArray:
    """Return the extents of the smallest box that has a face on one of the hull's.

    For each direction of a facet, the smallest rectangle round what is seen from there has a side
    on the outline's hull (Freeman and Shapira 1975).

    Returns
    -------
    FloatArray
        Shape (3,).
    """
    corners = hull.points[hull.vertices]
    normals = hull.equations[:, :3]
    normals = np.unique(np.round(np.where(_leading(normals) < 0, -normals, normals), 9), axis=0)
    best, extents = math.inf, np.zeros(3)
    for normal in normals:
        u, v = _plane_of(normal)
        heights = corners @ normal
        height = float(heights.max() - heights.min())
        seen = np.column_stack((corners @ u, corners @ v))
        outline = seen[ConvexHull(seen).vertices]
        sides = np.roll(outline, -1, axis=0) - outline
        angles = np.arctan2(sides[:, 1], sides[:, 0])
        turned = np.stack(
            (
                np.outer(np.cos(angles), outline[:, 0]) + np.outer(np.sin(angles), outline[:, 1]),
                np.outer(np.cos(angles), outline[:, 1]) - np.outer(np.sin(angles), outline[:, 0]),
            )
        )
        widths = np.ptp(turned, axis=2)
        sizes = widths[0] * widths[1] * height
        at = int(np.argmin(sizes))
        if sizes[at] < best:
            best, extents = float(sizes[at]), np.array([*widths[:, at], height])
    return extents


def _leading(normals: FloatArray) -> FloatArray:
    """Return each normal's first component that is not 0, as a column."""
    solid = np.abs(normals) > 1e-9
    first = np.argmax(solid, axis=1)
    leading: FloatArray = np.take_along_axis(normals, first[:, np.newaxis], axis=1)
    return leading


def _plane_of(normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors across a normal and each other."""
    helper = np.zeros(3)
    helper[np.argmin(np.abs(normal))] = 1.0
    u = np.cross(normal, helper)
    u /= np.linalg.norm(u)
    return u, np.cross(normal, u)


def smallest_ellipsoid(corners: FloatArray) -> FloatArray:
    """Return the semi-axes of the smallest ellipsoid that encloses points.

    Khachiyan's algorithm with the steps of Todd and Yildirim 2007, to 1e-7 of the volume.

    Parameters
    ----------
    corners
        Shape (points, 3), not in one plane.
    """
    count, axes = corners.shape
    lifted = np.vstack((corners.T, np.ones(count)))
    weights = np.full(count, 1.0 / count)
    for _ in range(200_000):
        inverse = np.linalg.inv((lifted * weights) @ lifted.T)
        far = np.einsum("in,ij,jn->n", lifted, inverse, lifted)
        most = int(np.argmax(far))
        inside = np.where(weights > 1e-12, far, np.inf)
        least = int(np.argmin(inside))
        above, below = far[most] - axes - 1.0, axes + 1.0 - far[least]
        if max(above, below) <= _TOLERANCE * (axes + 1):
            break
        at = most if above >= below else least
        step = (far[at] - axes - 1.0) / ((axes + 1.0) * (far[at] - 1.0))
        step = max(step, -weights[at] / (1.0 - weights[at]))  # no weight falls below 0
        weights *= 1.0 - step
        weights[at] += step
    centre = corners.T @ weights
    spread = (corners.T * weights) @ corners - np.outer(centre, centre)
    semi_axes: FloatArray = np.sqrt(np.maximum(np.linalg.eigvalsh(spread), 0.0) * axes)
    return semi_axes
