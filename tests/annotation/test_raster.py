"""A pixel is in a shape if its centre is: held to a plain loop, to scikit-image and to laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.draw import polygon2mask
from skimage.measure import points_in_poly

from annotation.plain_raster import (
    in_circle,
    in_ellipse,
    in_polygon,
    in_stroke,
    pixel_by_pixel,
)
from trephine.annotation.mirroring import mirrored_parts
from trephine.annotation.raster import (
    PlaneGrid,
    outline_of,
    region_pixels,
    runs_of,
)
from trephine.annotation.shapes import (
    Disc,
    Ellipse,
    FittedCircle,
    Freehand,
    Group,
    Polygon,
    Ring,
    Shape,
    ShapePart,
    Stroke,
)
from trephine.errors import InputError
from trephine.types import BoolArray

SPACINGS = [(1.0, 1.0), (0.4, 0.4), (0.31, 0.77)]
SHAPE = (61, 83)


def places(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Return places in and somewhat beyond the plane."""
    return [
        (float(x), float(y))
        for x, y in zip(rng.uniform(-12, 95, count), rng.uniform(-12, 72, count), strict=True)
    ]


def shape_pixels(shape: Shape, grid: PlaneGrid) -> BoolArray:
    """Return the pixels of one shape on the whole plane."""
    return region_pixels([ShapePart(shape=shape)], grid.shape, grid.spacing_mm)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_circles_are_those_of_a_plain_loop(spacing: tuple[float, float]) -> None:
    rng = np.random.default_rng(1)
    grid = PlaneGrid(SHAPE, spacing)
    for centre in places(rng, 12):
        radius = float(rng.uniform(0.2, 30))
        found = shape_pixels(Disc(centre=centre, radius_mm=radius), grid)
        assert np.array_equal(found, pixel_by_pixel(SHAPE, in_circle(centre, radius, spacing)))


def test_a_centre_on_the_circle_is_in_it() -> None:
    found = shape_pixels(Disc(centre=(10, 10), radius_mm=5), PlaneGrid(SHAPE, (1, 1)))
    assert found[10, 15]
    assert found[13, 14]  # 3, 4, 5
    assert not found[10, 16]
    assert not found[13, 15]


@pytest.mark.parametrize("spacing", SPACINGS)
def test_ellipses_are_those_of_a_plain_loop(spacing: tuple[float, float]) -> None:
    rng = np.random.default_rng(2)
    for centre in places(rng, 12):
        axes = (float(rng.uniform(1, 20)), float(rng.uniform(1, 20)))
        turn = float(rng.uniform(-180, 180))
        shape = Ellipse(centre=centre, semi_axes_mm=axes, turn_degree=turn)
        rule = in_ellipse(centre, axes, turn, spacing)
        assert np.array_equal(
            shape_pixels(shape, PlaneGrid(SHAPE, spacing)), pixel_by_pixel(SHAPE, rule)
        )


def test_polygons_are_those_of_a_plain_loop_and_of_scikit_image() -> None:
    rng = np.random.default_rng(3)
    grid = PlaneGrid(SHAPE, (0.3, 0.5))
    rows, columns = np.indices(SHAPE)
    centres = np.column_stack([columns.ravel(), rows.ravel()])
    for count in (3, 4, 7, 30):
        points = places(rng, count)
        found = shape_pixels(Polygon(points=tuple(points)), grid)
        assert np.array_equal(found, pixel_by_pixel(SHAPE, in_polygon(points)))
        assert np.array_equal(found.ravel(), points_in_poly(centres, points))
        corners = np.asarray(points)[:, ::-1]
        assert np.array_equal(found, polygon2mask(SHAPE, corners))


def test_polygons_on_pixel_centres_share_no_pixel_and_leave_none_out() -> None:
    grid = PlaneGrid((20, 20), (1.0, 1.0))
    parts = [
        Polygon(points=((x, y), (x + 5, y), (x + 5, y + 5), (x, y + 5)))
        for x in range(0, 20, 5)
        for y in range(0, 20, 5)
    ]
    together = np.sum([shape_pixels(part, grid).astype(int) for part in parts], axis=0)
    assert (together == 1).all()


@pytest.mark.parametrize("spacing", SPACINGS)
def test_brush_strokes_are_those_of_a_plain_loop(spacing: tuple[float, float]) -> None:
    rng = np.random.default_rng(4)
    for count in (1, 2, 6):
        points = places(rng, count)
        radius = float(rng.uniform(0.3, 8))
        found = shape_pixels(
            Stroke(points=tuple(points), radius_mm=radius), PlaneGrid(SHAPE, spacing)
        )
        assert np.array_equal(found, pixel_by_pixel(SHAPE, in_stroke(points, radius, spacing)))


def test_a_circle_through_three_points_is_their_circumcircle() -> None:
    spacing = (0.31, 0.77)
    at = [(40 + 11 * math.cos(a) / 0.77, 30 + 11 * math.sin(a) / 0.31) for a in (0.3, 2.0, 4.4)]
    found = shape_pixels(FittedCircle(points=tuple(at)), PlaneGrid(SHAPE, spacing))
    assert np.array_equal(found, pixel_by_pixel(SHAPE, in_circle((40, 30), 11, spacing)))


