"""Which pixels a shape holds: those whose centre lies in it.

A centre on the line of a circle, an ellipse or a brush's edge is in. For a polygon the rule is that
of Franklin's PNPOLY: a centre is in where a ray from it crosses an odd number of edges, each edge
holding its lower end and not its upper; so polygons that share an edge share no pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from trephine.annotation.circle_fit import CircleFit, fit_circle
from trephine.annotation.shapes import (
    Disc,
    Ellipse,
    FittedCircle,
    Freehand,
    Group,
    PixelPlace,
    PixelRuns,
    Polygon,
    Ring,
    Shape,
    ShapePart,
    Stroke,
)
from trephine.annotation.smoothing import smooth_closed
from trephine.errors import InputError
from trephine.types import BoolArray, FloatArray

PlaneWindow = tuple[slice, slice]


@dataclass(frozen=True)
class PlaneGrid:
    """A plane of pixels: rows and columns, and how far apart their centres are.

    Attributes
    ----------
    shape
        (rows, columns).
    spacing_mm
        Along (rows, columns).
    """

    shape: tuple[int, int]
    spacing_mm: tuple[float, float]

    def to_mm(self, points: Sequence[PixelPlace]) -> FloatArray:
        """Return places (x, y) in mm, shape (n, 2)."""
        places: FloatArray = np.asarray(points, dtype=np.float64) * self.spacing_mm[::-1]
        return places

    def window(self, low: FloatArray, high: FloatArray) -> PlaneWindow:
        """Return the pixels from ``low`` to ``high``, each (x, y) in pixels, cut to the plane."""
        first = np.maximum(np.floor(low).astype(np.int64), 0)
        last = np.minimum(np.ceil(high).astype(np.int64) + 1, np.asarray(self.shape[::-1]))
        last = np.maximum(last, first)
        return slice(int(first[1]), int(last[1])), slice(int(first[0]), int(last[0]))


def plane_of(shape: Sequence[int], spacing_mm: Sequence[float], axis: int) -> PlaneGrid:
    """Return the grid of the planes along an axis of an image; a plane image has one, along 0."""
    if len(shape) == 2:
        return PlaneGrid((shape[0], shape[1]), (spacing_mm[0], spacing_mm[1]))
    kept = [other for other in range(3) if other != axis]
    rows, columns = kept
    return PlaneGrid((shape[rows], shape[columns]), (spacing_mm[rows], spacing_mm[columns]))


def circle_of(shape: FittedCircle | Disc, grid: PlaneGrid) -> CircleFit:
    """Return a circle in mm."""
    if isinstance(shape, Disc):
        x, y = grid.to_mm([shape.centre])[0]
        return CircleFit((float(x), float(y)), shape.radius_mm, 0.0)
    return fit_circle(grid.to_mm(shape.points))


def region_pixels(
    parts: Sequence[ShapePart], shape: Sequence[int], spacing_mm: Sequence[float]
) -> BoolArray:
    """Return the pixels of a region.

    Parameters
    ----------
    parts
        In the order in which they were drawn.
    shape, spacing_mm
        Of the image: two axes or three.

    Raises
    ------
    InputError
        If a part lies on a plane that the image has not.
    """
    pixels: BoolArray = np.zeros(tuple(shape), dtype=np.bool_)
    for part in parts:
        if part.axis >= (1 if len(shape) == 2 else 3) or part.index >= _planes(shape, part.axis):
            raise InputError(
                f"region: expected a part on one of the image's planes, found one on plane"
                f" {part.index} along axis {part.axis} of an image of shape {tuple(shape)}"
            )
        # A view: what is drawn on a plane of a volume is drawn in the volume.
        target = pixels if len(shape) == 2 else np.moveaxis(pixels, part.axis, 0)[part.index]
        _join(target, part, plane_of(shape, spacing_mm, part.axis))
    return pixels


def _planes(shape: Sequence[int], axis: int) -> int:
    return 1 if len(shape) == 2 else shape[axis]


def outline_of(shape: Polygon | Freehand, grid: PlaneGrid) -> FloatArray:
    """Return the corners of a closed line in pixels, shape (k, 2), as its pixels follow from it."""
    if isinstance(shape, Polygon) or shape.smoothing_mm == 0:
        return np.asarray(shape.points, dtype=np.float64)
    smoothed = smooth_closed(grid.to_mm(shape.points), shape.smoothing_mm)
    corners: FloatArray = smoothed / grid.spacing_mm[::-1]
    return corners


def _join(target: BoolArray, part: ShapePart, grid: PlaneGrid) -> None:
    """Join a part with what was drawn, in place."""
    window, found = _windowed(part.shape, grid)
    if part.mode == "add":
        target[window] |= found
    elif part.mode == "subtract":
        target[window] &= ~found
    else:
        kept = target[window] & found
        target[:] = False
        target[window] = kept


def _windowed(shape: Shape, grid: PlaneGrid) -> tuple[PlaneWindow, BoolArray]:
    """Return a window of the plane that holds a shape, and the shape's pixels in it."""
    match shape:
        case FittedCircle() | Disc():
            fit = circle_of(shape, grid)
            return _elliptic(fit.centre_mm, (fit.radius_mm, fit.radius_mm), 0.0, grid)
        case Ellipse():
            x, y = grid.to_mm([shape.centre])[0]
            return _elliptic((x, y), shape.semi_axes_mm, shape.turn_degree, grid)
        case Polygon() | Freehand():
            return _polygonal(outline_of(shape, grid), grid)
        case Stroke():
            return _swept(grid.to_mm(shape.points), shape.radius_mm, grid)
        case PixelRuns():
            return _every(grid), _from_runs(shape, grid)
        case Group():
            return _every(grid), _grouped(shape.parts, grid)
        case Ring():
            return _every(grid), _ringed(shape, grid)


