from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.simulated import cohort, probability, small_cohorts
from trephine.errors import InputError
from trephine.evaluation.calibration import (
    calibration_groups,
    equal_size_groups,
    greenwood_nam_dagostino_test,
    quantile_groups,
)
from trephine.evaluation.calibration_slope import calibration_in_the_large, calibration_slope
from trephine.evaluation.pseudo_values import survival_pseudo_values
from trephine.regression.cox import CoxModel
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import FloatArray, Survival


def cox_risk(outcome: Survival, score: FloatArray, horizon: float) -> FloatArray:
    model = CoxModel().fit(score[:, None], outcome)
    free: FloatArray = model.predict_survival(score[:, None], [horizon]).survival_probability[:, 0]
    return 1.0 - free


@given(small_cohorts())
def test_pseudo_values_are_the_jackknife(case: tuple[Survival, FloatArray]) -> None:
    outcome, _ = case
    n = len(outcome)

    def free(rows: np.ndarray) -> float:
        curve = kaplan_meier(outcome.time[rows], outcome.event[rows])
        return float(curve.at([5.0]).survival_probability[0])

    everybody = np.arange(n)
    slow = [n * free(everybody) - (n - 1) * free(np.delete(everybody, i)) for i in range(n)]
    np.testing.assert_allclose(survival_pseudo_values(outcome, 5.0), slow, atol=1e-10)


def test_without_censoring_pseudo_values_are_zero_and_one() -> None:
    outcome, _ = cohort(censored=False)
    pseudo = survival_pseudo_values(outcome, 40.0)
    np.testing.assert_allclose(pseudo, outcome.time > 40.0, atol=1e-12)


def test_groups_hold_every_case_once_in_order_of_risk() -> None:
    outcome, score = cohort()
    groups = calibration_groups(outcome, probability(score), 40.0)
    assert sum(group.n for group in groups) == 120
    means = [group.mean_event_probability for group in groups]
    assert means == sorted(means)
    assert all(g.observed.low <= g.observed.value <= g.observed.high for g in groups)


@given(st.lists(st.integers(0, 20), min_size=8, max_size=60), st.integers(2, 6))
def test_both_groupings_follow_the_order_of_the_values(values: list[int], k: int) -> None:
    sample = np.array(values, dtype=float)
    for codes in (quantile_groups(sample, k), equal_size_groups(sample, k)):
        order = np.argsort(sample, kind="stable")
        assert (np.diff(codes[order]) >= 0).all()
        assert codes.max() < k
        assert (np.unique(codes) == np.arange(codes.max() + 1)).all()


@given(st.integers(8, 80), st.integers(2, 7))
def test_equal_size_groups_differ_by_at_most_one_larger_ones_first(n: int, k: int) -> None:
    sizes = np.bincount(equal_size_groups(np.arange(n), k))
    assert sizes.size == k
    assert sizes.max() - sizes.min() <= 1
    assert (np.diff(sizes) <= 0).all()


def test_the_slope_of_a_cox_models_own_predictions_is_one() -> None:
    outcome, score = cohort()
    assert calibration_slope(outcome, cox_risk(outcome, score, 40.0)).estimate.value == (
        pytest.approx(1.0, abs=1e-6)
    )


def test_overfitted_predictions_have_a_slope_below_one() -> None:
    outcome, score = cohort(300, seed=8)
    model = CoxModel().fit(score[:, None], outcome)
    double = np.exp(2.0 * model.predict_linear_predictor(score[:, None]))
    slope = calibration_slope(outcome, 1.0 - np.exp(-0.3 * double)).estimate
    assert slope.value == pytest.approx(0.5, abs=1e-4)
    assert slope.high < 1.0


def test_observed_over_expected_of_kaplan_meier_itself_is_one() -> None:
    outcome, _ = cohort()
    free = kaplan_meier(outcome.time, outcome.event).at([40.0]).survival_probability[0]
    found = calibration_in_the_large(outcome, np.full(120, 1.0 - free), 40.0)
    assert found.ratio.value == pytest.approx(1.0)
    assert found.ratio.low < 1.0 < found.ratio.high


def test_good_predictions_pass_the_test_and_mirrored_ones_fail_it() -> None:
    outcome, score = cohort(600, seed=12)
    risk = cox_risk(outcome, score, 40.0)
    good = greenwood_nam_dagostino_test(calibration_groups(outcome, risk, 40.0))
    bad = greenwood_nam_dagostino_test(calibration_groups(outcome, 1.0 - risk, 40.0))
    assert good.p_value > 0.01
    assert bad.p_value < 1e-6


