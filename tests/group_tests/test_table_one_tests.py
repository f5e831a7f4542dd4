"""Tests of means, ranks, distributions and correlation, by brute force and by their laws."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trephine.errors import InputError
from trephine.evaluation.delong import binary_auc, delong_test
from trephine.group_tests.correlation_test import correlation_test
from trephine.group_tests.hypothesis_test import HypothesisTest
from trephine.group_tests.kolmogorov_smirnov import (
    kolmogorov_smirnov_normal,
    two_sample_kolmogorov_smirnov,
)
from trephine.group_tests.mean_tests import analysis_of_variance, t_test, variance_ratio_test
from trephine.group_tests.normality import lilliefors_test, shapiro_wilk_test
from trephine.group_tests.rank_tests import kruskal_wallis_test, mann_whitney_test

X = np.random.default_rng(0).normal(0.0, 1.0, 24)
Y = np.random.default_rng(1).normal(0.8, 2.0, 31)


def steps_apart(first: np.ndarray, second: np.ndarray) -> float:
    points = np.concatenate([first, second])
    return max(abs((first <= p).mean() - (second <= p).mean()) for p in points)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 5), min_size=2, max_size=5),
    st.lists(st.integers(0, 5), min_size=2, max_size=5),
)
def test_the_exact_two_sample_p_is_that_of_all_permutations(
    first: list[int], second: list[int]
) -> None:
    x, y = np.array(first, dtype=float), np.array(second, dtype=float)
    pooled = np.concatenate([x, y])
    distance = steps_apart(x, y)
    as_far = total = 0
    for chosen in combinations(range(pooled.size), x.size):
        rows = np.zeros(pooled.size, dtype=bool)
        rows[list(chosen)] = True
        as_far += steps_apart(pooled[rows], pooled[~rows]) >= distance - 1e-9
        total += 1
    found = two_sample_kolmogorov_smirnov(x, y)
    assert found.statistic == pytest.approx(distance)
    assert found.p_value == pytest.approx(as_far / total)


def test_the_limit_of_kolmogorov_is_right_to_the_sixth_digit() -> None:
    for scale in (0.2, 0.9, 1.5):
        found = two_sample_kolmogorov_smirnov(X, Y + scale, asymptotic=True)
        root = np.sqrt(X.size * Y.size / (X.size + Y.size))
        limit = stats.kstwobign.sf(root * found.statistic)
        assert found.p_value == pytest.approx(limit, abs=2e-6)


def test_equal_samples_are_not_apart() -> None:
    assert two_sample_kolmogorov_smirnov(X, X).p_value == pytest.approx(1.0)
    assert two_sample_kolmogorov_smirnov(X, X, asymptotic=True).p_value == 1.0


def test_swapping_the_groups_mirrors_t_and_keeps_p() -> None:
    for variance in ("student", "welch"):
        there = t_test(X, Y, variance=variance)  # type: ignore[arg-type]
        back = t_test(Y, X, variance=variance)  # type: ignore[arg-type]
        assert there.statistic == pytest.approx(-back.statistic)
        assert there.p_value == pytest.approx(back.p_value)
        assert there.effect is not None
        assert there.effect.low < there.effect.value < there.effect.high
    ratio, inverse = variance_ratio_test(X, Y), variance_ratio_test(Y, X)
    assert ratio.statistic == pytest.approx(1.0 / inverse.statistic)
    assert ratio.p_value == pytest.approx(inverse.p_value)


def test_two_groups_make_anova_the_students_t_squared() -> None:
    t, f = t_test(X, Y, variance="student"), analysis_of_variance([X, Y])
    assert f.statistic == pytest.approx(t.statistic**2)
    assert f.p_value == pytest.approx(t.p_value)


def test_two_groups_make_kruskal_wallis_the_uncorrected_mann_whitney() -> None:
    u = mann_whitney_test(X, Y, reference="normal")
    h = kruskal_wallis_test([X, Y])
    assert h.p_value == pytest.approx(u.p_value)
    assert u.z_statistic**2 == pytest.approx(h.statistic)


def test_r_chooses_the_exact_p_below_fifty_without_ties() -> None:
    small = mann_whitney_test(X, Y)
    assert small.p_value == mann_whitney_test(X, Y, reference="exact").p_value
    tied = mann_whitney_test(np.round(X), np.round(Y))
    corrected = mann_whitney_test(
        np.round(X), np.round(Y), reference="normal, continuity corrected"
    )
    assert tied.p_value == corrected.p_value
    assert "tied" in mann_whitney_test(np.round(X), np.round(Y), reference="exact").note


def test_w_counts_the_pairs_in_which_the_first_is_larger() -> None:
    pairs = (X[:, None] > Y).sum() + 0.5 * (X[:, None] == Y).sum()
    assert mann_whitney_test(X, Y).statistic == pairs


def test_shapiro_wilk_agrees_with_scipy_as_far_as_scipy_is_exact() -> None:
    for n in (3, 4, 5, 6, 11, 12, 24):
        ours, theirs = shapiro_wilk_test(X[:n]), stats.shapiro(X[:n])
        assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-7)
        assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-4)


def test_lilliefors_is_stricter_than_kolmogorov_smirnov_on_the_same_distance() -> None:
    skewed = np.exp(X)
    strict, lenient = lilliefors_test(skewed), kolmogorov_smirnov_normal(skewed)
    assert strict.statistic == lenient.statistic
    assert strict.p_value < lenient.p_value


def test_scale_and_origin_do_not_matter_to_normality() -> None:
    for test in (lilliefors_test, shapiro_wilk_test, kolmogorov_smirnov_normal):
        assert test(7.0 * X - 3.0).p_value == pytest.approx(test(X).p_value)


def test_correlation_is_scipys() -> None:
    other = X + np.random.default_rng(5).normal(size=X.size)
    ours, theirs = correlation_test(X, other), stats.pearsonr(X, other)
    assert ours.effect is not None
    assert ours.effect.value == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue)
    interval = theirs.confidence_interval()
    assert (ours.effect.low, ours.effect.high) == pytest.approx((interval.low, interval.high))


def test_the_binary_auc_is_the_share_of_concordant_pairs() -> None:
    outcome = np.arange(40) % 3 == 0
    score = np.round(np.random.default_rng(2).normal(size=40), 1)
    pairs = score[outcome][:, None] - score[~outcome]
    share = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert binary_auc(outcome, score).estimate.value == pytest.approx(share)
    assert "alike" in delong_test(outcome, score, 2.0 * score).note


NOT_ENOUGH: list[tuple[HypothesisTest, str]] = [
    (t_test([1.0], Y), "values"),
    (t_test([1.0, 1.0], [2.0, 2.0]), "constant"),
    (variance_ratio_test([1.0, 1.0], Y), "constant"),
    (analysis_of_variance([[3.0, 3.0], [3.0, 3.0]]), "constant"),
    (mann_whitney_test([2.0, 2.0], [2.0, 2.0, 2.0]), "constant"),
    (mann_whitney_test([], Y), "0 observed"),
    (kruskal_wallis_test([[1.0], [1.0]]), "constant"),
    (two_sample_kolmogorov_smirnov([], Y), "no observed"),
    (kolmogorov_smirnov_normal([4.0, 4.0]), "constant"),
    (lilliefors_test(X[:4]), "5 are needed"),
    (shapiro_wilk_test(np.arange(5001.0)), "5,000"),
    (correlation_test(X, np.ones(X.size)), "constant"),
    (delong_test(np.zeros(24), X, X), "no cases"),
]


@pytest.mark.parametrize(("result", "reason"), NOT_ENOUGH)
def test_what_cannot_be_tested_says_why(result: HypothesisTest, reason: str) -> None:
    assert np.isnan(result.p_value)
    assert reason in result.note


def test_missing_values_are_refused() -> None:
    with pytest.raises(InputError, match="row 1"):
        t_test([1.0, np.nan], Y)
    with pytest.raises(InputError, match="at least 2 groups"):
        kruskal_wallis_test([X])
