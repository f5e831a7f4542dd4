"""The likelihood ratio of out-of-fold predictions: against R, and what must not count as a gain."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.held_out import OutOfFold
from trephine.validation.held_out_gain import held_out_likelihood_ratio

REFERENCE = Path(__file__).parents[1] / "reference"
N = 90
FOLD: IntArray = (np.arange(N) % 3)[np.newaxis]


def predictions(old: FloatArray, new: FloatArray, fold: IntArray) -> OutOfFold:
    return OutOfFold((), fold, {"old": old, "new": new}, {}, ())


def simulated(rng: np.random.Generator, effect: float) -> tuple[Survival, FloatArray, FloatArray]:
    """Return an outcome, and held-out scores of one image and of it with another one."""
    first, second = rng.standard_normal((2, N))
    time = rng.exponential(20 * np.exp(-first - effect * second))
    survival = Survival(np.minimum(time, 40) + 0.01, time <= 40)
    return survival, first[np.newaxis], (first + 0.5 * second)[np.newaxis]


def test_it_is_r_s_anova_of_two_models_with_the_fold_as_stratum() -> None:
    veteran = pd.read_csv(REFERENCE / "survival" / "data" / "veteran.csv")
    expected = json.loads((REFERENCE / "held_out" / "expected.json").read_text())
    survival = Survival(veteran["time"].to_numpy(float), veteran["status"].to_numpy(bool))
    old = veteran["age"].to_numpy(float)[np.newaxis] / 10
    new = old - veteran["karno"].to_numpy(float) / 50
    fold = np.arange(len(veteran))[np.newaxis] % 4
    found = held_out_likelihood_ratio(survival, predictions(old, new, fold), "old", "new")
    assert found.statistic == pytest.approx(expected["chisq"], rel=1e-8)
    assert found.p_value == pytest.approx(expected["p"], rel=1e-6)
    assert found.degrees_of_freedom == (expected["df"],)


def test_a_level_of_one_fold_s_model_changes_nothing_and_repeats_are_averaged() -> None:
    survival, old, new = simulated(np.random.default_rng(3), 0.5)
    once = held_out_likelihood_ratio(survival, predictions(old, new, FOLD), "old", "new")
    shifted = predictions(old - 4 * FOLD, new + 9 * FOLD, FOLD)
    found = held_out_likelihood_ratio(survival, shifted, "old", "new")
    assert found.statistic == pytest.approx(once.statistic, rel=1e-9)
    twice = predictions(np.vstack([old, old]), np.vstack([new, old]), np.vstack([FOLD, FOLD]))
    halved = held_out_likelihood_ratio(survival, twice, "old", "new")
    assert halved.statistic == pytest.approx(once.statistic / 2, rel=1e-9)


def test_what_points_the_wrong_way_is_no_gain() -> None:
    survival, old, new = simulated(np.random.default_rng(4), 1.0)
    assert held_out_likelihood_ratio(
        survival, predictions(old, new, FOLD), "old", "new"
    ).p_value < (0.001)
    wrong = predictions(old, 2 * old - new, FOLD)
    found = held_out_likelihood_ratio(survival, wrong, "old", "new")
    assert (found.statistic, found.p_value) == (0.0, 1.0)


def test_models_that_predict_alike_have_no_answer() -> None:
    survival, old, _ = simulated(np.random.default_rng(5), 0.0)
    found = held_out_likelihood_ratio(survival, predictions(old, old + FOLD, FOLD), "old", "new")
    assert "alike" in found.note


def test_where_nothing_is_added_p_is_small_no_more_often_than_it_says() -> None:
    rng = np.random.default_rng(6)
    found = []
    for _ in range(200):
        survival, old, new = simulated(rng, 0.0)
        found.append(held_out_likelihood_ratio(survival, predictions(old, new, FOLD), "old", "new"))
    small = np.mean([one.p_value < 0.1 for one in found])
    # Half of the gains point the wrong way and count as none: 5 % of 200, and chance.
    assert 0.01 < small < 0.10
