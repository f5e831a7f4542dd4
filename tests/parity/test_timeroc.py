"""AUC(t), ROC curves and Brier scores against timeROC, survivalROC and riskRegression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity.evaluation_inputs import companions, marker_case, risk_case
from parity.r_formula import case_names, data_set, evaluate_formula
from trephine.evaluation.brier_score import brier_score
from trephine.evaluation.roc_curve import roc_curve
from trephine.evaluation.time_dependent_auc import (
    compare_time_dependent_auc,
    time_dependent_auc,
)
from trephine.regression.cox import CoxModel
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import Survival

BOUND = 1e-9
# timeROC::confint prints percent, rounded to two digits.
ROUNDED_PERCENT = 0.005 + 1e-9
# The covariates of censoring that the script adds to the marker.
CENSORING_COVARIATES = ("age", "bmi")
# The model of predictRisk_B_rows1to10, by data set.
MODEL_B = {"hips": "Surv(time, event) ~ age + sex + bmi + factor(stage) + f01 + f02"}


def _special(name: str) -> bool:
    return (
        name in ("marker_note", "survivalROC", "riskRegression_Score")
        or name.endswith(("_p", "_cox_ipcw_AUC"))
        or name.startswith("predictRisk")
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = case_names(metafunc.config, "06_timeroc")
    chosen = {
        "marker": [name for name in names if not _special(name)],
        "compared": [name for name in names if "_compare_" in name],
        "cox_weighted": [name for name in names if name.endswith("_cox_ipcw_AUC")],
    }
    for fixture, cases in chosen.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, cases)


def test_auc_and_its_decomposition_equal_timeroc(
    marker: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("06_timeroc")
    outcome, score = marker_case(reference, marker)
    # Given one time only, timeROC puts 0 before it; nothing can be said about that.
    known = file.array(marker, "times") > 0
    times = file.array(marker, "times")[known]
    found = [time_dependent_auc(outcome, score, t) for t in times]
    by_time = np.argsort(outcome.time, kind="stable")
    numbers = {
        "AUC": [auc.estimate.value for auc in found],
        "se": [auc.estimate.standard_error for auc in found],
        "cases": [auc.n_cases for auc in found],
        "survivors": [auc.n_controls for auc in found],
        "censored": [auc.n_censored for auc in found],
        "cuminc_ipcw": [auc.cumulative_incidence for auc in found],
        "surv_ipcw": [auc.event_free for auc in found],
        "iid_first10": np.column_stack([auc.influence[by_time][:10] for auc in found]),
    }
    for key, values in numbers.items():
        expected = file.array(marker, key)[..., known]
        parity.compare(f"timeROC {key}", marker, expected, values, bound=BOUND)
    assert "order(time)" in file[marker, "iid_order"]
    limits = [[100 * auc.estimate.low, 100 * auc.estimate.high] for auc in found]
    parity.compare(
        "timeROC confint (rounded to 0.01 %)",
        marker,
        np.clip(file.array(marker, "ci95_percent"), 0.0, 100.0)[known],
        limits,
        bound=ROUNDED_PERCENT,
    )


def test_roc_curve_equals_timeroc(
    marker: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("06_timeroc")
    outcome, score = marker_case(reference, marker)
    known = file.array(marker, "times") > 0
    curves = [roc_curve(outcome, score, t) for t in file.array(marker, "times")[known]]
    for key in ("roc_TP", "roc_FP"):
        rows = file.array(marker, key, "index_1based").astype(int) - 1
        assert rows[-1] == curves[0].thresholds.size - 1
        values = [
            (curve.sensitivity if key == "roc_TP" else curve.false_positive_rate)[rows]
            for curve in curves
        ]
        parity.compare(
            f"timeROC {key}",
            marker,
            file.array(marker, key, "value")[:, known],
            np.column_stack(values),
            bound=BOUND,
        )


def test_paired_test_equals_compare(
    compared: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("06_timeroc")
    prefix, pair = compared.removesuffix("_p").split("_compare_")
    cases = [f"{prefix}_lp{name}" for name in pair.split("_vs_")]
    (outcome, first), (_, second) = (marker_case(reference, case) for case in cases)
    p_values = [
        compare_time_dependent_auc(
            time_dependent_auc(outcome, first, t), time_dependent_auc(outcome, second, t)
        ).p_value
        for t in file[cases[0], "times"]
        if t > 0
    ]
    expected = file.array(compared)[-len(p_values) :]
    parity.compare("timeROC compare p", compared, expected, p_values, bound=BOUND)


def test_auc_with_cox_weights_equals_timeroc(
    cox_weighted: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("06_timeroc")
    case = cox_weighted.removesuffix("_cox_ipcw_AUC")
    outcome, score = marker_case(reference, case)
    _, table = data_set(reference, case)
    covariates = np.column_stack([score, table[list(CENSORING_COVARIATES)]])
    values = [
        time_dependent_auc(outcome, score, t, censoring_covariates=covariates).estimate.value
        for t in file[case, "times"]
        if t > 0
    ]
    expected = file.array(cox_weighted)[-len(values) :]
    parity.compare("timeROC AUC, weighting = cox", case, expected, values, bound=BOUND)


def test_areas_equal_survivalroc(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("06_timeroc")
    for case in file.keys("survivalROC") if file.has("survivalROC") else []:
        name, horizon = case.rsplit("_", 1)
        outcome, score = marker_case(reference, name)
        for key in file.keys("survivalROC", case):
            estimator: Any = "kaplan-meier" if key == "KM" else "nearest-neighbours"
            area = roc_curve(outcome, score, float(horizon), estimator=estimator).area
            parity.compare(
                f"survivalROC {key[:3]} AUC",
                case,
                file.array("survivalROC", case, key),
                area,
                bound=BOUND,
            )


def _scored(reference: Path) -> tuple[str, Survival]:
    """Return the data set whose models were scored: the one with a file of linear predictors."""
    (path,) = (reference / "survival" / "data").glob("*_lp.csv")
    prefix = path.stem.removesuffix("_lp")
    return prefix, marker_case(reference, f"{prefix}_lpA")[0]


def test_scores_equal_riskregression(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("06_timeroc")
    if not file.has("riskRegression_Score"):
        pytest.skip("no riskRegression_Score in this folder")
    prefix, outcome = _scored(reference)
    scores = companions(reference, prefix)

    def auc(model: str, t: float) -> Any:
        return time_dependent_auc(outcome, scores[f"lp{model}"], t, convention="riskRegression")

    for row in file["riskRegression_Score", "AUC"]:
        found = auc(row["model"], row["times"]).estimate
        parity.compare(
            "riskRegression Score AUC",
            f"{row['model']} {row['times']}",
            [row["AUC"], row["se"], row["lower"], row["upper"]],
            [found.value, found.standard_error, found.low, found.high],
            bound=BOUND,
        )
    for row in file["riskRegression_Score", "AUC_contrasts"]:
        t = row["times"]
        contrast = compare_time_dependent_auc(auc(row["model"], t), auc(row["reference"], t))
        d = contrast.difference
        parity.compare(
            "riskRegression Score AUC contrast",
            f"{row['model']} {t}",
            [row["delta.AUC"], row["se"], row["lower"], row["upper"], row["p"]],
            [d.value, d.standard_error, d.low, d.high, contrast.p_value],
            bound=BOUND,
        )
    for row in file["riskRegression_Score", "Brier"]:
        t = float(row["times"])
        if row["model"] == "Null model":
            free = kaplan_meier(outcome.time, outcome.event).at([t]).survival_probability[0]
            risk = np.full(len(outcome), 1.0 - free)
        else:
            _, risk = risk_case(reference, f"{row['model']}{row['times']}", prefix)
        found = brier_score(outcome, risk, t)
        e = found.estimate
        parity.compare(
            "riskRegression Score Brier, IPA",
            f"{row['model']} {t:g}",
            [row["Brier"], row["se"], row["lower"], row["upper"], row["IPA"]],
            [e.value, e.standard_error, e.low, e.high, found.prediction_accuracy],
            bound=BOUND,
        )


def test_predicted_risks_equal_predictrisk(
    expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("06_timeroc")
    key = "predictRisk_B_rows1to10"
    prefix, _ = _scored(reference)
    if not file.has(key) or prefix not in MODEL_B:
        pytest.skip("no model B in this folder")
    _, table = data_set(reference, prefix)
    model = evaluate_formula(MODEL_B[prefix], table)
    fit = CoxModel().fit(model.design, Survival(model.time, model.event))
    times = sorted({row["times"] for row in file["riskRegression_Score", "AUC"]})
    free = fit.predict_survival(model.design.iloc[:10], times).survival_probability
    parity.compare("riskRegression predictRisk", prefix, file.array(key), 1.0 - free, bound=BOUND)
    assert file["marker_note"]