def test_a_group_without_events_gives_no_test_but_says_why() -> None:
    time = np.arange(1.0, 41.0)
    outcome = Survival(time, np.arange(40) < 10)
    risk = np.linspace(0.9, 0.1, 40)
    groups = calibration_groups(outcome, risk, 12.0)
    assert groups[0].observed.value == 0.0
    assert "no event" in groups[0].note
    test = greenwood_nam_dagostino_test(groups)
    assert np.isnan(test.p_value)
    assert "no event" in test.note


def test_constant_predictions_make_one_group_and_no_slope() -> None:
    outcome, _ = cohort()
    groups = calibration_groups(outcome, np.full(120, 0.3), 40.0)
    assert len(groups) == 1
    assert "alike" in greenwood_nam_dagostino_test(groups).note
    slope = calibration_slope(outcome, np.full(120, 0.3))
    assert np.isnan(slope.estimate.value)
    assert slope.note == "every case has the same prediction"


def test_predictions_of_zero_and_one_do_not_break_the_slope() -> None:
    outcome, score = cohort()
    risk = probability(score)
    risk[0], risk[1] = 0.0, 1.0
    assert np.isfinite(calibration_slope(outcome, risk).estimate.value)


def test_a_horizon_past_follow_up_says_so() -> None:
    outcome, score = cohort()
    found = calibration_in_the_large(outcome, probability(score), 1e4)
    assert np.isnan(found.observed.value)
    assert "nobody was followed" in found.note


def test_one_group_is_refused() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match="at least 2"):
        calibration_groups(outcome, probability(score), 40.0, groups=1)


def test_groups_test_and_ratio_by_patient_are_not_surer_for_entering_a_case_twice() -> None:
    outcome, score = cohort()
    risk = probability(score)
    rows = np.repeat(np.arange(len(outcome)), 2)
    once = calibration_groups(outcome, risk, 40.0, grouping="equal sizes")
    twice = calibration_groups(
        outcome.take(rows), risk[rows], 40.0, grouping="equal sizes", cluster=rows
    )
    for one, other in zip(once, twice, strict=True):
        assert other.observed.low == pytest.approx(one.observed.low)
        assert other.observed.high == pytest.approx(one.observed.high)
    first, second = (greenwood_nam_dagostino_test(groups) for groups in (once, twice))
    assert second.statistic == pytest.approx(first.statistic)
    ratio = calibration_in_the_large(outcome, risk, 40.0).ratio
    paired = calibration_in_the_large(outcome.take(rows), risk[rows], 40.0, cluster=rows).ratio
    assert (paired.low, paired.high) == pytest.approx((ratio.low, ratio.high))


def test_predictions_too_certain_for_the_slope_are_reported() -> None:
    outcome, score = cohort()
    risk = cox_risk(outcome, score, 40.0)
    assert calibration_slope(outcome, risk).note == ""
    risk[np.argmax(score)] = 1.0
    assert calibration_slope(outcome, risk).note.startswith("calibration slope: 1 prediction was")


def test_a_note_on_groups_counts_each_reason_and_names_the_unit_of_the_horizon() -> None:
    time = np.r_[np.full(10, 50.0), np.full(10, 20.0), np.full(10, 60.0)]
    event = np.zeros(30, dtype=bool)
    event[20:25] = True
    time[20:25] = 12.0
    outcome = Survival(time, event, "years")
    risk = np.r_[np.full(10, 0.1), np.full(10, 0.3), np.full(10, 0.6)]
    groups = calibration_groups(outcome, risk, 36.0, groups=3)
    note = greenwood_nam_dagostino_test(groups).note
    assert note == (
        "in 1 of 3 groups no event by the horizon of 36 years, in 1 of 3 groups nobody was followed"
        " to the horizon of 36 years"
    )


def test_a_slope_that_cannot_be_fitted_says_why_without_a_column_s_name() -> None:
    """The advice to drop a column is for whoever fits models, and no reader gave it one."""
    at_once = Survival(np.array([1.0, 1.0, 3.0, 4.0]), np.array([True, True, False, False]))
    found = calibration_slope(at_once, np.array([0.1, 0.2, 0.3, 0.4]))
    assert found.note == "calibration slope: all events were observed at one time"
    alike = Survival(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, True, False]))
    found = calibration_slope(alike, np.array([0.1, 0.3, 0.3, 0.3]))
    expected = "the predictions do not differ between the cases at risk at any event"
    assert found.note == f"calibration slope: {expected}"
