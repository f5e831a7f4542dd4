"""What is asked at a horizon of cases who came late: slow versions, laws and a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation.brier_score import brier_score
from trephine.evaluation.calibration_curve import calibration_curve
from trephine.evaluation.calibration_slope import calibration_in_the_large
from trephine.evaluation.censoring_weights import status_at, statuses_at
from trephine.evaluation.concordance import concordance_index
from trephine.evaluation.decision_curve import decision_curves
from trephine.evaluation.late_weights import late_influence, late_weights, observation_of
from trephine.evaluation.prediction_accuracy import integrated_brier
from trephine.evaluation.time_dependent_auc import time_dependent_auc
from trephine.survival.late_outcome import LateSurvival
from trephine.types import FloatArray, Survival

HORIZON = 24.0


def simulated(n: int, seed: int, late: bool = True) -> tuple[LateSurvival, FloatArray]:
    """Return cases and their true risk by 24; who has the event before its entry is never seen."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    rate = np.exp(x) / 40
    time = rng.exponential(1 / rate)
    entry = np.maximum(rng.uniform(-20, 30, n), 0.0) * late
    censored = np.maximum(entry, rng.uniform(5, 70, n)) + 0.01
    seen = time > entry
    outcome = LateSurvival(
        np.minimum(time, censored)[seen], (time <= censored)[seen], "months", entry[seen]
    )
    return outcome, -np.expm1(-rate * HORIZON)[seen]


def slow_weights(outcome: LateSurvival) -> FloatArray:
    """S(T-) / Y(T) of each event by the horizon, S(t) / Y(t+) of those left, times n."""
    survival, weight, n = 1.0, np.zeros(len(outcome)), len(outcome)
    for t in np.unique(outcome.time):
        if t > HORIZON:
            break
        at_risk = (outcome.entry < t) & (t <= outcome.time)
        dead = outcome.event & (outcome.time == t)
        weight[dead] = n * survival / at_risk.sum()
        survival *= 1 - dead.sum() / at_risk.sum()
    left = (outcome.entry <= HORIZON) & (outcome.time > HORIZON)
    weight[left] = n * survival / left.sum()
    return weight


def test_weights_are_their_definition_and_sum_to_the_cases() -> None:
    outcome, _ = simulated(150, 1)
    for rounded in (False, True):
        if rounded:
            outcome = LateSurvival(
                np.ceil(outcome.time) + 1, outcome.event, "months", np.floor(outcome.entry)
            )
        status = status_at(outcome, HORIZON, convention="riskRegression")
        assert status.weight == pytest.approx(slow_weights(outcome), rel=1e-12)
        assert status.weight.sum() == pytest.approx(len(outcome))
        (again,) = statuses_at(outcome, [HORIZON])
        assert np.array_equal(again.weight, status.weight)


def test_without_late_entry_they_are_the_inverse_probabilities_of_censoring() -> None:
    outcome, _ = simulated(300, 2, late=False)
    plain = Survival(outcome.time, outcome.event)
    status = status_at(plain, HORIZON, convention="riskRegression")
    weight = late_weights(observation_of(outcome), status.is_case, status.is_control, HORIZON)
    assert weight == pytest.approx(status.weight, rel=1e-10)


def test_influences_are_derivatives_by_the_weight_of_each_case() -> None:
    outcome, risk = simulated(60, 3)
    n, seen = len(outcome), observation_of(outcome)
    status = status_at(outcome, HORIZON, convention="riskRegression")
    squares = (status.is_case - risk) ** 2

    def estimate(omega: FloatArray) -> float:
        survival, total = 1.0, 0.0
        for t in seen.times[seen.times <= HORIZON]:
            at_risk = omega[(outcome.entry < t) & (t <= outcome.time)].sum()
            dead = outcome.event & (outcome.time == t)
            total += survival / at_risk * (omega * squares)[dead].sum()
            survival *= 1 - omega[dead].sum() / at_risk
        left = status.is_control
        return total + survival * (omega * squares)[left].sum() / omega[left].sum()

    found = brier_score(outcome, risk, HORIZON)
    assert estimate(np.ones(n)) == pytest.approx(found.estimate.value, rel=1e-12)
    step = 1e-6
    for k in range(n):
        up, down = np.ones(n), np.ones(n)
        up[k], down[k] = 1 + step, 1 - step
        slope = n * (estimate(up) - estimate(down)) / (2 * step)
        assert found.influence[k] == pytest.approx(slope, abs=1e-6)
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)


