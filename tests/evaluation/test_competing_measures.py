"""What is measured on predictions where events compete: against slow and frozen values."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation.brier_curve import brier_curve
from trephine.evaluation.brier_score import brier_score
from trephine.evaluation.calibration import calibration_groups, observed_share
from trephine.evaluation.calibration_curve import calibration_curve
from trephine.evaluation.calibration_slope import calibration_in_the_large
from trephine.evaluation.competing_scores import competing_scores
from trephine.evaluation.decision_curve import decision_curves
from trephine.evaluation.observed import shares_by
from trephine.evaluation.prediction_accuracy import prediction_accuracy
from trephine.evaluation.roc_curve import roc_curve
from trephine.evaluation.time_dependent_auc import time_dependent_auc
from trephine.regression.fine_gray import fit_fine_gray
from trephine.survival.aalen_johansen import cumulative_incidence
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import Survival

rng = np.random.default_rng(4)
N, HORIZON = 220, 24.0
PATIENT = rng.integers(0, 150, N)
TRUE = rng.uniform(0.05, 0.8, N)
FIRST = rng.exponential(-HORIZON / np.log1p(-TRUE))
TIME = np.ceil(np.minimum(np.minimum(FIRST, rng.exponential(45, N)), rng.uniform(6, 60, N)))
KIND = rng.integers(0, 3, N)
CAUSE = np.where(np.ceil(FIRST) <= TIME, 1, np.where(KIND == 0, 0, 2))
OUTCOME = CompetingSurvival(TIME, CAUSE == 1, "months", CAUSE, ("death",))
RISK = np.clip(TRUE * 0.8, 0, 1)


def test_auc_and_brier_are_those_of_riskregression_s_score() -> None:
    expected = competing_scores(TIME, CAUSE, RISK, HORIZON)  # frozen against R in tests/survival
    brier = brier_score(OUTCOME, RISK, HORIZON, cluster=PATIENT)
    assert brier.estimate.value == pytest.approx(expected.brier.value, abs=1e-12)
    assert brier.prediction_accuracy == pytest.approx(expected.ipa, abs=1e-10)
    auc = time_dependent_auc(OUTCOME, RISK, HORIZON, convention="riskRegression")
    assert auc.estimate.value == pytest.approx(expected.auc.value, abs=1e-12)
    roc = roc_curve(OUTCOME, RISK, HORIZON, convention="riskRegression")
    assert roc.area == pytest.approx(expected.auc.value, abs=1e-12)
    curve = brier_curve(OUTCOME, RISK[:, None], [HORIZON])
    assert curve.scores[0] == pytest.approx(brier.estimate.value, abs=1e-12)
    accuracy = prediction_accuracy(OUTCOME, brier).estimate
    assert accuracy.value == pytest.approx(expected.ipa, abs=1e-10)


def test_the_errors_of_auc_and_brier_are_those_of_a_bootstrap() -> None:
    drawing = np.random.default_rng(1)
    drawn = []
    for _ in range(400):
        rows = drawing.integers(0, N, N)
        again = OUTCOME.take(rows)
        auc = time_dependent_auc(again, RISK[rows], HORIZON, convention="riskRegression")
        drawn.append((auc.estimate.value, brier_score(again, RISK[rows], HORIZON).estimate.value))
    auc = time_dependent_auc(OUTCOME, RISK, HORIZON, convention="riskRegression")
    brier = brier_score(OUTCOME, RISK, HORIZON)
    found = (auc.estimate.standard_error, brier.estimate.standard_error)
    assert found == pytest.approx(np.std(drawn, axis=0), rel=0.12)


def test_without_another_event_all_is_as_with_one_event_to_the_bit() -> None:
    event = CAUSE == 1
    one = Survival(TIME, event)
    other = CompetingSurvival(TIME, event, "months", event.astype(int), ("death",))
    for measure in (brier_score, time_dependent_auc):
        first, second = (measure(outcome, RISK, HORIZON).estimate for outcome in (one, other))
        assert first.value == second.value
        assert first.standard_error == second.standard_error
    shares = [shares_by(outcome, [6.0, 24.0, 99.0]) for outcome in (one, other)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-12)
    grid = [0.0, 0.2, 0.5]
    first, second = (decision_curves(o, {"m": RISK}, HORIZON, grid)["m"] for o in (one, other))
    assert first.net_benefit == pytest.approx(second.net_benefit, abs=1e-12)


def test_observed_is_the_incidence() -> None:
    curve = cumulative_incidence(TIME, CAUSE, cluster=PATIENT)
    place = np.searchsorted(curve.times, HORIZON, side="right") - 1
    large = calibration_in_the_large(OUTCOME, RISK, HORIZON, cluster=PATIENT)
    assert large.observed.value == pytest.approx(curve.incidence[place, 0])
    assert large.observed.standard_error == pytest.approx(curve.standard_error[place, 0])
    assert large.ratio.low == pytest.approx(curve.low[place, 0] / RISK.mean())
    groups = calibration_groups(OUTCOME, RISK, HORIZON, cluster=PATIENT)
    assert sum(group.n for group in groups) == N
    top = groups[-1]
    rows = np.quantile(RISK, 0.8) < RISK
    alone = cumulative_incidence(TIME[rows], CAUSE[rows])
    assert top.observed.value == pytest.approx(float(alone.at(1, [HORIZON])[0]))
    none = OUTCOME.take(CAUSE != 1)
    assert observed_share(none, HORIZON, None, 0.95, "log")[0].value == 0


def test_the_curve_is_fine_and_gray_s() -> None:
    found = calibration_curve(OUTCOME, RISK, HORIZON, points=5)
    x = np.log(-np.log1p(-RISK))[:, None]
    model = fit_fine_gray(x, TIME, CAUSE)
    assert found.observed_of_cases == pytest.approx(model.predict_incidence(x, [HORIZON])[:, 0])
    spline = calibration_curve(OUTCOME, RISK, HORIZON, points=5, method="hazard spline")
    assert np.isfinite(spline.observed).all()
    assert (
        "events compete"
        in calibration_curve(OUTCOME, RISK, HORIZON, method="pseudo-values local").note
    )


def test_net_benefit_counts_by_incidence_among_those_acted_on() -> None:
    grid = np.array([0.0, 0.1, 0.3, 0.5])
    curves = decision_curves(OUTCOME, {"m": RISK}, HORIZON, grid)
    for k, threshold in enumerate(grid):
        rows = threshold <= RISK
        share = rows.mean()
        rate = float(cumulative_incidence(TIME[rows], CAUSE[rows]).at(1, [HORIZON])[0])
        expected = share * (rate - threshold / (1 - threshold) * (1 - rate))
        assert curves["m"].net_benefit[k] == pytest.approx(expected, abs=1e-12)


def test_covariates_of_censoring_are_refused() -> None:
    with pytest.raises(InputError, match="none where events compete"):
        time_dependent_auc(OUTCOME, RISK, HORIZON, censoring_covariates=RISK[:, None])
