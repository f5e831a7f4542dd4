"""The penalised Cox path: optimality, laws, cross-validation and what it refuses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from trephine.errors import InputError, ModelError
from trephine.regression.coxnet_cv import cross_validate, deviance
from trephine.regression.coxnet_estimator import CoxNetCVModel, CoxNetModel
from trephine.regression.coxnet_path import coxnet_path
from trephine.regression.coxnet_result import PenaltyGridWarning
from trephine.regression.coxnet_settings import PathSettings
from trephine.survival.concordance import harrell_concordance
from trephine.types import FloatArray, Survival


def cohort(
    n: int = 80, p: int = 12, *, seed: int = 1, signal: float = 0.8
) -> tuple[FloatArray, Survival]:
    """Correlated columns on different scales, times tied by rounding."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 3))
    X = shared @ rng.normal(size=(3, p)) + rng.normal(size=(n, p))
    time = rng.exponential(np.exp(-signal * X[:, 0]))
    censored = rng.exponential(1.5, n)
    X = X * np.geomspace(0.1, 100, p) + 5
    return X, Survival(np.ceil(10 * np.minimum(time, censored)), time <= censored)


def plain_negative_log_likelihood(eta: FloatArray, survival: Survival) -> float:
    """Breslow's partial likelihood as its definition reads, event by event."""
    total = 0.0
    for i in np.flatnonzero(survival.event):
        at_risk = survival.time >= survival.time[i]
        total += eta[i] - np.log(np.sum(np.exp(eta[at_risk])))
    return -total / eta.size


def plain_gradient(Z: FloatArray, b: FloatArray, survival: Survival) -> FloatArray:
    hazard = np.exp(Z @ b)
    gradient = np.zeros(b.size)
    for i in np.flatnonzero(survival.event):
        at_risk = survival.time >= survival.time[i]
        gradient += hazard[at_risk] @ Z[at_risk] / hazard[at_risk].sum() - Z[i]
    return gradient / len(survival)


@pytest.mark.parametrize("mixture", [1.0, 0.5, 0.1, 0.0])
@pytest.mark.parametrize(("n", "p"), [(80, 12), (40, 90)])
def test_every_solution_meets_the_optimality_conditions_written_out(
    mixture: float, n: int, p: int
) -> None:
    X, survival = cohort(n, p)
    path = coxnet_path(
        X, survival, PathSettings(mixture=mixture, n_penalties=25, penalty_ratio=0.02)
    )
    assert path.kkt_residual.max() <= 1e-9
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    for penalty, coefficients in zip(path.penalties, path.coefficients, strict=True):
        b = coefficients * X.std(axis=0)
        slope = plain_gradient(Z, b, survival) + penalty * (1 - mixture) * b
        inside = b == 0
        assert np.abs(slope[~inside] + penalty * mixture * np.sign(b[~inside])).max(
            initial=0
        ) == pytest.approx(0, abs=2e-9)
        assert np.abs(slope[inside]).max(initial=0) <= penalty * mixture + 2e-9


def test_path_agrees_with_a_general_optimiser() -> None:
    X, survival = cohort(60, 4)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    path = coxnet_path(X, survival, PathSettings(mixture=0.5), penalties=[0.05])

    def objective(halves: FloatArray) -> float:
        b = halves[:4] - halves[4:]
        penalty = 0.05 * (0.5 * halves.sum() + 0.25 * b @ b)
        return plain_negative_log_likelihood(Z @ b, survival) + float(penalty)

    found = minimize(
        objective,
        np.zeros(8),
        bounds=[(0, None)] * 8,
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 5000, "maxfun": 100000},
    ).x
    np.testing.assert_allclose(
        path.coefficients[0] * X.std(axis=0), found[:4] - found[4:], atol=2e-5
    )


def test_deviance_is_twice_the_distance_to_the_saturated_model() -> None:
    X, survival = cohort(30, 3)
    order = np.argsort(survival.time, kind="stable")
    eta = (X[order, :1] * 0.3).T
    ordered = survival.take(order)
    _, d = np.unique(ordered.time[ordered.event], return_counts=True)
    expected = 2 * (30 * plain_negative_log_likelihood(eta[0], ordered) - np.sum(d * np.log(d)))
    assert deviance(np.ascontiguousarray(eta), ordered)[0] == pytest.approx(expected, rel=1e-12)


