"""Late entry beyond one Cox model: parity with R, slow and obvious versions, and laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survival.late_entry import retinopathy, veteran
from trephine.evaluation.recalibration import breslow_baseline
from trephine.regression.adaptive_ridge import fit_adaptive_ridge
from trephine.regression.cox import CoxModel
from trephine.regression.coxnet_cv import cross_validate, deviance
from trephine.regression.coxnet_path import coxnet_path
from trephine.regression.coxnet_settings import PathSettings
from trephine.selection.relevance import cox_score_test
from trephine.survival.baseline import hazard_of_all
from trephine.survival.kernel_ridge import kernel_ridge_path
from trephine.survival.late_outcome import LateSurvival
from trephine.survival.logrank import logrank_test
from trephine.survival.path_risk import (
    curve,
    empty_state,
    evaluate,
    log_likelihood,
    risk_in_order,
)
from trephine.survival.restricted_mean import restricted_means
from trephine.types import FloatArray, Survival

_FILE = Path(__file__).parents[1] / "reference" / "late_path" / "expected.json"
EXPECTED: dict[str, Any] = json.loads(_FILE.read_text())
VETERAN, EYES = veteran(), retinopathy()
CELLS = ("large", "smallcell", "squamous")
X = np.column_stack(
    [VETERAN[name] for name in ("karno", "diagtime", "age", "prior", "trt")]
    + [(VETERAN["celltype"] == cell) * 1.0 for cell in CELLS]
).astype(np.float64)
LATE = LateSurvival(
    VETERAN["time"].to_numpy(float),
    VETERAN["status"].to_numpy() == 1,
    "days",
    VETERAN["entry"].to_numpy(float),
)
ETA = X @ np.array([-0.03, 0, 0.01, 0, 0.3, 1, 0, 0])


def slow(eta: FloatArray, outcome: LateSurvival) -> tuple[float, FloatArray]:
    """Breslow's log partial likelihood and its gradient by eta, each risk set written out."""
    value, gradient = 0.0, outcome.event.astype(float)
    for i in np.flatnonzero(outcome.event):
        t = outcome.time[i]
        at_risk = (outcome.entry < t) & (t <= outcome.time)
        hazard = np.exp(eta) * at_risk
        value += eta[i] - np.log(hazard.sum())
        gradient -= hazard / hazard.sum()
    return value, gradient


def test_the_first_penalty_and_the_deviances_are_those_of_glmnet() -> None:
    path = coxnet_path(X, LATE, PathSettings(n_penalties=5))
    assert path.penalty_max == pytest.approx(EXPECTED["lambda_max"], rel=1e-10)
    assert path.null_deviance == pytest.approx(EXPECTED["null_deviance"], rel=1e-10)
    order = np.argsort(LATE.time, kind="stable")
    found = deviance(ETA[None, order], LATE.take(order))
    assert found[0] == pytest.approx(EXPECTED["deviance"], rel=1e-10)


@pytest.mark.parametrize("mixture", [1.0, 0.5, 0.0])
def test_the_path_meets_its_conditions_with_risk_sets_written_out(mixture: float) -> None:
    penalties = np.array([0.4, 0.2, 0.1, 0.05, 0.02, 0.01])
    path = coxnet_path(X, LATE, PathSettings(mixture=mixture, tolerance=1e-10), penalties=penalties)
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    for penalty, coefficients in zip(penalties, path.coefficients, strict=True):
        beta = coefficients * X.std(axis=0)
        gradient = -z.T @ slow(z @ beta, LATE)[1] / len(LATE)
        rest = gradient + penalty * (1 - mixture) * beta
        bound = penalty * mixture
        inside = beta == 0
        assert (np.abs(rest[inside]) <= bound + 1e-8).all()
        assert rest[~inside] == pytest.approx(-bound * np.sign(beta[~inside]), abs=1e-8)


