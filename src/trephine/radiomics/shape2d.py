"""Shape of a region in the plane, from its contour mesh."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.diameters import largest_distance_in_plane, mesh_vertices
from trephine.radiomics.principal_axes import principal_variances
from trephine.radiomics.settings import Definitions
from trephine.types import BoolArray, FloatArray

# Marching squares. Corners 0 to 3 go round the square from (0, 0) over (0, 1); edge k joins
# corners k and k + 1. Each line leads from one edge to another, the region on one side.
_LINES = np.full((16, 4), -1, dtype=np.int8)
for _square, _edges in {
    1: (3, 0),
    2: (0, 1),
    3: (3, 1),
    4: (1, 2),
    5: (1, 2, 3, 0),
    6: (0, 2),
    7: (3, 2),
    8: (2, 3),
    9: (2, 0),
    10: (0, 1, 2, 3),
    11: (2, 1),
    12: (1, 3),
    13: (1, 0),
    14: (0, 3),
}.items():
    _LINES[_square, : len(_edges)] = _edges
_EDGE_MIDPOINTS = np.array([(0, 0.5), (0.5, 1), (1, 0.5), (0.5, 0)])


def shape2d_features(
    region: BoolArray, spacing_mm: tuple[float, ...], definitions: Definitions = "pyradiomics"
) -> dict[str, float]:
    """Measure the shape of a region of a two-dimensional image as PyRadiomics 3.0.1 does.

    Parameters
    ----------
    region
        Cropped to its bounding box, shape (rows, columns), at least one pixel.
    spacing_mm
        Along rows and columns.
    definitions
        Whose principal axes.

    Returns
    -------
    dict
        Name to value; Elongation is NaN for a single pixel.
    """
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    padded = np.pad(region, 1)
    perimeter, surface = _contour(padded.astype(np.uint8), spacing, _LINES, _EDGE_MIDPOINTS)
    minor, major = principal_variances(region, spacing, definitions)
    vertices = np.pad(mesh_vertices(padded), ((0, 0), (1, 0)))
    sphericity = 2.0 * math.sqrt(math.pi * surface) / perimeter
    return {
        "Elongation": math.sqrt(minor / major) if major > 0 else math.nan,
        "MajorAxisLength": 4.0 * math.sqrt(major),
        "MaximumDiameter": largest_distance_in_plane(vertices, np.r_[1.0, spacing], 0),
        "MeshSurface": surface,
        "MinorAxisLength": 4.0 * math.sqrt(minor),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "PixelSurface": float(np.count_nonzero(region) * spacing.prod()),
        "Sphericity": sphericity,
        "SphericalDisproportion": 1.0 / sphericity,
    }


@njit(cache=True, nogil=True)
def _contour(
    inside: npt.NDArray[np.uint8],
    spacing: FloatArray,
    lines: npt.NDArray[np.int8],
    midpoints: FloatArray,
) -> tuple[float, float]:
    """Return the contour's length and the area that it encloses (the shoelace sum)."""
    perimeter = 0.0
    surface = 0.0
    for y in range(inside.shape[0] - 1):
        for x in range(inside.shape[1] - 1):
            square = (
                inside[y, x]
                | inside[y, x + 1] << 1
                | inside[y + 1, x + 1] << 2
                | inside[y + 1, x] << 3
            )
            for start in (0, 2):
                edge = lines[square, start]
                if edge < 0:
                    break
                a0 = (y + midpoints[edge, 0]) * spacing[0]
                a1 = (x + midpoints[edge, 1]) * spacing[1]
                edge = lines[square, start + 1]
                b0 = (y + midpoints[edge, 0]) * spacing[0]
                b1 = (x + midpoints[edge, 1]) * spacing[1]
                surface += a0 * b1 - b0 * a1
                perimeter += math.sqrt((a0 - b0) ** 2 + (a1 - b1) ** 2)
    return perimeter, surface / 2.0
