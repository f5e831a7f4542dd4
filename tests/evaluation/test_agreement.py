"""Agreement of drawings and of measurements: by hand, by brute force, and by law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trephine.errors import InputError
from trephine.evaluation.agreement import bland_altman, boundary, compare_regions, hausdorff_mm


def square(row: int, column: int, size: int = 10, side: int = 40) -> np.ndarray:
    region = np.zeros((side, side), dtype=bool)
    region[row : row + size, column : column + size] = True
    return region


def brute_hausdorff(
    first: np.ndarray, second: np.ndarray, spacing: tuple[float, ...], percentile: float
) -> float:
    def edge(region: np.ndarray) -> np.ndarray:
        points = []
        for index in np.argwhere(region):
            for axis in range(region.ndim):
                for step in (-1, 1):
                    neighbour = index.copy()
                    neighbour[axis] += step
                    out = not 0 <= neighbour[axis] < region.shape[axis]
                    if out or not region[tuple(neighbour)]:
                        points.append(tuple(index))
        return np.array(sorted(set(points))) * np.array(spacing)

    a, b = edge(first), edge(second)
    gaps = np.linalg.norm(a[:, None] - b[None], axis=2)
    return max(
        float(np.percentile(gaps.min(axis=1), percentile)),
        float(np.percentile(gaps.min(axis=0), percentile)),
    )


def test_a_drawing_agrees_perfectly_with_itself() -> None:
    found = compare_regions(square(5, 5), square(5, 5), (0.2, 0.2))
    assert (found.dice, found.hausdorff95_mm, found.size_difference) == (1.0, 0.0, 0.0)


def test_a_square_moved_by_two_pixels_worked_by_hand() -> None:
    found = compare_regions(square(5, 5), square(5, 7), (0.5, 0.5))
    assert found.dice == pytest.approx(0.8)
    assert found.first_size == found.second_size == pytest.approx(25.0)
    assert hausdorff_mm(square(5, 5), square(5, 7), (0.5, 0.5)) == pytest.approx(1.0)


def test_sizes_differ_relative_to_their_mean() -> None:
    found = compare_regions(square(5, 5, 10), square(5, 5, 20), (1.0, 1.0))
    assert found.size_difference == pytest.approx(300.0)
    assert found.size_difference_percent == pytest.approx(120.0)


def test_apart_drawings_have_dice_zero_and_a_distance() -> None:
    found = compare_regions(square(0, 0), square(0, 20), (1.0, 1.0))
    assert found.dice == 0.0
    assert found.hausdorff95_mm == pytest.approx(20.0)


@given(
    arrays(bool, (6, 7)).filter(np.any),
    arrays(bool, (6, 7)).filter(np.any),
    st.sampled_from([(1.0, 1.0), (0.2, 0.7)]),
    st.sampled_from([50.0, 95.0, 100.0]),
)
def test_hausdorff_equals_all_pairs_of_boundary_points(
    first: np.ndarray, second: np.ndarray, spacing: tuple[float, float], percentile: float
) -> None:
    found = hausdorff_mm(first, second, spacing, percentile=percentile)
    assert found == pytest.approx(brute_hausdorff(first, second, spacing, percentile), abs=1e-12)


@given(arrays(bool, (4, 5, 3)).filter(np.any), arrays(bool, (4, 5, 3)).filter(np.any))
def test_comparison_is_symmetric_but_for_the_sign_of_the_difference(
    first: np.ndarray, second: np.ndarray
) -> None:
    forth = compare_regions(first, second, (2.0, 0.5, 0.7))
    back = compare_regions(second, first, (2.0, 0.5, 0.7))
    assert forth.dice == back.dice
    assert forth.hausdorff95_mm == back.hausdorff95_mm
    assert forth.size_difference == -back.size_difference


@given(arrays(bool, (9, 9)).filter(np.any), arrays(bool, (9, 9)).filter(np.any))
def test_where_the_regions_lie_in_the_image_does_not_matter(
    first: np.ndarray, second: np.ndarray
) -> None:
    def placed(region: np.ndarray, corner: int) -> np.ndarray:
        large = np.zeros((30, 30), dtype=bool)
        large[corner : corner + 9, corner : corner + 9] = region
        return large

    near, far = (compare_regions(placed(first, c), placed(second, c), (1.0, 1.0)) for c in (1, 15))
    assert near == far


def test_the_boundary_is_the_outermost_pixels() -> None:
    assert boundary(square(5, 5)).sum() == 36
    assert boundary(np.ones((3, 3), dtype=bool)).sum() == 8


def test_an_empty_drawing_and_unequal_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        compare_regions(square(5, 5), np.zeros((40, 40), dtype=bool), (1.0, 1.0))
    with pytest.raises(InputError, match="equal shapes"):
        compare_regions(square(5, 5), square(5, 5, side=41), (1.0, 1.0))


# Bland and Altman 1986 (Lancet i:307), peak expiratory flow, large and mini Wright meter, first
# measurement of 17 subjects: bias -2.1, s 38.8, limits -79.7 and 75.5 with 2 s.
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_bland_altman_equals_the_worked_example_of_1986() -> None:
    found = bland_altman(MINI, LARGE)
    assert found.n == 17
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert found.standard_deviation == pytest.approx(38.8, abs=0.05)
    # Their interval of the bias is -22.0 to 17.8 (t, 16 degrees of freedom).
    assert found.bias.low == pytest.approx(-22.0, abs=0.1)
    assert found.bias.high == pytest.approx(17.8, abs=0.1)
    assert found.upper_limit.value == pytest.approx(-2.118 + 1.96 * 38.765, abs=0.05)


def test_limits_of_agreement_hold_95_percent_of_normal_differences() -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(size=20_000)
    found = bland_altman(first, first + rng.normal(0.5, 2.0, size=20_000))
    assert found.outside / found.n == pytest.approx(0.05, abs=0.005)


def test_bland_altman_turned_round_changes_signs_only() -> None:
    forth, back = bland_altman(LARGE, MINI), bland_altman(MINI, LARGE)
    assert forth.bias.value == pytest.approx(-back.bias.value)
    assert forth.lower_limit.low == pytest.approx(-back.upper_limit.high)


def test_pairs_with_a_missing_value_are_left_out_and_too_few_are_refused() -> None:
    assert bland_altman([1.0, 2.0, 3.0, np.nan], [1.0, 2.5, 3.0, 4.0]).n == 3
    with pytest.raises(InputError, match="at least 3 complete pairs, found 2"):
        bland_altman([1.0, 2.0, np.nan], [1.0, 2.0, 3.0])
