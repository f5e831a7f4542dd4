"""Between NIfTI's affine (RAS, first array axis = x) and Trephine's geometry (LPS, rows first)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from trephine.errors import ImageError
from trephine.types import FloatArray, Geometry

AnyLabel = TypeVar("AnyLabel", bound=np.generic)

# How a slice lies that did not have to be turned.
AS_STORED = "as stored"
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def geometry_of_affine(affine: FloatArray, name: str) -> Geometry:
    """Return the three-dimensional geometry of a NIfTI affine.

    Parameters
    ----------
    affine
        Shape (4, 4), from array index (i, j, k) to RAS millimetres.
    name
        File name for messages.

    Returns
    -------
    Geometry
        Spacing in array-axis order (k, j, i).

    Raises
    ------
    ImageError
        If the affine is singular, sheared or not finite.
    """
    linear = _RAS_TO_LPS @ affine[:3, :3]
    if not linear[:, 2].any():  # a plane saved without a third axis
        linear[:, 2] = np.cross(linear[:, 0], linear[:, 1])
        linear[:, 2] /= np.linalg.norm(linear[:, 2]) or 1.0
    spacing = np.linalg.norm(linear, axis=0)
    if not np.all(np.isfinite(affine)) or np.any(spacing <= 0):
        raise ImageError(f"{name}: expected a finite affine with three axes, found a singular one")
    direction = linear / spacing
    if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-4):
        raise ImageError(
            f"{name}: expected an affine of spacing and rotation, found shear; resample the image"
            " onto a rectangular grid first"
        )
    origin = _RAS_TO_LPS @ affine[:3, 3]
    return Geometry(
        tuple(float(value) for value in spacing[::-1]),
        tuple(float(value) for value in origin),
        tuple(float(value) for value in direction.ravel()),
    )


def affine_of_geometry(geometry: Geometry) -> FloatArray:
    """Return the NIfTI affine, shape (4, 4), of a two- or three-dimensional geometry.

    A radiograph at the origin becomes ``diag(-sx, -sy, 1, 1)``, as ITK writes it; a slice of a
    patient keeps its place.
    """
    geometry = geometry.placed or geometry
    axes = len(geometry.spacing_mm)
    spacing = np.ones(3)
    spacing[:axes] = geometry.spacing_mm[::-1]
    direction = np.eye(3)
    direction[:axes, :axes] = np.reshape(geometry.direction, (axes, axes))
    origin = np.zeros(3)
    origin[:axes] = geometry.origin_mm
    affine = np.eye(4)
    affine[:3, :3] = _RAS_TO_LPS @ (direction * spacing)
    affine[:3, 3] = _RAS_TO_LPS @ origin
    affine[affine == 0] = 0.0  # no negative zeros in the header
    return affine


def plane_of(geometry: Geometry) -> tuple[Geometry, tuple[int, int], tuple[bool, bool]]:
    """Lay a single slice flat, as it is displayed.

    An axial grid (every radiograph) whose rows run upwards or to the right, as dcm2niix writes
    it, is turned so that rows run down and columns to the patient's left: the same radiograph
    gives the same array from every format. Other planes keep their array order and get in-plane
    coordinates.

    Parameters
    ----------
    geometry
        Three-dimensional, of one slice.

    Returns
    -------
    geometry
        Two-dimensional, direction the identity.
    order
        How to transpose (row, column).
    flip
        Which of the transposed axes to reverse.
    """
    columns = np.reshape(geometry.direction, (3, 3))
    axis_x, axis_y = columns[:, 0], columns[:, 1]
    spacing_row, spacing_column = geometry.spacing_mm[1:]
    origin = np.asarray(geometry.origin_mm)
    if abs(columns[2, 2]) < 1 - 1e-4 or np.abs([axis_x[0], axis_x[1]]).max() < 1 - 1e-4:
        flat = (float(origin @ axis_x), float(origin @ axis_y))
        plane = Geometry((spacing_row, spacing_column), flat, (1.0, 0.0, 0.0, 1.0))
        return plane, (0, 1), (False, False)
    swapped = abs(axis_x[1]) > 0.5
    order = (1, 0) if swapped else (0, 1)
    along_x, along_y = (axis_y[0], axis_x[1]) if swapped else (axis_x[0], axis_y[1])
    spacing = (spacing_column, spacing_row) if swapped else (spacing_row, spacing_column)
    plane = Geometry(spacing, (float(origin[0]), float(origin[1])), (1.0, 0.0, 0.0, 1.0))
    return plane, order, (bool(along_y < 0), bool(along_x < 0))


def flatten(pixels: npt.NDArray[Any], geometry: Geometry) -> tuple[npt.NDArray[Any], Geometry, str]:
    """Return a one-slice volume (1, rows, columns) as a plane, with what was done to it."""
    plane, order, flip = plane_of(geometry)
    turned = np.transpose(pixels[0], order)
    origin = list(plane.origin_mm)
    for axis, reverse in enumerate(flip):
        if reverse:
            turned = np.flip(turned, axis)
            origin[1 - axis] -= (turned.shape[axis] - 1) * plane.spacing_mm[axis]
    done = [
        text
        for text, happened in (
            ("transposed", order == (1, 0)),
            ("rows reversed", flip[0]),
            ("columns reversed", flip[1]),
        )
        if happened
    ]
    rows, columns = turned.shape
    geometry = Geometry(
        plane.spacing_mm,
        (origin[0] + 0.0, origin[1] + 0.0),
        plane.direction,
        _placed(geometry, order, flip, (rows, columns)),
    )
    return np.ascontiguousarray(turned), geometry, ", ".join(done) or AS_STORED


def _placed(
    geometry: Geometry, order: tuple[int, int], flip: tuple[bool, bool], shape: tuple[int, int]
) -> Geometry:
    """Return the three-dimensional geometry of the turned slice."""
    direction = np.reshape(geometry.direction, (3, 3)).copy()
    thickness, *steps = geometry.spacing_mm
    origin = np.asarray(geometry.origin_mm, dtype=np.float64)
    if order == (1, 0):
        direction[:, [0, 1]] = direction[:, [1, 0]]
        steps.reverse()
    for axis, reverse in enumerate(flip):
        if reverse:
            along = direction[:, 1 - axis]
            origin = origin + along * (shape[axis] - 1) * steps[axis]
            direction[:, 1 - axis] = -along
    return Geometry(
        (thickness, *steps),
        tuple(float(value) + 0.0 for value in origin),
        tuple(float(value) + 0.0 for value in direction.ravel()),
    )


def turn(labels: npt.NDArray[AnyLabel], orientation: str) -> npt.NDArray[AnyLabel]:
    """Turn a plane as it is stored into display order, as `flatten` said it did."""
    turned = labels.T if "transposed" in orientation else labels
    for axis, text in enumerate(("rows reversed", "columns reversed")):
        if text in orientation:
            turned = np.flip(turned, axis)
    return np.ascontiguousarray(turned)


def turn_back(labels: npt.NDArray[AnyLabel], orientation: str) -> npt.NDArray[AnyLabel]:
    """Undo `turn`."""
    stored = labels
    for axis, text in enumerate(("rows reversed", "columns reversed")):
        if text in orientation:
            stored = np.flip(stored, axis)
    return np.ascontiguousarray(stored.T if "transposed" in orientation else stored)
