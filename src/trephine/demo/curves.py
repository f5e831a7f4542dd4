"""Smooth outlines on a millimetre grid: splines, signed distances, bone thickness.

Everything here runs once, when the anatomical templates are built; a radiograph only samples
the templates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree
from skimage.draw import polygon2mask

from trephine.types import FloatArray

_POINTS_PER_SPLINE = 1000


@dataclass(frozen=True)
class ImageGrid:
    """A regular grid in the image plane.

    Attributes
    ----------
    left_mm, top_mm
        Coordinates of the first node; x grows to the right of the image, y downwards.
    step_mm
        Distance between nodes.
    shape
        Rows, columns.
    """

    left_mm: float
    top_mm: float
    step_mm: float
    shape: tuple[int, int]

    @classmethod
    def spanning(
        cls, left_mm: float, right_mm: float, top_mm: float, bottom_mm: float, step_mm: float
    ) -> ImageGrid:
        """Smallest grid that covers a rectangle."""
        rows = int(np.ceil((bottom_mm - top_mm) / step_mm)) + 1
        columns = int(np.ceil((right_mm - left_mm) / step_mm)) + 1
        return cls(left_mm, top_mm, step_mm, (rows, columns))

    def coordinates(self) -> tuple[FloatArray, FloatArray]:
        """Return x and y of every node, each of the grid's shape."""
        x = self.left_mm + self.step_mm * np.arange(self.shape[1])
        y = self.top_mm + self.step_mm * np.arange(self.shape[0])
        across, down = np.meshgrid(x, y)
        return across, down


def spline(points: npt.ArrayLike, *, closed: bool) -> FloatArray:
    """Cubic spline through ``points`` by chord length; returns (1000, 2) points in mm."""
    knots = np.asarray(points, dtype=np.float64)
    if closed:
        knots = np.vstack([knots, knots[:1]])
    chord = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(knots, axis=0).T) ** 0.5)])
    curve = CubicSpline(chord, knots, bc_type="periodic" if closed else "natural")
    return np.asarray(curve(np.linspace(0.0, chord[-1], _POINTS_PER_SPLINE)), dtype=np.float64)


def distance_to(curve: FloatArray, grid: ImageGrid, reach_mm: float = np.inf) -> FloatArray:
    """Distance of every node to a sampled curve; ``inf`` beyond ``reach_mm``."""
    x, y = grid.coordinates()
    near = np.ones(grid.shape, dtype=np.bool_)
    for axis, values in ((x, curve[:, 0]), (y, curve[:, 1])):
        near &= (axis > values.min() - reach_mm) & (axis < values.max() + reach_mm)
    distance = np.full(grid.shape, np.inf)
    distance[near], _ = cKDTree(curve).query(
        np.column_stack([x[near], y[near]]), distance_upper_bound=reach_mm
    )
    return distance


def signed_distance(points: npt.ArrayLike, grid: ImageGrid) -> FloatArray:
    """Distance to a closed outline in mm, positive inside."""
    outline = spline(points, closed=True)
    nodes = (outline[:, ::-1] - [grid.top_mm, grid.left_mm]) / grid.step_mm
    inside = polygon2mask(grid.shape, nodes)  # type: ignore[no-untyped-call]
    return np.where(inside, 1.0, -1.0) * distance_to(outline, grid)


def ridge(
    points: npt.ArrayLike, grid: ImageGrid, *, height_mm: float, width_mm: float
) -> FloatArray:
    """Thickness added by a cortical line that runs along an open curve (Gaussian profile)."""
    curve = spline(points, closed=False)
    distance = distance_to(curve, grid, reach_mm=4.0 * width_mm)
    # The ends fade, as a cortex does where it turns out of the beam.
    x, y = grid.coordinates()
    from_start = np.hypot(x - curve[0, 0], y - curve[0, 1])
    from_end = np.hypot(x - curve[-1, 0], y - curve[-1, 1])
    fade = np.clip(np.minimum(from_start, from_end) / (6.0 * width_mm), 0.0, 1.0)
    return np.asarray(
        height_mm * np.exp(-0.5 * (distance / width_mm) ** 2) * (0.25 + 0.75 * fade),
        dtype=np.float64,
    )


def disc(
    centre: tuple[float, float],
    radii: tuple[float, float],
    grid: ImageGrid,
    *,
    edge_mm: float,
    angle_deg: float = 0.0,
) -> FloatArray:
    """Return an ellipse's indicator, which rises from 0 to 1 over ``edge_mm``."""
    x, y = grid.coordinates()
    x, y = x - centre[0], y - centre[1]
    cosine, sine = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    along, across = x * cosine + y * sine, y * cosine - x * sine
    radius = np.hypot(along / radii[0], across / radii[1])
    return smoothstep((1.0 - radius) * min(radii) / edge_mm + 0.5)


def smoothstep(value: npt.ArrayLike) -> FloatArray:
    """0 below 0, 1 above 1, and 3v^2 - 2v^3 between."""
    clipped = np.clip(np.asarray(value, dtype=np.float64), 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def interpolate(controls: npt.ArrayLike, grid: ImageGrid, *, reach_mm: float) -> FloatArray:
    """Smooth map from scattered values (rows of x, y, value) by normalised Gaussian weights."""
    x, y = grid.coordinates()
    total = np.full(grid.shape, 1e-12)
    weighted = np.zeros(grid.shape)
    for x0, y0, value in np.asarray(controls, dtype=np.float64):
        weight = np.exp(-0.5 * ((x - x0) ** 2 + (y - y0) ** 2) / reach_mm**2) + 1e-9
        total += weight
        weighted += weight * value
    return np.asarray(weighted / total)


def bone_paths(
    depth_mm: FloatArray, half_thickness_mm: FloatArray, cortex_mm: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Path of a ray through the cortical shell and through the cancellous core, in mm.

    The body is locally a cylinder (a sphere, where the outline is a circle) of radius
    ``half_thickness_mm`` seen from the side, ``depth_mm`` inside its outline, with a shell of
    ``cortex_mm``.
    """
    outer = half_thickness_mm
    height = np.clip(outer - depth_mm, 0.0, outer)
    whole = 2.0 * np.sqrt(np.maximum(outer**2 - height**2, 0.0))
    core = 2.0 * np.sqrt(np.maximum((outer - cortex_mm) ** 2 - height**2, 0.0))
    core = np.where(outer > cortex_mm, core, 0.0)
    inside = depth_mm > 0.0
    return np.where(inside, whole - core, 0.0), np.where(inside, core, 0.0)
