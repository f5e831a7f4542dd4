"""Updating a locked model: R's glm, a slow version of the variance, choices that are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import ModelError
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.modelling.terms import Term
from trephine.modelling.updating import update_model
from trephine.survival.baseline import BaselineHazard
from trephine.types import FloatArray, Survival

REFERENCE = Path(__file__).parents[1] / "reference" / "updating"
TERMS = [Term(f"x{j}", f"x{j}", "linear", f"x{j}") for j in range(3)]


def stated_model(coefficients: tuple[float, ...], monthly: float, end: float) -> FittedModel:
    q = len(coefficients)
    return FittedModel(
        name="M", parts=("clinical",), terms=tuple(TERMS[:q]),
        coefficients=np.array(coefficients), covariance=np.eye(q) * 0.01, centre=np.zeros(q),
        scale=np.ones(q), low=np.full(q, -4.0), high=np.full(q, 4.0),
        baseline=BaselineHazard(
            np.array([end]), np.array([monthly * end]), np.array([0.001]), np.zeros((1, q))
        ),
        linear_predictor_range=(-4.0, 4.0), risk_cut=0.0, n=100, n_events=50,
    )  # fmt: skip


def cohort(seed: int, n: int, monthly: float, beta: list[float]) -> tuple[FloatArray, Survival]:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(n, 3)), 2)
    time = rng.exponential(size=n) / (monthly * np.exp(x @ np.array(beta)))
    censored = rng.uniform(5, 60, n)
    return x, Survival(np.ceil(np.minimum(time, censored) * 10) / 10, time <= censored)


@pytest.fixture(scope="module")
def locked() -> FittedModel:
    x, survival = cohort(1, 150, 0.02, [0.8, 0.4, -0.5])
    return fit_model("M", ("clinical",), TERMS, x, survival)


def test_tests_factor_and_slope_are_those_of_r_s_glm() -> None:
    table = pd.read_csv(REFERENCE / "cases.csv")
    expected = json.loads((REFERENCE / "expected.json").read_text())
    model = stated_model((0.8, 0.4, -0.5), 0.02, 60.0)
    design = table[["x0", "x1", "x2"]].to_numpy()
    survival = Survival(table["time"].to_numpy(), table["event"].to_numpy())
    found = update_model(model, design, survival)
    assert np.log(found.ratio.value) == pytest.approx(expected["baseline"][0], abs=1e-10)
    half = 1.959963984540054 * expected["baseline"][1]
    assert np.log(found.ratio.high) == pytest.approx(expected["baseline"][0] + half, abs=1e-8)
    got = [found.slope.value, found.slope.standard_error]
    assert got == pytest.approx(expected["slope"], abs=1e-8)
    assert [one.statistic for one in found.tests] == pytest.approx(
        expected["likelihood_ratio"], abs=1e-8
    )
    assert [one.degrees_of_freedom for one in found.tests] == [4, 3, 2]
    assert found.method == "refit"

    robust = update_model(model, design, survival, cluster=table["patient"].to_numpy())
    assert [one.statistic for one in robust.tests] == pytest.approx(expected["wald"], rel=1e-8)
    errors = [np.log(robust.ratio.high / robust.ratio.value) / 1.959963984540054]
    errors.append(robust.slope.standard_error)
    assert errors == pytest.approx(expected["robust_errors"], rel=1e-8)


def test_a_new_hazard_holds_the_coefficients_and_is_that_of_r_s_basehaz() -> None:
    table = pd.read_csv(REFERENCE / "cases.csv")
    expected = json.loads((REFERENCE / "expected.json").read_text())
    locked = stated_model((0.8, 0.4, -0.5), 0.02, 60.0)
    design = table[["x0", "x1", "x2"]].to_numpy()
    survival = Survival(table["time"].to_numpy(), table["event"].to_numpy())
    model = update_model(locked, design, survival, asked="hazard").model
    np.testing.assert_array_equal(model.coefficients, locked.coefficients)
    at_zero = np.zeros((1, 3))
    found = -np.log(model.predict_survival(at_zero, [6, 12, 24, 36]).survival_probability[0])
    np.testing.assert_allclose(found, expected["hazard"], rtol=1e-10)
    # Whoever was at high risk still is: only the origin has moved.
    before, after = locked.linear_predictor(design), model.linear_predictor(design)
    np.testing.assert_array_equal(before > locked.risk_cut, after > model.risk_cut)
    assert np.ptp(before - after) < 1e-12


def test_a_new_hazard_of_the_training_cases_is_the_old_one(locked: FittedModel) -> None:
    x, survival = cohort(1, 150, 0.02, [0.8, 0.4, -0.5])
    model = update_model(locked, x, survival, asked="hazard").model
    old, new = (one.predict_survival(x, [12.0, 24.0]) for one in (locked, model))
    np.testing.assert_allclose(new.survival_probability, old.survival_probability, rtol=1e-9)
    np.testing.assert_allclose(new.low, old.low, rtol=1e-7)


def test_the_update_changes_what_is_wrong_and_no_more(locked: FittedModel) -> None:
    truths = {
        (2, 0.02, (0.8, 0.4, -0.5)): "none",
        (3, 0.04, (0.8, 0.4, -0.5)): "baseline",
        (4, 0.04, (0.3, 0.15, -0.2)): "slope",
        (5, 0.03, (-0.2, 0.9, 0.5)): "refit",
    }
    for (seed, monthly, beta), method in truths.items():
        x, survival = cohort(seed, 90, monthly, list(beta))
        found = update_model(locked, x, survival)
        assert found.method == method, seed
        assert (found.model is locked) == (method == "none")
        again = update_model(locked, x, survival, asked=found.method)
        np.testing.assert_array_equal(again.model.coefficients, found.model.coefficients)
        assert again.tests == ()


def test_a_model_needs_no_update_on_its_own_cases(locked: FittedModel) -> None:
    x, survival = cohort(1, 150, 0.02, [0.8, 0.4, -0.5])
    found = update_model(locked, x, survival)
    assert found.method == "none"
    assert (found.ratio.value, found.slope.value) == pytest.approx((1.0, 1.0), abs=0.02)


def test_baseline_and_slope_move_predictions_as_they_say(locked: FittedModel) -> None:
    x, survival = cohort(4, 90, 0.04, [0.3, 0.15, -0.2])
    before = locked.predict_survival(x, [24.0]).survival_probability
    by_baseline = update_model(locked, x, survival, asked="baseline")
    after = by_baseline.model.predict_survival(x, [24.0]).survival_probability
    np.testing.assert_allclose(np.log(after) / np.log(before), by_baseline.ratio.value)
    by_slope = update_model(locked, x, survival, asked="slope")
    np.testing.assert_allclose(
        by_slope.model.linear_predictor(x), by_slope.slope.value * locked.linear_predictor(x)
    )
    unit = update_model(locked, x, survival, asked="slope", cluster=np.arange(90))
    assert unit.slope.value == by_slope.slope.value


def test_the_variance_of_a_rescaled_prediction_is_the_delta_method_s(locked: FittedModel) -> None:
    """Locked hazard and coefficients, and the factors of other cases, by their gradients alone."""
    x, survival = cohort(4, 90, 0.04, [0.3, 0.15, -0.2])
    model = update_model(locked, x, survival, asked="slope").model
    lp = locked.linear_predictor(x)
    offset = np.log(np.interp(survival.time, *_corners(locked))) + lp
    a_b = np.column_stack([np.ones(90), lp])
    beta = np.zeros(2)
    for _ in range(30):
        mean = np.exp(offset + a_b @ beta)
        beta += np.linalg.solve(a_b.T * mean @ a_b, a_b.T @ (survival.event - mean))
    of_factors = np.linalg.inv(a_b.T * np.exp(offset + a_b @ beta) @ a_b)
    factor, slope = np.exp(beta[0]), 1 + beta[1]
    hazard, variance, mean_hazard = locked.baseline.observed_at([24.0])
    sigma = locked.covariance * np.outer(locked.scale, locked.scale)
    z = (x[:5] - locked.centre) / locked.scale
    found = model.predict_survival(x[:5], [24.0])
    for i in range(5):
        total = factor * hazard[0]
        to_beta = slope * total * z[i] - factor * mean_hazard[0]
        to_factors = total * np.array([1.0, lp[i]])
        expected = to_beta @ sigma @ to_beta + to_factors @ of_factors @ to_factors
        expected = np.sqrt(expected + factor**2 * variance[0]) * np.exp(slope * lp[i])
        s, low = found.survival_probability[i, 0], found.low[i, 0]
        assert np.log(s / low) / 1.959963984540054 == pytest.approx(expected, rel=1e-6)


def _corners(model: FittedModel) -> tuple[FloatArray, FloatArray]:
    times, hazard = model.baseline.times, model.baseline.cumulative_hazard
    jumps = np.diff(hazard, prepend=0.0) > 0
    return np.append(0.0, times[jumps]), np.append(0.0, hazard[jumps])


def test_what_cannot_be_fitted_is_said_and_smaller_updates_are_compared() -> None:
    model = stated_model((0.8, 0.4), 0.02, 60.0)
    x, survival = cohort(6, 80, 0.05, [0.8, 0.4, 0.0])
    constant = np.column_stack([x[:, 0], np.ones(80)])
    found = update_model(model, constant, survival)
    assert "refit of all coefficients cannot be fitted" in found.note
    assert {one.larger for one in found.tests} == {"slope"}
    assert found.method == "baseline"
    with pytest.raises(ModelError, match="refit"):
        update_model(model, constant, survival, asked="refit")
    alone = update_model(stated_model((0.8,), 0.02, 60.0), x[:, :1], survival)
    assert ({one.larger for one in alone.tests}, alone.note) == ({"slope"}, "")
    none = update_model(stated_model((), 0.02, 60.0), x[:, :0], survival)
    assert {one.larger for one in none.tests} == {"baseline"}
    with pytest.raises(ModelError, match="no event"):
        update_model(model, x[:, :2], Survival(survival.time, np.zeros(80, bool)))


def test_follow_up_past_the_locked_hazard_s_end_does_not_count() -> None:
    x, survival = cohort(7, 80, 0.02, [0.8, 0.4, 0.0])
    model = stated_model((0.8, 0.4), 0.02, 20.0)
    cut = Survival(np.minimum(survival.time, 20.0), survival.event & (survival.time <= 20.0))
    whole, to_the_end = (update_model(model, x[:, :2], s, asked="slope") for s in (survival, cut))
    assert whole.ratio == to_the_end.ratio
    assert whole.slope == to_the_end.slope
