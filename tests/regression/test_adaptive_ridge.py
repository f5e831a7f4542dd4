"""The averaged ridge: its parts by the definition, what adaptivity does, and its laws."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError, ModelError
from trephine.regression.adaptive_ridge import ADAPTIVITIES, N_PENALTIES, fit_adaptive_ridge
from trephine.regression.coxnet_cv import CoxNetCV, deviance
from trephine.regression.coxnet_path import coxnet_path
from trephine.regression.coxnet_settings import PathSettings
from trephine.regression.folds import assign_folds
from trephine.types import FloatArray, IntArray, Survival


def cohort(
    n: int = 60, p: int = 40, *, seed: int = 2, effect: float = 1.2
) -> tuple[FloatArray, Survival, IntArray]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    time = rng.exponential(np.exp(-effect * X[:, 0]))
    survival = Survival(time, rng.random(n) < 0.7)
    return X, survival, assign_folds(5, np.arange(n), survival.event, rng)


def score_factors(X: FloatArray, survival: Survival, power: float) -> FloatArray:
    """|Cox score|^power of centred columns, event by event, over its root mean square."""
    Z = X - X.mean(axis=0)
    score = np.zeros(X.shape[1])
    for i in np.flatnonzero(survival.event):
        score += Z[i] - Z[survival.time >= survival.time[i]].mean(axis=0)
    factor = np.abs(score) ** power
    weights: FloatArray = factor / np.sqrt(np.mean(factor**2))
    return weights


@pytest.mark.parametrize("adaptivity", [0.0, 1.0, 2.0])
def test_a_member_is_ridge_on_columns_times_their_factors(adaptivity: float) -> None:
    X, survival, folds = cohort()
    (member,) = fit_adaptive_ridge(X, survival, folds, (adaptivity,)).members
    cv = member.cross_validation
    factor = score_factors(X, survival, adaptivity)
    slow = coxnet_path(
        X * factor,
        survival,
        PathSettings(mixture=0.0, standardise="none", tolerance=1e-10),
        penalties=cv.path.penalties,
    )
    np.testing.assert_allclose(
        cv.path.coefficients, slow.coefficients * factor, rtol=2e-3, atol=1e-6
    )
    np.testing.assert_allclose(cv.path.deviance_ratio, slow.deviance_ratio, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("adaptivity", [0.0, 2.0])
def test_folds_are_judged_by_models_and_scores_of_the_other_folds_alone(
    adaptivity: float,
) -> None:
    X, survival, folds = cohort()
    (member,) = fit_adaptive_ridge(X, survival, folds, (adaptivity,)).members
    cv = member.cross_validation
    order = np.argsort(survival.time)
    total = np.zeros(cv.path.penalties.size)
    for k in range(5):
        train = folds != k
        centre = X[train].mean(axis=0)
        factor = score_factors(X[train], survival.take(train), adaptivity)
        path = coxnet_path(
            X[train] * factor,
            survival.take(train),
            PathSettings(mixture=0.0, standardise="none", tolerance=1e-10),
            penalties=cv.path.penalties,
        )
        eta = path.coefficients @ ((X - centre) * factor).T
        np.testing.assert_allclose(cv.out_of_fold[:, ~train], eta[:, ~train], rtol=5e-3, atol=1e-4)
        kept = order[train[order]]
        total += deviance(np.ascontiguousarray(eta[:, order]), survival.take(order))
        total -= deviance(np.ascontiguousarray(eta[:, kept]), survival.take(kept))
    np.testing.assert_allclose(cv.cvm, total / survival.event.sum(), rtol=1e-4)


def test_members_count_in_proportion_to_their_cross_validated_partial_likelihood() -> None:
    X, survival, folds = cohort()
    average = fit_adaptive_ridge(X, survival, folds)
    cvs = [member.cross_validation for member in average.members]
    assert [member.adaptivity for member in average.members] == list(ADAPTIVITIES)
    likelihood = [
        np.prod([fold_likelihood(cv, k, survival, folds) for k in range(5)]) for cv in cvs
    ]
    np.testing.assert_allclose(average.shares, likelihood / np.sum(likelihood), rtol=1e-6)
    rows = [share * cv.coefficients_min for share, cv in zip(average.shares, cvs, strict=True)]
    np.testing.assert_allclose(average.weights, np.sum(rows, axis=0))
    assert average.leading.deviance == min(member.deviance for member in average.members)


def fold_likelihood(cv: CoxNetCV, k: int, survival: Survival, folds: IntArray) -> float:
    """Return what a fold adds to the partial likelihood, over that of a model that knows all."""
    own = cv.cv_raw[k, cv.index_min] * survival.event[folds == k].sum()
    return float(np.exp(-own / 2))


def test_equal_members_count_alike_and_their_mean_is_each() -> None:
    X, survival, folds = cohort()
    twice = fit_adaptive_ridge(X, survival, folds, (1.0, 1.0))
    once = fit_adaptive_ridge(X, survival, folds, (1.0,))
    np.testing.assert_allclose(twice.shares, [0.5, 0.5])
    np.testing.assert_allclose(twice.weights, once.weights)
    np.testing.assert_allclose(twice.out_of_fold, once.out_of_fold)


def test_adaptivity_brings_out_a_lone_strong_column() -> None:
    X, survival, folds = cohort(n=80, p=150)
    members = fit_adaptive_ridge(X, survival, folds, (0.0, 1.0, 2.0, 4.0)).members
    share = [
        abs(m.cross_validation.coefficients_min[0])
        / np.abs(m.cross_validation.coefficients_min).sum()
        for m in members
    ]
    assert share == sorted(share)
    assert share[-1] > 5 * share[0]


@pytest.mark.parametrize("effect", [0.0, 1.2])
def test_penalties_too_small_to_be_chosen_are_left_out_and_change_no_number(
    effect: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, survival, folds = cohort(p=150, effect=effect)
    short = fit_adaptive_ridge(X, survival, folds)
    assert any(m.cross_validation.cvm.size < N_PENALTIES for m in short.members)
    monkeypatch.setattr("trephine.regression.adaptive_ridge.RUINED", np.inf)
    gone_on = fit_adaptive_ridge(X, survival, folds)
    monkeypatch.setattr("trephine.regression.adaptive_ridge.FIRST_PENALTIES", N_PENALTIES)
    at_once = fit_adaptive_ridge(X, survival, folds)
    for long in (gone_on, at_once):
        np.testing.assert_allclose(short.weights, long.weights, rtol=1e-10)
        np.testing.assert_allclose(short.out_of_fold, long.out_of_fold, rtol=1e-10)
    for early, late in zip(short.members, at_once.members, strict=True):
        tried, course = early.cross_validation.cvm, late.cross_validation.cvm
        np.testing.assert_allclose(tried, course[: tried.size], rtol=1e-12)
        # What was left out is worse than next to no model, each more than the one before.
        assert (np.diff(course[tried.size - 1 :]) > 0).all()


def test_order_of_columns_does_not_matter() -> None:
    X, survival, folds = cohort()
    order = np.random.default_rng(5).permutation(X.shape[1])
    given = fit_adaptive_ridge(X, survival, folds).weights
    shuffled = fit_adaptive_ridge(X[:, order], survival, folds).weights
    np.testing.assert_allclose(shuffled, given[order], rtol=1e-3, atol=1e-7)


def test_copies_of_cases_count_as_cases() -> None:
    X, survival, folds = cohort()
    drawn = np.random.default_rng(5).integers(0, len(survival), len(survival))
    Z, copies = X[drawn], survival.take(drawn)
    # A last column that no one can tell from 0 makes every row another, and costs the short cut.
    apart = np.column_stack([Z, 1e-12 * np.arange(len(copies))])
    found = fit_adaptive_ridge(Z, copies, folds[drawn], (0.0,))
    slow = fit_adaptive_ridge(apart, copies, folds[drawn], (0.0,))
    np.testing.assert_allclose(found.out_of_fold, slow.out_of_fold, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.weights, slow.weights[:-1], rtol=1e-4, atol=1e-6)


def test_what_cannot_be_fitted_is_refused() -> None:
    X, survival, folds = cohort()
    with pytest.raises(InputError, match="adaptivities: expected one"):
        fit_adaptive_ridge(X, survival, folds, ())
    empty = np.where(survival.event, np.maximum(folds, 1), folds)
    with pytest.raises(InputError, match="found none in fold 0"):
        fit_adaptive_ridge(X, survival, empty)
    with pytest.raises(ModelError, match="column that bears on the outcome"):
        fit_adaptive_ridge(np.ones((60, 3)), survival, folds, (1.0,))


def test_few_columns_give_by_columns_what_inner_products_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, survival, folds = cohort(90, 6, effect=0.8)
    by_columns = fit_adaptive_ridge(X, survival, folds)
    monkeypatch.setattr("trephine.regression.ridge_solutions.COLUMNS_COST", 1000)
    by_cases = fit_adaptive_ridge(X, survival, folds)
    np.testing.assert_allclose(by_columns.weights, by_cases.weights, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(by_columns.out_of_fold, by_cases.out_of_fold, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_repeated_and_rare_columns_do_not_stall_a_path(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, survival, folds = cohort(80, 22, seed=seed, effect=2.5)
    X = np.column_stack((X, X[:, :3], rng.random((80, 2)) < 0.05))
    assert np.isfinite(fit_adaptive_ridge(X, survival, folds).weights).all()
