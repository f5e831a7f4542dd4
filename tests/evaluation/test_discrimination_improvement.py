from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort, probability
from trephine.errors import InputError
from trephine.evaluation.discrimination_improvement import discrimination_improvement
from trephine.evaluation.improvement_perturbation import (
    exponential_perturbations,
    perturbed_improvement,
)
from trephine.types import Survival


def test_without_censoring_the_idi_is_the_difference_in_mean_changes() -> None:
    outcome, score = cohort(censored=False)
    old, new = probability(0.3 * score), probability(score)
    found = discrimination_improvement(outcome, old, new, 40.5)
    event, change = outcome.time < 40.5, new - old
    # The grid of 2,001 differences is worth half a step on either side.
    assert found.idi.events == pytest.approx(change[event].mean(), abs=6e-4)
    assert found.idi.value == pytest.approx(
        change[event].mean() - change[~event].mean(), abs=1.1e-3
    )
    assert found.half_nri.events == pytest.approx((change[event] > 0).mean(), abs=1e-12)
    assert found.median_improvement.events == pytest.approx(np.median(change[event]), abs=0.01)


def test_single_precision_is_the_same_but_for_rounding() -> None:
    outcome, score = cohort()
    old, new = probability(0.3 * score), probability(score)
    double = discrimination_improvement(outcome, old, new, 40.0)
    single = discrimination_improvement(outcome, old, new, 40.0, precision="single")
    assert single.idi.value == pytest.approx(double.idi.value, abs=1e-6)
    assert single.median_improvement == double.median_improvement


def test_equal_models_do_not_improve() -> None:
    outcome, score = cohort()
    found = discrimination_improvement(outcome, probability(score), probability(score), 40.0)
    assert found.half_nri.value == 0.0
    assert found.idi.value == pytest.approx(0.0, abs=1e-12)


def test_perturbations_of_one_move_nothing() -> None:
    outcome, score = cohort()
    design = np.column_stack([score, score**2])
    found = perturbed_improvement(outcome, design[:, 1:], design, 40.0, np.ones((120, 3)))
    for estimate in (found.idi, found.half_nri, found.median_improvement):
        assert estimate.low == pytest.approx(estimate.high)
    # The point reads G at T, the draws just before it: alike where no censoring is tied.
    assert found.idi.low == pytest.approx(found.idi.value, abs=0.02)


def test_draws_are_repeatable_and_surround_the_value() -> None:
    outcome, score = cohort(200, seed=2)
    design = np.column_stack([np.random.default_rng(1).normal(size=200), score])
    given = [exponential_perturbations(200, 80, np.random.default_rng(7)) for _ in range(2)]
    first, second = (
        perturbed_improvement(outcome, design[:, :1], design, 40.0, draws) for draws in given
    )
    np.testing.assert_array_equal(first.draws, second.draws)
    assert first.idi.low < first.idi.value < first.idi.high
    assert first.p_values[0] <= 0.05


def test_a_useful_covariate_improves_and_a_horizon_without_events_says_so() -> None:
    outcome, score = cohort()
    late = Survival(outcome.time + 10.0, outcome.event)
    found = perturbed_improvement(late, (score**2)[:, None], score[:, None], 5.0, np.ones((120, 1)))
    assert np.isnan(found.idi.value)
    assert "no event" in found.point.note


def test_perturbations_of_the_wrong_shape_are_refused() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match="draws"):
        perturbed_improvement(outcome, score[:, None], score[:, None], 40.0, np.ones((5, 2)))
