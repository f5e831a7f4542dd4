"""The smooth of a coefficient over time keeps straight lines and finds one that changes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import CubicSpline
from scipy.special import ndtri

from trephine.regression.cox import CoxModel
from trephine.regression.hazards_smooth import natural_spline, smooth_coefficient
from trephine.types import Survival

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.mark.parametrize("name", ["veteran", "lung"])
def test_the_smooth_and_its_error_are_those_of_plot_cox_zph(name):
    expected = json.loads((REFERENCE / "zph" / "expected.json").read_text())[name]
    columns = list(expected)
    table = pd.read_csv(REFERENCE / "survival" / "data" / f"{name}.csv")
    table = table[["time", "status", *columns]].dropna()
    outcome = Survival(table["time"].to_numpy(float), table["status"].to_numpy() == 1, "days")
    model = CoxModel().fit(table[columns].astype(float), outcome)
    test = model.proportional_hazards_test()
    for j, column in enumerate(columns):
        found = smooth_coefficient(
            test.transformed_times,
            test.scaled_residuals[:, j],
            model.result_.naive_covariance[j, j],
        )
        np.testing.assert_allclose(found.at, expected[column]["at"], atol=1e-12)
        size = np.ptp(expected[column]["value"])
        np.testing.assert_allclose(found.value, expected[column]["value"], atol=1e-7 * size)
        error = (found.high - found.low) / 2 / ndtri(0.975)
        np.testing.assert_allclose(error, expected[column]["error"], rtol=1e-7)


def test_residuals_on_a_line_are_smoothed_to_that_line():
    times = np.linspace(0.0, 0.8, 50)
    found = smooth_coefficient(times, 2.0 - 3.0 * times, 0.1)
    assert np.allclose(found.value, 2.0 - 3.0 * found.at)
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()


def test_the_basis_holds_every_natural_cubic_spline_on_its_knots():
    knots = np.array([0.1, 0.3, 0.6, 1.1])
    x = np.linspace(0.1, 1.1, 30)
    other = CubicSpline(knots, [1.0, -2.0, 0.5, 3.0], bc_type="natural")(x)
    found, *_ = np.linalg.lstsq(natural_spline(x, knots), other, rcond=None)
    assert np.allclose(natural_spline(x, knots) @ found, other)


@pytest.mark.parametrize("times", [np.linspace(0, 1, 9), np.repeat([0.1, 0.2, 0.4], 10)])
def test_too_few_events_or_times_have_no_smooth(times):
    assert smooth_coefficient(times, np.zeros(times.size), 0.1) is None


def test_a_coefficient_that_fades_is_seen_to_fade():
    generator = np.random.default_rng(7)
    x = generator.normal(size=600)
    early = generator.exponential(np.exp(-1.5 * x))
    time = np.where(early < 0.7, early, 0.7 + generator.exponential(1.0, size=600))
    model = CoxModel().fit(pd.DataFrame({"x": x}), Survival(time, np.ones(600, dtype=bool)))
    test = model.proportional_hazards_test()
    found = smooth_coefficient(
        test.transformed_times,
        test.scaled_residuals[:, 0],
        model.result_.naive_covariance[0, 0],
    )
    constant = model.result_.coefficients[0]
    assert found.low[10] > constant > found.high[30]
