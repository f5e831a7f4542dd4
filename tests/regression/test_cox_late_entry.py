"""Late entry in Cox's model and its concordance: parity with R's survival, and laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from survival.late_entry import EVERY, EXPECTED, retinopathy, veteran
from trephine.errors import InputError, ModelError
from trephine.evaluation.concordance import concordance_index
from trephine.regression.cox import CoxModel
from trephine.regression.cox_checks import refuse_drowned
from trephine.survival.late_concordance import concordance_since_entry
from trephine.survival.risk_sets import prepare_risk_sets
from trephine.types import Survival

VETERAN, EYES = veteran(), retinopathy()
OUTCOME = Survival(VETERAN["time"].to_numpy(float), VETERAN["status"].to_numpy() == 1)
EYE_OUTCOME = Survival(EYES["futime"].to_numpy(float), EYES["status"].to_numpy() == 1)
ENTRY = VETERAN["entry"].to_numpy(float)
X = VETERAN[["karno", "age"]]
NEW = np.array([[40.0, 50.0], [80.0, 65.0]])
TIES = ["efron", "breslow"]


def close(expected: Any) -> Any:
    return pytest.approx(np.array(expected, dtype=float), rel=1e-10, abs=1e-12)


def assert_is_r(model: CoxModel, expected: Any) -> None:
    result = model.result_
    assert result.coefficients == close(expected["coef"])
    assert result.covariance == pytest.approx(np.array(expected["vcov"]), rel=1e-9, abs=1e-13)
    assert [result.log_likelihood_null, result.log_likelihood] == close(expected["loglik"])
    assert result.score.statistic == pytest.approx(expected["score"], rel=1e-10)
    c = [result.concordance.value, result.concordance.standard_error]
    assert c == close(list(expected["concordance"]))
    martingale = model.martingale_residuals()[::EVERY]
    assert martingale == pytest.approx(np.array(expected["martingale"]), abs=1e-10)
    assert model.dfbeta()[::EVERY] == pytest.approx(np.array(expected["dfbeta"]), abs=1e-10)
    hazard = np.concatenate([h.to_numpy() for h in model.baseline_cumulative_hazard().values()])
    times = np.concatenate([h.index for h in model.baseline_cumulative_hazard().values()])
    assert times[::EVERY] == close(expected["hazard_time"])
    assert hazard[::EVERY] == close(expected["hazard"])


def assert_predicts_as_r(model: CoxModel, new: Any, times: Any, expected: Any) -> None:
    found = model.predict_survival(new, times)
    for name, values in (
        ("surv", found.survival_probability),
        ("se", found.standard_error),
        ("lower", found.low),
        ("upper", found.high),
    ):
        assert pytest.approx(np.array(expected[name]), rel=1e-9) == values.T, name


@pytest.mark.parametrize("ties", TIES)
def test_it_is_coxph(ties: Any) -> None:
    model = CoxModel(ties=ties).fit(X, OUTCOME, entry=ENTRY)
    assert_is_r(model, EXPECTED["cox"][ties])
    assert_predicts_as_r(model, NEW, [10, 50, 100, 200, 500], EXPECTED["cox"][ties])


@pytest.mark.parametrize("ties", TIES)
def test_with_clusters_it_is_coxph(ties: Any) -> None:
    model = CoxModel(ties=ties).fit(
        EYES[["trt", "risk", "age"]], EYE_OUTCOME, entry=EYES["entry"], cluster=EYES["id"]
    )
    expected = EXPECTED["cox_cluster"][ties]
    assert_is_r(model, expected)
    assert model.result_.robust_score is not None
    assert model.result_.robust_score.statistic == pytest.approx(expected["rscore"], rel=1e-10)
    new = np.array([[0.0, 8, 10], [1.0, 11, 40]])
    assert_predicts_as_r(model, new, [1, 6, 13.83, 38, 60], expected)


@pytest.mark.parametrize("ties", TIES)
def test_with_strata_and_weights_it_is_coxph(ties: Any) -> None:
    model = CoxModel(ties=ties).fit(
        X, OUTCOME, entry=ENTRY, strata=VETERAN["celltype"], weights=VETERAN["w"]
    )
    assert_is_r(model, EXPECTED["cox_strata"][ties])


def test_the_test_of_proportional_hazards_is_cox_zph() -> None:
    model = CoxModel().fit(X, OUTCOME, entry=ENTRY)
    for transform in ("identity", "km", "rank"):
        found = model.proportional_hazards_test(transform)
        statistics = [test.statistic for test in (*found.tests, found.overall)]
        assert statistics == pytest.approx(EXPECTED["zph"][transform], rel=1e-8), transform


def test_concordance_is_rs() -> None:
    time, event, karno = OUTCOME.time, OUTCOME.event, -VETERAN["karno"].to_numpy(float)
    for name, options in (
        ("plain", {}),
        ("weights", {"weights": VETERAN["w"]}),
        ("ymax", {"ymax": 120.0}),
        ("strata", {"strata": VETERAN["celltype"]}),
    ):
        found = concordance_since_entry(time, event, karno, ENTRY, **options)
        expected = EXPECTED["concordance"][name]
        assert [found.estimate, found.variance] == close(
            [expected["concordance"], expected["var"]]
        ), name
        counts = [found.concordant, found.discordant, found.tied_x, found.tied_y, found.tied_xy]
        # Under ymax R counts 35 pairs tied in time; they enter neither C nor its variance.
        kinds = 3 if name == "ymax" else 5
        assert counts[:kinds] == close(expected["count"][:kinds]), name
    c = concordance_index(EYE_OUTCOME, EYES["risk"], entry=EYES["entry"], cluster=EYES["id"])
    expected = EXPECTED["concordance"]["cluster"]
    assert [c.value, c.standard_error] == close([expected["concordance"], expected["var"] ** 0.5])
    with pytest.raises(InputError, match="time_weight"):
        concordance_index(EYE_OUTCOME, EYES["risk"], entry=EYES["entry"], time_weight="n/G2")


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_an_entry_of_zero_for_all_changes_no_bit(ties: Any, penalty: Any) -> None:
    options = {"strata": VETERAN["celltype"], "cluster": np.arange(137) // 2}
    plain = CoxModel(ties=ties, penalty=penalty).fit(X, OUTCOME, **options)
    zero = CoxModel(ties=ties, penalty=penalty).fit(X, OUTCOME, entry=np.zeros(137), **options)
    assert np.array_equal(plain.result_.coefficients, zero.result_.coefficients)
    assert np.array_equal(plain.result_.covariance, zero.result_.covariance)
    assert plain.result_.concordance == zero.result_.concordance
    assert np.array_equal(plain.martingale_residuals(), zero.martingale_residuals())
    hazards = zero.baseline_cumulative_hazard()
    for stratum, hazard in plain.baseline_cumulative_hazard().items():
        assert hazard.equals(hazards[stratum])


@pytest.mark.parametrize("ties", TIES)
def test_a_follow_up_cut_into_intervals_is_the_same_follow_up(ties: Any) -> None:
    time, event = OUTCOME.time, OUTCOME.event
    cut = np.where(time > 30, 30.0, time / 2)
    split = Survival(np.concatenate([cut, time]), np.concatenate([np.zeros(137, bool), event]))
    start = np.concatenate([np.zeros(137), cut])
    patient = np.tile(np.arange(137), 2)
    found = CoxModel(ties=ties).fit(np.tile(X, (2, 1)), split, entry=start, cluster=patient)
    whole = CoxModel(ties=ties).fit(X, OUTCOME, cluster=np.arange(137))
    assert found.result_.coefficients == close(whole.result_.coefficients)
    expected = pytest.approx(whole.result_.covariance, rel=1e-9, abs=1e-14)
    assert found.result_.covariance == expected


CASE = st.tuples(
    st.integers(0, 5), st.integers(1, 6), st.booleans(), st.integers(-2, 2), st.integers(0, 3)
)


@given(st.lists(CASE, min_size=3, max_size=25))
def test_concordance_counts_the_pairs_at_risk(rows: list[Any]) -> None:
    entry, length, event, score, cluster = (np.array(column) for column in zip(*rows, strict=True))
    time = entry + length
    pairs = np.zeros((len(rows), len(rows), 2))
    for i in np.flatnonzero(event):
        later = (time > time[i]) | ((time == time[i]) & ~event)
        at_risk = later & (entry < time[i])
        gain = np.where(score[i] > score, 1.0, np.where(score[i] == score, 0.5, 0.0))
        pairs[i] = np.column_stack([at_risk * gain, at_risk])
    total = pairs.sum(axis=(0, 1))
    if total[1] == 0:
        with pytest.raises(InputError, match="expected an event"):
            concordance_since_entry(time, event, score, entry)
        return
    found = concordance_since_entry(time, event, score, entry, cluster=cluster)
    c = total[0] / total[1]
    assert found.estimate == pytest.approx(c, abs=1e-14)
    both = pairs.sum(axis=0) + pairs.sum(axis=1)
    influence = (both[:, 0] - c * both[:, 1]) / total[1]
    assert found.influence == pytest.approx(influence, abs=1e-12)
    assert found.variance == pytest.approx((np.bincount(cluster, influence) ** 2).sum(), abs=1e-12)


def test_coefficients_are_where_the_likelihood_of_its_definition_is_largest() -> None:
    time, event, x = OUTCOME.time, OUTCOME.event, X["karno"].to_numpy() / 20

    def loss(beta: Any) -> float:
        total = 0.0
        for i in np.flatnonzero(event):
            at_risk = (time[i] > ENTRY) & (time >= time[i])
            total += beta[0] * x[i] - np.log(np.exp(beta[0] * x[at_risk]).sum())
        return -total

    model = CoxModel(ties="breslow").fit(x[:, None], OUTCOME, entry=ENTRY)
    slow = minimize(loss, [0.0], method="BFGS", options={"gtol": 1e-8})
    assert model.result_.coefficients == pytest.approx(slow.x, rel=1e-6)
    assert model.result_.log_likelihood == pytest.approx(-slow.fun, rel=1e-12)


def test_an_entry_at_the_time_is_refused_with_its_row() -> None:
    entry = ENTRY.copy()
    entry[7] = OUTCOME.time[7]
    for call in (
        lambda: CoxModel().fit(X, OUTCOME, entry=entry),
        lambda: concordance_index(OUTCOME, VETERAN["karno"], entry=entry),
    ):
        with pytest.raises(InputError, match=r"entry: .* before the case's time .* in row 7"):
            call()


def test_risk_sets_that_drown_in_those_who_enter_later_are_refused() -> None:
    entry = np.array([0.0, 0, 0, 5, 5])
    cases = prepare_risk_sets(
        np.arange(5.0)[:, None], [1, 2, 3, 6, 7], [1, 1, 1, 1, 1], entry=entry
    )
    of_input = np.array([0.0, 0, 0, 30, 30])
    with pytest.raises(ModelError, match="entered after the event at 3"):
        refuse_drowned(cases, of_input[cases.order])
    refuse_drowned(cases, of_input[cases.order] / 3)
    followed = prepare_risk_sets(np.arange(5.0)[:, None], [1, 2, 3, 6, 7], [1, 1, 1, 1, 1])
    refuse_drowned(followed, of_input[followed.order])
