"""NRI, IDI, half-NRI and median improvement against nricens and survIDINRI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parity.evaluation_inputs import survival_of
from parity.r_formula import case_names, data_set, evaluate_formula
from trephine.evaluation.discrimination_improvement import discrimination_improvement
from trephine.evaluation.improvement_perturbation import perturbed_improvement
from trephine.evaluation.reclassification import (
    categorical_reclassification,
    continuous_reclassification,
)
from trephine.regression.cox import CoxModel
from trephine.types import FloatArray, Survival

NRICENS_BOUND = 1e-9
SURVIDINRI_BOUND = 1e-7
# The two models of each data set, as the script writes them; others come from nri_*.csv alone.
MODELS = {
    "hips": (
        "Surv(time, event) ~ age + sex + bmi + factor(stage)",
        "Surv(time, event) ~ age + sex + bmi + factor(stage) + f01 + f02",
    ),
    "pbc": (
        "Surv(time, death) ~ age + sex + edema",
        "Surv(time, death) ~ age + sex + edema + log_bili + albumin",
    ),
}

# Risks that differ by more than this come from another model, not from rounding.
OTHER_MODEL = 1e-6


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = case_names(metafunc.config, "07_nri_idi")
    chosen = {
        "nri_case": [name for name in names if not name.startswith("survIDINRI")],
        "idi_case": [name for name in names if name.startswith("survIDINRI")],
    }
    for fixture, cases in chosen.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, cases)


def _fixed_risks(reference: Path, case: str) -> pd.DataFrame:
    return pd.read_csv(reference / "survival" / "data" / f"nri_{case}.csv")


def test_reclassification_equals_nricens(
    nri_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("07_nri_idi")
    _, table = data_set(reference, nri_case)
    outcome, risks = survival_of(table), _fixed_risks(reference, nri_case)
    horizon = float(file[nri_case, "t0"])
    for key in (key for key in file.keys(nri_case) if "|" in key):
        method, kind, cut = key.split("|")
        cuts = [float(value) for value in cut.split("_")]
        given: Any = (outcome, risks["p_std"], risks["p_new"], horizon)
        estimator: Any = "kaplan-meier" if method == "km" else "weighted"
        if kind == "category":
            found = categorical_reclassification(*given, cuts, estimator=estimator)
        else:
            found = continuous_reclassification(*given, smallest_move=cuts[0], estimator=estimator)
        by_name = {
            "NRI": found.total,
            "NRI+": found.events,
            "NRI-": found.non_events,
            "Pr(Up|Case)": found.up_given_event,
            "Pr(Down|Case)": found.down_given_event,
            "Pr(Down|Ctrl)": found.down_given_no_event,
            "Pr(Up|Ctrl)": found.up_given_no_event,
        }
        values = [by_name[name] for name in file[nri_case, key, "order"]]
        parity.compare(
            f"nricens {method} {kind}",
            f"{nri_case} {key}",
            file.array(nri_case, key, "estimate"),
            values,
            bound=NRICENS_BOUND,
        )
        assert found.n_up == file[nri_case, key, "n_up"]
        assert found.n_down == file[nri_case, key, "n_down"]


def _interpolated_risk(formula: str, table: pd.DataFrame, horizon: float) -> FloatArray:
    model = evaluate_formula(formula, table)
    fit = CoxModel().fit(model.design, Survival(model.time, model.event))
    hazard = fit.baseline_cumulative_hazard()["all"]
    at = np.interp(horizon, hazard.index.to_numpy(float), hazard.to_numpy())
    risk: FloatArray = 1.0 - np.exp(-at * np.exp(fit.predict_linear_predictor(model.design)))
    return risk


def _known_models(reference: Path, case: str, horizon: float) -> tuple[str, str] | None:
    """Return the script's formulas, unless the fixed risks of the case come from other models."""
    prefix, table = data_set(reference, case)
    if prefix not in MODELS:
        return None
    path = reference / "survival" / "data" / f"nri_{case}.csv"
    if path.exists():
        fixed = _fixed_risks(reference, case)[["p_std", "p_new"]].to_numpy()
        own = [_interpolated_risk(formula, table, horizon) for formula in MODELS[prefix]]
        if np.abs(np.column_stack(own) - fixed).max() > OTHER_MODEL:
            return None
    return MODELS[prefix]


def test_risks_equal_those_of_the_script(
    nri_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("07_nri_idi")
    assert file[nri_case, "risk_definition"]
    horizon = float(file[nri_case, "t0"])
    models = _known_models(reference, nri_case, horizon)
    _, table = data_set(reference, nri_case)
    for which, name in enumerate(("p_std", "p_new")):
        fixed = _fixed_risks(reference, nri_case)[name].to_numpy()
        risk = fixed if models is None else _interpolated_risk(models[which], table, horizon)
        parity.compare(
            "nricens risk (basehaz, interpolated)",
            f"{nri_case} {name}",
            file.array(nri_case, f"{name}_first10"),
            risk[:10],
            bound=NRICENS_BOUND,
        )


def test_improvement_equals_survidinri(
    idi_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("07_nri_idi")
    case = idi_case.removeprefix("survIDINRI_")
    prefix, table = data_set(reference, case)
    outcome, horizon = survival_of(table), float(file[idi_case, "t0"])
    given = "with_fixed_perturbations"
    models = _known_models(reference, case, horizon)
    if models is None:
        risks = _fixed_risks(reference, case)
        point = discrimination_improvement(
            outcome, risks["p_std"], risks["p_new"], horizon, precision="single"
        )
    else:
        old, new = (evaluate_formula(formula, table) for formula in models)
        n = len(outcome)
        # Without fixed perturbations in the file one draw that perturbs nothing stands in.
        draws = _perturbations(reference, prefix) if file.has(idi_case, given) else np.ones((n, 1))
        found = perturbed_improvement(
            outcome, old.design, new.design, horizon, draws, precision="single"
        )
        point = found.point
    assert file[idi_case, "order"] == "value, D1 part, D0 part"
    measures = (point.idi, point.half_nri, point.median_improvement)
    for key, measure in zip(("m1_IDI", "m2_cNRI_half", "m3_median"), measures, strict=True):
        parity.compare(
            f"survIDINRI {key}",
            idi_case,
            file.array(idi_case, key),
            [measure.value, measure.events, measure.non_events],
            bound=SURVIDINRI_BOUND,
        )
    if models is None or not file.has(idi_case, given):
        return
    assert file[idi_case, given, "cols"] == ["est", "lower", "upper", "p"]
    # The package puts a 0 before its draws, which enters quantiles and p; so does this test.
    with_zero = np.vstack([np.zeros(3), found.draws])
    low, high = np.quantile(with_zero, [0.025, 0.975], axis=0)
    beyond = np.minimum((with_zero > 0).mean(axis=0), (with_zero < 0).mean(axis=0))
    for j, key in enumerate(("m1", "m2", "m3")):
        parity.compare(
            f"survIDINRI {key} with interval and p",
            idi_case,
            file.array(idi_case, given, key),
            [measures[j].value, low[j], high[j], 2.0 * beyond[j]],
            bound=SURVIDINRI_BOUND,
        )


def _perturbations(reference: Path, prefix: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    (path,) = (reference / "survival" / "data").glob(f"{prefix}_perturb*.csv")
    return pd.read_csv(path).to_numpy(float)
