from __future__ import annotations

import numpy as np
import pytest

from trephine.survival.newton import maximise_partial_likelihood
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import prepare_risk_sets


def test_the_gradient_is_zero_at_the_maximum() -> None:
    generator = np.random.default_rng(1)
    X = generator.normal(size=(100, 4))
    time = np.ceil(generator.exponential(np.exp(-X @ [1, -2, 0.5, 0]) * 20))
    risk_sets = prepare_risk_sets(X, time, generator.random(100) < 0.8)
    fit = maximise_partial_likelihood(risk_sets, "efron")
    assert fit.status == "converged"
    assert fit.fitted.gradient == pytest.approx(np.zeros(4), abs=1e-8)
    assert fit.covariance == pytest.approx(np.linalg.inv(fit.fitted.information))
    for _ in range(20):
        near = fit.beta + generator.normal(size=4) * 0.01
        assert partial_likelihood(risk_sets, near, "efron").value < fit.fitted.value


def test_a_far_outlier_is_reached_by_halving_steps() -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=200)
    x[0] = 400.0
    risk_sets = prepare_risk_sets(
        x[:, None], generator.exponential(np.exp(-2 * np.clip(x, -3, 3))), np.ones(200, bool)
    )
    fit = maximise_partial_likelihood(risk_sets, "breslow")
    assert fit.status == "converged"
    assert fit.fitted.gradient == pytest.approx([0], abs=1e-7)


def test_separation_and_collinearity_end_with_their_status() -> None:
    time, event = np.arange(1.0, 21), np.ones(20, bool)
    ordered = prepare_risk_sets(-time[:, None], time, event)
    assert maximise_partial_likelihood(ordered, "efron").status in {"infinite", "singular"}
    flag = (time > 10).astype(float)[:, None]
    late = prepare_risk_sets(flag, time, time <= 10)
    fit = maximise_partial_likelihood(late, "efron")
    assert fit.status == "infinite"
    assert fit.infinite.tolist() == [True]
    twice = prepare_risk_sets(np.column_stack([time % 3, time % 3]), time, event)
    assert maximise_partial_likelihood(twice, "efron").status == "singular"


def test_too_few_steps_are_said_to_be_too_few() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(50, 1))
    risk_sets = prepare_risk_sets(x, generator.exponential(np.exp(-x[:, 0])), np.ones(50, bool))
    assert maximise_partial_likelihood(risk_sets, "efron", max_iterations=1).status == "slow"
