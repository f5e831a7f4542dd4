from __future__ import annotations

import numpy as np
import pytest

from evaluation.simulated import cohort, probability
from trephine.errors import InputError
from trephine.evaluation.discrimination_improvement import discrimination_improvement
from trephine.evaluation.reclassification import (
    categorical_reclassification,
    continuous_reclassification,
)
from trephine.evaluation.reclassification_summary import summarise_reclassification


def test_values_are_those_of_the_parts_and_lie_within_their_intervals() -> None:
    outcome, score = cohort(200, seed=6)
    old, new = probability(0.2 * score), probability(score)
    found = summarise_reclassification(
        outcome,
        old,
        new,
        40.0,
        repeats=60,
        rng=np.random.default_rng(0),
        cut_offs=[0.3, 0.6],
        cluster=np.repeat(np.arange(100), 2),
    )
    nri = continuous_reclassification(outcome, old, new, 40.0)
    categorical = categorical_reclassification(outcome, old, new, 40.0, [0.3, 0.6])
    better = discrimination_improvement(outcome, old, new, 40.0, convention="riskRegression")
    assert found.n_patients == 100
    assert found.categorical_nri is not None
    assert found.categorical_nri_non_events is not None
    for estimate, value in (
        (found.nri, nri.total),
        (found.nri_events, nri.events),
        (found.nri_non_events, nri.non_events),
        (found.categorical_nri, categorical.total),
        (found.categorical_nri_non_events, categorical.non_events),
        (found.idi, better.idi.value),
        (found.idi_non_events, better.idi.non_events),
        (found.half_nri, better.half_nri.value),
        (found.median_improvement, better.median_improvement.value),
    ):
        assert estimate.value == value
        assert estimate.low <= value <= estimate.high


def test_without_cut_offs_there_are_no_categories() -> None:
    outcome, score = cohort()
    found = summarise_reclassification(
        outcome,
        probability(0.2 * score),
        probability(score),
        40.0,
        repeats=5,
        rng=np.random.default_rng(0),
    )
    assert found.categorical_nri is None
    assert found.n_patients == 120


def test_a_late_horizon_says_so() -> None:
    outcome, score = cohort()
    risk = probability(score)
    found = summarise_reclassification(
        outcome, risk, risk**2, 1e4, repeats=5, rng=np.random.default_rng(0), cut_offs=[0.5]
    )
    assert np.isnan(found.nri.value)
    assert np.isnan(found.idi.low)
    assert "nobody" in found.note


def test_scores_that_are_no_probabilities_are_refused() -> None:
    outcome, score = cohort()
    with pytest.raises(InputError, match="not a score"):
        summarise_reclassification(
            outcome, score, score, 40.0, repeats=5, rng=np.random.default_rng(0)
        )
