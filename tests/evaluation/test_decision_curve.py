from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.simulated import cohort, probability, small_cohorts
from trephine.errors import InputError
from trephine.evaluation.decision_curve import TREAT_ALL, TREAT_NONE, decision_curves
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import FloatArray, Survival

THRESHOLDS = np.arange(0.0, 0.9, 0.1)


def test_without_censoring_it_is_the_textbook_binary_formula() -> None:
    outcome, score = cohort(censored=False)
    risk, event = probability(score), outcome.time <= 40.0
    curve = decision_curves(outcome, {"model": risk}, 40.0, THRESHOLDS)["model"]
    for k, threshold in enumerate(THRESHOLDS):
        acted = risk >= threshold
        true, false = (acted & event).mean(), (acted & ~event).mean()
        expected = true - false * threshold / (1.0 - threshold)
        if np.isfinite(curve.net_benefit[k]):
            assert curve.net_benefit[k] == pytest.approx(expected, abs=1e-12)
        else:
            assert outcome.time[acted].max() < 40.0


@given(small_cohorts(), st.floats(0.05, 0.9))
def test_rates_are_kaplan_meier_among_those_acted_on(
    case: tuple[Survival, FloatArray], threshold: float
) -> None:
    outcome, score = case
    risk = probability(score)
    acted = risk >= threshold
    curve = decision_curves(outcome, {"model": risk}, 5.0, [threshold])["model"]
    if not acted.any():
        assert curve.net_benefit[0] == 0.0
        return
    if outcome.time[acted].max() < 5.0:
        assert np.isnan(curve.net_benefit[0])
        assert curve.note
        return
    free = kaplan_meier(outcome.time[acted], outcome.event[acted]).at([5.0]).survival_probability
    assert curve.true_positive_rate[0] == pytest.approx((1.0 - free[0]) * acted.mean(), abs=1e-12)
    assert curve.false_positive_rate[0] == pytest.approx(free[0] * acted.mean(), abs=1e-12)


def test_harm_lowers_a_model_and_nothing_else() -> None:
    outcome, score = cohort()
    risk = {"model": probability(score)}
    plain = decision_curves(outcome, risk, 40.0, THRESHOLDS)
    harmed = decision_curves(outcome, risk, 40.0, THRESHOLDS, harm={"model": 0.02})
    np.testing.assert_allclose(
        harmed["model"].net_benefit, plain["model"].net_benefit - 0.02, atol=1e-15
    )
    np.testing.assert_array_equal(harmed[TREAT_ALL].net_benefit, plain[TREAT_ALL].net_benefit)


def test_treating_none_has_no_benefit_and_treating_all_breaks_even_at_the_event_rate() -> None:
    outcome, score = cohort()
    rate = decision_curves(outcome, {"model": probability(score)}, 40.0, [0.1])[
        TREAT_ALL
    ].event_rate
    curves = decision_curves(outcome, {"model": probability(score)}, 40.0, [0.0, rate])
    np.testing.assert_array_equal(curves[TREAT_NONE].net_benefit, 0.0)
    assert curves[TREAT_ALL].net_benefit[1] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(curves["model"].interventions_avoided[0])
    assert curves[TREAT_ALL].interventions_avoided[1] == 0.0


def test_the_bootstrap_draws_patients_and_repeats_itself() -> None:
    outcome, score = cohort()
    patient = np.repeat(np.arange(60), 2)
    first, second = (
        decision_curves(
            outcome,
            {"model": probability(score)},
            40.0,
            [0.3],
            cluster=patient,
            repeats=60,
            rng=np.random.default_rng(11),
        )["model"]
        for _ in range(2)
    )
    assert first.net_benefit_low[0] == second.net_benefit_low[0]
    assert first.net_benefit_low[0] < first.net_benefit[0] < first.net_benefit_high[0]


def test_a_horizon_past_follow_up_says_so() -> None:
    outcome, score = cohort()
    curves = decision_curves(outcome, {"model": probability(score)}, 1e4, THRESHOLDS)
    assert np.isnan(curves[TREAT_ALL].net_benefit).all()
    assert "nobody was followed" in curves["model"].note


def test_what_makes_no_sense_is_refused() -> None:
    outcome, score = cohort()
    risk = {"model": probability(score)}
    with pytest.raises(InputError, match="thresholds"):
        decision_curves(outcome, risk, 40.0, [1.0])
    with pytest.raises(InputError, match="harm"):
        decision_curves(outcome, risk, 40.0, [0.1], harm={"other": 0.1})
    with pytest.raises(InputError, match="rng"):
        decision_curves(outcome, risk, 40.0, [0.1], repeats=5)
    with pytest.raises(InputError, match="not a score"):
        decision_curves(outcome, {"model": score}, 40.0, [0.1])
