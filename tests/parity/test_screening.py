"""Feature screening: wilcox.test, p.adjust, cor, scale, and coxph's score test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trephine.selection.mann_whitney import mann_whitney
from trephine.selection.redundancy import correlation_matrix, rank_columns
from trephine.selection.relevance import MannWhitneyMethod, benjamini_hochberg

WILCOX: dict[str, MannWhitneyMethod] = {
    "wilcox_default_correct": "auto",
    "wilcox_asymptotic_nocorrect": "asymptotic",
    "wilcox_asymptotic_correct": "asymptotic-continuity",
}
EVENT = {"pbc": "death", "hips": "event", "lung": "status", "gbsg": "status"}


FILES = {"pbc": "pbc276", "hips": "hips212", "colon": "colon_death"}


def table_of(reference: Path, prefix: str) -> pd.DataFrame:
    return pd.read_csv(reference / "survival" / "data" / f"{FILES.get(prefix, prefix)}.csv")


def groups(reference: Path, case: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Values and groups of a case: DATA_VARIABLE_by_GROUP, or the first 18 hips."""
    if case == "small_exact":
        table = table_of(reference, "hips")[:18]
        return table["f01"].to_numpy(), table["event"].to_numpy() == 1
    match = re.fullmatch(r"([a-z]+)_(.+)_by_(.+)", case)
    assert match, f"a case of no known shape: {case}"
    prefix, variable, group = match.groups()
    table = table_of(reference, prefix)
    column = group if group in table else EVENT[prefix]
    table = table.dropna(subset=[variable, column])
    return table[variable].to_numpy(float), table[column].to_numpy() == 1


def test_wilcox_test(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    for case in file.keys("continuous"):
        values, group = groups(reference, case)
        for call, method in WILCOX.items():
            if not file.has("continuous", case, call):
                continue
            found = mann_whitney(values, group, method=method)
            for key, have in (("statistic", found.statistic), ("p", found.p_value)):
                parity.compare(
                    f"wilcox.test {key} ({method})",
                    case,
                    file.array("continuous", case, call, key),
                    have[0],
                    bound=1e-8,
                    relative=True,
                )


def test_adjusted_p_values(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    if not file.has("padjust_bh"):
        pytest.skip("no adjusted p values in this folder")
    table = table_of(reference, "hips")
    values = table[file["padjust_bh", "features"]].to_numpy()
    event = table["event"].to_numpy() == 1
    corrected = mann_whitney(values, event, method="asymptotic-continuity").p_value
    for key, have in (
        ("mw_p_correct", corrected),
        ("bh", benjamini_hochberg(corrected)),
        ("mw_p_default", mann_whitney(values, event).p_value),
    ):
        parity.compare(
            f"p.adjust {key}",
            "hips",
            file.array("padjust_bh", key),
            have,
            bound=1e-8,
            relative=True,
        )


def test_correlation_and_z_score(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("10_tests")
    values = table_of(reference, "hips").filter(regex=r"^f\d\d$").to_numpy()
    z = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    for key, have in (
        ("pearson_f01_row", correlation_matrix(values)[0]),
        ("spearman_f01_row", correlation_matrix(rank_columns(values))[0]),
        ("zscore_sd_n_minus_1_row1", z[0]),
    ):
        if file.has(key):
            parity.compare(
                f"cor, scale: {key}", "hips", file.array(key), have, bound=1e-8, relative=True
            )
