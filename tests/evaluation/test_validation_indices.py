from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort
from trephine.evaluation.validation_indices import (
    adjusted_r_squared,
    gini_mean_difference,
    validation_indices,
)
from trephine.regression.cox import CoxModel


def test_gini_mean_difference_is_the_mean_over_all_pairs() -> None:
    values = np.random.default_rng(0).normal(size=25)
    pairs = np.abs(values[:, None] - values[None, :])
    assert gini_mean_difference(values) == pytest.approx(pairs.sum() / (25 * 24))


def test_a_model_on_its_own_cases_has_slope_one_and_pays_only_two_for_reliability() -> None:
    outcome, score = cohort()
    result = CoxModel().fit(score[:, None], outcome).result_
    lp = score * result.coefficients[0]
    found = validation_indices(outcome, lp)
    assert found.slope == pytest.approx(1.0)
    assert found.unreliability == pytest.approx(2.0 / (2.0 * result.log_likelihood_null))
    assert found.quality == pytest.approx(found.discrimination - found.unreliability)


def test_halving_the_predictor_doubles_the_slope_and_costs_quality() -> None:
    outcome, score = cohort(300, seed=1)
    lp = score * CoxModel().fit(score[:, None], outcome).result_.coefficients[0]
    whole, half = validation_indices(outcome, lp), validation_indices(outcome, lp / 2.0)
    assert half.slope == pytest.approx(2.0)
    assert half.somers_dxy == pytest.approx(whole.somers_dxy)
    assert half.quality < whole.quality


def test_a_constant_predictor_says_so() -> None:
    outcome, _ = cohort()
    found = validation_indices(outcome, np.zeros(120))
    assert np.isnan(found.slope)
    assert "do not differ" in found.note


def test_adjusted_r_squared_is_rmss() -> None:
    assert adjusted_r_squared(43.593114349709, 212) == pytest.approx(0.185864038352152)
    assert adjusted_r_squared(43.593114349709, 64, 7) == pytest.approx(0.435473194827248)
