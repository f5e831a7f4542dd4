"""Proportional hazards between visits: R's survreg, derivatives, and Cox's model as the limit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import ModelError
from trephine.regression.cox import CoxModel
from trephine.regression.interval_cox import fit_interval_cox
from trephine.regression.interval_result import interval_result
from trephine.survival.interval_likelihood import (
    IntervalDesign,
    LogTimeSpline,
    likelihood_at,
    log_likelihood,
)
from trephine.survival.interval_outcome import between_visits
from trephine.types import FloatArray, Survival

REFERENCE = Path(__file__).parents[1] / "reference" / "interval"
NAMES = ("x", "z")


def visits() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    table = pd.read_csv(REFERENCE / "visits.csv")
    design = table[["x", "z"]].to_numpy(dtype=np.float64)
    high = table["high"].fillna(np.inf).to_numpy()
    return design, table["low"].to_numpy(), high, table["cluster"].to_numpy()


def test_without_knots_it_is_survreg() -> None:
    design, low, high, _ = visits()
    expected = json.loads((REFERENCE / "expected.json").read_text())["weibull"]
    fit = fit_interval_cox(design, NAMES, low, high, inner_knots=0)
    outcome = between_visits(low, high, "months", np.random.default_rng(1))
    result = interval_result(fit, NAMES, outcome)
    assert result.coefficients == pytest.approx(expected["coef"], abs=1e-8)
    assert result.covariance == pytest.approx(np.array(expected["covariance"]), abs=1e-8)
    assert result.log_likelihood == pytest.approx(expected["loglik"], abs=1e-8)
    assert result.log_likelihood_null == pytest.approx(expected["null"], abs=1e-8)
    own = fit.log_hazard(expected["times"]) - fit.centre @ result.coefficients
    assert own == pytest.approx(expected["log_hazard"], abs=1e-8)


def test_the_derivatives_are_those_of_the_likelihood() -> None:
    design, low, high, _ = visits()
    spline = LogTimeSpline(np.log([3.0, 20.0, 40.0, 75.0]))
    cases = IntervalDesign.of(low, high, design, spline)
    theta, step = np.array([-3, 4.0, 0.1, -0.05, 0.3, -0.2]), 1e-5
    at = likelihood_at(cases, theta)
    for j, along in enumerate(step * np.eye(theta.size)):
        up, down = theta + along, theta - along
        slope = (log_likelihood(cases, up) - log_likelihood(cases, down)) / (2 * step)
        assert at.scores.sum(axis=0)[j] == pytest.approx(slope, abs=1e-6)
        scores = [likelihood_at(cases, one).scores.sum(axis=0) for one in (up, down)]
        bend = (scores[0] - scores[1]) / (2 * step)
        assert -at.information[j] == pytest.approx(bend, abs=1e-5)


def test_knots_raise_the_likelihood_and_the_baseline_rises() -> None:
    design, low, high, _ = visits()
    fits = [fit_interval_cox(design, NAMES, low, high, inner_knots=k) for k in (0, 1, 3)]
    values = [fit.at.value for fit in fits]
    assert values[0] <= values[1] <= values[2] + 0.05
    hazard = fits[2].baseline(np.arange(1.0, 76.0)).cumulative_hazard
    assert (np.diff(hazard) > 0).all()
    assert np.abs(fits[2].at.scores.sum(axis=0)).max() < 1e-5


def simulated(n: int, every: float, seed: int) -> tuple[FloatArray, ...]:
    """Return design, low, high and the times of events at a Weibull hazard, effects 1 and -0.5."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)])
    time = 30 * (rng.exponential(size=n) / np.exp(design @ [1.0, -0.5])) ** (1 / 1.4)
    first = rng.uniform(0, every, n)
    end = 72.0
    before = np.floor((time - first) / every)
    low = np.where(time <= first, 0.0, first + before * every)
    high = np.where(time <= first, first, first + (before + 1) * every)
    last = first + np.floor((end - first) / every) * every
    unseen = high > last
    return design, np.where(unseen, last, low), np.where(unseen, np.inf, high), time


def test_visits_far_apart_leave_it_unbiased_where_the_middle_is_not() -> None:
    design, low, high, _ = simulated(4000, 24.0, 4)
    fit = fit_interval_cox(design, NAMES, low, high)
    k = fit.spline.width
    error = np.sqrt(np.diag(fit.covariance)[k:]) / fit.scale
    assert np.abs(fit.beta / fit.scale - [1.0, -0.5]).max() < 3 * error.max()
    outcome = between_visits(low, high, "months", np.random.default_rng(1))
    middle = CoxModel().fit(design, outcome.dated(0.5)).result_  # type: ignore[attr-defined]
    assert middle.coefficients[0] < 1.0 - 2 * error[0]


def test_narrow_intervals_give_coxs_model() -> None:
    design, _, _, time = simulated(3000, 24.0, 6)
    event = time < 60
    low = np.where(event, np.maximum(time - 0.01, 0), 60.0)
    high = np.where(event, time, np.inf)
    found = fit_interval_cox(design, NAMES, low, high)
    known = fit_interval_cox(design, NAMES, np.where(event, time, 60.0), high)
    cox = CoxModel().fit(design, Survival(np.minimum(time, 60), event)).result_
    for fit in (found, known):
        assert fit.beta / fit.scale == pytest.approx(cox.coefficients, abs=0.01)


def test_two_copies_of_each_case_are_one_cluster() -> None:
    design, low, high, cluster = visits()
    alone = fit_interval_cox(design, NAMES, low, high, cluster=np.arange(low.size))
    twice = fit_interval_cox(
        np.repeat(design, 2, axis=0), NAMES, np.repeat(low, 2), np.repeat(high, 2),
        cluster=np.repeat(np.arange(low.size), 2), inner_knots=alone.spline.width - 2,
    )  # fmt: skip
    assert twice.covariance == pytest.approx(alone.covariance, rel=1e-5)
    assert fit_interval_cox(design, NAMES, low, high, cluster=cluster).n_clusters == 80


def test_what_cannot_be_fitted_names_its_columns() -> None:
    design, low, high, _ = visits()
    with pytest.raises(ModelError, match="constant") as refused:
        fit_interval_cox(np.column_stack([design[:, 0], np.ones(low.size)]), NAMES, low, high)
    assert refused.value.terms == ("z",)
    with pytest.raises(ModelError) as refused:
        fit_interval_cox(np.column_stack([design[:, 0], 2 * design[:, 0]]), NAMES, low, high)
    assert refused.value.kind == "collinear"
    split = np.column_stack([design[:, 0], np.isfinite(high) * 1.0])
    with pytest.raises(ModelError) as refused:
        fit_interval_cox(split, NAMES, low, high)
    assert refused.value.kind == "separation"
    with pytest.raises(ModelError, match="expected events"):
        fit_interval_cox(design, NAMES, low + 1, np.full(low.size, np.inf))