def test_deviance_survives_linear_predictors_beyond_the_range_of_exp() -> None:
    survival = Survival(np.arange(1.0, 6.0), np.ones(5, bool))
    eta = np.array([[4000.0, 2000.0, 0.0, -2000.0, -4000.0]])
    assert deviance(eta, survival)[0] == pytest.approx(0.0, abs=1e-12)
    assert deviance(-eta, survival)[0] == pytest.approx(2 * (8000 + 6000 + 4000 + 2000))


def test_the_largest_penalty_empties_the_model_and_the_next_does_not() -> None:
    X, survival = cohort()
    path = coxnet_path(X, survival, PathSettings(n_penalties=20))
    assert path.n_nonzero[0] == 0
    assert path.n_nonzero[1] > 0
    assert path.deviance_ratio[0] == 0
    assert (np.diff(path.deviance_ratio) > 0).all()


def test_coefficients_scale_with_the_units_of_the_columns() -> None:
    X, survival = cohort()
    units = np.geomspace(1e-3, 1e3, X.shape[1])
    path = coxnet_path(X, survival, PathSettings(n_penalties=10, penalty_ratio=0.05))
    scaled = coxnet_path(X * units + 3, survival, PathSettings(n_penalties=10, penalty_ratio=0.05))
    np.testing.assert_allclose(scaled.coefficients * units, path.coefficients, rtol=1e-6)


def test_unpenalised_columns_enter_first_and_equal_an_ordinary_cox_fit() -> None:
    X, survival = cohort(p=5)
    factors = [0, 1, 1, 1, 1]
    path = coxnet_path(X, survival, PathSettings(n_penalties=10), penalty_factors=factors)
    assert list(path.n_nonzero[:1]) == [1]
    alone = coxnet_path(X[:, :1], survival, penalties=[0.0])
    assert path.coefficients[0, 0] == pytest.approx(alone.coefficients[0, 0], rel=1e-7)


def test_ridge_in_the_space_of_the_cases_equals_ridge_in_that_of_the_columns() -> None:
    X, survival = cohort(50, 45)
    wide = np.hstack((X, np.random.default_rng(0).normal(size=(50, 1)) + np.zeros((50, 30))))
    penalties = [2.0, 1.0, 0.3]
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(wide[:, 45:46], wide[:, :1])
    path = coxnet_path(wide, survival, PathSettings(mixture=0.0), penalties=penalties)
    nearly = coxnet_path(wide, survival, PathSettings(mixture=1e-7), penalties=penalties)
    np.testing.assert_allclose(
        path.coefficients * wide.std(axis=0), nearly.coefficients * wide.std(axis=0), atol=1e-5
    )
    # The 30 copies of one column share its weight equally.
    assert np.ptp(path.coefficients[:, 45:], axis=1).max() < 1e-10


def test_order_of_the_cases_does_not_matter() -> None:
    X, survival = cohort()
    shuffled = np.random.default_rng(5).permutation(len(survival))
    first = coxnet_path(X, survival, PathSettings(n_penalties=8, penalty_ratio=0.05))
    second = coxnet_path(
        X[shuffled], survival.take(shuffled), PathSettings(n_penalties=8, penalty_ratio=0.05)
    )
    np.testing.assert_allclose(second.coefficients, first.coefficients, atol=1e-9)


def test_interpolation_meets_the_path_at_its_penalties_and_is_linear_between() -> None:
    X, survival = cohort()
    path = coxnet_path(X, survival, PathSettings(n_penalties=10, penalty_ratio=0.05))
    np.testing.assert_allclose(path.coefficients_at(path.penalties), path.coefficients)
    halfway = path.penalties[3:5].mean()
    np.testing.assert_allclose(path.coefficients_at(halfway), path.coefficients[3:5].mean(axis=0))
    np.testing.assert_allclose(path.coefficients_at(1e9), path.coefficients[0])


def test_early_stop_shortens_the_path_and_leaves_the_rest_alone() -> None:
    X, survival = cohort()
    whole = coxnet_path(X, survival)
    short = coxnet_path(X, survival, PathSettings(early_stop="glmnet"))
    assert short.end == "stopped early"
    assert short.penalties.size < whole.penalties.size
    np.testing.assert_array_equal(short.coefficients, whole.coefficients[: short.penalties.size])


