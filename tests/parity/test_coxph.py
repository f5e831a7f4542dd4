"""Cox models against R's coxph, cox.zph, basehaz and survfit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from parity.r_formula import (
    Model,
    case_names,
    cluster_column,
    data_set,
    derived,
    evaluate_formula,
    outcome_columns,
)
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import ChiSquareTest
from trephine.types import Survival

BOUND = 1e-8
# R's coxph stops at this relative change; cases that the script fits with its default end there.
R_DEFAULT_TOLERANCE = 1e-9
# Cases of the script that carry no formula; "rows" is the model whose complete cases are used.
KNOWN_FORMULAS = {
    "veteran_strata_celltype_efron": "Surv(time, status) ~ karno + age + strata(celltype)",
    "lung_weighted_efron": "Surv(time, status) ~ age + sex",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = case_names(metafunc.config, "01_coxph")
    univariable = [name for name in names if "univariable" in name]
    part = [name for name in names if "strata" in name or "weighted" in name]
    full = [name for name in names if name not in {*univariable, *part}]
    for fixture, chosen in {
        "case": full,
        "univariable_case": univariable,
        "partial_case": part,
    }.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, chosen)


def _ties(case: str) -> Any:
    return "breslow" if case.endswith("breslow") else "efron"


def _fit(file: Any, reference: Path, case: str) -> tuple[CoxModel, Model]:
    _, table = data_set(reference, case)
    names = tuple(name.replace("`", "") for name in file[case, "names"])
    model = evaluate_formula(file[case, "formula"], table, names=names)
    cluster = None
    if "_cluster_" in case:
        named = case.split("_cluster_")[1].rsplit("_", 1)[0]
        cluster = model.table[named].to_numpy()
    fitted = CoxModel(ties=file[case, "ties"]).fit(
        model.design, Survival(model.time, model.event), cluster=cluster, strata=model.strata
    )
    return fitted, model


def _test_row(test: ChiSquareTest) -> list[float]:
    return [test.statistic, test.degrees_of_freedom, test.p_value]


def test_coefficients_equal_coxph(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("01_coxph")
    fitted, _ = _fit(file, reference, case)
    result = fitted.result_
    assert list(result.names) == [name.replace("`", "") for name in file[case, "names"]]
    found: dict[str, npt.ArrayLike] = {
        "n": result.n,
        "nevent": result.n_events,
        "coef": result.coefficients,
        "se": result.standard_errors,
        "z": result.z,
        "p": result.p_values,
        "hr": result.hazard_ratio,
        "hr_lower95": result.low,
        "hr_upper95": result.high,
        "loglik_null": result.log_likelihood_null,
        "loglik": result.log_likelihood,
        "lr": _test_row(result.likelihood_ratio),
        "score": _test_row(result.score),
        "aic": result.aic,
        "bic": result.bic,
        "means": result.means,
        "concordance": result.concordance.value,
        "concordance_se": result.concordance.standard_error,
    }
    if result.robust:
        assert result.robust_score is not None
        found["naive_se"] = np.sqrt(np.diag(result.naive_covariance))
        found["robust_score"] = _test_row(result.robust_score)
    else:
        assert file[case, "naive_se"] is None
        assert file[case, "robust_score"] is None
    for key, value in found.items():
        want = file.array(case, key).reshape(np.shape(value))
        parity.compare(f"coxph {key}", case, want, value, bound=BOUND, relative=True)
    # summary.coxph rounds the Wald statistic, but not its p value, to two digits.
    want = file.array(case, "wald")
    assert abs(result.wald.statistic - want[0]) <= 0.005 + 1e-9
    parity.compare(
        "coxph wald (d.f., p)",
        case,
        want[1:],
        _test_row(result.wald)[1:],
        bound=BOUND,
        relative=True,
    )
    # Covariances may be near 0; their scale is that of the two standard errors.
    scale = np.outer(result.standard_errors, result.standard_errors)
    want = file.array(case, "vcov").reshape(scale.shape) / scale
    parity.compare("coxph vcov / (se se')", case, want, result.covariance / scale, bound=BOUND)


def test_residuals_and_predictors_equal_coxph(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("01_coxph")
    fitted, model = _fit(file, reference, case)
    errors = np.sqrt(np.diag(fitted.result_.naive_covariance))
    lp = fitted.predict_linear_predictor(model.design, reference="means")
    found = {
        "linear_predictors_centered": lp,
        "martingale_resid_first10": fitted.martingale_residuals(),
        "deviance_resid_first10": fitted.deviance_residuals(),
    }
    for key, value in found.items():
        want = np.atleast_1d(file.array(case, key))
        parity.compare(f"coxph {key}", case, want, value[: want.size], bound=BOUND)
    want = np.atleast_1d(file.array(case, "dfbeta_row1")) / errors
    parity.compare("coxph dfbeta / se", case, want, fitted.dfbeta()[0] / errors, bound=BOUND)


def test_baseline_hazard_equals_basehaz(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("01_coxph")
    fitted, _ = _fit(file, reference, case)
    time = np.atleast_1d(file.array(case, "basehaz", "time"))
    for key, origin in {"uncentered": "zero", "centered_at_means": "means"}.items():
        (hazard,) = fitted.baseline_cumulative_hazard(reference=origin).values()
        rows = hazard.index.get_indexer(time, method="nearest")
        assert np.allclose(hazard.index[rows], time, rtol=1e-12)
        want = np.atleast_1d(file.array(case, "basehaz", key))
        found = hazard.to_numpy()[rows]
        parity.compare(f"basehaz {key}", case, want, found, bound=BOUND, relative=True)


def test_predicted_survival_equals_survfit(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("01_coxph")
    fitted, model = _fit(file, reference, case)
    for key in [key for key in file.keys(case) if key.startswith("survfit_newdata_rows")]:
        first, last = map(int, re.findall(r"\d+", key))
        rows = model.design.iloc[first - 1 : last]
        times = np.atleast_1d(file.array(case, key, "times"))
        predicted = fitted.predict_survival(rows, times, interval=file[case, key, "conf_type"])
        for name, value in {
            "surv": predicted.survival_probability,
            "se": predicted.standard_error,
            "lower": predicted.low,
            "upper": predicted.high,
        }.items():
            want = file.array(case, key, name).reshape(value.T.shape)
            parity.compare(
                f"survfit(coxph) {name}", case, want, value.T, bound=BOUND, relative=True
            )


def test_proportional_hazards_test_equals_cox_zph(
    case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("01_coxph")
    if not file.has(case, "cox_zph"):
        pytest.skip("no cox.zph in this case")
    fitted, _ = _fit(file, reference, case)
    for transform in file.keys(case, "cox_zph"):
        want = file[case, "cox_zph", transform]
        found = fitted.proportional_hazards_test(transform)
        assert [name.replace("`", "") for name in want["rows"]] == [*found.terms, "GLOBAL"]
        tests = [*found.tests, found.overall]
        for key, value in {
            "chisq": [test.statistic for test in tests],
            "df": [test.degrees_of_freedom for test in tests],
            "p": [test.p_value for test in tests],
        }.items():
            parity.compare(
                f"cox.zph {transform} {key}", case, want[key], value, bound=BOUND, relative=True
            )


def test_univariable_models_equal_coxph(
    univariable_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("01_coxph")
    _, table = data_set(reference, univariable_case)
    time, event = outcome_columns(table)
    ties = _ties(univariable_case)
    for variable in file.keys(univariable_case):
        table[variable] = derived(table, variable)
        rows = table.dropna(subset=[variable])
        survival = Survival(rows[time], rows[event])
        model = CoxModel(ties=ties, tolerance=R_DEFAULT_TOLERANCE)
        plain = model.fit(rows[[variable]], survival).result_
        cluster = rows[cluster_column(rows)]
        robust = model.fit(rows[[variable]], survival, cluster=cluster).result_
        for key, value in {
            "coef": plain.coefficients[0],
            "se": plain.standard_errors[0],
            "p": plain.p_values[0],
            "robust_se": robust.standard_errors[0],
            "robust_p": robust.p_values[0],
        }.items():
            want = file.array(univariable_case, variable, key)
            parity.compare(
                f"coxph univariable {key}",
                f"{univariable_case} {variable}",
                want,
                value,
                bound=BOUND,
                relative=True,
            )


def test_strata_and_weights_equal_coxph(
    partial_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("01_coxph")
    prefix, table = data_set(reference, partial_case)
    if file.has(partial_case, "formula"):
        formula = file[partial_case, "formula"]
    elif partial_case in KNOWN_FORMULAS:
        formula = KNOWN_FORMULAS[partial_case]
    else:
        pytest.skip("the file does not say which model this is")
    if file.has(f"{prefix}_efron", "formula"):
        kept = evaluate_formula(file[f"{prefix}_efron", "formula"], table).table.index
        table = table.loc[kept]
    model = evaluate_formula(formula, table)
    weights = None
    if file.has(partial_case, "weights"):
        stated = file[partial_case, "weights"].split("recycled")[0]
        cycle = [float(value) for value in re.findall(r"[\d.]+", stated)]
        weights = np.resize(cycle, len(model.time))
    fitted = CoxModel(ties=_ties(partial_case), tolerance=R_DEFAULT_TOLERANCE).fit(
        model.design, Survival(model.time, model.event), strata=model.strata, weights=weights
    )
    result = fitted.result_
    for key, value in {
        "coef": result.coefficients,
        "se": result.standard_errors,
        "robust_se": result.standard_errors,
        "loglik": [result.log_likelihood_null, result.log_likelihood],
    }.items():
        if file.has(partial_case, key):
            want = np.atleast_1d(file.array(partial_case, key))
            call = "coxph weights" if weights is not None else "coxph strata"
            parity.compare(f"{call} {key}", partial_case, want, value, bound=BOUND, relative=True)
