"""Updating a locked model to outside cases."""

from __future__ import annotations

import numpy as np

from trephine.evaluation.recalibration import breslow_baseline, recalibrate
from trephine.regression.cox import CoxModel
from trephine.types import FloatArray, Survival


def outside(slope: float, rate: float, seed: int = 3) -> tuple[Survival, FloatArray]:
    rng = np.random.default_rng(seed)
    lp = rng.normal(size=4000)
    time = rng.exponential(size=4000) / (rate * np.exp(slope * lp))
    censored = rng.uniform(0.5, 3.0, size=4000)
    return Survival(np.minimum(time, censored), time <= censored), lp


def test_the_baseline_of_a_fitted_model_is_its_breslow_estimate() -> None:
    survival, lp = outside(1.0, 0.4)
    model = CoxModel(ties="breslow").fit(lp[:, None], survival)
    times = np.array([0.5, 1.0, 2.0])
    slope = float(model.result_.coefficients[0])
    expected = model.predict_survival(np.zeros((1, 1)), times).survival_probability[0]
    np.testing.assert_allclose(breslow_baseline(survival, slope * lp, times), expected, atol=1e-12)


def test_a_model_that_is_too_sure_gets_a_slope_below_one() -> None:
    survival, lp = outside(0.5, 0.4)
    found = recalibrate(survival, lp, [1.0, 2.0], [0.67, 0.45])
    assert 0.4 < found.slope.value < 0.6
    assert found.slope.low < found.slope.value < found.slope.high
    truth = np.exp(-0.4 * np.array([1.0, 2.0]))
    np.testing.assert_allclose(found.new_baseline_and_slope, truth, atol=0.03)


def test_a_higher_risk_everywhere_shows_in_the_baseline_alone() -> None:
    survival, lp = outside(1.0, 0.8)
    found = recalibrate(survival, lp, [1.0], [np.exp(-0.4)])
    np.testing.assert_allclose(found.new_baseline, np.exp(-0.8), atol=0.03)
    assert abs(found.slope.value - 1) < 0.1


def test_cases_without_events_leave_the_slope_open_and_say_so() -> None:
    survival = Survival(np.arange(1.0, 21.0), np.zeros(20, dtype=bool))
    found = recalibrate(survival, np.linspace(-1, 1, 20), [5.0], [0.8])
    assert np.isnan(found.slope.value)
    assert found.note
    np.testing.assert_allclose(found.new_baseline, 1.0)
