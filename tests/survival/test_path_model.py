"""The penalised quadratic model's minimiser meets the model's own optimality conditions."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from trephine.survival.path_model import empty_factor, minimise_model
from trephine.survival.path_newton import violation
from trephine.types import FloatArray


def model_violation(
    hessian: FloatArray, gradient: FloatArray, l1: FloatArray, l2: FloatArray, accuracy: float
) -> float:
    """Minimise from zero and return the largest violation, recomputed from the answer."""
    p = gradient.size
    goal, slope = np.empty(p), np.empty(p)
    minimise_model(hessian, gradient, np.zeros(p), l1, l2, empty_factor(p), accuracy, goal, slope)
    exact = gradient + hessian @ goal
    np.testing.assert_allclose(slope, exact, atol=1e-12)
    return max(violation(exact[a], goal[a], l1[a], l2[a]) for a in range(p))


def test_a_trace_of_a_coefficient_is_taken_to_zero() -> None:
    # Two opposed columns at a path's second penalty: a jump that ended where the first one vanishes
    # left 4e-19 of it, which was held to the condition of a positive coefficient, and stayed.
    hessian = np.array([[0.23306329, -0.1882678], [-0.1882678, 0.27793726]])
    gradient = np.array([-0.15957174, 0.16023218])
    coefficient = np.array([4.33680869e-19, -1.77576561e-02])
    l1 = np.full(2, 0.16023847)
    goal, slope = np.empty(2), np.empty(2)
    minimise_model(
        hessian, gradient, coefficient, l1, np.zeros(2), empty_factor(2), 1e-5, goal, slope
    )
    assert goal[0] == 0.0
    assert goal[1] < 0.0


@given(seed=st.integers(0, 100_000), p=st.integers(1, 6), correlated=st.booleans())
@example(seed=0, p=2, correlated=True)
def test_the_minimiser_meets_its_conditions(seed: int, p: int, correlated: bool) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(p, 12))
    if correlated:
        columns = columns[:1] * rng.choice([-1, 1], (p, 1)) + 0.3 * columns
    hessian = columns @ columns.T / 12
    gradient = rng.normal(size=p) * 0.3
    l1 = np.full(p, 0.8 * np.abs(gradient).max())
    l2 = np.full(p, rng.choice([0.0, 0.1]))
    assert model_violation(hessian, gradient, l1, l2, 1e-9) <= 1e-7
