from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort, probability
from trephine.choices import CurveMethod
from trephine.errors import InputError
from trephine.evaluation.calibration_curve import calibration_curve
from trephine.regression.cox import CoxModel

METHODS: list[CurveMethod] = [
    "hazard",
    "hazard spline",
    "hazard regression",
    "pseudo-values linear",
    "pseudo-values local",
]


@pytest.mark.parametrize("method", METHODS)
def test_good_predictions_lie_near_the_diagonal(method: CurveMethod) -> None:
    outcome, score = cohort(800, seed=21)
    model = CoxModel().fit(score[:, None], outcome)
    risk = 1.0 - model.predict_survival(score[:, None], [40.0]).survival_probability[:, 0]
    found = calibration_curve(outcome, risk, 40.0, method=method)
    assert found.integrated_index.value < 0.05
    assert found.e50.value <= found.e90.value <= found.e_max.value


def test_the_hazard_curve_of_a_cox_model_on_its_own_cases_is_the_diagonal() -> None:
    outcome, score = cohort()
    model = CoxModel().fit(score[:, None], outcome)
    risk = 1.0 - model.predict_survival(score[:, None], [40.0]).survival_probability[:, 0]
    found = calibration_curve(outcome, risk, 40.0)
    np.testing.assert_allclose(found.observed, found.predicted, atol=1e-6)


def test_the_linear_curve_without_censoring_is_least_squares_on_the_outcome() -> None:
    outcome, score = cohort(censored=False)
    risk, event = probability(score), (outcome.time <= 40.0).astype(float)
    found = calibration_curve(outcome, risk, 40.0, method="pseudo-values linear")
    slope = np.cov(risk, event)[0, 1] / risk.var(ddof=1)
    np.testing.assert_allclose(
        found.observed_of_cases, event.mean() + slope * (risk - risk.mean()), atol=1e-10
    )


def test_the_interval_is_drawn_by_patient() -> None:
    outcome, score = cohort()
    found = calibration_curve(
        outcome,
        probability(score),
        40.0,
        points=5,
        cluster=np.repeat(np.arange(60), 2),
        repeats=30,
        rng=np.random.default_rng(3),
    )
    assert (found.low <= found.high).all()
    assert found.integrated_index.low <= found.integrated_index.high


@pytest.mark.parametrize("method", METHODS)
def test_constant_predictions_and_late_horizons_say_so(method: CurveMethod) -> None:
    outcome, score = cohort()
    constant = calibration_curve(outcome, np.full(120, 0.4), 40.0, method=method)
    late = calibration_curve(outcome, probability(score), 1e4, method=method)
    assert np.isnan(constant.integrated_index.value)
    assert "same prediction" in constant.note
    assert np.isnan(late.observed).all()
    assert "followed" in late.note


def test_intervals_need_a_generator() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match="rng"):
        calibration_curve(outcome, probability(score), 40.0, repeats=10)
