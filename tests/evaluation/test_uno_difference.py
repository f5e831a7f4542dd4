"""Uno's C of two fitted models: draws against double loops, errors against a bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation.improvement_perturbation import exponential_perturbations
from trephine.evaluation.uno_difference import pair_mean_move, uno_difference
from trephine.regression.cox import CoxModel
from trephine.survival.survc1 import survc1_concordance, survc1_pairs
from trephine.types import FloatArray, Survival

TAU = 20.0


def simulate(n: int, seed: int) -> tuple[FloatArray, Survival]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    time = rng.exponential(12 * np.exp(-0.7 * x[:, 0] - 0.5 * x[:, 1]))
    censored = rng.uniform(5, 40, n)
    return x, Survival(np.ceil(np.minimum(time, censored)), time <= censored)


def test_pairs_equal_a_double_loop() -> None:
    x, outcome = simulate(40, 1)
    rng = np.random.default_rng(2)
    case, score = rng.exponential(size=40), np.round(x[:, 0], 1)
    weight = outcome.event / (1.0 + outcome.time)
    concordant = total = 0.0
    for i in range(40):
        for j in range(40):
            if outcome.event[i] and outcome.time[i] < outcome.time[j]:
                pair = case[i] * case[j] * weight[i]
                total += pair
                concordant += pair * ((score[i] > score[j]) + (score[i] == score[j]) / 2)
    found = survc1_pairs(outcome.time, outcome.event, score, case, weight)
    assert found == pytest.approx((concordant, total), rel=1e-12)


def test_move_equals_the_mean_over_pairs() -> None:
    rng = np.random.default_rng(3)
    a, xi = rng.normal(size=(15, 2)), rng.exponential(size=15)
    pairs = [(a[i] + a[j]) / 2 * xi[i] * xi[j] for i in range(15) for j in range(i)]
    assert pair_mean_move(a, xi) == pytest.approx(np.mean(pairs, axis=0), rel=1e-12)


def test_equal_multipliers_move_nothing_but_the_mean_of_the_scores() -> None:
    x, outcome = simulate(80, 4)
    outcome = Survival(outcome.time + np.arange(80) * 1e-3, outcome.event)  # no ties
    found = uno_difference(outcome, x[:, :1], x, TAU, np.ones((80, 2)))
    assert np.abs(found.draws).max() < 1e-9


def test_standard_errors_are_those_of_a_bootstrap_with_refits() -> None:
    x, outcome = simulate(250, 5)
    rng = np.random.default_rng(6)
    found = uno_difference(
        outcome, x[:, :1], x[:, :2], TAU, exponential_perturbations(250, 400, rng)
    )
    resampled = np.empty((300, 2))
    for b in range(300):
        rows = rng.integers(0, 250, 250)
        again = Survival(outcome.time[rows], outcome.event[rows])
        for k, columns in enumerate((1, 2)):
            fitted = CoxModel().fit(x[rows, :columns], again).result_
            score = x[rows, :columns] @ fitted.coefficients
            resampled[b, k] = survc1_concordance(again.time, again.event, score, TAU)
    errors = [found.first.standard_error, found.second.standard_error]
    assert errors == pytest.approx(resampled.std(axis=0), rel=0.2)
    gap = np.std(resampled[:, 1] - resampled[:, 0])
    assert found.difference.standard_error == pytest.approx(gap, rel=0.2)


@pytest.mark.parametrize(
    "perturbations", [np.ones((79, 5)), np.ones((80, 1)), -np.ones((80, 5)), np.ones(80)]
)
def test_perturbations_that_do_not_fit_are_refused(perturbations: FloatArray) -> None:
    x, outcome = simulate(80, 4)
    with pytest.raises(InputError, match="perturbations"):
        uno_difference(outcome, x[:, :1], x, TAU, perturbations)