def test_measures_are_those_of_all_where_ignoring_the_entry_is_biased() -> None:
    everyone, true_risk = simulated(40_000, 4, late=False)
    whole = Survival(everyone.time, everyone.event)
    outcome, risk = simulated(40_000, 5)
    naive = Survival(outcome.time, outcome.event)
    truth = brier_score(whole, true_risk, HORIZON).estimate.value
    area = time_dependent_auc(whole, true_risk, HORIZON).estimate.value
    late = brier_score(outcome, risk, HORIZON)
    assert late.estimate.value == pytest.approx(truth, abs=4 * late.estimate.standard_error)
    late_area = time_dependent_auc(outcome, risk, HORIZON, convention="riskRegression")
    assert late_area.estimate.value == pytest.approx(
        area, abs=4 * late_area.estimate.standard_error
    )
    ratio = calibration_in_the_large(outcome, risk, HORIZON).ratio
    assert ratio.low < 1 < ratio.high
    assert calibration_in_the_large(naive, risk, HORIZON).ratio.high < 0.95
    benefit = decision_curves(outcome, {"ours": risk}, HORIZON, [0.3])["ours"].net_benefit[0]
    expected = decision_curves(whole, {"ours": true_risk}, HORIZON, [0.3])["ours"].net_benefit[0]
    assert benefit == pytest.approx(expected, abs=0.01)


def test_the_interval_of_the_brier_score_holds_what_it_says() -> None:
    truth = float(np.mean([brier_of_all(seed) for seed in range(3)]))
    held = []
    for seed in range(200):
        found = brier_score(*simulated(250, 100 + seed), HORIZON).estimate
        held.append(found.low <= truth <= found.high)
    assert 0.90 < np.mean(held) < 0.99


def brier_of_all(seed: int) -> float:
    outcome, risk = simulated(40_000, seed, late=False)
    return brier_score(Survival(outcome.time, outcome.event), risk, HORIZON).estimate.value


def test_curves_and_integrals_know_of_entries_and_what_does_not_is_refused() -> None:
    outcome, risk = simulated(400, 6)
    curve = calibration_curve(outcome, risk, HORIZON, points=5)
    assert not curve.note
    assert np.isfinite(curve.observed).all()
    both = np.column_stack([-np.expm1(np.log1p(-risk) / 2), risk])
    assert not integrated_brier(outcome, both, [12.0, 24.0]).note
    refused = calibration_curve(outcome, risk, HORIZON, points=5, method="hazard regression")
    assert "came under observation late" in refused.note
    with pytest.raises(InputError, match="entry"):
        concordance_index(outcome, risk, time_weight="n/G2")
    with pytest.raises(InputError, match="late"):
        status_at(outcome, HORIZON, covariates=risk[:, None])


def test_where_nobody_is_left_there_is_no_answer() -> None:
    late = LateSurvival([5.0, 8.0, 9.0, 40.0], [1, 1, 0, 0], "months", [0.0, 2.0, 3.0, 30.0])
    found = calibration_in_the_large(late, np.full(4, 0.5), HORIZON)
    assert np.isnan(found.expected)
    assert brier_score(late, np.full(4, 0.5), HORIZON).note
    seen = observation_of(late)
    nothing = np.zeros(4)
    assert not late_influence(seen, [nothing], [np.zeros(4, dtype=bool)], [HORIZON]).any()