def test_glmnets_tied_censorings_differ_only_for_times_of_256_and_more() -> None:
    X, survival = cohort()
    days = Survival(survival.time + 300, survival.event)
    for outcome, same in ((survival, True), (days, False)):
        ours = coxnet_path(X, outcome, penalties=[0.05]).coefficients
        theirs = coxnet_path(
            X, outcome, PathSettings(tied_censoring="glmnet"), penalties=[0.05]
        ).coefficients
        assert np.allclose(ours, theirs, rtol=1e-6) == same


def test_cross_validation_is_the_definition_written_out() -> None:
    X, survival = cohort()
    folds = np.arange(len(survival)) % 5
    penalties = [0.2, 0.1, 0.05, 0.02]
    found = cross_validate(X, survival, folds, penalties=penalties)
    n = len(survival)
    raw, weights = np.empty((5, 4)), np.empty(5)
    for k in range(5):
        rest = folds != k
        path = coxnet_path(X[rest], survival.take(rest), penalties=penalties)
        for m, b in enumerate(path.coefficients):
            # Saturated terms: of all cases and of the rest.
            whole = n * plain_negative_log_likelihood(X @ b, survival)
            part = rest.sum() * plain_negative_log_likelihood(X[rest] @ b, survival.take(rest))
            raw[k, m] = 2 * (whole - part) - 2 * (
                _saturated(survival) - _saturated(survival.take(rest))
            )
        weights[k] = survival.event[~rest].sum()
        raw[k] /= weights[k]
    cvm = np.average(raw, axis=0, weights=weights)
    cvsd = np.sqrt(np.average((raw - cvm) ** 2, axis=0, weights=weights) / 4)
    np.testing.assert_allclose(found.cvm, cvm, rtol=1e-8)
    np.testing.assert_allclose(found.cvsd, cvsd, rtol=1e-6)
    assert found.index_min == int(np.argmin(cvm))
    assert found.lambda_1se >= found.lambda_min


def _saturated(survival: Survival) -> float:
    _, d = np.unique(survival.time[survival.event], return_counts=True)
    return float(np.sum(d * np.log(d)))


@pytest.mark.filterwarnings("ignore:lambda_min")
def test_out_of_fold_predictor_comes_from_the_fit_without_the_case() -> None:
    X, survival = cohort()
    folds = np.arange(len(survival)) % 4
    found = cross_validate(X, survival, folds, penalties=[0.1, 0.05])
    rest = folds != 2
    path = coxnet_path(X[rest], survival.take(rest), penalties=[0.1, 0.05])
    expected = path.coefficients @ (X - X.mean(axis=0)).T
    np.testing.assert_allclose(found.out_of_fold[:, ~rest], expected[:, ~rest], atol=1e-9)


def test_concordance_measure_is_the_mean_over_the_folds() -> None:
    X, survival = cohort(120)
    found = cross_validate(
        X, survival, np.arange(120) % 4, PathSettings(n_penalties=20), measure="C"
    )
    raw = [
        [
            harrell_concordance(survival.time[k::4], survival.event[k::4], eta[k::4])
            for eta in found.out_of_fold
        ]
        for k in range(4)
    ]
    np.testing.assert_allclose(found.cvm, np.mean(raw, axis=0))
    assert found.cvm.max() == found.cvm[found.index_min] > 0.55


def test_a_best_penalty_at_the_end_of_the_grid_is_reported() -> None:
    X, survival = cohort()
    folds = np.arange(len(survival)) % 5
    with pytest.warns(PenaltyGridWarning, match="smallest"):
        found = cross_validate(X, survival, folds, penalties=[0.2, 0.19])
    assert found.at_edge == "smallest"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        noise = cross_validate(
            np.random.default_rng(3).normal(size=(80, 40)),
            survival,
            folds,
            PathSettings(penalty_ratio=0.3),
        )
    assert noise.at_edge == "largest"
    assert noise.path.n_nonzero[noise.index_min] == 0


