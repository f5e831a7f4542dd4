from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trephine.errors import InputError, ModelError
from trephine.regression.cox import CoxModel
from trephine.survival.concordance import harrell_concordance
from trephine.types import Survival


def _cases(seed: int = 0, n: int = 120) -> tuple[pd.DataFrame, Survival, Any]:
    generator = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n // 2), 2)
    age = np.round(60 + 8 * generator.normal(size=n // 2))[patient]
    score = generator.normal(size=n)
    stage = generator.integers(0, 2, size=n)
    frailty = generator.normal(size=n // 2)[patient] * 0.5
    risk = 0.03 * (age - 60) + 0.8 * score + 0.5 * stage + frailty
    time = np.ceil(generator.exponential(40 * np.exp(-risk)))
    event = time <= generator.uniform(20, 90, size=n)
    design = pd.DataFrame({"age": age, "score": score, "stage": stage})
    return design, Survival(np.minimum(time, 90), event), patient


def test_tests_agree_with_each_other_in_large_samples() -> None:
    design, survival, _ = _cases(n=2000)
    result = CoxModel().fit(design[["score"]], survival).result_
    assert result.wald.statistic == pytest.approx(result.z[0] ** 2)
    assert result.likelihood_ratio.statistic == pytest.approx(result.wald.statistic, rel=0.1)
    assert result.score.statistic == pytest.approx(result.wald.statistic, rel=0.1)
    assert result.wald.p_value == pytest.approx(result.p_values[0], rel=1e-6)


def test_the_unit_of_a_column_scales_its_coefficient_only() -> None:
    design, survival, patient = _cases()
    plain = CoxModel().fit(design, survival, cluster=patient).result_
    scaled = design.assign(age=design["age"] * 365.25 + 1e4)
    other = CoxModel().fit(scaled, survival, cluster=patient).result_
    assert other.coefficients * [365.25, 1, 1] == pytest.approx(plain.coefficients, rel=1e-9)
    assert other.z == pytest.approx(plain.z, rel=1e-9)
    assert other.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)


def test_the_unit_of_time_and_the_order_of_cases_do_not_matter() -> None:
    design, survival, patient = _cases()
    order = np.random.default_rng(1).permutation(len(design))
    plain = CoxModel().fit(design, survival, cluster=patient).result_
    moved = CoxModel().fit(
        design.iloc[order],
        Survival(survival.time[order] * 30.4375, survival.event[order], "days"),
        cluster=patient[order],
    )
    assert moved.result_.coefficients == pytest.approx(plain.coefficients, rel=1e-9)
    assert moved.result_.standard_errors == pytest.approx(plain.standard_errors, rel=1e-9)
    assert moved.result_.concordance.value == pytest.approx(plain.concordance.value, rel=1e-12)


def test_under_breslow_whole_weights_are_repeated_cases() -> None:
    design, survival, _ = _cases()
    weights = np.random.default_rng(2).integers(1, 4, size=len(design))
    rows = np.repeat(np.arange(len(design)), weights)
    weighted = CoxModel(ties="breslow").fit(design, survival, weights=weights).result_
    repeated = CoxModel(ties="breslow").fit(design.iloc[rows], survival.take(rows)).result_
    assert weighted.coefficients == pytest.approx(repeated.coefficients, rel=1e-9)
    assert weighted.standard_errors == pytest.approx(repeated.standard_errors, rel=1e-9)
    assert not weighted.robust


def test_doubling_every_case_as_one_cluster_keeps_robust_errors() -> None:
    design, survival, _ = _cases()
    n = len(design)
    rows = np.repeat(np.arange(n), 2)
    model = CoxModel(ties="breslow")
    single = model.fit(design, survival, cluster=np.arange(n)).result_
    double = model.fit(design.iloc[rows], survival.take(rows), cluster=rows).result_
    naive = model.fit(design.iloc[rows], survival.take(rows)).result_
    assert double.standard_errors == pytest.approx(single.standard_errors, rel=1e-8)
    assert double.n_clusters == n
    # Without the clusters the copies pass for information.
    assert naive.standard_errors == pytest.approx(
        np.sqrt(np.diag(single.naive_covariance) / 2), rel=1e-8
    )


def test_dfbeta_is_near_the_change_when_a_case_is_left_out() -> None:
    design, survival, _ = _cases()
    model = CoxModel().fit(design, survival)
    full, dfbeta = model.result_.coefficients, model.dfbeta()
    left_out = np.array(
        [
            full
            - CoxModel()
            .fit(design.drop(index=i), survival.take(np.delete(np.arange(120), i)))
            .result_.coefficients
            for i in range(0, 120, 4)
        ]
    )
    for j in range(3):
        assert np.corrcoef(dfbeta[::4, j], left_out[:, j])[0, 1] > 0.97


def test_martingale_residuals_and_linear_predictor_give_the_expected_events() -> None:
    design, survival, _ = _cases()
    model = CoxModel().fit(design, survival)
    assert model.martingale_residuals().sum() == pytest.approx(0, abs=1e-10)
    (hazard,) = model.baseline_cumulative_hazard().values()
    at = np.searchsorted(hazard.index, survival.time, side="right") - 1
    breslow = CoxModel(ties="breslow").fit(design, survival)
    (hazard,) = breslow.baseline_cumulative_hazard().values()
    expected = hazard.to_numpy()[at] * np.exp(breslow.predict_linear_predictor(design))
    assert breslow.martingale_residuals() == pytest.approx(survival.event - expected, abs=1e-10)
    assert model.schoenfeld_residuals().sum().to_numpy() == pytest.approx([0, 0, 0], abs=1e-7)
    assert len(model.deviance_residuals()) == 120


def test_predicted_survival_is_the_baseline_raised_to_the_hazard_ratio() -> None:
    design, survival, _ = _cases()
    model = CoxModel().fit(design, survival)
    predicted = model.predict_survival(design.iloc[:5], [12, 36])
    (hazard,) = model.baseline_cumulative_hazard().values()
    at = hazard.loc[:36].iloc[-1]
    ratio = np.exp(model.predict_linear_predictor(design.iloc[:5]))
    assert predicted.survival_probability[:, 1] == pytest.approx(np.exp(-at * ratio))
    centred = model.predict_linear_predictor(design, reference="means")
    (at_means,) = model.baseline_cumulative_hazard(reference="means").values()
    assert at_means.loc[:36].iloc[-1] * np.exp(centred[:5]) == pytest.approx(at * ratio)
    assert (predicted.low < predicted.survival_probability).all()
    assert (predicted.high > predicted.survival_probability).all()
    assert model.predict_survival(design.iloc[:1], 0.5).survival_probability == 1


def test_higher_scores_are_worse() -> None:
    design, survival, _ = _cases()
    model = CoxModel().fit(design, survival)
    risk = model.predict(design)
    s = model.predict_survival(design, 36).survival_probability[:, 0]
    assert np.array_equal(np.argsort(-risk), np.argsort(s))
    assert model.score(design, survival) == model.result_.concordance.value > 0.5
    assert model.score(design, survival) == harrell_concordance(survival.time, survival.event, risk)


def test_each_stratum_has_its_own_baseline() -> None:
    design, survival, _ = _cases()
    stage = np.where(design["stage"] == 1, "late", "early")
    model = CoxModel().fit(design[["age", "score"]], survival, strata=stage)
    assert set(model.baseline_cumulative_hazard()) == {"early", "late"}
    rows = design[["age", "score"]].iloc[[0, 0]]
    both = model.predict_survival(rows, 36, strata=["early", "late"]).survival_probability
    assert both[0, 0] > both[1, 0]
    with pytest.raises(InputError, match="expected the stratum of each case"):
        model.predict_survival(rows, 36)
    with pytest.raises(InputError, match="'never'"):
        model.predict_survival(rows, 36, strata=["early", "never"])


def test_equal_rows_get_equal_scores_wherever_they_stand() -> None:
    design, survival, _ = _cases()
    model = CoxModel().fit(design, survival)
    many = pd.concat([design.iloc[[7]]] * 101)
    assert len(set(model.predict(many))) == 1


def test_it_is_a_scikit_learn_estimator() -> None:
    design, survival, _ = _cases()
    model = CoxModel(ties="breslow", level=0.9)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert copy is not model
    structured = np.array(
        list(zip(survival.event, survival.time, strict=True)), dtype=[("e", bool), ("t", float)]
    )
    pipeline = make_pipeline(StandardScaler(), CoxModel()).fit(design, structured)
    plain = CoxModel().fit(design, survival)
    assert pipeline.score(design, structured) == pytest.approx(plain.score(design, survival))
    restored = pickle.loads(pickle.dumps(plain))
    assert np.array_equal(restored.predict(design), plain.predict(design))


def test_columns_of_a_table_are_found_by_name() -> None:
    design, survival, _ = _cases()
    model = CoxModel().fit(design, survival)
    shuffled = design[["stage", "age", "score"]].assign(other=1.0)
    assert np.array_equal(model.predict(shuffled), model.predict(design))
    with pytest.raises(InputError, match="missing 'score'"):
        model.predict(design[["age", "stage"]])
    with pytest.raises(InputError, match="expected 3 columns"):
        model.predict(design.to_numpy()[:, :2])


def test_a_result_speaks_in_hazard_ratios() -> None:
    design, survival, patient = _cases()
    result = CoxModel(level=0.9).fit(design, survival, cluster=patient).result_
    age = result.hazard_ratio_of("age")
    z = 1.6448536269514722
    assert age.low == pytest.approx(np.exp(result.coefficients[0] - z * result.standard_errors[0]))
    assert (age.level, result.n, result.n_clusters) == (0.9, 120, 60)
    assert list(result.table().index) == ["age", "score", "stage"]
    assert result.wald_test(("age",)).statistic == pytest.approx(result.z[0] ** 2)
    assert 0 < result.nagelkerke_r2 < 1


BAD_COLUMNS: list[tuple[str, Any, type[Exception], str]] = [
    ("constant", lambda d, s: d.assign(flat=3.0), ModelError, "constant 'flat'"),
    (
        "collinear",
        lambda d, s: d.assign(twice=2 * d["age"] - d["score"]),
        ModelError,
        "collinear columns: '.*' follows from '.*', '.*'",
    ),
    (
        "separated",
        lambda d, s: d.assign(safe=((np.arange(len(d)) % 3 == 0) & ~s.event).astype(float)),
        ModelError,
        "the coefficient of 'safe' runs to infinity",
    ),
    (
        "ordered",
        lambda d, s: d.assign(oracle=-s.time),
        ModelError,
        "'oracle'.* runs to infinity",
    ),
    (
        "missing",
        lambda d, s: d.assign(bmi=np.where(np.arange(len(d)) == 4, np.nan, d["age"])),
        InputError,
        "column 'bmi', row 4 and 0 more",
    ),
    ("infinite", lambda d, s: d.assign(bmi=np.inf), InputError, "'bmi', row 0 and 119 more"),
    ("text", lambda d, s: d.assign(sex="f"), InputError, "words or dates in 'sex'"),
    ("short", lambda d, s: d.iloc[:5], InputError, "expected 120 rows"),
    ("empty", lambda d, s: d[[]], InputError, "at least one column"),
    (
        "double",
        lambda d, s: pd.concat([d, d[["age"]]], axis=1),
        InputError,
        "several of 'age'",
    ),
    (
        "wide",
        lambda d, s: np.random.default_rng(0).normal(size=(len(d), len(d))),
        ModelError,
        "120 columns and 120 cases; select columns or use a penalised model",
    ),
]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [row[1:] for row in BAD_COLUMNS],
    ids=[r[0] for r in BAD_COLUMNS],
)
def test_columns_that_cannot_be_fitted_are_named(change: Any, error: Any, message: str) -> None:
    design, survival, _ = _cases()
    with pytest.raises(error, match=message):
        CoxModel().fit(change(design, survival), survival)


@pytest.mark.parametrize(
    ("outcome", "error", "message"),
    [
        (lambda s: Survival(s.time, np.zeros(120)), ModelError, "found none among 120 cases"),
        (
            lambda s: Survival(np.where(s.event, 7.0, s.time), s.event),
            ModelError,
            "at one time",
        ),
        (lambda s: Survival(s.time, s.event + 1), InputError, "recode"),
        (lambda s: Survival(-s.time, s.event), InputError, "values > 0"),
        (lambda s: s.time, InputError, "structured array"),
        (lambda s: pd.DataFrame({"t": s.time}), InputError, "columns time and event"),
    ],
    ids=["no events", "tied events", "coded 1/2", "negative", "times only", "odd table"],
)
def test_outcomes_that_cannot_be_fitted_are_refused(outcome: Any, error: Any, message: str) -> None:
    design, survival, _ = _cases()
    with pytest.raises(error, match=message):
        CoxModel().fit(design, outcome(survival))


def test_a_column_that_varies_only_between_strata_is_named() -> None:
    design, survival, _ = _cases()
    with pytest.raises(ModelError, match="'stage' does not vary among the cases at risk"):
        CoxModel().fit(design, survival, strata=design["stage"])


def test_options_and_groups_are_checked() -> None:
    design, survival, patient = _cases()
    with pytest.raises(InputError, match="'exact'"):
        CoxModel(ties="exact").fit(design, survival)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level"):
        CoxModel(level=95).fit(design, survival)
    with pytest.raises(ModelError, match="3 clusters and 3 columns"):
        CoxModel().fit(design, survival, cluster=patient % 3)
    with pytest.raises(InputError, match="cluster: expected shape"):
        CoxModel().fit(design, survival, cluster=patient[:4])
    with pytest.raises(InputError, match="weights"):
        CoxModel().fit(design, survival, weights=np.zeros(120))
    with pytest.raises(ModelError, match="call fit first"):
        CoxModel().predict(design)
    with pytest.raises(ModelError, match="no convergence after 1 steps"):
        CoxModel(max_iterations=1).fit(design, survival)


def test_nothing_is_predicted_past_the_last_follow_up_and_nothing_else_changes() -> None:
    design, survival, _ = _cases()
    model = CoxModel().fit(design, survival)
    alone, both = (model.predict_survival(design, times) for times in ([36], [36, 90, 91]))
    for part in ("survival_probability", "standard_error", "low", "high"):
        known, asked = getattr(alone, part), getattr(both, part)
        assert np.isnan(asked[:, 2]).all()
        assert np.isfinite(asked[:, 1]).all()
        np.testing.assert_array_equal(asked[:, 0], known[:, 0])


@pytest.mark.parametrize("gap", [1e-2, 1e-3, 1e-4])
def test_a_column_that_orders_the_events_but_for_a_digit_is_separation_in_words(gap) -> None:
    time = np.arange(1.0, 401.0)
    told = -time
    told[40], told[41] = told[41] - gap, told[41]
    survival = Survival(time, np.ones(400, dtype=bool))
    with pytest.raises(ModelError, match="'told' runs to infinity") as refused:
        CoxModel().fit(pd.DataFrame({"told": told}), survival)
    assert refused.value.kind == "separation"