def test_likelihood_gradient_and_curvature_are_their_definitions() -> None:
    risk, order = risk_in_order(LATE)
    state = empty_state(risk)
    eta = ETA[order]
    value = evaluate(eta, risk, state)
    expected, gradient = slow(ETA, LATE)
    assert value == pytest.approx(expected, rel=1e-12)
    assert log_likelihood(eta, risk) == pytest.approx(expected, rel=1e-12)
    assert state.residual == pytest.approx(-gradient[order] / len(LATE), abs=1e-13)
    out, pull, step = np.empty(eta.size), np.empty(risk.start.size), 1e-6
    for x in (X[order, 0] / 50, X[order, 5]):
        curve(x, risk, state, pull, out)
        ahead, behind = (slow(ETA + s * x[np.argsort(order)], LATE)[1] for s in (step, -step))
        assert out == pytest.approx(-(ahead - behind)[order] / (2 * step * len(LATE)), abs=1e-9)


def test_a_risk_set_that_a_sum_would_have_lost_is_summed_anew() -> None:
    # The case with the highest risk by far is gone before anyone else comes.
    time = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    entry = np.array([0.0, 0.0, 1.5, 1.5, 1.5, 4.5])
    late = LateSurvival(time, np.array([1, 1, 1, 1, 1, 0]), "months", entry)
    eta = np.array([0.0, 1.0, -1.0, 0.5, 0.0, 60.0])
    risk, order = risk_in_order(late)
    expected = slow(eta, late)
    state = empty_state(risk)
    assert evaluate(eta[order], risk, state) == pytest.approx(expected[0], rel=1e-12)
    assert log_likelihood(eta[order], risk) == pytest.approx(expected[0], rel=1e-12)
    out, pull = np.empty(6), np.empty(risk.start.size)
    curve(np.arange(6.0), risk, state, pull, out)
    step = 1e-5
    moved = [slow(eta + s * np.arange(6.0), late)[1] for s in (step, -step)]
    assert out == pytest.approx(-(moved[0] - moved[1]) / (2 * step * 6), abs=1e-8)


def split(outcome: Survival, at: FloatArray) -> tuple[LateSurvival, np.ndarray]:
    """Cut each follow-up in two: until its own time of ``at``, and from there on."""
    inside = np.flatnonzero(at < outcome.time)
    n = len(outcome)
    time = np.concatenate([np.where(at < outcome.time, at, outcome.time), outcome.time[inside]])
    event = np.concatenate([outcome.event & ~(at < outcome.time), outcome.event[inside]])
    entry = np.concatenate([np.zeros(n), at[inside]])
    return LateSurvival(time, event, "days", entry), np.concatenate([np.arange(n), inside])


def test_follow_up_cut_in_two_changes_no_model_and_no_test() -> None:
    whole = Survival(LATE.time, LATE.event, "days")
    cut, case = split(whole, np.linspace(3, 90, len(whole)).round())
    for penalty in ("none", "firth"):
        one = CoxModel(penalty=penalty).fit(X[:, :3], whole)
        two = CoxModel(penalty=penalty).fit(X[case, :3], cut)
        assert two.result_.coefficients == pytest.approx(one.result_.coefficients, rel=1e-8)
    assert cox_score_test(X[case], cut).statistic == pytest.approx(
        cox_score_test(X, whole).statistic, rel=1e-10
    )
    cell = VETERAN["celltype"].to_numpy()
    found = logrank_test(cut.time, cut.event, cell[case], entry=cut.entry)
    assert found.statistic == pytest.approx(
        logrank_test(whole.time, whole.event, cell).statistic, rel=1e-10
    )
    grams = [z @ z.T for z in ((X - X.mean(axis=0)) / X.std(axis=0),)]
    rows = np.ix_(case, case)
    one, two = (
        kernel_ridge_path(gram, outcome, np.array([4.0, 1.0]) / len(outcome))
        for gram, outcome in ((grams[0], whole), (grams[0][rows], cut))
    )
    sums = np.zeros((2, len(whole)))
    np.add.at(sums.T, case, two.dual.T)
    assert sums @ grams[0] == pytest.approx(one.dual @ grams[0], abs=1e-5)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_score_tests_are_those_of_coxph(ties: Any) -> None:
    found = cox_score_test(X, LATE, ties=ties).statistic
    assert found == pytest.approx(EXPECTED["score"][ties], rel=1e-10)


