"""Cox models of lifelines and scikit-survival as equations.

Stand-ins carry the attributes and methods that those libraries document, with their conventions:
lifelines centres the design at its means, scikit-survival does not. Where the libraries are
installed, the real ones are read too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regression.test_cox_equation import OUTCOME, TABLE
from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.regression.foreign import from_cox_model, from_lifelines, from_sksurv

BRESLOW = CoxModel(ties="breslow").fit(TABLE, OUTCOME)
EXPECTED = from_cox_model(BRESLOW).event_probability(TABLE, [12, 24])


class Lifelines:
    """What a fitted ``CoxPHFitter`` gives."""

    def __init__(self) -> None:
        result = BRESLOW.result_
        self.means = TABLE.to_numpy().mean(axis=0)
        self.params_ = pd.Series(result.coefficients, index=pd.Index(TABLE.columns))
        hazard = BRESLOW.baseline_cumulative_hazard()["all"]
        at_means = hazard * np.exp(self.means @ result.coefficients)
        self.baseline_cumulative_hazard_ = at_means.to_frame("baseline cumulative hazard")

    def predict_log_partial_hazard(self, X: Any) -> pd.Series[float]:
        return pd.Series((np.asarray(X) - self.means) @ self.params_.to_numpy())


@dataclass
class StepFunction:
    x: Any
    y: Any

    def __call__(self, at: Any) -> Any:
        return self.y[np.searchsorted(self.x, at, side="right") - 1]


@dataclass
class SkSurv:
    """What a fitted ``CoxPHSurvivalAnalysis`` gives."""

    coef_: Any = field(default_factory=lambda: BRESLOW.result_.coefficients)
    feature_names_in_: Any = field(default_factory=lambda: TABLE.columns.to_numpy(object))

    def predict_cumulative_hazard_function(self, X: Any) -> list[StepFunction]:
        assert list(X.columns) == list(self.feature_names_in_)
        hazard = BRESLOW.baseline_cumulative_hazard()["all"]
        risk = np.exp(X.to_numpy() @ self.coef_)
        return [StepFunction(hazard.index.to_numpy(), hazard.to_numpy() * one) for one in risk]


class SkSurvPath(SkSurv):
    """What a fitted ``CoxnetSurvivalAnalysis`` gives."""

    def __init__(self, fit_baseline_model: bool = True) -> None:
        b = BRESLOW.result_.coefficients
        super().__init__(np.column_stack([0.5 * b, b]))
        self.alphas_ = np.array([0.2, 0.1])
        self.fit_baseline_model = fit_baseline_model

    def predict_cumulative_hazard_function(
        self, X: Any, alpha: float | None = None
    ) -> list[StepFunction]:
        assert alpha in self.alphas_
        return SkSurv(self.coef_[:, 0]).predict_cumulative_hazard_function(X)


def test_a_model_of_lifelines_predicts_the_same_as_its_equation() -> None:
    found = from_lifelines(Lifelines()).event_probability(TABLE, [12, 24])
    np.testing.assert_allclose(found, EXPECTED, atol=1e-12)


def test_a_model_of_scikit_survival_predicts_the_same_as_its_equation() -> None:
    found = from_sksurv(SkSurv()).event_probability(TABLE, [12, 24])
    np.testing.assert_allclose(found, EXPECTED, atol=1e-12)


def test_a_path_gives_its_last_penalty_or_the_one_asked_for() -> None:
    b = BRESLOW.result_.coefficients
    np.testing.assert_array_equal(from_sksurv(SkSurvPath()).coefficients, b)
    np.testing.assert_array_equal(from_sksurv(SkSurvPath(), alpha=0.2).coefficients, 0.5 * b)
    with pytest.raises(InputError, match="2 penalties"):
        from_sksurv(SkSurvPath(), alpha=0.15)
    with pytest.raises(InputError, match="no path of penalties"):
        from_sksurv(SkSurv(), alpha=0.1)
    with pytest.raises(InputError, match="fit_baseline_model=True"):
        from_sksurv(SkSurvPath(fit_baseline_model=False))


def test_a_stratified_model_of_lifelines_is_asked_for_its_stratum() -> None:
    model = Lifelines()
    hazard = model.baseline_cumulative_hazard_.iloc[:, 0]
    model.baseline_cumulative_hazard_ = pd.DataFrame({"a": hazard, "b": 2 * hazard})
    with pytest.raises(InputError, match=r"expected one of \['a', 'b'\], found none"):
        from_lifelines(model)
    a, b = (from_lifelines(model, stratum=each).cumulative_hazard for each in "ab")
    np.testing.assert_allclose(2 * a, b)


def test_what_is_no_fitted_cox_model_is_refused() -> None:
    parametric = Lifelines()
    parametric.params_.index = pd.MultiIndex.from_product([["beta_"], TABLE.columns])
    for model, said in (
        (SimpleNamespace(), "expected a fitted CoxPHFitter"),
        (parametric, "found a parametric baseline"),
    ):
        with pytest.raises(InputError, match=said):
            from_lifelines(model)
    with pytest.raises(InputError, match="expected a fitted CoxPHSurvivalAnalysis"):
        from_sksurv(SimpleNamespace(coef_=None))


def test_the_real_lifelines_is_read() -> None:
    lifelines = pytest.importorskip("lifelines")
    table = TABLE.assign(time=OUTCOME.time, event=OUTCOME.event)
    model = lifelines.CoxPHFitter().fit(table, "time", "event")
    # Between the times of its table lifelines interpolates.
    times = [model.baseline_survival_.index[k] for k in (40, 120)]
    expected = 1 - model.predict_survival_function(TABLE, times).T.to_numpy()
    found = from_lifelines(model).event_probability(TABLE, times)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_real_scikit_survival_is_read() -> None:
    linear = pytest.importorskip("sksurv.linear_model")
    pairs = list(zip(OUTCOME.event, OUTCOME.time, strict=True))
    y = np.array(pairs, dtype=[("event", bool), ("time", float)])
    for model in (
        linear.CoxPHSurvivalAnalysis().fit(TABLE, y),
        linear.CoxnetSurvivalAnalysis(fit_baseline_model=True).fit(TABLE, y),
    ):
        expected = 1 - np.array([s([12, 24]) for s in model.predict_survival_function(TABLE)])
        found = from_sksurv(model).event_probability(TABLE, [12, 24])
        np.testing.assert_allclose(found, expected, atol=1e-12)
