from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.errors import InputError
from trephine.group_tests.baseline_comparison import compare_categorical, compare_continuous
from trephine.group_tests.descriptive import describe_continuous
from trephine.group_tests.standardised_difference import (
    standardised_mean_difference,
    standardised_proportion_difference,
)

GROUP = ["collapse" if i % 3 == 0 else "none" for i in range(120)]
RNG = np.random.default_rng(0)
NORMAL, SKEWED = RNG.normal(60.0, 8.0, 120), np.exp(1.5 * RNG.normal(size=120))


def test_a_normal_variable_gets_a_t_test_and_a_skewed_one_mann_whitney() -> None:
    assert compare_continuous(NORMAL, GROUP).test.method == "Student t"
    assert compare_continuous(SKEWED, GROUP).test.method == "Mann-Whitney"


def test_three_groups_get_anova_or_kruskal_wallis() -> None:
    centre = [f"centre {i % 3}" for i in range(120)]
    assert compare_continuous(NORMAL, centre).test.method == "ANOVA"
    found = compare_continuous(SKEWED, centre, normality="shapiro-wilk")
    assert found.test.method == "Kruskal-Wallis"
    assert np.isnan(found.standardised_difference)


def test_forty_percent_missing_are_counted_and_left_out() -> None:
    holes = np.where(np.arange(120) % 5 < 2, np.nan, NORMAL)
    found = compare_continuous(holes, GROUP)
    assert (found.overall.n, found.overall.n_missing) == (72, 48)
    assert found.test.n == 72
    seen = ~np.isnan(holes)
    again = compare_continuous(holes[seen], [g for g, s in zip(GROUP, seen, strict=True) if s])
    assert found.test.p_value == again.test.p_value


def test_a_constant_and_an_empty_variable_stand() -> None:
    constant = compare_continuous(np.full(120, 3.0), GROUP)
    assert "constant" in constant.test.note
    assert constant.standardised_difference == 0.0
    empty = compare_continuous(np.full(120, np.nan), GROUP)
    assert empty.overall.n_missing == 120
    assert np.isnan(empty.test.p_value)
    assert empty.test.note


def test_one_group_is_described_and_not_tested() -> None:
    found = compare_continuous(NORMAL, ["all"] * 120)
    assert found.test.note == "one group"
    assert len(found.summaries) == 1


def test_twelve_levels_get_fishers_exact_test() -> None:
    levels = [f"L{i:02d}" for i in range(12)]
    values = [levels[i] for i in np.random.default_rng(3).integers(12, size=120)]
    found = compare_categorical(values, GROUP, levels)
    assert found.test.method == "Fisher"
    assert 0.0 < found.test.p_value <= 1.0
    assert found.overall.counts.sum() == 120


def test_large_counts_get_chi_square_and_missing_levels_are_counted() -> None:
    values = [None if i % 5 < 2 else ("yes" if i % 2 else "no") for i in range(120)]
    found = compare_categorical(values, GROUP, ["no", "yes", "never seen"])
    assert found.test.method == "Chi-square (Yates)"
    assert (found.overall.n, found.overall.n_missing) == (72, 48)
    assert found.overall.counts.tolist()[2] == 0


def test_labels_that_are_missing_or_unknown_are_refused() -> None:
    with pytest.raises(InputError, match="1 of them missing"):
        compare_continuous(NORMAL, [None, *GROUP[1:]])
    with pytest.raises(InputError, match="maybe"):
        compare_categorical(["maybe"] * 120, GROUP, ["yes", "no"])


@given(st.lists(st.floats(-100.0, 100.0), min_size=2, max_size=30))
def test_quartiles_are_ordered_within_the_range(values: list[float]) -> None:
    found = describe_continuous(values)
    ordered = [
        found.minimum, found.quartile_1, found.median, found.quartile_3, found.maximum,
    ]  # fmt: skip
    assert ordered == sorted(ordered)
    assert found.n == len(values)


def test_the_binary_standardised_difference_is_that_of_proportions() -> None:
    p, q = 30 / 80, 10 / 40
    expected = abs(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert standardised_proportion_difference([[50, 30], [30, 10]]) == pytest.approx(expected)


def test_the_multilevel_difference_does_not_depend_on_the_level_left_out() -> None:
    table = np.array([[20, 10], [30, 12], [5, 18], [9, 4]])
    rolled = [standardised_proportion_difference(np.roll(table, k, axis=0)) for k in range(4)]
    np.testing.assert_allclose(rolled, rolled[0], rtol=1e-12)


def test_the_continuous_difference_is_in_units_of_the_mean_spread() -> None:
    x, y = np.array([1.0, 3.0]), np.array([4.0, 8.0])
    assert standardised_mean_difference(x, y) == pytest.approx(-4.0 / np.sqrt((2.0 + 8.0) / 2.0))
    assert np.isnan(standardised_mean_difference([1.0, 1.0], [2.0, 2.0]))
    assert np.isnan(standardised_mean_difference([1.0], y))


def test_groups_without_a_common_level_have_no_multilevel_difference() -> None:
    assert np.isnan(standardised_proportion_difference([[5, 0], [0, 5]]))
    assert standardised_proportion_difference([[5, 5]]) == 0.0
