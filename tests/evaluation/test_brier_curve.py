from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from evaluation.simulated import cohort, probability, small_cohorts
from trephine.errors import InputError
from trephine.evaluation.brier_curve import brier_curve, integrated_brier_score
from trephine.evaluation.brier_score import brier_score
from trephine.evaluation.influence import influence_standard_error
from trephine.evaluation.prediction_accuracy import integrated_brier
from trephine.types import FloatArray, Survival

TIMES = np.array([2.0, 4.0, 5.0, 6.0])


def test_the_integrated_score_of_a_constant_score_is_that_score() -> None:
    outcome, _ = cohort(censored=False)
    times = [1e-6, 20.0, 40.0]
    found = integrated_brier_score(outcome, np.full((120, 3), 0.5), times)
    assert found.value == pytest.approx(0.25, rel=1e-6)
    assert found.scores == pytest.approx([0.25] * 3)


@given(small_cohorts())
def test_the_curve_is_the_score_of_each_time(case: tuple[Survival, FloatArray]) -> None:
    outcome, score = case
    risk = probability(score)[:, None] * TIMES / TIMES[-1]
    curve = brier_curve(outcome, risk, TIMES)
    one_by_one = [brier_score(outcome, risk[:, j], t) for j, t in enumerate(TIMES)]
    values = [found.estimate.value for found in one_by_one]
    assert curve.scores == pytest.approx(values, abs=1e-12, nan_ok=True)
    null = [found.null_score for found in one_by_one]
    assert curve.null_scores() == pytest.approx(null, abs=1e-12, nan_ok=True)
    assert curve.note == next((found.note for found in one_by_one if found.note), "")


def test_the_influence_on_the_mean_is_the_mean_of_the_influences() -> None:
    outcome, score = cohort()
    times = np.linspace(5.0, 40.0, 8)
    risk = probability(score)[:, None] * times / 40.0
    one_by_one = [brier_score(outcome, risk[:, j], t) for j, t in enumerate(times)]
    # Trapezoids from 0, where the score is 0, each step of 5 of 40: half of the last.
    weights = np.array([1.0] * 7 + [0.5]) / 8.0
    mean = sum(w * found.influence for w, found in zip(weights, one_by_one, strict=True))
    patient = np.repeat(np.arange(60), 2)
    found = integrated_brier(outcome, risk, times, cluster=patient).estimate
    assert found.standard_error == pytest.approx(influence_standard_error(mean, patient), rel=1e-12)
    assert found.value == pytest.approx(integrated_brier_score(outcome, risk, times).value)


def test_a_grid_past_follow_up_says_from_where() -> None:
    outcome, score = cohort()
    risk = np.repeat(probability(score)[:, None], 3, axis=1)
    found = integrated_brier(outcome, risk, [20.0, 1e4, 2e4])
    assert np.isnan(found.estimate.value)
    assert found.note == "nobody was followed beyond the horizon of 10000 months"


@pytest.mark.parametrize("times", [[40.0, 20.0], [0.0, 20.0], [-1.0, 20.0]])
def test_a_grid_that_does_not_ascend_from_above_0_is_refused(times: list[float]) -> None:
    outcome, _ = cohort()
    with pytest.raises(InputError, match="ascending grid above 0"):
        integrated_brier_score(outcome, np.zeros((120, 2)), times)
