from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort
from trephine.errors import InputError
from trephine.evaluation.likelihood_ratio import likelihood_ratio_test
from trephine.regression.cox import CoxModel


def test_against_a_model_of_noise_it_is_the_gain_in_likelihood() -> None:
    outcome, score = cohort()
    noise = np.random.default_rng(99).normal(size=120)
    smaller = CoxModel().fit(noise[:, None], outcome).result_
    larger = CoxModel().fit(np.column_stack([noise, score]), outcome).result_
    found = likelihood_ratio_test(smaller, larger)
    gain = larger.likelihood_ratio.statistic - smaller.likelihood_ratio.statistic
    assert found.statistic == pytest.approx(gain)
    assert found.degrees_of_freedom == (1.0,)
    assert found.p_value < 1e-4


def test_models_of_other_cases_or_in_the_wrong_order_are_refused() -> None:
    outcome, score = cohort()
    design = np.column_stack([score, score**2])
    smaller = CoxModel().fit(score[:, None], outcome).result_
    larger = CoxModel().fit(design, outcome).result_
    part = CoxModel().fit(design[:100], outcome.take(np.arange(100))).result_
    with pytest.raises(InputError, match="same cases"):
        likelihood_ratio_test(smaller, part)
    with pytest.raises(InputError, match="contain the first"):
        likelihood_ratio_test(larger, smaller)


def test_equally_many_columns_give_no_answer() -> None:
    outcome, score = cohort()
    result = CoxModel().fit(score[:, None], outcome).result_
    found = likelihood_ratio_test(result, result)
    assert np.isnan(found.p_value)
    assert "equally many" in found.note
