"""Univariable tests against brute force and laws."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trephine.errors import InputError, ModelError
from trephine.selection.mann_whitney import mann_whitney
from trephine.selection.relevance import (
    benjamini_hochberg,
    cox_score_test,
    keep_by_cox_score,
    keep_by_mann_whitney,
)
from trephine.types import Survival


@given(st.integers(2, 7), st.integers(2, 7), st.integers(0, 10**6))
def test_exact_p_is_the_share_of_all_arrangements(m: int, n: int, seed: int) -> None:
    values = np.random.default_rng(seed).permutation(m + n).astype(float)
    group = np.arange(m + n) >= m
    found = mann_whitney(values, group, method="exact")
    ranks = values + 1
    w = ranks[:m].sum() - m * (m + 1) / 2
    assert found.statistic[0] == w
    all_w = np.array(
        [sum(chosen) - m * (m + 1) / 2 for chosen in combinations(range(1, m + n + 1), m)]
    )
    share = min(np.mean(all_w <= w), np.mean(all_w >= w))
    assert found.p_value[0] == pytest.approx(min(1.0, 2 * share), rel=1e-12)


@pytest.mark.parametrize("method", ["asymptotic", "asymptotic-continuity"])
def test_statistic_counts_pairs_with_ties_as_halves(method: str) -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(0, 5, (30, 4)).astype(float)
    group = rng.random(30) < 0.4
    found = mann_whitney(values, group, method=method)  # type: ignore[arg-type]
    outside, inside = values[~group], values[group]
    pairs = outside[:, None] - inside[None]
    np.testing.assert_array_equal(
        found.statistic, (pairs > 0).sum((0, 1)) + 0.5 * (pairs == 0).sum((0, 1))
    )
    expected = stats.mannwhitneyu(
        outside, inside, method="asymptotic", use_continuity=method != "asymptotic"
    )
    np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-10)


def test_features_that_do_not_vary_have_no_p_value_and_go() -> None:
    values = np.column_stack((np.ones(20), np.r_[np.zeros(10), np.ones(10)]))
    group = np.arange(20) >= 10
    assert np.isnan(mann_whitney(values, group).p_value[0])
    result = keep_by_mann_whitney(values, group)
    np.testing.assert_array_equal(result.keep, [False, True])
    assert (result.audit.n_in, result.audit.n_out) == (2, 1)


@pytest.mark.parametrize("event", [True, False])
def test_groups_are_only_compared_where_there_are_two(event: bool) -> None:
    with pytest.raises(ModelError, match="expected some of each") as caught:
        keep_by_mann_whitney(np.zeros((6, 1)), np.full(6, event))
    assert caught.value.kind == ("no information" if event else "no events")


def test_score_test_of_two_groups_is_the_log_rank_test() -> None:
    rng = np.random.default_rng(4)
    time = rng.permutation(40) + 1.0  # no ties: Efron and Breslow agree
    event = rng.random(40) < 0.6
    group = rng.random(40) < 0.5
    expected = stats.logrank(
        stats.CensoredData(uncensored=time[group & event], right=time[group & ~event]),
        stats.CensoredData(uncensored=time[~group & event], right=time[~group & ~event]),
    )
    for ties in ("efron", "breslow"):
        found = cox_score_test(group.astype(float), Survival(time, event), ties=ties)
        assert found.p_value[0] == pytest.approx(expected.pvalue, rel=1e-9)
        assert found.direction[0] == np.sign(expected.statistic)


def test_efron_score_written_out_for_a_tie() -> None:
    x = np.array([3.0, 1.0, 2.0, 0.0])
    survival = Survival(np.array([1.0, 1.0, 2.0, 3.0]), np.array([1, 1, 0, 1]))
    # Two tied events: the second's risk set holds half of each of the two.
    first = x.mean(), (x**2).mean() - x.mean() ** 2
    weights = np.array([0.5, 0.5, 1, 1])
    mean = np.average(x, weights=weights)
    second = mean, np.average(x**2, weights=weights) - mean**2
    score = 4.0 - first[0] - second[0]
    found = cox_score_test(x, survival)
    assert found.statistic[0] == pytest.approx(score**2 / (first[1] + second[1]), rel=1e-12)


def test_score_test_keeps_what_drives_the_outcome() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    survival = Survival(rng.exponential(np.exp(-X[:, 2])), np.ones(200, bool))
    result = keep_by_cox_score(X, survival, 1e-6, adjust="benjamini-hochberg")
    np.testing.assert_array_equal(np.flatnonzero(result.keep), [2])
    with pytest.raises(ModelError, match="found none"):
        cox_score_test(X, Survival(survival.time, np.zeros(200, bool)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_monotone_and_no_smaller(p: list[float]) -> None:
    adjusted = benjamini_hochberg(p)
    assert (adjusted >= np.array(p) - 1e-15).all()
    assert (adjusted <= 1).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()
    np.testing.assert_allclose(adjusted, stats.false_discovery_control(p), atol=1e-14)


def test_missing_values_and_empty_groups_are_refused() -> None:
    with pytest.raises(InputError, match="column 1"):
        mann_whitney(np.array([[1.0, np.nan], [2.0, 1.0]]), np.array([True, False]))
    with pytest.raises(InputError, match="empty"):
        mann_whitney(np.arange(3.0), np.zeros(3, bool))
    with pytest.raises(InputError, match="no ties"):
        mann_whitney(np.array([1.0, 1.0, 2.0]), np.array([True, False, False]), method="exact")
