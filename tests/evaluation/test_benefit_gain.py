"""What one image more gains in net benefit: a difference of decision curves, less its cost."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.evaluation.benefit_gain import BenefitGain, net_benefit_gain
from trephine.evaluation.decision_curve import decision_curves
from trephine.types import FloatArray, Survival

GRID = np.array([0.1, 0.2, 0.3, 0.4])
N = 200


def simulated(seed: int = 1) -> tuple[Survival, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    risk = rng.uniform(0.02, 0.9, N)
    time = rng.exponential(-24 / np.log1p(-risk))
    return Survival(np.minimum(time, 40) + 0.01, time <= 40), np.full(N, risk.mean()), risk


def gained(cost: float = 0.0, repeats: int = 60) -> BenefitGain:
    survival, old, new = simulated()
    rng = np.random.default_rng(2)
    return net_benefit_gain(survival, old, new, 24, GRID, cost=cost, repeats=repeats, rng=rng)


def test_it_is_the_difference_of_two_decision_curves() -> None:
    survival, old, new = simulated()
    curves = decision_curves(survival, {"a": old, "b": new}, 24, GRID)
    found = gained()
    np.testing.assert_allclose(found.gain, curves["b"].net_benefit - curves["a"].net_benefit)
    assert (found.low < found.gain).all()
    assert (found.gain < found.high).all()


def test_a_cost_is_taken_off_everywhere_and_decides_what_is_worth_it() -> None:
    free, dear = gained(), gained(cost=0.05)
    np.testing.assert_allclose(free.gain - dear.gain, 0.05)
    np.testing.assert_allclose(free.low - dear.low, 0.05)
    assert free.worth
    assert gained(cost=0.5).worth == ()


def test_thresholds_worth_it_are_runs_of_those_whose_whole_interval_is_above_zero() -> None:
    low = np.array([-0.01, 0.01, 0.02, np.nan])
    one = BenefitGain(GRID, low, low, low, 0.0, 24.0, N, 0.95)
    assert one.worth == ((0.2, 0.3),)
    low = np.array([0.01, -0.01, 0.02, 0.02])
    two = BenefitGain(GRID, low, low, low, 0.0, 24.0, N, 0.95)
    assert two.worth == ((0.1, 0.1), (0.3, 0.4))


def test_an_interval_of_a_difference_is_of_the_same_patients() -> None:
    survival, _, new = simulated()
    found = net_benefit_gain(survival, new, new, 24, GRID, repeats=40, rng=np.random.default_rng(3))
    assert not np.any(found.low)
    assert not np.any(found.high)
    with pytest.raises(ValueError, match="event probability"):
        net_benefit_gain(survival, new, 2 * new, 24, GRID, repeats=2, rng=np.random.default_rng(3))
