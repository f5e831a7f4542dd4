from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from survival.slow_cox import EVENT_SEVEN, TIME_SEVEN, X_SEVEN
from trephine.survival.baseline import baseline_hazards
from trephine.survival.cox_residuals import (
    deviance_residuals,
    martingale_residuals,
    schoenfeld_moments,
    score_residuals,
)
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import StratifiedRiskSets, prepare_risk_sets
from trephine.types import FloatArray

TIES = ("efron", "breslow")


def _cases(strata: bool = True) -> tuple[StratifiedRiskSets, FloatArray]:
    generator = np.random.default_rng(8)
    risk_sets = prepare_risk_sets(
        generator.normal(size=(60, 2)),
        np.ceil(generator.exponential(5, size=60)),
        generator.random(60) < 0.6,
        weights=generator.choice([0.5, 1, 2], size=60),
        strata=generator.integers(0, 2, size=60) if strata else None,
    )
    return risk_sets, np.array([0.4, -0.7])


@pytest.mark.parametrize("ties", TIES)
def test_therneaus_seven_rows_worked_by_hand(ties: Any) -> None:
    r = 2.0
    risk_sets = prepare_risk_sets(X_SEVEN, TIME_SEVEN, EVENT_SEVEN)
    lp = np.log(r) * (X_SEVEN[risk_sets.order, 0])
    first = 1 / (3 * r + 3)
    survivor = {"breslow": 2 / (r + 3), "efron": 1 / (r + 3) + 2 / (r + 5)}[ties]
    tied = {"breslow": 2 / (r + 3), "efron": 1 / (r + 3) + 1 / (r + 5)}[ties]
    expected = [
        1 - (first + survivor + 1),
        1 - r * first,
        -r * first,
        1 - r * (first + tied),
        1 - (first + tied),
        -(first + survivor),
    ]
    assert martingale_residuals(risk_sets, lp, ties) == pytest.approx(expected, rel=1e-13)
    (baseline,) = baseline_hazards(risk_sets, lp, ties)
    assert list(baseline.times) == [1, 6, 8, 9]
    hazard = np.cumsum([first, survivor, 0, 1])
    assert baseline.cumulative_hazard == pytest.approx(hazard, rel=1e-13)
    squares = {"breslow": 2 / (r + 3) ** 2, "efron": 1 / (r + 3) ** 2 + 4 / (r + 5) ** 2}[ties]
    assert baseline.variance == pytest.approx(np.cumsum([first**2, squares, 0, 1]), rel=1e-13)
    assert list(baseline.at([0.5, 1, 7, 100])) == pytest.approx([0, *hazard[:2], hazard[-1]])


@pytest.mark.parametrize("ties", TIES)
def test_score_residuals_add_up_to_the_gradient(ties: Any) -> None:
    risk_sets, beta = _cases()
    lp = risk_sets.covariates @ beta
    weight = risk_sets.in_input_order(risk_sets.weight)
    total = weight @ score_residuals(risk_sets, lp, ties)
    assert total == pytest.approx(partial_likelihood(risk_sets, beta, ties).gradient, rel=1e-10)


@pytest.mark.parametrize("ties", TIES)
def test_martingale_residuals_add_up_to_zero(ties: Any) -> None:
    risk_sets, beta = _cases()
    lp = risk_sets.covariates @ beta
    weight = risk_sets.in_input_order(risk_sets.weight)
    assert weight @ martingale_residuals(risk_sets, lp, ties) == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize("ties", TIES)
def test_schoenfeld_moments_add_up_to_gradient_and_information(ties: Any) -> None:
    risk_sets, beta = _cases()
    rows, residuals, _, information = schoenfeld_moments(
        risk_sets, risk_sets.covariates @ beta, ties
    )
    at = partial_likelihood(risk_sets, beta, ties)
    assert information.sum(axis=0) == pytest.approx(at.information, rel=1e-10)
    assert risk_sets.in_input_order(risk_sets.event)[rows].all()
    unweighted = prepare_risk_sets(
        risk_sets.covariates, risk_sets.time, risk_sets.event, strata=risk_sets.stratum
    )
    _, residuals, _, _ = schoenfeld_moments(unweighted, unweighted.covariates @ beta, ties)
    gradient = partial_likelihood(unweighted, beta, ties).gradient
    assert residuals.sum(axis=0) == pytest.approx(gradient, rel=1e-10)


def test_the_variance_of_the_hazard_lies_in_its_increments() -> None:
    risk_sets, beta = _cases()
    for baseline in baseline_hazards(risk_sets, risk_sets.covariates @ beta, "breslow"):
        assert (np.diff(baseline.cumulative_hazard) >= 0).all()
        assert (np.diff(baseline.variance) >= 0).all()


def test_deviance_residuals_have_the_sign_of_martingale_residuals() -> None:
    martingale = np.array([0.9, 0.0, -2.0, -0.5])
    event = np.array([True, True, True, False])
    found = deviance_residuals(martingale, event)
    assert found == pytest.approx(
        [np.sqrt(-2 * (0.9 + np.log(0.1))), 0, -np.sqrt(-2 * (-2 + np.log(3))), -1.0]
    )