def test_freehand_is_the_polygon_of_its_smoothed_line() -> None:
    rng = np.random.default_rng(5)
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = 22 + rng.normal(0, 0.8, 200)
    points = tuple((float(x), float(y)) for x, y in zip(
        40 + radius * np.cos(turn), 30 + radius * np.sin(turn), strict=True))  # fmt: skip
    grid = PlaneGrid(SHAPE, (0.5, 0.5))
    shape = Freehand(points=points, smoothing_mm=1.0)
    line = outline_of(shape, grid)
    rough, smooth = (np.abs(np.diff(np.hypot(*(np.asarray(p) - (40, 30)).T))).mean()
                     for p in (points, line))  # fmt: skip
    assert smooth < rough / 3
    rule = in_polygon([(float(x), float(y)) for x, y in line])
    assert np.array_equal(shape_pixels(shape, grid), pixel_by_pixel(SHAPE, rule))
    plain = shape.model_copy(update={"smoothing_mm": 0.0})
    assert np.array_equal(shape_pixels(plain, grid), shape_pixels(Polygon(points=points), grid))


def two() -> tuple[Shape, Shape]:
    return Disc(centre=(30, 30), radius_mm=15), Polygon(points=((25, 5), (60, 20), (50, 50)))


@pytest.mark.parametrize(
    ("mode", "by"),
    [("add", np.logical_or), ("intersect", np.logical_and), ("subtract", np.greater)],
)
def test_parts_join_as_sets_do(mode: str, by: np.ufunc) -> None:
    first, second = two()
    grid = PlaneGrid(SHAPE, (1.0, 1.0))
    parts = [ShapePart(shape=first), ShapePart(shape=second, mode=mode)]
    expected = by(shape_pixels(first, grid), shape_pixels(second, grid))
    assert np.array_equal(region_pixels(parts, SHAPE, (1.0, 1.0)), expected)
    grouped = [ShapePart(shape=Group(parts=tuple(parts)))]
    assert np.array_equal(region_pixels(grouped, SHAPE, (1.0, 1.0)), expected)


def test_a_ring_holds_the_pixels_within_its_width_and_not_the_region() -> None:
    spacing = (0.41, 0.73)
    first, second = two()
    parts = (ShapePart(shape=first), ShapePart(shape=second))
    inner = region_pixels(parts, SHAPE, spacing)
    ring = region_pixels([ShapePart(shape=Ring(parts=parts, width_mm=2.53))], SHAPE, spacing)
    places_in = np.argwhere(inner) * spacing
    for row, column in np.ndindex(*SHAPE):
        away = np.hypot(*(places_in - np.array([row, column]) * spacing).T).min()
        assert ring[row, column] == (0 < away <= 2.53), (row, column)


def test_runs_hold_a_mask_pixel_by_pixel() -> None:
    mask = np.random.default_rng(6).random(SHAPE) < 0.4
    assert np.array_equal(shape_pixels(runs_of(mask), PlaneGrid(SHAPE, (1, 1))), mask)
    with pytest.raises(InputError, match="expected rows and columns of the image"):
        shape_pixels(runs_of(mask), PlaneGrid((61, 40), (1, 1)))


def test_what_is_mirrored_holds_the_mirrored_pixels() -> None:
    spacing = (0.4, 0.7)
    axis = (SHAPE[1] - 1) / 2
    mask = np.random.default_rng(7).random(SHAPE) < 0.4
    every: list[Shape] = [
        Disc(centre=(30.3, 30.1), radius_mm=9.7),
        FittedCircle(points=((11.2, 3.1), (40.7, 8.2), (30.3, 39.9))),
        Ellipse(centre=(50.2, 33.3), semi_axes_mm=(12.1, 5.3), turn_degree=31),
        Polygon(points=((3.3, 4.1), (60.2, 10.7), (33.3, 50.5))),
        Stroke(points=((5.5, 6.1), (44.4, 20.9)), radius_mm=3.3),
        runs_of(mask),
        Ring(parts=(ShapePart(shape=Disc(centre=(30.3, 30.1), radius_mm=5.2)),), width_mm=3.1),
    ]
    for shape in every:
        parts = [ShapePart(shape=shape)]
        there = region_pixels(parts, SHAPE, spacing)
        mirrored = region_pixels(mirrored_parts(parts, axis, SHAPE[1]), SHAPE, spacing)
        assert there.any()
        assert np.array_equal(mirrored, there[:, ::-1]), shape.kind


def test_a_part_on_a_plane_of_a_volume_lies_there_alone() -> None:
    shape, spacing = (9, 31, 41), (3.0, 0.5, 0.8)
    disc = Disc(centre=(12.2, 4.1), radius_mm=3.0)
    for axis, rule_spacing in ((0, (0.5, 0.8)), (1, (3.0, 0.8)), (2, (3.0, 0.5))):
        found = region_pixels([ShapePart(shape=disc, axis=axis, index=5)], shape, spacing)
        plane = np.take(found, 5, axis=axis)
        rule = in_circle((12.2, 4.1), 3.0, rule_spacing)
        assert np.array_equal(plane, pixel_by_pixel(plane.shape, rule))
        assert found.sum() == plane.sum()


@pytest.mark.parametrize(("axis", "index"), [(1, 0), (0, 1)])
def test_a_part_elsewhere_than_on_the_image_is_refused(axis: int, index: int) -> None:
    part = ShapePart(shape=Disc(centre=(1, 1), radius_mm=1), axis=axis, index=index)
    with pytest.raises(InputError, match="one of the image's planes"):
        region_pixels([part], SHAPE, (1.0, 1.0))