def test_a_path_without_solution_at_its_end_is_cut_and_reported() -> None:
    with pytest.warns(PenaltyGridWarning, match="ends after"):
        path = coxnet_path(*cohort(30, 28), settings=PathSettings(penalty_ratio=1e-12))
    assert path.end == "not converged"
    assert path.kkt_residual.max() <= 1e-9
    x = np.arange(20.0)[:, np.newaxis]
    separated = Survival(20.0 - np.arange(20.0), np.ones(20, bool))
    with pytest.raises(ModelError, match="separate"):
        coxnet_path(x, separated, penalties=[0.0])


# What is refused

GIVEN = ("penalties", "penalty_factors")


def refused(X: Any, survival: Survival, **settings: Any) -> str:
    given = {name: settings.pop(name) for name in GIVEN if name in settings}
    with pytest.raises((InputError, ModelError)) as caught:
        coxnet_path(X, survival, PathSettings(**settings), **given)
    return str(caught.value)


def test_no_events_and_events_at_one_time_are_refused() -> None:
    X, survival = cohort()
    none = Survival(survival.time, np.zeros(80, bool))
    assert "found none among 80 cases" in refused(X, none)
    event = survival.time == survival.time[survival.event][0]
    assert "events at two times" in refused(X, Survival(survival.time, event))


def test_constant_and_missing_columns_are_named() -> None:
    X, survival = cohort()
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(12)])
    assert "x4" in refused(table.assign(x4=0.1), survival)
    assert "column 4" in refused(table.assign(x4=3.0).to_numpy(), survival)
    table.loc[7, "x9"] = np.nan
    assert "x9" in refused(table, survival)


def test_more_columns_than_cases_need_a_penalty() -> None:
    X, survival = cohort(20, 30)
    assert "30 columns and 20 cases" in refused(X, survival, penalties=[0.1, 0.0])


def test_negative_times_and_other_event_codes_are_refused_by_row() -> None:
    X, survival = cohort()
    time = survival.time.copy()
    time[3] = -1
    with pytest.raises(InputError, match="row 3"):
        coxnet_path(X, Survival(time, survival.event))
    with pytest.raises(InputError, match="recode"):
        coxnet_path(X, Survival(survival.time, survival.event.astype(int) + 1))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("mixture", 1.5),
        ("n_penalties", 1),
        ("penalty_ratio", 2.0),
        ("tolerance", 0.0),
        ("standardise", "yes"),
        ("early_stop", "sometimes"),
        ("tied_censoring", "maybe"),
        ("penalties", [-1.0]),
        ("penalty_factors", [1.0]),
        ("penalty_factors", np.zeros(12)),
    ],
)
def test_settings_out_of_range_are_named(setting: str, value: Any) -> None:
    X, survival = cohort()
    assert setting in refused(X, survival, **{setting: value})


def test_folds_of_one_case_or_without_events_are_reported() -> None:
    X, survival = cohort()
    folds = np.arange(80) % 5
    folds[11] = 9
    with pytest.raises(InputError, match=r"one \(row 11\) in fold 9"):
        cross_validate(X, survival, folds)
    folds = np.where(survival.event, np.arange(80) % 3, np.arange(80) % 4)
    with pytest.raises(InputError, match="fold 3"):
        cross_validate(X, survival, folds)


# scikit-learn


def structured(survival: Survival) -> Any:
    y = np.empty(len(survival), dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = survival.event, survival.time
    return y


def test_estimators_clone_fit_and_score_as_scikit_learn_asks() -> None:
    X, survival = cohort(120, signal=1.5)
    model = clone(CoxNetModel(0.05, mixture=0.5))
    assert model.get_params()["mixture"] == 0.5
    scores = cross_val_score(model, X, structured(survival), cv=4)
    assert scores.mean() > 0.6
    path = coxnet_path(X, survival, PathSettings(mixture=0.5), penalties=[0.05])
    np.testing.assert_array_equal(model.fit(X, survival).coef_, path.coefficients[0])


def test_estimator_with_cross_validation_keeps_patients_together() -> None:
    X, survival = cohort(120, signal=1.5)
    patient = np.arange(120) // 2
    model = CoxNetCVModel(n_folds=5, n_penalties=30, penalty_ratio=0.01, rule="lambda_1se")
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(12)])
    model.fit(table, structured(survival), cluster=patient)
    assert model.penalty_ == model.cross_validation_.lambda_1se
    assert model.score(table, survival) > 0.6
    with pytest.raises(InputError, match="columns of the fit"):
        model.predict(table[table.columns[::-1]])
