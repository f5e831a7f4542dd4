from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survival.slow_cox import EVENT_SEVEN, TIME_SEVEN, X_SEVEN, slow_log_likelihood
from trephine.survival.newton import maximise_partial_likelihood
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import prepare_risk_sets

TIES = ("efron", "breslow")


def _random_cases(seed: int, n: int = 40, p: int = 3) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {
        "X": generator.normal(size=(n, p)) * [1, 5, 0.1][:p] + 3,
        "time": np.ceil(generator.exponential(6, size=n)),
        "event": generator.random(n) < 0.6,
        "weights": generator.choice([0.5, 1.0, 2.0], size=n),
        "strata": generator.integers(0, 2, size=n),
    }


def _value(cases: dict[str, Any], beta: Any, ties: Any) -> float:
    """Return the fast likelihood at coefficients of the unscaled columns."""
    risk_sets = prepare_risk_sets(**cases)
    scaled = np.asarray(beta) * risk_sets.scale
    return partial_likelihood(risk_sets, scaled, ties).value


@pytest.mark.parametrize(
    ("ties", "null", "r"),
    [
        # Breslow: -log(3r+3) - 2 log(r+3) + 2 beta; the maximum solves r^2 = 3r + 6.
        ("breslow", -np.log(6) - 2 * np.log(4), (3 + np.sqrt(33)) / 2),
        # Efron: -log(3r+3) - log(r+3) - log((r+5)/2) + 2 beta; r^3 = 23r + 30.
        ("efron", -np.log(6) - np.log(4) - np.log(3), np.roots([1, 0, -23, -30]).real.max()),
    ],
)
def test_therneaus_seven_rows_worked_by_hand(ties: Any, null: float, r: float) -> None:
    risk_sets = prepare_risk_sets(X_SEVEN, TIME_SEVEN, EVENT_SEVEN)
    fit = maximise_partial_likelihood(risk_sets, ties)
    assert fit.null.value == pytest.approx(null, rel=1e-14)
    assert fit.beta[0] / risk_sets.scale[0] == pytest.approx(np.log(r), rel=1e-12)
    information = {
        "breslow": r / (r + 1) ** 2 + 6 * r / (r + 3) ** 2,
        "efron": r / (r + 1) ** 2 + 3 * r / (r + 3) ** 2 + 5 * r / (r + 5) ** 2,
    }[ties]
    found = fit.fitted.information[0, 0] * risk_sets.scale[0] ** 2
    assert found == pytest.approx(information, rel=1e-12)


@pytest.mark.parametrize("ties", TIES)
@given(seed=st.integers(0, 10_000))
def test_the_value_is_the_definition(ties: Any, seed: int) -> None:
    cases = _random_cases(seed, n=15)
    beta = np.random.default_rng(seed).normal(size=3)
    slow = slow_log_likelihood(
        cases["X"] - cases["X"].mean(axis=0),
        cases["time"],
        cases["event"],
        beta,
        ties=ties,
        weights=cases["weights"],
        strata=cases["strata"],
    )
    # Centring changes eta by a constant, which the likelihood does not see.
    assert _value(cases, beta, ties) == pytest.approx(slow, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("ties", TIES)
def test_gradient_and_information_are_the_derivatives(ties: Any) -> None:
    cases = _random_cases(1)
    risk_sets = prepare_risk_sets(**cases)
    beta = np.array([0.3, -0.2, 0.1])
    at = partial_likelihood(risk_sets, beta, ties)
    step = 1e-5
    for j in range(3):
        move = np.zeros(3)
        move[j] = step
        up = partial_likelihood(risk_sets, beta + move, ties)
        down = partial_likelihood(risk_sets, beta - move, ties)
        assert (up.value - down.value) / (2 * step) == pytest.approx(at.gradient[j], rel=1e-6)
        slope = (up.gradient - down.gradient) / (2 * step)
        assert -slope == pytest.approx(at.information[j], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("size", [1e3, 1e5, -1e5])
def test_huge_linear_predictors_neither_overflow_nor_vanish(ties: Any, size: float) -> None:
    cases = _random_cases(2, n=30)
    del cases["weights"], cases["strata"]
    risk_sets = prepare_risk_sets(**cases)
    beta = np.array([size, size / 3, 1.0])
    slow = slow_log_likelihood(
        risk_sets.covariates, risk_sets.time, risk_sets.event, beta, ties=ties
    )
    found = partial_likelihood(risk_sets, beta, ties)
    assert found.value == pytest.approx(slow, rel=1e-9)
    assert np.isfinite(found.gradient).all()
    assert np.isfinite(found.information).all()


@pytest.mark.parametrize("ties", TIES)
def test_the_order_of_cases_and_the_unit_of_time_do_not_matter(ties: Any) -> None:
    cases = _random_cases(3)
    beta = [0.5, 0.1, -1.0]
    order = np.random.default_rng(0).permutation(len(cases["time"]))
    shuffled = {name: values[order] for name, values in cases.items()}
    in_days = {**cases, "time": cases["time"] * 30.4375}
    assert _value(shuffled, beta, ties) == pytest.approx(_value(cases, beta, ties), rel=1e-13)
    assert _value(in_days, beta, ties) == _value(cases, beta, ties)


def test_under_breslow_a_weight_of_two_is_the_case_twice() -> None:
    cases = _random_cases(4)
    weights = np.random.default_rng(1).integers(1, 4, size=len(cases["time"]))
    twice = {
        name: np.repeat(cases[name], weights, axis=0) for name in ("X", "time", "event", "strata")
    }
    beta = np.array([0.5, 0.1, -1.0])
    found = _value({**cases, "weights": weights}, beta, "breslow")
    assert found == pytest.approx(_value(twice, beta, "breslow"), rel=1e-12)


def test_without_ties_efron_is_breslow() -> None:
    cases = _random_cases(5)
    cases["time"] = np.random.default_rng(2).permutation(len(cases["time"])) + 1.0
    beta = [0.5, 0.1, -1.0]
    assert _value(cases, beta, "efron") == pytest.approx(_value(cases, beta, "breslow"), rel=1e-14)


def test_strata_add_up() -> None:
    cases = _random_cases(6)
    beta = [0.5, 0.1, -1.0]
    parts = []
    for stratum in (0, 1):
        rows = cases["strata"] == stratum
        part = {name: values[rows] for name, values in cases.items() if name != "strata"}
        parts.append(_value(part, beta, "efron"))
    assert _value(cases, beta, "efron") == pytest.approx(sum(parts), rel=1e-12)


def test_months_computed_from_days_tie_where_the_days_tie() -> None:
    cases = _random_cases(7)
    rounding = np.random.default_rng(3).choice([0, 1e-14], size=len(cases["time"]))
    noisy = {**cases, "time": cases["time"] * (1 + rounding)}
    beta = [0.5, 0.1, -1.0]
    assert _value(noisy, beta, "efron") == _value(cases, beta, "efron")
