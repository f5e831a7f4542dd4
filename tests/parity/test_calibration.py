"""Calibration against survfit, prodlim's jackknife and a Cox model of log(-log(1 - p))."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity.evaluation_inputs import risk_case
from parity.r_formula import case_names
from trephine.evaluation.calibration import (
    calibration_groups,
    greenwood_nam_dagostino_test,
    grouping_codes,
)
from trephine.evaluation.calibration_curve import calibration_curve
from trephine.evaluation.calibration_slope import calibration_in_the_large, calibration_slope
from trephine.evaluation.pseudo_values import survival_pseudo_values

BOUND = 1e-8


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", case_names(metafunc.config, "11_calibration"))


def test_groups_equal_survfit(case: str, expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("11_calibration")
    outcome, risk = risk_case(reference, case)
    horizon = float(file[case, "t0"])
    assert file[case, "quintile_table_cols"] == [
        "group", "n", "mean_pred_risk", "km_risk", "km_se", "lower", "upper",
    ]  # fmt: skip
    table = file.array(case, "quintile_table")
    groups = calibration_groups(outcome, risk, horizon, groups=len(table))
    found = [
        (k, g.n, g.mean_event_probability, o.value, o.standard_error, o.low, o.high)
        for k, (g, o) in enumerate(((g, g.observed) for g in groups), start=1)
    ]
    # The script carries a curve on where follow-up ends (extend = TRUE); ours has no answer there.
    ended = np.array([not np.isfinite(group.observed.value) for group in groups])
    table[ended, 3:] = np.nan
    parity.compare("calibration groups", case, table, found, bound=BOUND)
    followed = grouping_codes(risk, len(groups), "quantiles")
    for k in np.flatnonzero(ended):
        assert outcome.time[followed == k].max() < horizon
    if ended.any():
        return
    test = greenwood_nam_dagostino_test(groups)
    assert "Greenwood" in file[case, "gnd_note"]
    for key, value in (
        ("gnd_chisq", test.statistic),
        ("gnd_df", test.degrees_of_freedom),
        ("gnd_p", test.p_value),
    ):
        parity.compare(
            "Greenwood-Nam-D'Agostino test", case, file.array(case, key), value, bound=BOUND
        )


def test_observed_over_expected_equals_survfit(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("11_calibration")
    outcome, risk = risk_case(reference, case)
    found = calibration_in_the_large(outcome, risk, float(file[case, "t0"]))
    for key, value in (
        ("O", found.observed.value),
        ("E", found.expected),
        ("ratio", found.ratio.value),
    ):
        expected = file.array(case, "observed_expected", key)
        parity.compare("observed / expected", case, expected, value, bound=BOUND)


def test_pseudo_values_equal_prodlim(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("11_calibration")
    outcome, _ = risk_case(reference, case)
    found = survival_pseudo_values(outcome, float(file[case, "t0"]))[:10]
    expected = file.array(case, "pseudo_survival_first10")
    parity.compare("prodlim jackknife", case, expected, found, bound=BOUND)


def test_slope_and_errors_equal_those_of_a_cox_model(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("11_calibration")
    outcome, risk = risk_case(reference, case)
    slope = calibration_slope(outcome, risk).estimate
    curve = calibration_curve(outcome, risk, float(file[case, "t0"]))
    for key, value in (
        ("cal_slope_cll", slope.value),
        ("cal_slope_se", slope.standard_error),
        ("ICI_linear_cll", curve.integrated_index.value),
        ("E50", curve.e50.value),
        ("E90", curve.e90.value),
        ("Emax", curve.e_max.value),
    ):
        parity.compare(f"calibration {key}", case, file.array(case, key), value, bound=BOUND)
    # The script leaves this one empty; the Brier score is in file 06.
    assert np.isnan(file.array(case, "brier_ipcw"))
