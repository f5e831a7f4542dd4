"""Circles fitted to points, and the angles and lengths on a head: laws and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from skimage.measure import CircleModel

from trephine.annotation.circle_fit import CircleFit, fit_circle
from trephine.annotation.head_measures import (
    angle_degree,
    arc_degree,
    centre_edge_degree,
    depression_mm,
    distance_mm,
    lesion_percent,
    modified_kerboul,
    steinberg_extent,
)
from trephine.annotation.region_values import region_values
from trephine.errors import InputError

HEAD = CircleFit((100.0, 80.0), 24.0, 0.0)


def on_circle(*degrees: float, radius: float = 24.0) -> np.ndarray:
    turn = np.deg2rad(degrees)
    return np.column_stack([100 + radius * np.cos(turn), 80 + radius * np.sin(turn)])


def test_three_points_give_their_circumcircle() -> None:
    fit = fit_circle(on_circle(10, 130, 250))
    assert fit.centre_mm == pytest.approx((100, 80))
    assert fit.radius_mm == pytest.approx(24)
    assert fit.residual_mm == pytest.approx(0, abs=1e-9)


def test_the_fit_is_the_least_squares_circle() -> None:
    rng = np.random.default_rng(1)
    # Half a circle, as the visible part of a head is.
    points = on_circle(*np.linspace(150, 350, 17)) + rng.normal(0, 0.7, (17, 2))

    def squares(circle: np.ndarray) -> float:
        return float(((np.hypot(*(points - circle[:2]).T) - circle[2]) ** 2).sum())

    fit = fit_circle(points)
    brute = minimize(squares, [95, 85, 20], method="Nelder-Mead",
                     options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20_000})  # fmt: skip
    assert (*fit.centre_mm, fit.radius_mm) == pytest.approx(brute.x, abs=1e-5)
    assert fit.residual_mm == pytest.approx(np.sqrt(brute.fun / 17))
    # scikit-image's circle is algebraic: near, and no nearer to the points.
    other = CircleModel.from_estimate(points)
    assert squares(np.array([*fit.centre_mm, fit.radius_mm])) <= squares(
        np.array([*other.center, other.radius])
    )


def test_where_and_how_large_makes_no_difference() -> None:
    rng = np.random.default_rng(2)
    points = on_circle(*np.linspace(150, 350, 9)) + rng.normal(0, 0.7, (9, 2))
    first, moved = fit_circle(points), fit_circle(points * 3.5 + (5000, -700))
    assert moved.radius_mm == pytest.approx(3.5 * first.radius_mm)
    assert moved.centre_mm == pytest.approx(
        (3.5 * first.centre_mm[0] + 5000, 3.5 * first.centre_mm[1] - 700)
    )


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (1, 1)],
        [(0, 0), (1, 1), (2, 2), (7, 7)],
        [(3, 3)] * 4,
        [(0, 0), (1, 0), (2, np.nan)],
    ],
)
def test_points_that_make_no_circle_are_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(InputError, match="circle: expected"):
        fit_circle(points)


def test_an_arc_is_the_angle_at_the_head_s_centre() -> None:
    for first, second in ((200, 320), (30, 31), (0, 180), (350, 10)):
        expected = min((second - first) % 360, (first - second) % 360)
        a, b = on_circle(first, second)
        assert arc_degree(HEAD, a, b) == pytest.approx(expected)
    a, b = on_circle(200, radius=20)[0], on_circle(320, radius=31)[0]
    assert arc_degree(HEAD, a, b) == pytest.approx(120)
    with pytest.raises(InputError, match="away from its corner"):
        arc_degree(HEAD, HEAD.centre_mm, a)


def test_angles_and_distances_of_a_right_triangle() -> None:
    assert angle_degree((0, 4), (0, 0), (3, 0)) == pytest.approx(90)
    assert angle_degree((0, 0), (0, 4), (3, 0)) == pytest.approx(np.degrees(np.arctan2(3, 4)))
    assert distance_mm((0, 4), (3, 0)) == pytest.approx(5)


@pytest.mark.parametrize(
    ("degree", "expected"),
    [
        (0, "1"),
        (199.9, "1"),
        (200, "2"),
        (249, "2"),
        (250, "3"),
        (299.9, "3"),
        (300, "4"),
        (360, "4"),
    ],
)
def test_the_classes_of_kerboul_as_ha_modified_them(degree: float, expected: str) -> None:
    assert modified_kerboul(degree) == expected


def test_depression_is_the_deepest_place_below_the_circle() -> None:
    surface = np.vstack([on_circle(250, 270, radius=22.2), on_circle(290, radius=21.5)])
    assert depression_mm(HEAD, surface) == pytest.approx(2.5)
    assert depression_mm(HEAD, on_circle(270, radius=25)) == 0


def test_the_lesion_s_share_counts_what_lies_in_the_head() -> None:
    head = np.zeros((20, 20), dtype=np.bool_)
    head[5:15, 5:15] = True
    lesion = np.zeros_like(head)
    lesion[0:8, 5:10] = True
    assert lesion_percent(lesion, head) == pytest.approx(15.0)
    assert [steinberg_extent(p) for p in (14.9, 15, 30, 30.1)] == ["A", "B", "B", "C"]
    with pytest.raises(InputError, match="expected a head"):
        lesion_percent(lesion, np.zeros_like(head))


@pytest.mark.parametrize("turned", [0.0, 7.0, -12.0])
def test_the_centre_edge_angle_turns_with_the_pelvis(turned: float) -> None:
    """30 degrees to the patient's left of the upright, on a pelvis that lies aslant."""
    turn = np.deg2rad(turned)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    right, left = spin @ np.array([-90.0, 0.0]), spin @ np.array([90.0, 0.0])
    for centre, other, way in ((left, right, 1), (right, left, -1)):
        edge = centre + spin @ (25 * np.array([way * np.sin(np.pi / 6), -np.cos(np.pi / 6)]))
        assert centre_edge_degree(centre, edge, other) == pytest.approx(30)
        medial = centre + spin @ (25 * np.array([-way * np.sin(0.1), -np.cos(0.1)]))
        assert centre_edge_degree(centre, medial, other) == pytest.approx(-np.degrees(0.1))
    if turned == 0:
        assert centre_edge_degree((0, 0), (-1, -1)) == pytest.approx(45)


def test_a_region_s_values_are_those_of_a_plain_sum() -> None:
    rng = np.random.default_rng(3)
    grey = rng.normal(100, 20, (30, 40))
    region = np.zeros((30, 40), dtype=np.bool_)
    region[4:9, 10:31] = True
    found = region_values(region, grey, (0.5, 0.2))
    assert found.pixels == 105
    assert found.size == pytest.approx(10.5)
    assert found.diameter_mm == pytest.approx(np.hypot(4 * 0.5, 20 * 0.2))
    assert found.mean_grey == pytest.approx(
        sum(grey[r, c] for r in range(4, 9) for c in range(10, 31)) / 105
    )
    line = np.zeros_like(region)
    line[3, 5:9] = True
    assert region_values(line, grey, (0.5, 0.2)).diameter_mm == pytest.approx(0.6)
    empty = region_values(np.zeros_like(region), grey, (0.5, 0.2))
    assert empty.size == 0
    assert np.isnan(empty.mean_grey)
