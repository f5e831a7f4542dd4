from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort, probability
from trephine.errors import InputError
from trephine.evaluation.brier_score import brier_score
from trephine.evaluation.concordance import concordance_index
from trephine.evaluation.performance import evaluate_performance
from trephine.evaluation.time_dependent_auc import time_dependent_auc


def test_it_gathers_what_the_parts_say() -> None:
    outcome, score = cohort()
    risk = np.column_stack([probability(score - 1.0), probability(score)])
    patient = np.repeat(np.arange(60), 2)
    found = evaluate_performance("model", outcome, score, risk, [24.0, 48.0], patient=patient)
    assert (found.n, found.n_patients, found.n_events) == (120, 60, int(outcome.event.sum()))
    assert found.concordance == concordance_index(outcome, score, cluster=patient)
    for j, horizon in enumerate((24.0, 48.0)):
        at = found.at(horizon)
        auc = time_dependent_auc(outcome, score, horizon, patient=patient)
        assert at.auc.estimate == auc.estimate
        assert at.roc.area == pytest.approx(auc.estimate.value)
        assert (
            at.brier.estimate == brier_score(outcome, risk[:, j], horizon, patient=patient).estimate
        )
        assert set(at.decision) == {"treat all", "treat none", "model"}
    with pytest.raises(InputError, match="24, 48"):
        found.at(36.0)


def test_a_constant_model_and_a_late_horizon_stand() -> None:
    outcome, _ = cohort()
    found = evaluate_performance(
        "constant", outcome, np.zeros(120), np.full((120, 2), 0.3), [24.0, 1e4]
    )
    assert found.concordance.value == pytest.approx(0.5)
    assert "same prediction" in found.slope.note
    late = found.at(1e4)
    for note in (late.auc.note, late.brier.note, late.in_the_large.note, late.curve.note):
        assert note


def test_a_cohort_without_events_stands() -> None:
    outcome, score = cohort()
    nothing = type(outcome)(outcome.time, np.zeros(120, dtype=bool))
    found = evaluate_performance("model", nothing, score, probability(score)[:, None], [24.0])
    assert np.isnan(found.concordance.value)
    assert found.note
    assert found.at(24.0).auc.note
    assert found.slope.note


def test_probabilities_of_the_wrong_shape_are_refused() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match=r"\(120, 2\)"):
        evaluate_performance("model", outcome, score, probability(score), [24.0, 48.0])
    with pytest.raises(InputError):
        evaluate_performance(
            "model", outcome, np.full(120, np.nan), probability(score)[:, None], [24.0]
        )
