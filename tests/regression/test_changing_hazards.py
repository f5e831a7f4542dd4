"""Coefficients that change over time, and strata: R's coxph with tt() and strata()."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.regression.changing_hazards import coefficient_at, fit_changing
from trephine.regression.cox import CoxModel
from trephine.types import Survival

REFERENCE = Path(__file__).parents[1] / "reference" / "changing_hazards"
NAMES = ("karno", "age")
VETERAN = pd.read_csv(REFERENCE / "veteran.csv")
EXPECTED = json.loads((REFERENCE / "expected.json").read_text())
DESIGN = VETERAN[list(NAMES)].to_numpy(dtype=np.float64)
OUTCOME = Survival(VETERAN["time"].to_numpy(dtype=np.float64), VETERAN["status"].to_numpy(), "days")


@pytest.mark.parametrize(("name", "change"), [("step", 90.0), ("log_time", None)])
def test_a_changing_coefficient_is_coxphs_tt(name: str, change: float | None) -> None:
    found = fit_changing(DESIGN, NAMES, OUTCOME, [0], change)
    assert found.coefficients == pytest.approx(EXPECTED[name]["coef"], abs=1e-8)
    assert found.covariance == pytest.approx(np.array(EXPECTED[name]["covariance"]), abs=1e-8)
    assert found.log_likelihood == pytest.approx(EXPECTED[name]["loglik"][1], abs=1e-8)
    assert found.names == ("karno", "age", "karno, change")
    by_cluster = fit_changing(DESIGN, NAMES, OUTCOME, [0], change, cluster=VETERAN["cluster"])
    expected = np.array(EXPECTED[f"{name}_cluster"]["covariance"])
    assert by_cluster.covariance == pytest.approx(expected, abs=1e-8)


def test_strata_are_coxphs() -> None:
    found = CoxModel().fit(DESIGN, OUTCOME, strata=VETERAN["cell"]).result_
    assert found.coefficients == pytest.approx(EXPECTED["stratified"]["coef"], abs=1e-8)
    expected = np.array(EXPECTED["stratified"]["covariance"])
    assert found.covariance == pytest.approx(expected, abs=1e-8)


def test_a_change_before_every_event_is_no_change() -> None:
    # The coefficient after it is that of Cox's model, and nothing tells the one before.
    plain = CoxModel().fit(DESIGN, OUTCOME).result_
    found = fit_changing(DESIGN, NAMES, OUTCOME, [], 0.5)
    assert found.coefficients == pytest.approx(plain.coefficients, abs=1e-9)
    assert found.covariance == pytest.approx(plain.covariance, abs=1e-9)


def test_the_coefficient_at_a_time_has_the_error_of_its_sum() -> None:
    found = fit_changing(DESIGN, NAMES, OUTCOME, [0], None)
    value, error = coefficient_at(found, 0, 2, None, 30.0)
    assert value == pytest.approx(found.coefficients[0] + np.log(30) * found.coefficients[2])
    # In units of thirty days log time is 0 there, and the coefficient is the first one's.
    months = Survival(OUTCOME.time / 30, OUTCOME.event, "months")
    other = fit_changing(DESIGN, NAMES, months, [0], None)
    assert other.coefficients[0] == pytest.approx(value, abs=1e-9)
    assert other.standard_errors[0] == pytest.approx(error, abs=1e-9)
    step = fit_changing(DESIGN, NAMES, OUTCOME, [0], 90.0)
    assert coefficient_at(step, 0, 2, 90.0, 90.0)[0] == step.coefficients[0]
