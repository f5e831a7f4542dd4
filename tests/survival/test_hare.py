"""Hazard regression: polspline's numbers, a likelihood by quadrature, and laws."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from trephine.errors import InputError
from trephine.survival.hare import HazardRegression, hazard_regression
from trephine.survival.hare_likelihood import evaluate
from trephine.survival.hare_model import CONSTANT, LINEAR, BasisFunction, basis_of
from trephine.types import BoolArray, FloatArray

REFERENCE = Path(__file__).parents[1] / "reference"
CASES: dict[str, Any] = json.loads((REFERENCE / "hare" / "hare.json").read_text())["cases"]
OUTCOME = {
    "hips212": ("time", "event"),
    "veteran": ("time", "status"),
    "lung": ("time", "status"),
    "ovarian": ("futime", "fustat"),
    "pbc276": ("time", "death"),
    "gbsg": ("rfstime", "status"),
    "retinopathy": ("futime", "status"),
    "rotterdam": ("dtime", "death"),
}
UNCONVERGED = {"hips_age_maxdim6"}
"""polspline takes a fit that failed for one of log-likelihood 0, and so chooses it."""
ROUNDED = {"rotterdam_age_default", "pbc_age_maxdim12"}
"""Up to 29 functions: what polspline adds is decided by the rounding of its integrals over flat
hazards, which differences of 1/slope^2 give."""
EXACT = sorted(set(CASES) - UNCONVERGED - ROUNDED)


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "survival" / "data" / f"{name}.csv")


def refit(case: dict[str, Any]) -> HazardRegression:
    cases = table(case["file"])
    if case["x"].startswith("cloglog"):
        column = case["x"].removeprefix("cloglog(hips_risks$").removesuffix(")")
        x = np.log(-np.log1p(-table("hips_risks")[column].to_numpy()))
    else:
        x = cases[case["x"]].to_numpy(dtype=np.float64)
    time, event = (cases[name].to_numpy() for name in OUTCOME[case["file"]])
    known = np.isfinite(x)
    arguments = case["arguments"] or {}
    return hazard_regression(
        time[known],
        event[known],
        x[known],
        max_dimension=arguments.get("maxdim"),
        penalty=arguments.get("penalty"),
    )


def term_of(row: list[int | None], case: dict[str, Any]) -> BasisFunction:
    """Translate a line of polspline's table: two dimensions, 0 for time, and the knots' ranks."""
    first, knot, second, other = row

    def in_covariate(rank: int | None) -> Any:
        return "linear" if not rank else float(np.float32(case["covariate_knots"][rank - 1]))

    if first == 1:
        return BasisFunction(covariate=in_covariate(knot))
    time_knot = float(case["time_knots"][knot - 1]) if knot else None
    return BasisFunction(time_knot, None if second is None else in_covariate(other))


@pytest.mark.parametrize("name", EXACT)
def test_the_fit_equals_polspline(name: str) -> None:
    case = CASES[name]
    found = refit(case)
    assert [term_of(row, case) for row in case["basis"]] == list(found.terms)
    expected = np.array(case["coefficient"])
    scale = np.maximum(np.abs(expected), 1.0)
    np.testing.assert_allclose(found.coefficient / scale, expected / scale, atol=1e-7)
    np.testing.assert_allclose(
        list(found.log_likelihood.values()), case["log_likelihood"], atol=1e-6
    )
    for horizon, free in zip(case["horizons"], case["event_free"], strict=True):
        hazard = found.cumulative_hazard(horizon, case["at"])
        np.testing.assert_allclose(np.exp(-hazard), free, atol=1e-7)


@pytest.mark.parametrize("name", sorted(ROUNDED))
def test_where_rounding_chose_for_polspline_the_fit_is_no_worse(name: str) -> None:
    case = CASES[name]
    found = refit(case)

    def criterion(dimension: int, log_likelihood: float) -> float:
        return found.penalty * dimension - 2.0 * log_likelihood

    ours = criterion(len(found.terms), found.log_likelihood[len(found.terms)])
    theirs = criterion(len(case["basis"]), case["log_likelihood"][len(case["basis"]) - 1])
    assert ours <= theirs + 1e-6


@pytest.mark.parametrize("name", sorted(UNCONVERGED))
def test_a_fit_that_failed_is_not_chosen(name: str) -> None:
    case = CASES[name]
    assert 0.0 in case["log_likelihood"]
    found = refit(case)
    assert max(found.log_likelihood.values()) < -300.0
    assert found.log_likelihood[1] == pytest.approx(case["log_likelihood"][0], abs=1e-9)


def simulated(n: int, seed: int) -> tuple[FloatArray, BoolArray, FloatArray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    event_time = rng.weibull(1.4, n) * 30.0 * np.exp(-0.6 * x)
    censored = rng.uniform(5.0, 60.0, n)
    time = np.ceil(np.minimum(event_time, censored) * 4.0) / 4.0
    return time, event_time <= censored, x


TERMS = (
    CONSTANT,
    LINEAR,
    BasisFunction(20.0),
    BasisFunction(7.5, "linear"),
    BasisFunction(covariate=0.25),
    BasisFunction(20.0, 0.25),
)


def log_hazard(t: float, x: float, coefficient: FloatArray) -> float:
    values = [1.0, x, max(20.0 - t, 0.0), max(7.5 - t, 0.0) * x]
    values += [max(x - 0.25, 0.0), max(20.0 - t, 0.0) * max(x - 0.25, 0.0)]
    return float(np.dot(values, coefficient))


def by_quadrature(
    time: FloatArray, event: BoolArray, x: FloatArray, coefficient: FloatArray
) -> float:
    total = 0.0
    for t, d, value in zip(time, event, x, strict=True):
        total += d * log_hazard(t, value, coefficient)
        knots = [0.0, *(k for k in (7.5, 20.0) if k < t), t]
        for start, stop in pairwise(knots):
            hazard, _ = quad(
                lambda s, v=value: np.exp(log_hazard(s, v, coefficient)), start, stop, epsabs=1e-12
            )
            total -= hazard
    return total


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e-3, 1.0])
def test_the_likelihood_and_its_derivatives_equal_quadrature(scale: float) -> None:
    time, event, x = simulated(40, 3)
    coefficient = np.array([-3.0, 0.4, 0.05, -0.2, -0.3, 0.02])
    coefficient[2:] *= scale
    columns = np.column_stack([term.at(x) for term in TERMS])
    terms = (*TERMS[:3], BasisFunction(7.5), *TERMS[3:])
    columns = np.insert(columns, 3, 1.0, axis=1)
    coefficient = np.insert(coefficient, 3, 0.0)
    found = evaluate(basis_of(terms, columns, time, event), coefficient)
    without = np.delete(coefficient, 3)
    assert found.log_likelihood == pytest.approx(by_quadrature(time, event, x, without), abs=1e-8)
    basis = basis_of(terms, columns, time, event)
    for k in range(coefficient.size):
        step = np.zeros_like(coefficient)
        step[k] = 1e-4
        up, down = evaluate(basis, coefficient + step), evaluate(basis, coefficient - step)
        slope = (up.log_likelihood - down.log_likelihood) / 2e-4
        assert found.score[k] == pytest.approx(slope, rel=1e-5, abs=1e-4)
        bend = (up.score - down.score) / 2e-4
        np.testing.assert_allclose(found.hessian[k], bend, rtol=1e-4, atol=1e-3)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_cases_does_not_matter(seed: int, shuffler: Any) -> None:
    time, event, x = simulated(60, seed)
    order = list(range(60))
    shuffler.shuffle(order)
    plain = hazard_regression(time, event, x, max_dimension=5)
    shuffled = hazard_regression(time[order], event[order], x[order], max_dimension=5)
    assert plain.terms == shuffled.terms
    np.testing.assert_array_equal(plain.coefficient, shuffled.coefficient)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.25, 0.5, 2.0, 32.0]))
def test_units_of_time_and_covariate_do_not_matter(seed: int, unit: float) -> None:
    time, event, x = simulated(80, seed)
    horizons, at = np.array([10.0, 30.0]), np.array([[-1.0], [0.0], [1.5]])
    plain = hazard_regression(time, event, x, max_dimension=4)
    scaled = hazard_regression(time * unit, event, x * unit, max_dimension=4)
    np.testing.assert_allclose(
        np.exp(-plain.cumulative_hazard(horizons, at)),
        np.exp(-scaled.cumulative_hazard(horizons * unit, at * unit)),
        atol=1e-7,
    )


def test_the_cumulative_hazard_rises_and_goes_on_beyond_follow_up() -> None:
    time, event, x = simulated(200, 8)
    found = hazard_regression(time, event, x)
    hazard = found.cumulative_hazard(np.linspace(0.0, 300.0, 601)[:, None], [-1.0, 0.0, 1.0])
    assert (hazard[0] == 0.0).all()
    assert (np.diff(hazard, axis=0) > 0.0).all()
    assert (np.diff(hazard[300], axis=0) > 0.0).all()


def test_a_constant_hazard_is_events_over_time_at_risk() -> None:
    time, event, x = simulated(100, 5)
    found = hazard_regression(time, event, x, max_dimension=1)
    assert found.terms == (CONSTANT,)
    assert found.cumulative_hazard(7.0, 0.0) == pytest.approx(7.0 * event.sum() / time.sum())


def test_a_binary_covariate_gets_no_knot() -> None:
    time, event, x = simulated(300, 4)
    found = hazard_regression(time, event, (x > 0.0).astype(float))
    assert not any(isinstance(term.covariate, float) for term in found.terms)


def test_too_few_cases_and_no_events_are_refused() -> None:
    time, event, x = simulated(24, 1)
    with pytest.raises(InputError, match=r"at least 25 cases.*found 24 cases"):
        hazard_regression(time, event, x)
    with pytest.raises(InputError, match="found 30 cases, 0 events"):
        hazard_regression(np.ones(30), np.zeros(30), np.arange(30.0))
