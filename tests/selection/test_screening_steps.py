"""Completeness, redundancy and reliability: their rules, and the audit rows they leave."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.errors import InputError
from trephine.selection.audit import AuditRow
from trephine.selection.completeness import keep_complete
from trephine.selection.icc import intraclass_correlation, keep_reliable
from trephine.selection.redundancy import correlation_matrix, prune_correlated


def blocks(seed: int, n: int = 40) -> np.ndarray:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(n, 5))
    return np.hstack([base + 0.1 * k * rng.normal(size=(n, 5)) for k in range(4)] + [base[:, :2]])


@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.8, 0.95]))
def test_pruning_does_not_depend_on_the_order_of_the_columns(seed: int, threshold: float) -> None:
    values = blocks(seed % 17)
    names = np.array([f"f{j:02d}" for j in range(values.shape[1])])
    kept = set(names[prune_correlated(values, threshold, names=list(names)).keep])
    order = np.random.default_rng(seed).permutation(names.size)
    again = prune_correlated(values[:, order], threshold, names=list(names[order])).keep
    assert set(names[order][again]) == kept


# Up to 0.999: within rounding of 1 the correlation itself is not certain.
@given(st.integers(0, 10**6), st.floats(0.3, 0.999))
def test_nothing_kept_correlates_and_everything_removed_has_a_stand_in(
    seed: int, threshold: float
) -> None:
    values = blocks(seed)
    keep = prune_correlated(values, threshold).keep
    strength = np.abs(correlation_matrix(values))
    among_kept = strength[np.ix_(keep, keep)] - np.eye(keep.sum())
    assert among_kept.max() <= threshold
    if (~keep).any():
        assert (strength[np.ix_(~keep, keep)].max(axis=1) > threshold).all()


def test_of_a_pair_the_one_that_repeats_the_rest_less_stays() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=200)
    rest = rng.normal(size=200)
    values = np.column_stack((a, a + 0.2 * rest, rest))
    np.testing.assert_array_equal(prune_correlated(values, 0.9).keep, [True, False, True])
    twins = np.column_stack((rest, a, a))
    kept = prune_correlated(twins, 0.9, names=["rest", "second", "first"]).keep
    np.testing.assert_array_equal(kept, [True, False, True])
    with pytest.raises(InputError, match="unique"):
        prune_correlated(twins, 0.9, names=["x", "y", "y"])


def test_completeness_reports_why_each_feature_goes() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(100, 6))
    values[3, 1] = np.nan
    values[:, 2] = 0.1
    values[:8, 3] = 1e4
    values[:, 4] = np.inf
    result = keep_complete(values)
    assert result.reasons == (
        "kept",
        "missing values",
        "no variance",
        "outliers",
        "missing values",
        "kept",
    )
    assert dict(result.audit.removed) == {"missing values": 2, "no variance": 1, "outliers": 1}
    assert result.outlier_share[3] == 0.08
    tolerant = keep_complete(values, max_missing_share=0.01, max_outlier_share=0.1)
    np.testing.assert_array_equal(tolerant.keep, [True, True, False, True, False, True])
    assert "missing values in 1 kept feature were replaced" in tolerant.audit.detail
    assert "were replaced" not in result.audit.detail


def test_audit_rows_must_account_for_what_goes() -> None:
    with pytest.raises(InputError, match="reasons for 2"):
        AuditRow("step", 5, 3, removed={"why": 1})


def shrout_fleiss() -> np.ndarray:
    """Four raters, six subjects: table 2 of Shrout and Fleiss (1979)."""
    return np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
        dtype=float,
    )


@pytest.mark.parametrize(
    ("form", "value"),
    [("1,1", 0.17), ("2,1", 0.29), ("3,1", 0.71), ("1,k", 0.44), ("2,k", 0.62), ("3,k", 0.91)],
)
def test_icc_of_the_example_of_shrout_and_fleiss(form: str, value: float) -> None:
    found = intraclass_correlation(shrout_fleiss(), form)  # type: ignore[arg-type]
    assert found.value[0] == pytest.approx(value, abs=0.005)
    assert found.low[0] < found.value[0] < found.high[0]


def test_icc_of_many_features_is_that_of_each() -> None:
    ratings = np.random.default_rng(0).normal(size=(12, 3, 50)) + np.arange(12)[:, None, None] / 3
    together = intraclass_correlation(ratings, "2,1")
    for j in (0, 17, 49):
        alone = intraclass_correlation(ratings[:, :, j], "2,1")
        assert together.value[j] == pytest.approx(alone.value[0], rel=1e-12)
        assert together.low[j] == pytest.approx(alone.low[0], rel=1e-9)


def test_reliable_features_stay_and_constant_ones_go() -> None:
    rng = np.random.default_rng(1)
    subject = rng.normal(size=(30, 1))
    good = subject + 0.1 * rng.normal(size=(30, 2))
    ratings = np.stack((good, rng.normal(size=(30, 2)), np.ones((30, 2))), axis=2)
    icc = intraclass_correlation(ratings, "2,1").value
    np.testing.assert_array_equal(keep_reliable(icc).keep, [True, False, False])
    ratings[0, 0, 1] = np.nan
    with pytest.raises(InputError, match="feature 1"):
        intraclass_correlation(ratings, "1,1")
