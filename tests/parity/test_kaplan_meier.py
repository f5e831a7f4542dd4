"""Kaplan-Meier, follow-up, restricted mean and log-rank against R's survival."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parity.r_formula import case_names, column_like, data_set, outcome_columns
from trephine.survival.kaplan_meier import kaplan_meier, reverse_kaplan_meier
from trephine.survival.logrank import logrank_test

BOUND = 1e-10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        names = case_names(metafunc.config, "02_km")
        chosen = [name for name in names if "stratified" not in name]
        metafunc.parametrize("case", chosen)
    if "stratified_case" in metafunc.fixturenames:
        names = case_names(metafunc.config, "02_km")
        metafunc.parametrize("stratified_case", [n for n in names if "stratified" in n])


def _levels(values: pd.Series[Any]) -> pd.Series[str]:
    """Return levels as R prints them, missing ones as NaN."""
    return values.map(lambda v: f"{v:g}" if isinstance(v, float) else str(v)).where(values.notna())


def _group_column(table: pd.DataFrame, labels: list[str], n: list[int]) -> str:
    """Return the column with these levels in these numbers of cases."""
    for column in table:
        counts = _levels(table[column]).value_counts()
        if sorted(counts.index) == sorted(labels) and [counts[name] for name in labels] == n:
            return str(column)
    raise LookupError(f"no column has the levels {labels} {n} times")


def test_curves_equal_survfit(case: str, expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("02_km")
    _, table = data_set(reference, case)
    time, event = outcome_columns(table)
    labels = [re.sub("^[^=]*=", "", g) for g in file[case, "logrank", "rho0", "groups"]]
    column = _group_column(table, labels, file[case, "logrank", "rho0", "n"])
    for interval in file.keys(case, "km"):
        for group in file.keys(case, "km", interval):
            rows = table if group == "all" else table[_levels(table[column]) == group]
            path = (case, "km", interval, group)
            curve = kaplan_meier(rows[time], rows[event], interval=interval)
            read = curve.at(file.array(*path, "times"))
            quantiles = [curve.quantile(p) for p in (0.25, 0.5, 0.75)]
            found = {
                "n_risk": read.n_at_risk,
                "surv": read.survival_probability,
                "std_err": read.standard_error,
                "lower": read.low,
                "upper": read.high,
                "quantiles_25_50_75": [q.value for q in quantiles],
                "q_lower": [q.low for q in quantiles],
                "q_upper": [q.high for q in quantiles],
            }
            for key, values in found.items():
                want = np.atleast_1d(file.array(*path, key))
                parity.compare(f"survfit {interval} {key}", case, want, values, bound=BOUND)


def test_follow_up_and_restricted_mean_equal_survfit(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("02_km")
    _, table = data_set(reference, case)
    time, event = outcome_columns(table)
    median = reverse_kaplan_meier(table[time], table[event]).quantile(0.5)
    found = {
        "reverse_km_median": median.value,
        "reverse_km_lower": median.low,
        "reverse_km_upper": median.high,
        "median_observed_followup": np.median(table[time]),
    }
    for key, value in found.items():
        if file.has(case, key):
            call = f"survfit(1 - event) {key}"
            parity.compare(call, case, file.array(case, key), value, bound=BOUND)
    tau = float(file.array(case, "rmst", "tau"))
    mean = kaplan_meier(table[time], table[event]).restricted_mean(tau)
    for key, value in {"rmean": mean.value, "se": mean.standard_error}.items():
        want = file.array(case, "rmst", key)
        parity.compare(f"survfit rmean {key}", case, want, value, bound=BOUND, relative=True)


def test_group_comparison_equals_survdiff(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("02_km")
    _, table = data_set(reference, case)
    time, event = outcome_columns(table)
    for key in file.keys(case, "logrank"):
        want = file[case, "logrank", key]
        labels = [re.sub("^[^=]*=", "", group) for group in want["groups"]]
        rows = table.dropna(subset=[_group_column(table, labels, want["n"])])
        groups = _levels(rows[_group_column(table, labels, want["n"])])
        rho = float(key.removeprefix("rho"))
        found = logrank_test(rows[time], rows[event], groups, rho=rho)
        order = [found.groups.index(label) for label in labels]
        call = f"survdiff rho={rho:g}"
        for name, value in {
            "n": found.n[order],
            "obs": found.observed[order],
            "exp": found.expected[order],
            "chisq": found.statistic,
            "df": found.degrees_of_freedom,
            "p": found.p_value,
        }.items():
            parity.compare(f"{call} {name}", case, want[name], value, bound=BOUND, relative=True)


KNOWN_STRATIFIED = {"veteran_stratified_logrank": ("trt", "celltype")}


def test_stratified_comparison_equals_survdiff(
    stratified_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("02_km")
    _, table = data_set(reference, stratified_case)
    time, event = outcome_columns(table)
    if file.has(stratified_case, "group"):
        group, stratum = file[stratified_case, "group"], file[stratified_case, "strata"]
    elif stratified_case in KNOWN_STRATIFIED:
        group, stratum = KNOWN_STRATIFIED[stratified_case]
    else:
        pytest.skip("the file does not say what is compared within what")
    rows = table.dropna(subset=[column_like(table, group), column_like(table, stratum)])
    found = logrank_test(rows[time], rows[event], rows[group], strata=rows[stratum])
    want = file.array(stratified_case, "chisq")
    parity.compare("survdiff strata chisq", stratified_case, want, found.statistic, bound=BOUND)
    if file.has(stratified_case, "df"):
        df = file.array(stratified_case, "df")
        parity.compare(
            "survdiff strata df", stratified_case, df, found.degrees_of_freedom, bound=BOUND
        )
