"""Mean event-free time by group: R's survfit, its jackknife by patient, and a slow version."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.restricted_mean import restricted_means
from trephine.types import Survival

REFERENCE = Path(__file__).parents[1] / "reference"
EXPECTED = json.loads((REFERENCE / "restricted_mean" / "expected.json").read_text())


def data(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "survival" / "data" / f"{name}.csv")


def test_means_and_errors_are_those_of_survfit() -> None:
    table = data("veteran")
    survival = Survival(table["time"].to_numpy(), table["status"].to_numpy(), "days")
    found = restricted_means(survival, table["trt"].to_numpy() - 1, 300.0)
    np.testing.assert_allclose(found.means, EXPECTED["veteran_means"], rtol=1e-12)
    errors = np.sqrt(np.diag(found.covariance))
    np.testing.assert_allclose(errors, EXPECTED["veteran_errors"], rtol=1e-12)
    assert found.covariance[0, 1] == 0


def test_by_patient_the_covariance_is_that_of_the_jackknife_s_influence() -> None:
    table = data("retinopathy")
    survival = Survival(table["futime"].to_numpy(), table["status"].to_numpy())
    found = restricted_means(
        survival, table["trt"].to_numpy(), 60.0, cluster=table["id"].to_numpy()
    )
    np.testing.assert_allclose(found.means, EXPECTED["retinopathy_means"], rtol=1e-12)
    np.testing.assert_allclose(
        found.covariance.ravel(), EXPECTED["retinopathy_covariance"], rtol=1e-10
    )


def test_the_influence_is_the_derivative_by_a_case_s_weight() -> None:
    rng = np.random.default_rng(2)
    time, event = np.ceil(rng.exponential(20, 30)), rng.random(30) < 0.7
    tau, step = 15.0, 1e-6
    slow = np.empty(30)
    for row in range(30):
        ends = []
        for change in (step, -step):
            weights = np.ones(30)
            weights[row] += change
            ends.append(kaplan_meier(time, event, weights=weights).restricted_mean(tau).value)
        slow[row] = (ends[0] - ends[1]) / (2 * step)
    found = restricted_means(
        Survival(time, event), np.zeros(30, dtype=np.int64), tau, cluster=np.arange(30)
    )
    assert found.covariance[0, 0] == pytest.approx(float((slow**2).sum()), rel=1e-6)


def test_a_group_that_was_not_followed_that_long_has_no_mean() -> None:
    survival = Survival([1.0, 2.0, 3.0, 5.0, 9.0, 12.0], [1, 1, 0, 1, 1, 0])
    group = np.array([0, 0, 0, 1, 1, 1])
    found = restricted_means(survival, group, 10.0)
    assert np.isnan(found.means[0])
    assert found.means[1] == pytest.approx(5 + 4 * 2 / 3 + 1 / 3)
    clustered = restricted_means(survival, group, 10.0, cluster=np.arange(6))
    np.testing.assert_array_equal(np.isnan(clustered.means), [True, False])
    assert np.isnan(clustered.covariance[0, 0])


def test_a_curve_that_reaches_0_has_its_mean_and_the_unit_of_time_does_not_matter() -> None:
    survival = Survival([1.0, 2.0, 4.0], [1, 1, 1])
    group = np.zeros(3, dtype=np.int64)
    found = restricted_means(survival, group, 10.0, cluster=np.arange(3))
    assert found.means[0] == pytest.approx(7 / 3)
    days = Survival(survival.time * 30, survival.event, "days")
    other = restricted_means(days, group, 300.0, cluster=np.arange(3))
    assert other.covariance[0, 0] == pytest.approx(900 * found.covariance[0, 0])
