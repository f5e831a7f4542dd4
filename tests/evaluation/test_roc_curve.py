from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort
from trephine.errors import InputError
from trephine.evaluation.roc_curve import RocEstimator, roc_curve
from trephine.evaluation.time_dependent_auc import time_dependent_auc

ESTIMATORS: list[RocEstimator] = ["weighted", "kaplan-meier", "nearest-neighbours"]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_curve_runs_from_corner_to_corner(estimator: RocEstimator) -> None:
    outcome, score = cohort()
    curve = roc_curve(outcome, score, 40.5, estimator=estimator)
    assert (curve.sensitivity[0], curve.false_positive_rate[0]) == pytest.approx((0.0, 0.0))
    assert (curve.sensitivity[-1], curve.false_positive_rate[-1]) == pytest.approx((1.0, 1.0))
    assert (np.diff(curve.thresholds) < 0).all()


def test_the_area_under_the_weighted_curve_is_the_auc_also_with_ties() -> None:
    outcome, score = cohort()
    rounded = np.round(score)
    area = roc_curve(outcome, rounded, 40.0).area
    assert area == pytest.approx(time_dependent_auc(outcome, rounded, 40.0).estimate.value)


@pytest.mark.parametrize("estimator", ["weighted", "kaplan-meier"])
def test_without_censoring_it_is_the_textbook_curve(estimator: RocEstimator) -> None:
    outcome, score = cohort(censored=False)
    curve = roc_curve(outcome, score, 36.5, estimator=estimator)
    case = outcome.time < 36.5
    for k in (0, 10, 60, 119):
        positive = score > curve.thresholds[k]
        assert curve.sensitivity[k] == pytest.approx(positive[case].mean(), abs=1e-12)
        assert curve.false_positive_rate[k] == pytest.approx(positive[~case].mean(), abs=1e-12)


def test_youden_threshold_maximises_the_difference() -> None:
    outcome, score = cohort()
    curve = roc_curve(outcome, score, 40.0)
    at = np.flatnonzero(curve.thresholds == curve.youden_threshold())[0]
    gain = curve.sensitivity - curve.false_positive_rate
    assert gain[at] == gain.max()
    assert curve.sensitivity_at(float(curve.false_positive_rate[at])) >= curve.sensitivity[at]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("horizon", [0.5, 1e4])
def test_a_horizon_outside_of_follow_up_gives_no_area(
    estimator: RocEstimator, horizon: float
) -> None:
    outcome, score = cohort()
    if estimator != "weighted" and horizon > 100:
        # Kaplan-Meier keeps its last value; the weighted curve has no controls left.
        outcome = outcome.take(outcome.event)
        score = score[: len(outcome)]
    curve = roc_curve(outcome, score, horizon, estimator=estimator)
    assert np.isnan(curve.area)
    assert curve.note
    assert np.isnan(curve.youden_threshold())


def test_an_impossible_span_is_refused() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match="span"):
        roc_curve(outcome, score, 40.0, estimator="nearest-neighbours", span=2.0)
