from __future__ import annotations

import numpy as np
import pytest

from trephine.survival.ipcw import (
    censoring_distribution,
    nricens_uncensored_probability,
    survc1_uncensored_probability,
    survidinri_uncensored_probability,
    timeroc_uncensored_probability,
)
from trephine.survival.kaplan_meier import kaplan_meier

TIME = np.array([1.0, 2.0, 2.0, 2.0, 3.0, 4.0])
EVENT = np.array([1, 1, 0, 0, 1, 0])


def test_events_leave_before_the_censorings_at_their_time_or_with_them() -> None:
    at = [1.9, 2.0, 2.1, 9.0]
    # At 2 five are at risk, one has the event and two are censored; at 4 the last one is.
    assert censoring_distribution(TIME, EVENT).at(at) == pytest.approx([1, 1 - 2 / 4, 0.5, 0])
    tied = censoring_distribution(TIME, EVENT, estimator="tied")
    assert tied.at(at) == pytest.approx([1, 1 - 2 / 5, 0.6, 0])
    aalen = censoring_distribution(TIME, EVENT, estimator="nelson-aalen")
    assert aalen.at(at) == pytest.approx([1, np.exp(-0.4), np.exp(-0.4), np.exp(-1.4)])


def test_each_package_reads_its_own_side() -> None:
    assert timeroc_uncensored_probability(TIME, EVENT, [2, 2.5]) == pytest.approx([1, 0.5])
    assert survc1_uncensored_probability(TIME, EVENT, [2, 2.5]) == pytest.approx([1, 0.6])
    assert nricens_uncensored_probability(TIME, EVENT, [2, 2.5]) == pytest.approx([0.6, 0.6])
    found = survidinri_uncensored_probability(TIME, EVENT, [2, 2.5])
    assert found == pytest.approx(np.exp([-0.4, -0.4]))


def test_survival_times_uncensored_is_the_share_still_at_risk() -> None:
    generator = np.random.default_rng(3)
    time, event = generator.integers(1, 15, size=200).astype(float), generator.random(200) < 0.5
    curve = kaplan_meier(time, event)
    remaining = [np.mean(time > t) for t in curve.times]
    both = curve.survival_probability * censoring_distribution(time, event).at(curve.times)
    assert both == pytest.approx(remaining)


def test_the_weights_of_the_events_add_up_to_the_survival_drop() -> None:
    """Satten and Datta (2001): the IPCW estimate of P(T <= t) is one minus Kaplan-Meier."""
    generator = np.random.default_rng(4)
    time, event = generator.integers(1, 15, size=200).astype(float), generator.random(200) < 0.5
    weight = event / timeroc_uncensored_probability(time, event, time)
    for t in (3, 8, 12):
        died = np.sum(weight[time <= t]) / 200
        assert died == pytest.approx(1 - kaplan_meier(time, event).at(t).survival_probability[0])


def test_weights_count_as_cases() -> None:
    twice = censoring_distribution(np.repeat(TIME, 2), np.repeat(EVENT, 2))
    weighted = censoring_distribution(TIME, EVENT, weights=np.full(6, 2.0))
    assert np.array_equal(twice.uncensored_probability, weighted.uncensored_probability)