def test_the_logrank_test_is_the_score_test_of_the_exact_likelihood() -> None:
    cell = VETERAN["celltype"].to_numpy()
    found = logrank_test(LATE.time, LATE.event, cell, entry=LATE.entry)
    assert found.statistic == pytest.approx(EXPECTED["logrank"], rel=1e-10)


def test_the_hazard_of_all_and_breslows_baseline_are_those_of_r() -> None:
    expected = EXPECTED["hazard"]
    assert hazard_of_all(LATE).at(expected["time"]) == pytest.approx(expected["hazard"], rel=1e-10)
    survival = breslow_baseline(LATE, ETA, np.array([20.0, 100.0, 300.0]))
    at_mean = -np.log(survival) * np.exp(EXPECTED["offset_mean"])
    assert at_mean == pytest.approx(EXPECTED["baseline"], rel=1e-10)


def test_restricted_means_and_their_errors_by_patient_are_those_of_r() -> None:
    late = LateSurvival(
        EYES["futime"].to_numpy(float),
        EYES["status"].to_numpy() == 1,
        "months",
        EYES["entry"].to_numpy(float),
    )
    found = restricted_means(
        late, np.zeros(len(late), dtype=np.int64), 48.0, cluster=EYES["id"].to_numpy()
    )
    assert found.means[0] == pytest.approx(EXPECTED["rmean"]["mean"], rel=1e-10)
    assert np.sqrt(found.covariance[0, 0]) == pytest.approx(EXPECTED["rmean"]["se"], rel=1e-10)


def test_cross_validation_and_the_ridge_average_know_of_entries() -> None:
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    folds = np.arange(len(LATE)) % 5
    late = cross_validate(z, LATE, folds, PathSettings(n_penalties=8))
    plain = cross_validate(z, Survival(LATE.time, LATE.event), folds, PathSettings(n_penalties=8))
    assert np.abs(late.cvm / plain.cvm - 1).max() > 1e-3
    # The grouped deviance of a fold, from the likelihood written out.
    path = coxnet_path(
        z[folds != 0], LATE.take(folds != 0), PathSettings(), penalties=late.path.penalties
    )
    fixed = cross_validate(z, LATE, folds, penalties=late.path.penalties)
    beta = path.coefficients[3]
    whole = slow(z @ beta, LATE)[0] - slow(z[folds != 0] @ beta, LATE.take(folds != 0))[0]
    ties = np.unique(LATE.time[LATE.event], return_counts=True)[1]
    others = np.unique(LATE.take(folds != 0).time[LATE.event[folds != 0]], return_counts=True)[1]
    saturated = -(ties * np.log(ties)).sum() + (others * np.log(others)).sum()
    expected = 2 * (saturated - whole) / LATE.event[folds == 0].sum()
    assert fixed.cv_raw[0, 3] == pytest.approx(expected, rel=1e-6)
    average = fit_adaptive_ridge(z, LATE, folds)
    other = fit_adaptive_ridge(z, Survival(LATE.time, LATE.event), folds)
    assert np.abs(average.weights - other.weights).max() > 0.01 * np.abs(other.weights).max()
    member = average.members[0].cross_validation
    beta, penalty = member.coefficients_min, member.lambda_min
    centred = z - z.mean(axis=0)
    gradient = -centred.T @ slow(centred @ beta, LATE)[1] / len(LATE) + penalty * beta
    assert gradient == pytest.approx(np.zeros(8), abs=1e-6)
