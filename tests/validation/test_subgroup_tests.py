"""Tests between subgroups: what they must obey, and whether they find what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.regression.cox import CoxModel
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.held_out import OutOfFold
from trephine.validation.subgroup_tests import SubgroupTests, subgroup_tests


def _outcome(
    n: int, seed: int, *, slopes: tuple[float, ...], shift: float = 0.0
) -> tuple[Survival, FloatArray, IntArray, IntArray]:
    """Return outcome, score, group and patient; ``slopes`` of the score by group."""
    rng = np.random.default_rng(seed)
    patient = np.arange(n) // 2
    group = rng.integers(0, len(slopes), patient.max() + 1)[patient]
    score = rng.normal(size=n)
    frailty = rng.normal(size=patient.max() + 1)[patient] * 0.4
    risk = np.array(slopes)[group] * score + shift * group + frailty
    time = rng.exponential(40 * np.exp(-risk))
    end = rng.uniform(20, 80, n)
    return Survival(np.minimum(time, end), time <= end), score, group, patient


def _predicted(score: FloatArray, folds: IntArray) -> OutOfFold:
    return OutOfFold(
        horizons=(12.0,),
        fold=np.atleast_2d(folds),
        linear_predictor={"M": np.atleast_2d(score)},
        event_probability={},
        refits=(),
    )


def _tested(n: int, seed: int, repeats: int = 1, **effects: object) -> SubgroupTests:
    survival, score, group, patient = _outcome(n, seed, **effects)  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    folds = np.array([rng.integers(0, 4, n) for _ in range(repeats)])
    predicted = _predicted(np.tile(score, (repeats, 1)), folds)
    return subgroup_tests(survival, predicted, "M", group, patient)


def test_of_one_repeat_it_is_the_wald_test_of_a_clustered_cox_model() -> None:
    survival, score, group, patient = _outcome(240, 1, slopes=(1.0, 0.6, 0.9), shift=0.2)
    fold = np.arange(240) % 3
    found = subgroup_tests(survival, _predicted(score, fold), "M", group, patient)
    # The same hypothesis, as products with the score in the usual coding.
    second, third = (group == 1).astype(float), (group == 2).astype(float)
    usual = np.column_stack([score, score * second, score * third, second, third])
    fit = CoxModel().fit(usual, survival, strata=fold, cluster=patient).result_
    want = fit.wald_test(("x1", "x2"))
    assert found.slope is not None
    assert found.slope.statistic == pytest.approx(want.statistic, rel=1e-8)
    assert found.slope.degrees_of_freedom == 2
    level = CoxModel().fit(usual[:, [0, 3, 4]], survival, strata=fold, cluster=patient).result_
    assert found.level is not None
    assert found.level.statistic == pytest.approx(level.wald_test(("x1", "x2")).statistic, rel=1e-8)


def test_a_planted_difference_is_found_and_told_apart() -> None:
    slope = _tested(600, 2, repeats=2, slopes=(1.3, 0.2))
    level = _tested(600, 3, repeats=2, slopes=(0.8, 0.8), shift=0.9)
    assert slope.slope is not None
    assert slope.slope.p_value < 1e-4
    assert level.slope is not None
    assert level.slope.p_value > 0.05
    assert level.level is not None
    assert level.level.p_value < 1e-4


def test_without_a_difference_p_is_small_as_rarely_as_it_says() -> None:
    p = [_tested(160, seed, slopes=(0.7, 0.7)).slope for seed in range(100)]
    values = np.array([one.p_value for one in p if one is not None])
    assert values.size == 100
    assert (values < 0.05).mean() <= 0.12
    assert 0.3 < values.mean() < 0.65


def test_the_names_of_the_groups_do_not_matter() -> None:
    survival, score, group, patient = _outcome(300, 4, slopes=(1.0, 0.4, 0.7))
    predicted = _predicted(score, np.arange(300) % 4)
    one = subgroup_tests(survival, predicted, "M", group, patient)
    other = subgroup_tests(survival, predicted, "M", (group + 1) % 3, patient)
    assert one.slope is not None
    assert other.slope is not None
    assert other.slope.statistic == pytest.approx(one.slope.statistic, rel=1e-8)


def test_what_cannot_be_tested_says_why() -> None:
    survival, score, _, patient = _outcome(100, 5, slopes=(1.0, 1.0))
    group = survival.event.astype(np.int64)
    found = subgroup_tests(survival, _predicted(score, np.arange(100) % 2), "M", group, patient)
    assert found.level is None
    assert "infinity" in found.note or "vary" in found.note
