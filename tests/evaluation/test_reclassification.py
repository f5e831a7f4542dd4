from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort, probability
from trephine.errors import InputError
from trephine.evaluation.reclassification import (
    ReclassificationEstimator,
    categorical_reclassification,
    continuous_reclassification,
)

ESTIMATORS: list[ReclassificationEstimator] = ["kaplan-meier", "weighted"]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_without_censoring_it_is_the_textbook_nri(estimator: ReclassificationEstimator) -> None:
    outcome, score = cohort(censored=False)
    old, new = probability(0.3 * score), probability(score)
    found = continuous_reclassification(outcome, old, new, 40.5, estimator=estimator)
    event = outcome.time <= 40.5
    assert found.events == pytest.approx(np.sign(new - old)[event].mean(), abs=1e-12)
    assert found.non_events == pytest.approx(-np.sign(new - old)[~event].mean(), abs=1e-12)
    assert found.total == pytest.approx(found.events + found.non_events)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_swapping_the_models_changes_the_sign(estimator: ReclassificationEstimator) -> None:
    outcome, score = cohort()
    old, new = probability(0.3 * score), probability(score)
    there = categorical_reclassification(outcome, old, new, 40.0, [0.3, 0.6], estimator=estimator)
    back = categorical_reclassification(outcome, new, old, 40.0, [0.3, 0.6], estimator=estimator)
    assert there.total == pytest.approx(-back.total)
    assert (there.n_up, there.n_down) == (back.n_down, back.n_up)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_equal_models_reclassify_nobody(estimator: ReclassificationEstimator) -> None:
    outcome, score = cohort()
    risk = probability(score)
    found = continuous_reclassification(outcome, risk, risk, 40.0, estimator=estimator)
    assert (found.total, found.n_up, found.n_down) == (0.0, 0, 0)


def test_a_risk_on_a_cut_off_belongs_to_the_upper_category() -> None:
    outcome, _ = cohort()
    old, new = np.full(120, 0.2), np.full(120, 0.3)
    assert categorical_reclassification(outcome, old, new, 40.0, [0.3]).n_up == 120
    assert categorical_reclassification(outcome, old, new, 40.0, [0.2]).n_up == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("horizon", "reason"), [(0.5, "no event"), (1e4, "nobody")])
def test_a_horizon_outside_of_follow_up_says_so(
    estimator: ReclassificationEstimator, horizon: float, reason: str
) -> None:
    outcome, score = cohort()
    risk = probability(score)
    found = continuous_reclassification(outcome, risk, risk**2, horizon, estimator=estimator)
    assert np.isnan(found.total)
    assert reason in found.note


def test_impossible_cut_offs_are_refused() -> None:
    outcome, score = cohort()
    risk = probability(score)
    with pytest.raises(InputError, match="ascending"):
        categorical_reclassification(outcome, risk, risk, 40.0, [0.5, 0.2])
