"""Firth's penalised likelihood against R, coxphf, and what it must obey."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError, ModelError
from trephine.regression.cox import CoxModel
from trephine.regression.cox_fit import CoxOptions, fit_cox
from trephine.regression.cox_result import CoxResult
from trephine.regression.profile_likelihood import profiled
from trephine.survival.firth import firth_likelihood
from trephine.survival.partial_likelihood import partial_likelihood
from trephine.survival.risk_sets import prepare_risk_sets
from trephine.types import Survival

REFERENCE = Path(__file__).parents[1] / "reference" / "firth"
COLUMNS = ["separator", "x1", "x2", "x3"]


def _separated(*, rounded: bool = False) -> tuple[pd.DataFrame, Survival]:
    table = pd.read_csv(REFERENCE / "separated.csv")
    time = np.ceil(table["time"]) if rounded else table["time"]
    return table[COLUMNS], Survival(time.to_numpy(float), table["event"].to_numpy() == 1)


def _expected(which: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / "expected.json").read_text())[which]
    return found


@pytest.mark.parametrize(
    ("which", "ties", "bound"),
    [("coxphf", "breslow", 1e-6), ("breslow", "breslow", 1e-6), ("efron", "efron", 1e-6)],
)
def test_coefficients_intervals_and_tests_are_those_of_r(
    which: str, ties: Any, bound: float
) -> None:
    design, survival = _separated(rounded=ties == "efron")
    want = _expected(which)
    result = CoxModel(ties=ties, penalty="firth").fit(design, survival).profile()
    assert result.coefficients == pytest.approx(want["coefficients"], abs=bound)
    assert result.standard_errors == pytest.approx(want["standard_errors"], abs=bound)
    assert np.log(result.low) == pytest.approx(want["low"], abs=bound)
    assert np.log(result.high) == pytest.approx(want["high"], abs=bound)
    assert result.p_values == pytest.approx(want["p_values"], rel=1e-5)
    assert result.likelihood_ratio.statistic == pytest.approx(want["likelihood_ratio"][0], rel=1e-6)


def test_plain_cox_refuses_what_firth_fits() -> None:
    design, survival = _separated()
    with pytest.raises(ModelError) as caught:
        CoxModel().fit(design, survival)
    assert caught.value.kind == "separation"
    assert np.isfinite(CoxModel(penalty="firth").fit(design, survival).result_.coefficients).all()


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_the_gradient_is_the_slope_of_the_penalised_likelihood(ties: Any) -> None:
    rng = np.random.default_rng(4)
    n = 60
    cases = prepare_risk_sets(
        rng.normal(size=(n, 3)),
        np.ceil(rng.exponential(8, n)),
        rng.random(n) < 0.6,
        weights=rng.uniform(0.5, 2, n),
        strata=rng.integers(0, 2, n),
    )
    beta = np.array([0.4, -0.7, 0.2])

    def value(at: Any) -> float:
        information = partial_likelihood(cases, at, ties).information
        plain = partial_likelihood(cases, at, ties).value
        return plain + float(np.linalg.slogdet(information)[1]) / 2

    found = firth_likelihood(cases, beta, ties)
    assert found is not None
    assert found.value == pytest.approx(value(beta), rel=1e-12)
    step = 1e-5
    for j in range(3):
        nudge = np.zeros(3)
        nudge[j] = step
        slope = (value(beta + nudge) - value(beta - nudge)) / (2 * step)
        assert found.gradient[j] == pytest.approx(slope, rel=1e-5, abs=1e-6)


def _fitted(design: pd.DataFrame, survival: Survival, **choices: Any) -> CoxResult:
    return CoxModel(penalty="firth").fit(design, survival, **choices).profile()


def test_units_and_the_order_of_cases_do_not_matter() -> None:
    design, survival = _separated(rounded=True)
    plain = _fitted(design, survival)
    order = np.random.default_rng(0).permutation(len(design))
    moved = design.assign(x1=design["x1"] * 25 - 300).iloc[order]
    other = _fitted(moved, Survival(survival.time[order] * 30, survival.event[order]))
    scale = np.array([1.0, 25.0, 1.0, 1.0])
    assert other.coefficients * scale == pytest.approx(plain.coefficients, abs=1e-7)
    assert np.log(other.high) * scale == pytest.approx(np.log(plain.high), abs=1e-6)
    assert other.p_values == pytest.approx(plain.p_values, rel=1e-5)


def test_in_a_large_sample_it_is_the_plain_model() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3000, 2))
    time = rng.exponential(np.exp(-x @ [0.5, -0.2]))
    survival = Survival(np.minimum(time, 2), time < 2)
    plain = CoxModel().fit(x, survival).result_
    firth = CoxModel(penalty="firth").fit(x, survival).result_
    assert firth.coefficients == pytest.approx(plain.coefficients, abs=2e-3)
    assert (np.abs(firth.coefficients) < np.abs(plain.coefficients)).all()


def test_without_penalty_the_profile_is_that_of_the_partial_likelihood() -> None:
    design, survival = _separated()
    model = CoxModel().fit(design[["x1", "x3"]], survival)
    found = model.profile()
    alone = CoxModel().fit(design[["x3"]], survival).result_
    statistic = 2 * (model.result_.log_likelihood - alone.log_likelihood)
    assert model.likelihood_ratio_test(["x1"]).statistic == pytest.approx(statistic, rel=1e-8)
    assert found.p_values[0] == pytest.approx(model.likelihood_ratio_test(["x1"]).p_value)
    # Twice the log likelihood drops by 3.84 at each limit.
    for limit in (found.low[0], found.high[0]):
        offset = np.log(limit) * design["x1"].to_numpy()
        cases = prepare_risk_sets(
            np.column_stack([offset, design["x3"]]), survival.time, survival.event
        )
        best = max(
            partial_likelihood(cases, np.array([cases.scale[0], b * cases.scale[1]]), "efron").value
            for b in np.linspace(0.2, 2.0, 1801)
        )
        assert 2 * (model.result_.log_likelihood - best) == pytest.approx(3.841459, abs=1e-4)


def test_the_limit_is_infinite_where_the_likelihood_levels_off() -> None:
    design, survival = _separated()
    names = ("x1", "x2")
    fit = fit_cox(design[list(names)].to_numpy(), names, survival, CoxOptions())
    assert np.isfinite(profiled(fit).high).all()


def test_wrong_words_are_refused() -> None:
    design, survival = _separated()
    with pytest.raises(InputError, match="penalty"):
        CoxModel(penalty="ridge").fit(design, survival)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="columns of the model"):
        CoxModel(penalty="firth").fit(design, survival).likelihood_ratio_test(["age"])


def test_collinear_columns_are_named_under_firth_too() -> None:
    design, survival = _separated()
    with pytest.raises(ModelError) as caught:
        CoxModel(penalty="firth").fit(design.assign(again=design["x1"] * 2 + 1), survival)
    assert caught.value.kind == "collinear"