def _every(grid: PlaneGrid) -> PlaneWindow:
    return slice(0, grid.shape[0]), slice(0, grid.shape[1])


def _elliptic(
    centre_mm: tuple[float, float],
    semi_axes_mm: tuple[float, float],
    turn_degree: float,
    grid: PlaneGrid,
) -> tuple[PlaneWindow, BoolArray]:
    reach = max(semi_axes_mm)
    x, y, window = _distances(np.asarray(centre_mm), reach, grid)
    if semi_axes_mm[0] == semi_axes_mm[1]:
        return window, np.asarray(x**2 + y**2 <= reach**2)
    turn = np.deg2rad(turn_degree)
    along = x * np.cos(turn) + y * np.sin(turn)
    across = y * np.cos(turn) - x * np.sin(turn)
    inside = (along / semi_axes_mm[0]) ** 2 + (across / semi_axes_mm[1]) ** 2 <= 1.0
    return window, np.asarray(inside)


def _distances(
    place_mm: FloatArray, reach_mm: float, grid: PlaneGrid
) -> tuple[FloatArray, FloatArray, PlaneWindow]:
    """Return how far pixels near a place lie from it, in mm along x and y, and their window."""
    spacing = np.asarray(grid.spacing_mm[::-1])
    window = grid.window((place_mm - reach_mm) / spacing, (place_mm + reach_mm) / spacing)
    rows, columns = window
    x = np.arange(columns.start, columns.stop) * spacing[0] - place_mm[0]
    y = np.arange(rows.start, rows.stop) * spacing[1] - place_mm[1]
    return x[None, :], y[:, None], window


