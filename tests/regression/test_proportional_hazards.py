from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.types import Survival


def _cases() -> tuple[pd.DataFrame, Survival]:
    generator = np.random.default_rng(3)
    X = generator.normal(size=(60, 2))
    time = np.ceil(generator.exponential(np.exp(-X[:, 0]) * 8, size=60))
    return pd.DataFrame(X, columns=["a", "b"]), Survival(time, generator.random(60) < 0.8)


def _extended(X: Any, survival: Survival, g: Any, parameters: Any) -> float:
    """Return Breslow's likelihood of the model with x and x g(t), a risk set at a time."""
    p = X.shape[1]
    total = 0.0
    for t in np.unique(survival.time[survival.event]):
        risk = survival.time >= t
        dead = survival.event & (survival.time == t)
        eta = X @ (parameters[:p] + parameters[p:] * g(t))
        total += eta[dead].sum() - dead.sum() * np.log(np.exp(eta[risk]).sum())
    return total


def _derivatives(function: Any, at: Any, step: float = 1e-3) -> tuple[Any, Any]:
    k = len(at)
    gradient, hessian = np.zeros(k), np.zeros((k, k))
    unit = np.eye(k) * step
    for i in range(k):
        gradient[i] = (function(at + unit[i]) - function(at - unit[i])) / (2 * step)
        for j in range(k):
            hessian[i, j] = (
                function(at + unit[i] + unit[j])
                - function(at + unit[i] - unit[j])
                - function(at - unit[i] + unit[j])
                + function(at - unit[i] - unit[j])
            ) / (4 * step**2)
    return gradient, hessian


@pytest.mark.parametrize(("transform", "g"), [("identity", lambda t: t / 10), ("log", np.log)])
def test_it_is_the_score_test_of_the_model_with_x_times_g(transform: Any, g: Any) -> None:
    design, survival = _cases()
    model = CoxModel(ties="breslow").fit(design, survival)
    found = model.proportional_hazards_test(transform)
    at = np.concatenate([model.result_.coefficients, [0, 0]])
    gradient, hessian = _derivatives(lambda q: _extended(design.to_numpy(), survival, g, q), at)
    for j, test in enumerate(found.tests):
        rows = [0, 1, 2 + j]
        u = gradient[rows]
        expected = u @ np.linalg.solve(-hessian[np.ix_(rows, rows)], u)
        assert test.statistic == pytest.approx(expected, rel=1e-3)
    overall = gradient @ np.linalg.solve(-hessian, gradient)
    assert found.overall.statistic == pytest.approx(overall, rel=1e-3)


def test_columns_of_one_factor_are_tested_together() -> None:
    design, survival = _cases()
    model = CoxModel().fit(design, survival)
    found = model.proportional_hazards_test("km", groups={"both": ("a", "b")})
    assert found.terms == ("both",)
    assert found.tests[0].statistic == pytest.approx(found.overall.statistic)
    assert found.tests[0].degrees_of_freedom == 2
    with pytest.raises(InputError, match="expected columns of the model"):
        model.proportional_hazards_test("km", groups={"c": ("c",)})


def test_scaled_residuals_scatter_around_the_coefficient() -> None:
    design, survival = _cases()
    model = CoxModel().fit(design, survival)
    found = model.proportional_hazards_test("rank")
    mean = found.scaled_residuals.mean(axis=0)
    assert mean == pytest.approx(model.result_.coefficients, rel=1e-6)
    assert (np.diff(found.event_times) >= 0).all()
    assert (np.diff(found.transformed_times) >= 0).all()


def test_an_effect_that_reverses_is_found() -> None:
    generator = np.random.default_rng(5)
    x = generator.integers(0, 2, size=600).astype(float)
    early = generator.exponential(np.where(x == 1, 1, 4))
    time = np.where(early < 1, early, 1 + generator.exponential(np.where(x == 1, 6, 1)))
    model = CoxModel().fit(x[:, None], Survival(time, np.ones(600, bool)))
    assert model.proportional_hazards_test("km").overall.p_value < 1e-6


def test_an_unknown_transform_is_refused() -> None:
    design, survival = _cases()
    with pytest.raises(InputError, match="'sqrt'"):
        CoxModel().fit(design, survival).proportional_hazards_test("sqrt")  # type: ignore[arg-type]
