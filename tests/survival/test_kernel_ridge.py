"""The ridge path from inner products: against the path by columns, and its laws."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import ModelError
from trephine.regression.coxnet_path import coxnet_path
from trephine.regression.coxnet_settings import PathSettings
from trephine.survival.kernel_ridge import kernel_ridge_path, residual_of_null
from trephine.survival.path_risk import risk_in_order
from trephine.types import FloatArray, Survival

PENALTIES = np.geomspace(30, 0.02, 9)


def cohort(n: int, p: int, seed: int = 1) -> tuple[FloatArray, Survival]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3)) @ rng.standard_normal((3, p)) + rng.standard_normal((n, p))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    time = np.ceil(9 * rng.exponential(np.exp(-0.6 * X[:, 0])))
    return X, Survival(time, rng.random(n) < 0.6)


@pytest.mark.parametrize(("n", "p"), [(50, 8), (40, 120)])
def test_solutions_are_those_of_the_path_by_columns(n: int, p: int) -> None:
    X, survival = cohort(n, p)
    found = kernel_ridge_path(X @ X.T, survival, PENALTIES, tolerance=1e-9)
    expected = coxnet_path(
        X,
        survival,
        PathSettings(mixture=0.0, standardise="none", tolerance=1e-10),
        penalties=PENALTIES,
    )
    np.testing.assert_allclose(found.dual @ X, expected.coefficients, rtol=1e-6, atol=1e-9)


def test_every_solution_meets_the_gradient_condition_written_out() -> None:
    X, survival = cohort(45, 30)
    found = kernel_ridge_path(X @ X.T, survival, PENALTIES, tolerance=1e-9)
    for penalty, b in zip(PENALTIES, found.dual @ X, strict=True):
        hazard = np.exp(X @ b)
        slope = penalty * b
        for i in np.flatnonzero(survival.event):
            at_risk = survival.time >= survival.time[i]
            mean = hazard[at_risk] @ X[at_risk] / hazard[at_risk].sum()
            slope = slope + (mean - X[i]) / len(survival)
        np.testing.assert_allclose(slope, 0, atol=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_with_fewer_columns_than_cases_every_penalty_converges(seed: int) -> None:
    """The inner products are singular then, and weights may wander where they count for nothing."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((64, 20))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    time = rng.exponential(np.exp(-0.8 * X[:, 0])) / 0.03
    follow_up = rng.uniform(20, 40, 64)
    survival = Survival(np.minimum(time, follow_up), time <= follow_up)
    found = kernel_ridge_path(X @ X.T, survival, np.geomspace(1, 1e-3, 60))
    assert np.isfinite(found.dual).all()
    assert (np.diff(found.log_likelihood) > 0).all()


def test_order_of_cases_and_unit_of_time_do_not_matter() -> None:
    X, survival = cohort(40, 60)
    order = np.random.default_rng(3).permutation(40)
    given = kernel_ridge_path(X @ X.T, survival, PENALTIES).dual @ X
    Z = X[order]
    shuffled = kernel_ridge_path(Z @ Z.T, survival.take(order), PENALTIES).dual @ Z
    days = Survival(survival.time * 30.5, survival.event, "days")
    np.testing.assert_allclose(shuffled, given, rtol=1e-4, atol=1e-8)
    np.testing.assert_array_equal(kernel_ridge_path(X @ X.T, days, PENALTIES).dual @ X, given)


def test_copies_of_cases_may_share_a_row_of_the_products() -> None:
    X, survival = cohort(30, 50)
    drawn = np.random.default_rng(4).integers(0, 30, 45)
    held, row = np.unique(drawn, return_inverse=True)
    Z = X[drawn]
    plain = kernel_ridge_path(Z @ Z.T, survival.take(drawn), PENALTIES)
    shared = kernel_ridge_path(X[held] @ X[held].T, survival.take(drawn), PENALTIES, row=row)
    np.testing.assert_allclose(shared.dual @ Z, plain.dual @ Z, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(shared.log_likelihood, plain.log_likelihood, rtol=1e-8)


def test_a_path_that_goes_on_from_the_end_of_another_is_the_one_path_of_both() -> None:
    X, survival = cohort(40, 60)
    whole = kernel_ridge_path(X @ X.T, survival, PENALTIES)
    first = kernel_ridge_path(X @ X.T, survival, PENALTIES[:4])
    rest = kernel_ridge_path(X @ X.T, survival, PENALTIES[4:], start=first.dual[-1])
    np.testing.assert_array_equal(np.vstack((first.dual, rest.dual)), whole.dual)
    parts = np.concatenate((first.log_likelihood, rest.log_likelihood))
    np.testing.assert_array_equal(parts, whole.log_likelihood)


def test_the_residual_of_the_null_model_is_observed_less_expected_over_n() -> None:
    survival = Survival(np.array([1.0, 2, 2, 4, 5]), np.array([True, True, False, True, False]))
    expected_events = np.array([1 / 5, 1 / 5 + 1 / 4, 1 / 5 + 1 / 4, 0.95, 0.95])
    expected = (survival.event - expected_events) / 5
    np.testing.assert_allclose(residual_of_null(*risk_in_order(survival)), expected, atol=1e-15)


def test_a_penalty_too_small_for_a_solution_is_refused() -> None:
    X, survival = cohort(40, 120)
    with pytest.raises(ModelError, match="no convergence at penalty 1e-30"):
        kernel_ridge_path(X @ X.T, survival, np.array([1e-30]), tolerance=1e-15)
