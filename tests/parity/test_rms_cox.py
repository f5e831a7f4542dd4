"""Cox models, variable selection and predictions against rms, step and drop1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parity.r_formula import Model, case_names, data_set, evaluate_formula, outcome_columns
from trephine.evaluation.validation_indices import gini_mean_difference
from trephine.regression.cox import CoxModel
from trephine.regression.elimination import backward_elimination, drop_one_term
from trephine.regression.elimination_result import EliminationSettings
from trephine.regression.fast_elimination import FastElimination, fast_backward_elimination
from trephine.types import Survival

BOUND = 1e-6
DEFAULT_FACTORS = {"hips": ("sex", "stage")}


def _cases(config: pytest.Config, part: str) -> list[str]:
    return [name for name in case_names(config, "05_rms") if part in name]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for fixture, part in {
        "nomogram_case": "_nomogram",
        "survest_case": "_survest_rows",
        "fastbw_case": "_fastbw_",
        "step_case": "_step_AIC_backward",
        "drop1_case": "_drop1_LRT",
        "backward_case": "_backward_LRT_p",
        "stats_case": "_cph_stats",
    }.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, _cases(metafunc.config, part))


def _factors(file: Any, prefix: str) -> tuple[str, ...]:
    """Return the factors, which the nomogram's call states."""
    call = file.content.get(f"{prefix}_nomogram", {}).get("call", "")
    if "factors" in call:
        return tuple(name.strip(" )") for name in call.split("factors")[1].split(","))
    return DEFAULT_FACTORS.get(prefix, ())


def _in_brackets(text: str) -> str:
    """Return what the first bracket of a text holds."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:place]
    raise ValueError(f"brackets do not close: {text}")


def _nomogram_model(file: Any, reference: Path, prefix: str) -> tuple[CoxModel, Model]:
    """Return the model of ``nomogram(cph(formula), factors ...)``."""
    if not file.has(f"{prefix}_nomogram", "call"):
        pytest.skip("the file does not say which model this is")
    formula = _in_brackets(file.content[f"{prefix}_nomogram"]["call"].split("cph", 1)[1])
    _, table = data_set(reference, prefix)
    model = evaluate_formula(formula, table, _factors(file, prefix))
    return CoxModel().fit(model.design, Survival(model.time, model.event)), model


def _model(file: Any, reference: Path, case: str, variables: list[str]) -> Model:
    """Return the design of the variables that a case mentions, in that order."""
    prefix, table = data_set(reference, case)
    time, event = outcome_columns(table)
    right = " + ".join(variables)
    return evaluate_formula(f"Surv({time}, {event}) ~ {right}", table, _factors(file, prefix))


def test_coefficients_equal_cph(
    nomogram_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    fitted, model = _nomogram_model(file, reference, nomogram_case.removesuffix("_nomogram"))
    names = [name.replace("=", "") for name in file[nomogram_case, "coef_names"]]
    assert names == list(model.design.columns)
    beta = fitted.result_.coefficients
    parity.compare(
        "rms::cph coef", nomogram_case, file.array(nomogram_case, "coef"), beta, bound=BOUND
    )
    # rms centres at the mean of every column, indicators included.
    centre = model.design.mean().to_numpy() @ beta
    want = file.array(nomogram_case, "center")
    parity.compare("rms::cph center", nomogram_case, want, centre, bound=BOUND)


def test_predictions_equal_survest(
    survest_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    fitted, model = _nomogram_model(file, reference, survest_case.split("_survest")[0])
    first, last = map(int, re.findall(r"\d+", survest_case.split("_rows")[1]))
    rows = model.design.iloc[first - 1 : last]
    times = file.array(survest_case, "times")
    predicted = fitted.predict_survival(rows, times)
    centre = model.design.mean().to_numpy() @ fitted.result_.coefficients
    for key, value in {
        "lp": fitted.predict_linear_predictor(rows) - centre,
        "surv": predicted.survival_probability,
        "lower": predicted.low,
        "upper": predicted.high,
        "std_err": predicted.cumulative_hazard_error,
    }.items():
        want = file.array(survest_case, key)
        parity.compare(f"rms::survest {key}", survest_case, want, value, bound=BOUND)
    if file.has(survest_case, "note"):
        assert "conf.type log, Efron" in file[survest_case, "note"]


def test_fast_elimination_equals_fastbw(
    fastbw_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    kept, deleted = file[fastbw_case, "kept"] or [], file[fastbw_case, "deleted"] or []
    model = _model(file, reference, fastbw_case, [*np.atleast_1d(kept), *np.atleast_1d(deleted)])
    full = CoxModel().fit(model.design, Survival(model.time, model.event)).result_
    rule: Any = fastbw_case.split("_fastbw_")[1]
    found = fast_backward_elimination(full, rule=rule, stay_p=0.05, groups=model.groups)
    assert list(np.atleast_1d(kept)) == list(found.kept)
    assert list(np.atleast_1d(deleted)) == list(found.removed)
    want = file.array(fastbw_case, "coef")
    parity.compare("rms::fastbw coef", fastbw_case, want, found.coefficients, bound=BOUND)
    if deleted:
        assert file[fastbw_case, "cols"] == ["Chi-Sq", "d.f.", "P", "Residual", "d.f.", "P", "AIC"]
        table = file.array(fastbw_case, "result").reshape(len(found.removed), -1)
        parity.compare("rms::fastbw table", fastbw_case, table, _rows(found), bound=BOUND)


def _rows(found: FastElimination) -> list[list[float]]:
    return [
        [
            step.test.statistic,
            step.test.degrees_of_freedom,
            step.test.p_value,
            step.residual.statistic,
            step.residual.degrees_of_freedom,
            step.residual.p_value,
            step.aic,
        ]
        for step in found.steps
    ]


def test_elimination_by_aic_equals_step(
    step_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    removed = [step.removeprefix("- ") for step in file[step_case, "order_removed"] if step]
    names = list(np.atleast_1d(file[step_case, "final_names"]))
    prefix, table = data_set(reference, step_case)
    kept = _variables(names, [str(column) for column in table], _factors(file, prefix))
    model = _model(file, reference, step_case, [*kept, *removed])
    found = backward_elimination(
        model.design,
        Survival(model.time, model.event),
        EliminationSettings(rule="aic"),
        groups=model.groups,
    )
    assert list(found.removed) == removed
    assert found.result is not None
    assert list(found.result.names) == names
    aic = [step.aic_before for step in found.steps] + [found.result.aic]
    for key, value in {
        "AIC": aic,
        "final_coef": found.result.coefficients,
        "final_se": found.result.standard_errors,
    }.items():
        want = np.atleast_1d(file.array(step_case, key))
        parity.compare(f"step {key}", step_case, want, value, bound=BOUND)


def _variables(names: list[str], columns: list[str], factors: tuple[str, ...]) -> list[str]:
    """Return the variables behind R's names of coefficients: ``stage2`` is of ``stage``."""
    found = []
    for name in names:
        owners = [c for c in (*factors, *columns) if name.startswith(c)]
        found.append(name if name in columns else max(owners, key=len))
    return list(dict.fromkeys(found))


