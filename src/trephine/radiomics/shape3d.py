"""Shape of a region in space, from its triangle mesh."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.diameters import (
    largest_distance,
    largest_distance_in_plane,
    mesh_vertices,
)
from trephine.radiomics.marching_cubes import CORNERS, EDGE_MIDPOINTS, TRIANGLES
from trephine.radiomics.principal_axes import principal_variances
from trephine.radiomics.settings import Definitions
from trephine.types import BoolArray, FloatArray, IntArray


def shape_features(
    region: BoolArray, spacing_mm: tuple[float, ...], definitions: Definitions = "pyradiomics"
) -> dict[str, float]:
    """Measure the shape of a region of a volume as PyRadiomics 3.0.1 does.

    Parameters
    ----------
    region
        Cropped to its bounding box, shape (slices, rows, columns), at least one voxel.
    spacing_mm
        Along slices, rows and columns.
    definitions
        Whose principal axes.

    Returns
    -------
    dict
        Name to value; Elongation and Flatness are NaN for a single voxel.
    """
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    padded = np.pad(region, 1)
    area, volume = _mesh(padded.astype(np.uint8), spacing, CORNERS, EDGE_MIDPOINTS, TRIANGLES)
    least, minor, major = principal_variances(region, spacing, definitions)
    vertices = mesh_vertices(padded)
    equivalent = (36.0 * math.pi * volume**2) ** (1.0 / 3.0)
    return {
        "Compactness1": volume / (area**1.5 * math.sqrt(math.pi)),
        "Compactness2": 36.0 * math.pi * volume**2 / area**3,
        "Elongation": math.sqrt(minor / major) if major > 0 else math.nan,
        "Flatness": math.sqrt(least / major) if major > 0 else math.nan,
        "LeastAxisLength": 4.0 * math.sqrt(least),
        "MajorAxisLength": 4.0 * math.sqrt(major),
        "Maximum2DDiameterColumn": largest_distance_in_plane(vertices, spacing, 1),
        "Maximum2DDiameterRow": largest_distance_in_plane(vertices, spacing, 2),
        "Maximum2DDiameterSlice": largest_distance_in_plane(vertices, spacing, 0),
        "Maximum3DDiameter": largest_distance(vertices, spacing),
        "MeshVolume": volume,
        "MinorAxisLength": 4.0 * math.sqrt(minor),
        "Sphericity": equivalent / area,
        "SphericalDisproportion": area / equivalent,
        "SurfaceArea": area,
        "SurfaceVolumeRatio": area / volume,
        "VoxelVolume": float(np.count_nonzero(region) * spacing.prod()),
    }


@njit(cache=True, nogil=True)
def _mesh(
    inside: npt.NDArray[np.uint8],
    spacing: FloatArray,
    corners: IntArray,
    midpoints: FloatArray,
    triangles: npt.NDArray[np.int8],
) -> tuple[float, float]:
    """Return the mesh's area and the volume that it encloses (signed tetrahedra)."""
    area = 0.0
    volume = 0.0
    at = np.empty((3, 3))
    for z in range(inside.shape[0] - 1):
        for y in range(inside.shape[1] - 1):
            for x in range(inside.shape[2] - 1):
                cube = 0
                for k in range(8):
                    cube |= inside[z + corners[k, 0], y + corners[k, 1], x + corners[k, 2]] << k
                side = 1.0
                if cube & 128:
                    cube ^= 255
                    side = -1.0
                if cube == 0:
                    continue
                for start in range(0, 15, 3):
                    if triangles[cube, start] < 0:
                        break
                    for k in range(3):
                        edge = triangles[cube, start + k]
                        at[k, 0] = (z + midpoints[edge, 0]) * spacing[0]
                        at[k, 1] = (y + midpoints[edge, 1]) * spacing[1]
                        at[k, 2] = (x + midpoints[edge, 2]) * spacing[2]
                    a, b, c = at[0], at[1], at[2]
                    volume += side * (
                        (a[1] * b[2] - b[1] * a[2]) * c[0]
                        + (a[2] * b[0] - b[2] * a[0]) * c[1]
                        + (a[0] * b[1] - b[0] * a[1]) * c[2]
                    )
                    a -= c
                    b -= c
                    area += 0.5 * math.sqrt(
                        (a[1] * b[2] - b[1] * a[2]) ** 2
                        + (a[2] * b[0] - b[2] * a[0]) ** 2
                        + (a[0] * b[1] - b[0] * a[1]) ** 2
                    )
    return area, volume / 6.0
