from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.survival.logrank import logrank_test
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import prepare_risk_sets


def _cases() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(4)
    return (
        np.ceil(generator.exponential(9, size=80)),
        generator.random(80) < 0.6,
        generator.integers(0, 3, size=80),
        generator.integers(0, 2, size=80),
    )


def test_a_test_worked_by_hand() -> None:
    found = logrank_test([1, 2, 3, 4], [1, 1, 1, 0], ["a", "b", "a", "b"])
    assert list(found.observed) == [2, 1]
    expected = 2 / 4 + 1 / 3 + 1 / 2
    assert found.expected == pytest.approx([expected, 3 - expected])
    variance = 1 / 4 + 2 / 9 + 1 / 4
    assert found.statistic == pytest.approx((2 - expected) ** 2 / variance)


def test_with_untied_times_it_is_coxs_score_test() -> None:
    _, event, group, strata = _cases()
    time = np.random.default_rng(5).permutation(80) + 1.0
    design = np.column_stack([group == 1, group == 2]).astype(float)
    null = partial_likelihood(
        prepare_risk_sets(design, time, event, strata=strata), np.zeros(2), "breslow"
    )
    score = null.gradient @ np.linalg.solve(null.information, null.gradient)
    assert logrank_test(time, event, group, strata=strata).statistic == pytest.approx(score)


@pytest.mark.parametrize("rho", [0, 1])
def test_labels_order_of_cases_and_unit_of_time_do_not_matter(rho: float) -> None:
    time, event, group, strata = _cases()
    order = np.random.default_rng(6).permutation(80)
    plain = logrank_test(time, event, group, rho=rho, strata=strata)
    other = logrank_test(
        time[order] * 365.25, event[order], (2 - group)[order], rho=rho, strata=strata[order]
    )
    assert other.statistic == pytest.approx(plain.statistic)
    assert other.observed[::-1] == pytest.approx(plain.observed)


def test_observed_and_expected_have_one_sum() -> None:
    time, event, group, strata = _cases()
    found = logrank_test(time, event, group, rho=1, strata=strata)
    assert found.observed.sum() == pytest.approx(found.expected.sum())
    assert found.covariance.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)


def test_one_group_or_no_event_is_refused() -> None:
    with pytest.raises(InputError, match="at least two groups, found only x"):
        logrank_test([1, 2], [1, 1], ["x", "x"])
    with pytest.raises(InputError, match="at risk"):
        logrank_test([1, 2], [0, 0], ["x", "y"])
    with pytest.raises(InputError, match="label in every row"):
        logrank_test([1, 2], [1, 1], [1.0, np.nan])
