"""The smooth of a coefficient over time keeps straight lines and finds one that changes."""

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import CubicSpline

from trephine.regression.cox import CoxModel
from trephine.regression.hazards_smooth import natural_spline, smooth_coefficient
from trephine.types import Survival


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
