"""The tests of Table 1 against R's stats, nortest and pROC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from parity.evaluation_inputs import nested
from parity.r_formula import column_like, data_set, outcome_columns
from parity.r_uniroot import TOLERANCE, fisher_by_uniroot
from trephine.evaluation.delong import binary_auc, delong_test
from trephine.group_tests.contingency import (
    chi_square_test,
    expected_counts,
    fisher_exact_test,
)
from trephine.group_tests.correlation_test import correlation_test
from trephine.group_tests.descriptive import describe_continuous
from trephine.group_tests.hypothesis_test import HypothesisTest
from trephine.group_tests.kolmogorov_smirnov import (
    kolmogorov_smirnov_normal,
    two_sample_kolmogorov_smirnov,
)
from trephine.group_tests.mean_tests import analysis_of_variance, t_test, variance_ratio_test
from trephine.group_tests.normality import lilliefors_test, shapiro_wilk_test
from trephine.group_tests.rank_tests import kruskal_wallis_test, mann_whitney_test
from trephine.types import FloatArray

BOUND = 1e-8

TwoSamples = Callable[[FloatArray, FloatArray], HypothesisTest]
TESTS: dict[str, TwoSamples] = {
    "welch": lambda x, y: t_test(x, y, variance="welch"),
    "student": lambda x, y: t_test(x, y, variance="student"),
    "f_test_var": variance_ratio_test,
    "wilcox_default_correct": mann_whitney_test,
    "wilcox_asymptotic_nocorrect": lambda x, y: mann_whitney_test(x, y, reference="normal"),
    "wilcox_asymptotic_correct": lambda x, y: mann_whitney_test(
        x, y, reference="normal, continuity corrected"
    ),
    "ks_two_sample": two_sample_kolmogorov_smirnov,
    "ks_two_sample_asymptotic": lambda x, y: two_sample_kolmogorov_smirnov(x, y, asymptotic=True),
}
ON_ALL_VALUES: dict[str, Callable[[FloatArray], HypothesisTest]] = {
    "ks_onesample_normal_fitted_params": kolmogorov_smirnov_normal,
    "lilliefors": lilliefors_test,
    "shapiro": shapiro_wilk_test,
}


def _columns(table: pd.DataFrame, words: str) -> tuple[str, str]:
    """Return the columns of VALUE_by_GROUP."""
    value, group = words.split("_by_")
    return column_like(table, value), column_like(table, group)


def _continuous_case(reference: Path, case: str) -> tuple[FloatArray, FloatArray]:
    """Return values and group; ``small_exact`` is the first 18 rows of hips, f01 by event."""
    if case == "small_exact":
        _, table = data_set(reference, "hips")
        return table["f01"].to_numpy(float)[:18], table["event"].to_numpy(float)[:18]
    prefix, table = data_set(reference, case)
    value, group = _columns(table, case.removeprefix(f"{prefix}_"))
    rows = table[[value, group]].dropna()
    return rows[value].to_numpy(float), rows[group].to_numpy(float)


def _compare_test(
    parity: Any, name: str, case: str, file: Any, path: tuple[str, ...], found: HypothesisTest
) -> None:
    statistic = nested(file, *path, "statistic")
    if statistic.size:
        parity.compare(
            f"{name} statistic", case, statistic, [found.statistic], bound=BOUND, relative=True
        )
    p_value = found.p_value
    if name.startswith("ks_"):
        # ks.test forms the limit's p as 1 - lower tail, so that it is a multiple of 2^-53.
        p_value = 1.0 - (1.0 - p_value)
    parity.compare(f"{name} p", case, file.array(*path, "p"), p_value, bound=BOUND, relative=True)
    df = nested(file, *path, "df")
    if df.size:
        parity.compare(f"{name} df", case, df, found.degrees_of_freedom, bound=BOUND, relative=True)


def _compare_effect(
    parity: Any, name: str, case: str, file: Any, path: tuple[str, ...], found: HypothesisTest
) -> None:
    limits, estimate = nested(file, *path, "conf"), nested(file, *path, "estimate")
    if not limits.size or found.effect is None:
        return
    have = [found.effect.low, found.effect.high]
    parity.compare(f"{name} interval", case, limits, have, bound=BOUND, relative=True)
    value = float(estimate[0] - estimate[1]) if estimate.size == 2 else float(estimate[0])
    parity.compare(f"{name} estimate", case, value, found.effect.value, bound=BOUND, relative=True)


def _compare_odds_ratio(
    parity: Any, case: str, file: Any, path: tuple[str, ...], table: Any, found: HypothesisTest
) -> None:
    """Read fisher.test's odds ratio and limits twice: by R's search, and as it searches for them.

    R ends its search for x or 1/x, whichever is below 1, within uniroot's tolerance. The same
    search over our equations gives R's digits; our own roots lie within that tolerance of it.
    """
    limits, estimate = nested(file, *path, "conf"), nested(file, *path, "estimate")
    if not limits.size or found.effect is None:
        return
    want = np.array([float(estimate[0]), *limits])
    have = np.array([found.effect.value, found.effect.low, found.effect.high])
    searched = fisher_by_uniroot(table)
    parity.compare("fisher by R's search", case, want, searched, bound=BOUND, relative=True)
    side = np.where(want > 1.0, -1.0, 1.0)
    with np.errstate(divide="ignore"):
        parity.compare("fisher", case, want**side, have**side, bound=TOLERANCE)


def test_continuous_variables(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    for case in file.keys("continuous"):
        values, group = _continuous_case(reference, case)
        low, high = np.unique(group)
        first, second = values[group == low], values[group == high]
        at = ("continuous", case)
        summaries = [describe_continuous(first), describe_continuous(second)]
        assert file[(*at, "n0")] == summaries[0].n
        assert file[(*at, "n1")] == summaries[1].n
        for key, found in {
            "mean": [s.mean for s in summaries],
            "sd": [s.standard_deviation for s in summaries],
            "quartiles_type7": [[s.quartile_1, s.median, s.quartile_3] for s in summaries],
        }.items():
            parity.compare(key, case, file.array(*at, key), found, bound=BOUND, relative=True)
        for name in file.keys(*at):
            if name in TESTS:
                result = TESTS[name](first, second)
            elif name in ON_ALL_VALUES:
                result = ON_ALL_VALUES[name](values)
            else:
                continue
            _compare_test(parity, name, case, file, (*at, name), result)
            _compare_effect(parity, name, case, file, (*at, name), result)


def test_categorical_variables(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    for case in file.keys("categorical"):
        at = ("categorical", case)
        table = file.array(*at, "table")
        prefix, data = data_set(reference, case)
        row, column = _columns(data, case.removeprefix(f"{prefix}_"))
        counted = pd.crosstab(data[row], data[column]).to_numpy()
        np.testing.assert_array_equal(counted, table)
        parity.compare(
            "chisq expected",
            case,
            file.array(*at, "expected"),
            expected_counts(table),
            bound=BOUND,
            relative=True,
        )
        for name, found in {
            "chisq_default": chi_square_test(table),
            "chisq_nocorrect": chi_square_test(table, yates=False),
            "fisher": fisher_exact_test(table),
        }.items():
            _compare_test(parity, name, case, file, (*at, name), found)
            if name == "fisher":
                _compare_odds_ratio(parity, case, file, (*at, name), table, found)
            else:
                _compare_effect(parity, name, case, file, (*at, name), found)


def test_several_groups(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    for key in file.cases():
        test, _, rest = key.partition("_")
        if test not in ("kruskal", "anova"):
            continue
        prefix, data = data_set(reference, rest)
        value, group = _columns(data, rest.removeprefix(f"{prefix}_"))
        groups = [
            part[value].to_numpy(float) for _, part in data.dropna(subset=[value]).groupby(group)
        ]
        if test == "kruskal":
            _compare_test(parity, "kruskal", rest, file, (key,), kruskal_wallis_test(groups))
            assert not nested(file, key, "estimate").size
            assert not nested(file, key, "conf").size
            continue
        found = analysis_of_variance(groups)
        for name, number in (("F", found.statistic), ("p", found.p_value)):
            expected = file.array(key, name)
            parity.compare(f"anova {name}", rest, expected, number, bound=BOUND, relative=True)


def test_correlation(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    for key in (name for name in file.cases() if name.startswith("cor_test_")):
        _, table = data_set(reference, "hips")
        first, second = key.removeprefix("cor_test_").split("_")
        found = correlation_test(table[first], table[second])
        _compare_test(parity, "cor.test", key, file, (key,), found)
        _compare_effect(parity, "cor.test", key, file, (key,), found)


def _higher_in_cases(outcome: npt.NDArray[np.bool_], score: FloatArray) -> FloatArray:
    """Turn a marker as pROC's ``direction = "auto"`` does: by the medians."""
    lower = np.median(score[outcome]) < np.median(score[~outcome])
    return -score if lower else score


def test_delong(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    keys = [name for name in file.cases() if name.startswith("delong_")]
    if not keys or not file.has(keys[0], "auc"):
        pytest.skip("no DeLong test in this folder")
    for key in keys:
        _, table = data_set(reference, "hips")
        first = key.removeprefix("delong_").split("_")[0]
        outcome = table[outcome_columns(table)[1]].to_numpy() == 1
        score = _higher_in_cases(outcome, table[first].to_numpy(float))
        found = binary_auc(outcome, score).estimate
        for name, number in {
            "auc": found.value,
            "ci": [found.low, found.value, found.high],
            "var": found.standard_error**2,
        }.items():
            expected = file.array(key, name)
            parity.compare(f"pROC {name}", key, expected, number, bound=BOUND, relative=True)
        (against,) = (name for name in file.keys(key) if name.startswith("test_vs_"))
        other = table[against.removeprefix("test_vs_")].to_numpy(float)
        test = delong_test(outcome, score, _higher_in_cases(outcome, other))
        _compare_test(parity, "DeLong", key, file, (key, against), test)
        _compare_effect(parity, "DeLong", key, file, (key, against), test)