def _polygonal(points: FloatArray, grid: PlaneGrid) -> tuple[PlaneWindow, BoolArray]:
    window = grid.window(points.min(axis=0), points.max(axis=0))
    rows, columns = window
    height, width = rows.stop - rows.start, columns.stop - columns.start
    flips = np.zeros((height, width + 1), dtype=np.int32)
    if not height or not width:
        return window, np.zeros((height, width), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(np.roll(points, 1, axis=0), points, strict=True):
        if y0 == y1:
            continue
        low, high = min(y0, y1), max(y0, y1)
        # Rows y with low <= y < high: those at which one end lies above and the other does not.
        first, last = max(int(np.ceil(low)), rows.start), min(int(np.ceil(high)), rows.stop)
        y = np.arange(first, last)
        cross = (x1 - x0) * (y - y0) / (y1 - y0) + x0
        # Columns left of the crossing are those below its ceiling.
        until = np.clip(np.ceil(cross).astype(np.int64) - columns.start, 0, width)
        np.add.at(flips, (y - rows.start, until), 1)
    counts = flips[:, ::-1].cumsum(axis=1)[:, ::-1]
    return window, np.asarray(counts[:, 1:] % 2 == 1)


def _swept(
    points_mm: FloatArray, radius_mm: float, grid: PlaneGrid
) -> tuple[PlaneWindow, BoolArray]:
    spacing = np.asarray(grid.spacing_mm[::-1])
    low, high = points_mm.min(axis=0) - radius_mm, points_mm.max(axis=0) + radius_mm
    window = grid.window(low / spacing, high / spacing)
    found: BoolArray = np.zeros([one.stop - one.start for one in window], dtype=np.bool_)
    starts = points_mm[:-1] if len(points_mm) > 1 else points_mm
    for start, end in zip(starts, points_mm[1:] if len(points_mm) > 1 else points_mm, strict=True):
        middle, reach = (start + end) / 2, radius_mm + float(np.hypot(*(end - start))) / 2
        x, y, near = _distances(middle, reach, grid)
        x, y = x + (middle - start)[0], y + (middle - start)[1]
        step = end - start
        square = float(step @ step)
        share = np.clip((x * step[0] + y * step[1]) / square, 0, 1) if square else np.zeros((1, 1))
        covered = (x - share * step[0]) ** 2 + (y - share * step[1]) ** 2 <= radius_mm**2
        rows, columns = (
            slice(one.start - whole.start, one.stop - whole.start)
            for one, whole in zip(near, window, strict=True)
        )
        # A segment's box may reach past the stroke's by a pixel.
        inner = found[max(rows.start, 0) : rows.stop, max(columns.start, 0) : columns.stop]
        cut = covered[max(-rows.start, 0) :, max(-columns.start, 0) :]
        inner |= cut[: inner.shape[0], : inner.shape[1]]
    return window, found


def _from_runs(shape: PixelRuns, grid: PlaneGrid) -> BoolArray:
    found: BoolArray = np.zeros(grid.shape, dtype=np.bool_)
    for row, first, count in shape.runs:
        if row >= grid.shape[0] or first + count > grid.shape[1]:
            raise InputError(
                f"mask: expected rows and columns of the image's {grid.shape}, found row {row},"
                f" columns to {first + count}"
            )
        found[row, first : first + count] = True
    return found


def runs_of(pixels: BoolArray) -> PixelRuns:
    """Return a plane's pixels, shape (rows, columns), as runs."""
    padded = np.pad(pixels.astype(np.int8), ((0, 0), (1, 1)))
    steps = np.diff(padded, axis=1)
    rows, firsts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return PixelRuns(
        runs=tuple(zip(rows.tolist(), firsts.tolist(), (ends - firsts).tolist(), strict=True))
    )


def _grouped(parts: Sequence[ShapePart], grid: PlaneGrid) -> BoolArray:
    found: BoolArray = np.zeros(grid.shape, dtype=np.bool_)
    for part in parts:
        _join(found, part, grid)
    return found


def _ringed(shape: Ring, grid: PlaneGrid) -> BoolArray:
    inner = _grouped(shape.parts, grid)
    if not inner.any():
        return inner
    away = distance_transform_edt(~inner, sampling=grid.spacing_mm)
    return np.asarray((away <= shape.width_mm) & ~inner)
