"""Competing events on arrays: parity with survival, cmprsk and riskRegression, and laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from survival.slow_incidence import slow_incidence
from trephine.errors import InputError, ModelError
from trephine.evaluation.competing_scores import competing_scores
from trephine.regression.cause_specific import fit_cause_specific
from trephine.regression.cox import CoxModel
from trephine.regression.fine_gray import fit_fine_gray
from trephine.survival.aalen_johansen import cumulative_incidence
from trephine.survival.gray_test import gray_test
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.logrank import logrank_test
from trephine.types import Survival

FOLDER = Path(__file__).parents[1] / "reference" / "competing"
R: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text())
TABLE = pd.read_csv(FOLDER / "mgus2.csv")
TIME, CAUSE = TABLE["time"].to_numpy(float), TABLE["event"].to_numpy()
MALE, CLUSTER = TABLE["male"].to_numpy(), TABLE["cluster"].to_numpy()
X = TABLE[["age", "male", "mspike"]]
UNTIED = TIME + np.arange(1, len(TIME) + 1) * 1e-4
TIMES = R["aj"]["times"]


def test_incidence_its_error_and_its_limits_are_those_of_survfit() -> None:
    found = cumulative_incidence(TIME, CAUSE)
    place = np.searchsorted(found.times, TIMES, side="right") - 1
    expected = {key: np.array(R["aj"][key]) for key in ("p", "se", "lower", "upper")}
    assert found.event_free[place] == pytest.approx(expected["p"][:, 0], abs=1e-12)
    assert found.event_free_error[place] == pytest.approx(expected["se"][:, 0], abs=1e-12)
    for column, cause in ((1, 1), (2, 2)):
        assert found.at(cause, TIMES) == pytest.approx(expected["p"][:, column], abs=1e-12)
        assert found.error_at(cause, TIMES) == pytest.approx(expected["se"][:, column], abs=1e-12)
        assert found.low[place, column - 1] == pytest.approx(expected["lower"][:, column])
        assert found.high[place, column - 1] == pytest.approx(expected["upper"][:, column])


def test_with_clusters_influences_are_added_up_within_them() -> None:
    found = cumulative_incidence(TIME, CAUSE, cluster=CLUSTER)
    for column, cause in ((1, 1), (2, 2)):
        expected = np.array(R["aj_cluster"]["se"])[:, column]
        assert found.error_at(cause, TIMES) == pytest.approx(expected, abs=1e-12)


def test_incidences_and_the_event_free_add_up_to_one_and_lie_below_kaplan_meier_s() -> None:
    found = cumulative_incidence(TIME, CAUSE)
    total = found.event_free + found.incidence.sum(axis=1)
    assert total == pytest.approx(np.ones(total.size), abs=1e-12)
    assert (np.diff(found.incidence, axis=0) >= 0).all()
    naive = kaplan_meier(TIME, CAUSE == 1)
    place = np.searchsorted(naive.times, found.times, side="right") - 1
    alone = 1 - np.append(naive.survival_probability, 1.0)[place]
    assert (found.incidence[:, 0] <= alone + 1e-12).all()
    assert alone[-1] > 1.3 * found.incidence[-1, 0]


def test_late_entry_is_that_of_survfit() -> None:
    want = R["aj_entry"]
    found = cumulative_incidence(TIME, CAUSE, entry=want["entry"])
    place = np.searchsorted(found.times, TIMES, side="right") - 1
    for column, cause in ((1, 1), (2, 2)):
        assert found.at(cause, TIMES) == pytest.approx(np.array(want["p"])[:, column], abs=1e-12)
        assert found.error_at(cause, TIMES) == pytest.approx(
            np.array(want["se"])[:, column], abs=1e-12
        )
    assert found.event_free[place] == pytest.approx(R["km_entry"]["surv"], abs=1e-12)
    started = np.zeros(len(TIME))
    plain = cumulative_incidence(TIME, CAUSE)
    assert cumulative_incidence(TIME, CAUSE, entry=started).incidence == pytest.approx(
        plain.incidence
    )


@pytest.mark.parametrize("entry", [[0.0, 7.0, 1.0], [-1.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
def test_who_enters_after_the_end_is_named(entry: list[float]) -> None:
    with pytest.raises(InputError, match="entry: expected 0 or later"):
        cumulative_incidence([5.0, 7.0, 9.0], [1, 2, 0], entry=entry)


def test_of_one_cause_alone_it_is_the_complement_of_kaplan_meier() -> None:
    event = (CAUSE == 1).astype(int)
    found, naive = cumulative_incidence(TIME, event), kaplan_meier(TIME, event == 1)
    place = np.searchsorted(naive.times, found.times, side="right") - 1
    assert found.incidence[:, 0] == pytest.approx(1 - naive.survival_probability[place], abs=1e-12)


def test_whole_weights_are_repeated_cases_of_one_cluster() -> None:
    weight = np.random.default_rng(1).integers(1, 4, 80)
    rows = np.repeat(np.arange(80), weight)
    one = cumulative_incidence(TIME[:80], CAUSE[:80], weights=weight)
    other = cumulative_incidence(TIME[rows], CAUSE[rows], cluster=rows)
    assert one.incidence == pytest.approx(other.incidence, abs=1e-12)
    assert one.standard_error == pytest.approx(other.standard_error, abs=1e-12)


def test_before_the_first_event_nothing_and_after_the_last_follow_up_nothing_known() -> None:
    found = cumulative_incidence([5.0, 7, 9], [1, 2, 0])
    assert found.at(1, [1.0, 9.0]).tolist() == pytest.approx([0.0, 1 / 3])
    assert np.isnan(found.at(1, [9.5])).all()
    with pytest.raises(InputError, match="cause"):
        found.at(3, [5.0])


@pytest.mark.parametrize("cause", [1, 2])
def test_gray_s_test_is_that_of_cuminc(cause: int) -> None:
    age = np.digitize(TABLE["age"], [65.5, 75.5])
    for key, time, group, strata in (
        ("gray", TIME, MALE, None),
        ("gray_untied", UNTIED, MALE, None),
        ("gray_three", TIME, age, None),
        ("gray_strata", TIME, MALE, TABLE["age"] > 70),
    ):
        found = gray_test(time, CAUSE, group, of=cause, strata=strata)
        statistic, p_value, freedom = R[key][cause - 1]
        assert found.statistic == pytest.approx(statistic, abs=1e-10)
        assert found.p_value == pytest.approx(p_value, abs=1e-10)
        assert found.degrees_of_freedom == freedom


def test_gray_s_test_does_not_depend_on_names_and_units_and_is_near_log_rank_alone() -> None:
    one = gray_test(TIME, CAUSE, MALE)
    other = gray_test(TIME * 30.4, CAUSE, np.where(MALE == 1, "a", "b"))
    assert other.statistic == pytest.approx(one.statistic, rel=1e-9)
    event = (CAUSE == 2).astype(int)
    alone = gray_test(UNTIED, event, MALE)
    assert alone.statistic == pytest.approx(
        logrank_test(UNTIED, event == 1, MALE).statistic, rel=0.15
    )


def test_the_subdistribution_hazard_is_that_of_crr() -> None:
    found = fit_fine_gray(X, TIME, CAUSE)
    assert found.coefficients == pytest.approx(R["crr"]["coef"], abs=1e-10)
    assert found.log_likelihood == pytest.approx(R["crr"]["loglik"], abs=1e-9)
    assert found.log_likelihood_null == pytest.approx(R["crr"]["loglik_null"], abs=1e-9)
    cases = pd.DataFrame([[60, 1, 1], [75, 0, 2]], columns=X.columns)
    assert (
        pytest.approx(np.array(R["crr"]["predict"]), abs=1e-10)
        == found.predict_incidence(cases, TIMES).T
    )


@pytest.mark.parametrize(("cluster", "key"), [(None, "robust"), (CLUSTER, "clustered")])
def test_without_ties_it_and_its_errors_are_those_of_finegray(cluster: Any, key: str) -> None:
    found = fit_fine_gray(X, UNTIED, CAUSE, cluster=cluster)
    assert found.coefficients == pytest.approx(R["untied"]["coef"], abs=1e-10)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(R["untied"][key], rel=1e-9)


def test_without_competing_events_it_is_breslow_s_cox_model() -> None:
    event = (CAUSE == 1).astype(int)
    found = fit_fine_gray(X, TIME, event)
    cox = CoxModel(ties="breslow").fit(X, Survival(TIME, event == 1)).result_
    assert found.coefficients == pytest.approx(cox.coefficients, abs=1e-8)
    assert found.log_likelihood == pytest.approx(cox.log_likelihood, abs=1e-8)


def test_what_cannot_be_fitted_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="constant"):
        fit_fine_gray(X.assign(same=1.0), TIME, CAUSE)
    with pytest.raises(ModelError) as caught:
        fit_fine_gray(X.assign(again=X["age"] * 2), TIME, CAUSE)
    assert caught.value.kind == "collinear"
    with pytest.raises(ModelError) as caught:
        fit_fine_gray(X.assign(knows=(CAUSE == 1).astype(float)), TIME, CAUSE)
    assert caught.value.kind == "separation"
    with pytest.raises(InputError, match="of"):
        fit_fine_gray(X, TIME, CAUSE, of=7)


def test_absolute_risks_of_cause_specific_models_are_those_of_csc() -> None:
    model = fit_cause_specific(X, TIME, CAUSE)
    for cause in (1, 2):
        found = model.models[cause].result_.coefficients
        assert found == pytest.approx(R["csc"][f"coef{cause}"], abs=1e-9)
    for product_limit, key in ((False, "risk"), (True, "risk_product")):
        risk = model.predict_incidence(X[:25], TIMES, product_limit=product_limit)
        assert risk == pytest.approx(np.array(R["csc"][key]), abs=1e-10)
    # By the product of what is left, and not by exp of minus the hazards, nobody has more than one.
    both = [model.predict_incidence(X, TIMES, of=k, product_limit=True) for k in (1, 2)]
    assert (np.sum(both, axis=0) <= 1 + 1e-9).all()
    assert np.isnan(model.predict_incidence(X[:1], [1e4])).all()


@pytest.mark.parametrize("name", ["csc", "noise"])
@pytest.mark.parametrize(("column", "horizon"), [(0, 60.0), (1, 120.0)])
def test_scores_are_those_of_riskregression(name: str, column: int, horizon: float) -> None:
    risk = np.array(R["score"]["risk" if name == "csc" else "noise"])[:, column]
    found = competing_scores(TIME, CAUSE, risk, horizon)

    def of(part: str, model: str) -> dict[str, float]:
        rows = R["score"][part]
        row: dict[str, float]
        (row,) = (one for one in rows if (one["model"], one["times"]) == (model, horizon))
        return row

    auc, brier = of("auc", name), of("brier", name)
    assert found.auc.value == pytest.approx(auc["AUC"], abs=1e-10)
    assert found.auc.standard_error == pytest.approx(auc["se"], abs=1e-10)
    assert found.brier.value == pytest.approx(brier["Brier"], abs=1e-10)
    assert found.brier.standard_error == pytest.approx(brier["se"], abs=1e-10)
    assert found.null_brier == pytest.approx(of("brier", "Null model")["Brier"], abs=1e-10)


def test_auc_is_the_share_of_pairs_and_rises_with_the_rank_alone() -> None:
    rng = np.random.default_rng(5)
    risk = np.round(rng.uniform(0.05, 0.6, 60), 1)
    cause = rng.integers(1, 3, 60)
    time = rng.uniform(1, 40, 60)
    case = (time <= 24) & (cause == 1)
    wins = np.mean([
        (a > b) + 0.5 * (a == b) for a in risk[case] for b in risk[~case]
    ])  # fmt: skip
    found = competing_scores(time, cause, risk, 24.0)
    assert found.auc.value == pytest.approx(wins)
    assert competing_scores(time, cause, risk**3, 24.0).auc.value == pytest.approx(wins)
    assert found.brier.value == pytest.approx(np.mean((case - risk) ** 2))


def test_with_a_third_competing_absolute_risk_is_unbiased_and_kaplan_meier_is_not() -> None:
    """Constant hazards, so that the truth is known: a / (a + b) (1 - exp(-(a + b) t))."""
    rng = np.random.default_rng(9)
    own, other, horizon = 0.02, 0.015, 36.0
    truth = own / (own + other) * (1 - np.exp(-(own + other) * horizon))
    found, naive = [], []
    for _ in range(80):
        time = rng.exponential(1 / (own + other), 200)
        cause = np.where(rng.random(200) < own / (own + other), 1, 2)
        end = rng.uniform(20, 70, 200)
        seen = np.where(time <= end, cause, 0)
        follow_up = np.minimum(time, end)
        found.append(cumulative_incidence(follow_up, seen).at(1, [horizon])[0])
        naive.append(1 - kaplan_meier(follow_up, seen == 1).at([horizon]).survival_probability[0])
    assert np.mean(found) == pytest.approx(truth, abs=0.015)
    assert np.mean(naive) > truth + 0.08


@pytest.mark.parametrize(
    ("time", "cause", "told"),
    [
        ([1.0, 2], [0, 0], "expected events"),
        ([1.0, 2], [1, 1.5], "row 1"),
        ([1.0, 2], [-1, 1], "row 0"),
        ([1.0, 2], ["a", "b"], "text"),
        ([1.0, -2], [1, 0], "row 1"),
    ],
)
def test_unusable_causes_are_named(time: Any, cause: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        cumulative_incidence(time, cause)


def test_groups_and_levels_are_checked() -> None:
    with pytest.raises(InputError, match="two groups"):
        gray_test(TIME, CAUSE, np.zeros(len(TIME)))
    with pytest.raises(InputError, match="cause 9"):
        gray_test(TIME, CAUSE, MALE, of=9)
    with pytest.raises(InputError, match="level"):
        cumulative_incidence(TIME, CAUSE, level=1.0)


@pytest.mark.parametrize("seed", range(12))
def test_influences_in_sums_over_clusters_are_those_followed_case_by_case(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 250))
    time = rng.exponential(20, n)
    time = np.ceil(time) if seed % 2 else time  # ties
    # With few censored the curve ends at 0, where one over it is no number.
    cause = rng.choice(
        [0, 1, 2, 5], n, p=[0.3, 0.3, 0.3, 0.1] if seed % 3 else [0.02, 0.5, 0.4, 0.08]
    )
    given: dict[str, Any] = {}
    if seed % 4 == 0:
        given["cluster"] = rng.integers(0, max(2, n // 2), n)
    if seed % 3 == 1:
        given["weights"] = rng.uniform(0.1, 3, n)
    if seed % 5 == 2:
        given["entry"] = time * rng.uniform(0, 0.9, n)
    found = cumulative_incidence(time, cause, **given)
    slow = slow_incidence(time, cause, **given)
    for one, other in zip(
        (found.incidence, found.event_free, found.standard_error, found.event_free_error),
        slow,
        strict=True,
    ):
        assert one == pytest.approx(other, abs=1e-12)
