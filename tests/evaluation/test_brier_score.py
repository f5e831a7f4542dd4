from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from evaluation.simulated import cohort, probability, small_cohorts
from trephine.errors import InputError
from trephine.evaluation.brier_score import (
    brier_score,
    compare_brier_scores,
)
from trephine.types import FloatArray, Survival


def test_without_censoring_it_is_the_mean_squared_error() -> None:
    outcome, score = cohort(censored=False)
    risk = probability(score)
    found = brier_score(outcome, risk, 40.0)
    error = ((outcome.time <= 40.0) - risk) ** 2
    assert found.estimate.value == pytest.approx(error.mean(), abs=1e-14)
    assert found.estimate.standard_error == pytest.approx(error.std(ddof=1) / np.sqrt(120))


@given(small_cohorts())
def test_order_of_cases_and_time_units_do_not_matter(case: tuple[Survival, FloatArray]) -> None:
    outcome, score = case
    risk = probability(score)
    first = brier_score(outcome, risk, 6.0).estimate
    order = np.random.default_rng(2).permutation(risk.size)
    in_days = Survival(outcome.time * 30.0, outcome.event, "days")
    for other in (
        brier_score(outcome.take(order), risk[order], 6.0).estimate,
        brier_score(in_days, risk, 180.0).estimate,
    ):
        np.testing.assert_allclose(other.value, first.value, atol=1e-12)
        np.testing.assert_allclose(other.standard_error, first.standard_error, atol=1e-12)


def test_giving_everybody_kaplan_meier_has_no_prediction_accuracy() -> None:
    outcome, score = cohort()
    null = brier_score(outcome, probability(score), 40.0).null_score
    grid = np.linspace(0.0, 1.0, 101)
    constants = [brier_score(outcome, np.full(120, p), 40.0).estimate.value for p in grid]
    # No constant does better than the Kaplan-Meier estimate.
    assert null <= min(constants) + 1e-12


def test_the_influence_is_what_deleting_a_case_does() -> None:
    outcome, score = cohort(400, seed=4)
    risk = probability(score)
    full = brier_score(outcome, risk, 40.5)
    for i in (1, 77, 398):
        kept = np.delete(np.arange(400), i)
        without = brier_score(outcome.take(kept), risk[kept], 40.5).estimate.value
        jackknife = 399 * (full.estimate.value - without)
        assert jackknife == pytest.approx(full.influence[i], abs=0.02)


def test_the_difference_is_antisymmetric() -> None:
    outcome, score = cohort()
    good = brier_score(outcome, probability(score), 40.0)
    bad = brier_score(outcome, probability(-score), 40.0)
    there, back = compare_brier_scores(good, bad), compare_brier_scores(bad, good)
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.difference.value < 0


def test_a_horizon_past_follow_up_says_so() -> None:
    outcome, score = cohort()
    found = brier_score(outcome, probability(score), 1e4)
    assert np.isnan(found.estimate.value)
    assert "followed" in found.note


def test_survival_probabilities_of_the_wrong_range_are_refused() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match="not a score"):
        brier_score(outcome, score, 40.0)