def test_dropping_one_term_equals_drop1(
    drop1_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    rows = [name for name in file[drop1_case, "rows"] if name != "<none>"]
    model = _model(file, reference, drop1_case, rows)
    found = drop_one_term(model.design, Survival(model.time, model.event), groups=model.groups)
    by_term = {drop.term: drop for drop in found}
    drops = [by_term[row] for row in rows]
    tests = [drop.test for drop in drops if drop.test is not None]
    none = float("nan")
    for key, value in {
        "df": [none, *(test.degrees_of_freedom for test in tests)],
        "aic": [by_term[""].aic, *(drop.aic for drop in drops)],
        "LRT": [none, *(test.statistic for test in tests)],
        "p": [none, *(test.p_value for test in tests)],
    }.items():
        want = file.array(drop1_case, key)
        parity.compare(f"drop1 {key}", drop1_case, want, value, bound=BOUND)


def test_elimination_by_likelihood_ratio_equals_repeated_drop1(
    backward_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    removed = list(np.atleast_1d(file[backward_case, "removed"] or []))
    kept = list(np.atleast_1d(file[backward_case, "kept"] or []))
    model = _model(file, reference, backward_case, [*kept, *removed])
    stay_p = float("0." + backward_case.rsplit("_p", 1)[1])
    if stay_p >= 0.1:  # "p05" is 0.05; "p1" would be 0.1
        stay_p = float(backward_case.rsplit("_p", 1)[1]) / 10
    found = backward_elimination(
        model.design,
        Survival(model.time, model.event),
        EliminationSettings(rule="lrt", stay_p=stay_p, fewest=1),
        groups=model.groups,
    )
    assert list(found.removed) == removed
    assert sorted(found.kept) == sorted(kept)
    assert found.result is not None
    assert list(found.result.names) == list(np.atleast_1d(file[backward_case, "names"]))
    want = np.atleast_1d(file.array(backward_case, "coef"))
    parity.compare("backward LRT coef", backward_case, want, found.result.coefficients, bound=BOUND)


def test_model_statistics_equal_cph(
    stats_case: str, expected_file: Any, reference: Path, parity: Any
) -> None:
    file = expected_file("05_rms")
    fitted, model = _nomogram_model(file, reference, stats_case.removesuffix("_cph_stats"))
    result = fitted.result_
    g = gini_mean_difference(fitted.predict_linear_predictor(model.design))
    lr, n, p = result.likelihood_ratio.statistic, result.n, len(result.names)
    for key, value in {
        "Obs": n,
        "Events": result.n_events,
        "Model L.R.": lr,
        "d.f.": p,
        "P": result.likelihood_ratio.p_value,
        "Score": result.score.statistic,
        "Score P": result.score.p_value,
        "R2": result.nagelkerke_r2,
        f"R2({n})": 1 - np.exp(-lr / n),
        f"R2({p},{n})": 1 - np.exp(-max(lr - p, 0) / n),
        f"R2({result.n_events})": 1 - np.exp(-lr / result.n_events),
        f"R2({p},{result.n_events})": 1 - np.exp(-max(lr - p, 0) / result.n_events),
        "Dxy": 2 * result.concordance.value - 1,
        "g": g,
        "gr": np.exp(g),
    }.items():
        if file.has(stats_case, key):
            want = file.array(stats_case, key)
            parity.compare(f"rms::cph stats {key}", stats_case, want, value, bound=BOUND)
