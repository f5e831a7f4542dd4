"""Local binary patterns in space, by spherical harmonics."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates, spline_filter
from scipy.special import lpmv

from trephine.radiomics.derived import DerivedImage, margin_around
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray

# The cubic spline's pole is -0.27: what is this far away no longer bears on its coefficients.
_SPLINE_REACH = 32
_VOXELS_AT_ONCE = 1 << 15


def lbp3d_names(settings: RadiomicsSettings) -> tuple[str, ...]:
    """Return PyRadiomics' names: one image a level of the harmonics, then the kurtosis."""
    return (*(f"lbp-3D-m{level + 1}" for level in range(settings.lbp3DLevels)), "lbp-3D-k")


def local_binary_pattern_3d(
    prepared: PreparedImage, settings: RadiomicsSettings
) -> list[DerivedImage]:
    """Return the rotation-invariant patterns of Banerjee et al. 2013 as PyRadiomics computes them.

    Grey values on an icosphere round each voxel are compared with the voxel's, projected on
    spherical harmonics and reduced to a norm a degree. PyRadiomics hands the polar angle to scipy
    where it expects the azimuth and the other way round; its numbers need the same here.
    """
    names = lbp3d_names(settings)
    if prepared.pixels.ndim != 3:
        return [DerivedImage(name, None, "LBP3D needs a volume") for name in names]
    directions = icosphere(settings.lbp3DIcosphereSubdivision, settings.lbp3DIcosphereRadius)
    harmonics, degrees = _harmonics(directions, settings.lbp3DIcosphereRadius, settings.lbp3DLevels)
    reach = math.ceil(settings.lbp3DIcosphereRadius) + _SPLINE_REACH
    window = margin_around(prepared, (reach,) * 3)
    spline = spline_filter(prepared.window(window), order=3)
    offset = [part.start - outer.start for part, outer in zip(prepared.box, window, strict=True)]
    voxels = np.argwhere(prepared.cropped_region) + offset
    columns = []
    for start in range(0, len(voxels), _VOXELS_AT_ONCE):
        part = slice(start, start + _VOXELS_AT_ONCE)
        points = voxels[part, np.newaxis, :] + directions
        around = map_coordinates(spline, np.moveaxis(points, -1, 0), order=3, prefilter=False)
        columns.append(_patterns(around, prepared.values[part], harmonics, degrees))
    values = np.concatenate(columns, axis=1)
    flat = "a neighbourhood without contrast has no kurtosis"
    return [
        DerivedImage(name, None, flat) if np.isnan(row).any() else DerivedImage(name, row)
        for name, row in zip(names, values, strict=True)
    ]


def _patterns(
    around: FloatArray,
    centre: FloatArray,
    harmonics: npt.NDArray[np.complex128],
    degrees: npt.NDArray[np.int64],
) -> FloatArray:
    """Return the norm a degree and the kurtosis of some voxels, shape (degrees + 1, voxels)."""
    above = (around >= centre[:, np.newaxis]).astype(np.float64)
    weights = above @ harmonics
    rows = []
    for degree in range(int(degrees.max()) + 1):
        of_degree = degrees == degree
        response = weights[:, of_degree] @ harmonics[:, of_degree].T
        rows.append(np.sqrt((response**2).sum(axis=1)).real)
    deviation = around - around.mean(axis=1, keepdims=True)
    m2, m4 = (deviation**2).mean(axis=1), (deviation**4).mean(axis=1)
    kurtosis = np.divide(m4, m2**2, out=np.full(len(m2), np.nan), where=m2 > 0) - 3.0
    return np.array([*rows, kurtosis])


def _harmonics(
    directions: FloatArray, radius: float, levels: int
) -> tuple[npt.NDArray[np.complex128], npt.NDArray[np.int64]]:
    """Return spherical harmonics at each direction, (directions, orders), and their degrees."""
    as_azimuth = np.arccos(directions[:, 2] / radius)
    as_polar = np.arctan2(directions[:, 1], directions[:, 0])
    columns, degrees = [], []
    for degree in range(levels):
        for order in range(-degree, degree + 1):
            m = abs(order)
            norm = math.sqrt(
                (2 * degree + 1)
                / (4 * math.pi)
                * math.factorial(degree - m)
                / math.factorial(degree + m)
            )
            column = norm * lpmv(m, degree, np.cos(as_polar)) * np.exp(1j * m * as_azimuth)
            columns.append((-1) ** m * column.conj() if order < 0 else column)
            degrees.append(degree)
    return np.stack(columns, axis=1), np.array(degrees)


def icosphere(subdivisions: int, radius: float) -> FloatArray:
    """Return the vertices of an icosahedron whose faces are split in four, on a sphere.

    Shape (vertices, 3): 12, 42, 162, ...
    """
    golden = (1.0 + math.sqrt(5.0)) / 2.0
    corners = [
        np.roll((0.0, one, phi), turn)
        for turn in range(3)
        for one in (-1.0, 1.0)
        for phi in (-golden, golden)
    ]
    vertices = np.array(corners) / math.hypot(1.0, golden)
    edge = 2.0 / math.hypot(1.0, golden)
    for _ in range(subdivisions):
        distance = np.linalg.norm(vertices[:, np.newaxis] - vertices, axis=2)
        first, second = np.nonzero(np.triu((distance > 0) & (distance < 1.4 * edge)))
        middles = (vertices[first] + vertices[second]) / 2.0
        vertices = np.concatenate([vertices, middles])
        vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
        edge /= 2.0
    return vertices * radius
