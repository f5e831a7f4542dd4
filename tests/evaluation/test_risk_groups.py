from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort
from trephine.errors import InputError
from trephine.evaluation.risk_groups import median_cut_off, risk_groups
from trephine.survival.logrank import logrank_test
from trephine.types import Survival


def test_the_training_median_splits_in_half_and_the_log_rank_test_is_that_of_the_halves() -> None:
    outcome, score = cohort()
    found = risk_groups(outcome, score, median_cut_off(score), horizons=[36.0, 60.0])
    assert [group.n for group in found.groups] == [60, 60]
    assert [group.name for group in found.groups] == ["low", "high"]
    assert found.logrank is not None
    direct = logrank_test(outcome.time, outcome.event, score > np.median(score))
    assert found.logrank.p_value == pytest.approx(direct.p_value)
    low, high = found.groups
    assert low.survival_probability[0].value > high.survival_probability[0].value


def test_cut_offs_from_training_are_applied_unchanged() -> None:
    _, training = cohort(seed=1)
    outcome, score = cohort(seed=2)
    cut = median_cut_off(training)
    found = risk_groups(outcome, score, cut)
    np.testing.assert_array_equal(found.group_of_case, (score > cut[0]).astype(int))


def test_numbers_at_risk_are_counted_just_before_each_time() -> None:
    outcome, score = cohort()
    found = risk_groups(outcome, score, [0.0], risk_table_times=[0, 24, 48])
    for k, group in enumerate(found.groups):
        rows = found.group_of_case == k
        expected = [int((outcome.time[rows] >= t).sum()) for t in (0, 24, 48)]
        assert group.n_at_risk.tolist() == expected


def test_a_group_without_events_stands() -> None:
    outcome, score = cohort()
    quiet = Survival(outcome.time, outcome.event & (score > 0.0))
    low, high = (found := risk_groups(quiet, score, [0.0], horizons=[36.0])).groups
    assert low.survival_probability[0].value == 1.0
    assert "no event" in low.note
    assert np.isnan(low.median_survival.value)
    assert high.n_events == high.curve.n_events.sum() if high.curve else False
    assert found.logrank is not None


def test_an_empty_group_and_a_late_horizon_say_so() -> None:
    outcome, score = cohort()
    empty, full = (found := risk_groups(outcome, score, [-99.0], horizons=[36.0, 1e4])).groups
    assert (empty.n, empty.curve) == (0, None)
    assert "no case" in empty.note
    assert np.isnan(full.survival_probability[1].value)
    assert "10000" in full.note
    assert found.logrank is None
    assert found.note == "no log-rank test: all cases are in one group"


def test_more_groups_are_numbered_and_odd_cut_offs_refused() -> None:
    outcome, score = cohort()
    names = [group.name for group in risk_groups(outcome, score, [-1, 0, 1]).groups]
    assert names == ["risk group 1", "risk group 2", "risk group 3", "risk group 4"]
    with pytest.raises(InputError, match="ascending"):
        risk_groups(outcome, score, [1.0, 0.0])
    with pytest.raises(InputError, match="names"):
        risk_groups(outcome, score, [0.0], names=["a", "a"])


def test_intervals_by_patient_do_not_shrink_where_each_case_is_entered_twice() -> None:
    outcome, score = cohort()
    once = risk_groups(outcome, score, [0.0], horizons=[36.0])
    rows = np.repeat(np.arange(len(outcome)), 2)
    twice = risk_groups(outcome.take(rows), score[rows], [0.0], horizons=[36.0], cluster=rows)
    for one, other in zip(once.groups, twice.groups, strict=True):
        (alone,), (paired,) = one.survival_probability, other.survival_probability
        assert (paired.low, paired.high) == pytest.approx((alone.low, alone.high))


def test_a_group_that_was_not_followed_so_far_names_the_unit() -> None:
    outcome = Survival(np.arange(1.0, 21.0), np.arange(20) % 2 == 0, "days")
    found = risk_groups(outcome, np.r_[np.zeros(10), np.ones(10)], [0.5], horizons=[15, 30])
    assert [group.note for group in found.groups] == [
        "nobody was followed to 15 and 30 days",
        "nobody was followed to 30 days",
    ]
