"""Instability (Riley and Collins 2023): by hand, by slow versions, and by laws."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.errors import InputError
from trephine.evaluation import calibration_curve, decision_curves
from trephine.types import Survival
from trephine.validation.instability import (
    calibration_instability,
    classification_instability,
    decision_instability,
    evenly,
    prediction_instability,
)

N, REFITS, HORIZON = 80, 30, 24.0
_RNG = np.random.default_rng(6)
ORIGINAL = _RNG.uniform(0.05, 0.8, N)
REFITTED = np.clip(ORIGINAL + 0.1 * _RNG.standard_normal((REFITS, N)), 0.01, 0.99)
_TIME = _RNG.exponential(-HORIZON / np.log(1 - ORIGINAL))
OUTCOME = Survival(np.minimum(_TIME, 60.0), _TIME <= 60.0)


def test_mape_and_percentiles_by_a_loop_over_cases_and_refits() -> None:
    found = prediction_instability(ORIGINAL, REFITTED, HORIZON)
    for i in range(N):
        errors = [abs(REFITTED[b, i] - ORIGINAL[i]) for b in range(REFITS)]
        assert found.mean_absolute_error[i] == pytest.approx(sum(errors) / REFITS)
        ranked = sorted(REFITTED[:, i])
        # Type 7: the 2.5th percentile lies 0.025 (B - 1) steps above the smallest.
        step = 0.025 * (REFITS - 1)
        low = ranked[0] + step * (ranked[1] - ranked[0])
        high = ranked[-1] - step * (ranked[-1] - ranked[-2])
        assert (found.low[i], found.high[i]) == pytest.approx((low, high))
    assert found.average_error == pytest.approx(np.mean(found.mean_absolute_error))
    assert found.largest_error == max(found.mean_absolute_error)
    assert found.n_refits == REFITS


def test_two_cases_by_hand() -> None:
    found = prediction_instability([0.2, 0.5], [[0.1, 0.5], [0.4, 0.5]], 36.0)
    np.testing.assert_allclose(found.mean_absolute_error, [0.15, 0.0])
    np.testing.assert_allclose(found.low, [0.1075, 0.5])
    np.testing.assert_allclose(found.high, [0.3925, 0.5])
    assert found.average_error == pytest.approx(0.075)
    assert found.largest_error == pytest.approx(0.15)


def test_refits_that_equal_the_model_are_stable() -> None:
    same = np.tile(ORIGINAL, (5, 1))
    assert prediction_instability(ORIGINAL, same, HORIZON).largest_error == 0.0
    group = np.searchsorted((0.2, 0.5), ORIGINAL)
    assert not classification_instability(group, same, (0.2, 0.5)).any()
    for found in (
        calibration_instability(OUTCOME, ORIGINAL, same, HORIZON),
        decision_instability(OUTCOME, ORIGINAL, same, HORIZON, np.linspace(0, 0.8, 9)),
    ):
        for row in found.refitted:
            np.testing.assert_allclose(row, found.original)


def test_classes_are_counted_case_by_case() -> None:
    cuts = (0.2, 0.5)

    def group(p: float) -> int:
        return sum(p > cut for cut in cuts)

    own = [group(p) for p in ORIGINAL]
    found = classification_instability(own, REFITTED, cuts)
    for i in range(N):
        others = [group(REFITTED[b, i]) != own[i] for b in range(REFITS)]
        assert found[i] == pytest.approx(sum(others) / REFITS)
    # On a cut, a case belongs to the group below it, as risk groups have it.
    assert classification_instability([0], [[0.2]], (0.2,))[0] == 0.0


def test_curves_are_each_refits_own_on_the_same_cases() -> None:
    found = calibration_instability(OUTCOME, ORIGINAL, REFITTED[:4], HORIZON)
    for row, risk in zip(found.refitted, REFITTED, strict=False):
        alone = calibration_curve(OUTCOME, risk, HORIZON, points=400)
        inside = np.isfinite(row)
        np.testing.assert_array_equal(inside, (found.at >= risk.min()) & (found.at <= risk.max()))
        expected = np.interp(found.at[inside], alone.predicted, alone.observed)
        np.testing.assert_allclose(row[inside], expected, atol=1e-4)
    thresholds = np.linspace(0, 0.7, 8)
    benefit = decision_instability(OUTCOME, ORIGINAL, REFITTED[:4], HORIZON, thresholds, harm=0.01)
    for row, risk in zip(benefit.refitted, REFITTED, strict=False):
        curves = decision_curves(OUTCOME, {"m": risk}, HORIZON, thresholds, harm={"m": 0.01})
        np.testing.assert_allclose(row, curves["m"].net_benefit, rtol=1e-12)


def test_a_refit_that_predicts_alike_for_all_has_no_calibration_curve() -> None:
    refitted = np.vstack([REFITTED[:1], np.full((1, N), 0.3)])
    found = calibration_instability(OUTCOME, ORIGINAL, refitted, HORIZON)
    assert np.isfinite(found.refitted[0]).any()
    assert np.isnan(found.refitted[1]).all()


def test_the_order_of_cases_and_refits_does_not_matter() -> None:
    order = np.random.default_rng(1).permutation(N)
    there = prediction_instability(ORIGINAL[order], REFITTED[::-1][:, order], HORIZON)
    here = prediction_instability(ORIGINAL, REFITTED, HORIZON)
    np.testing.assert_allclose(there.mean_absolute_error, here.mean_absolute_error[order])
    np.testing.assert_allclose(there.low, here.low[order])


def test_places_are_spread_evenly() -> None:
    assert evenly(3, 5).tolist() == [0, 1, 2]
    assert evenly(101, 5).tolist() == [0, 25, 50, 75, 100]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="instability: expected shapes"):
        prediction_instability(np.zeros(2), np.zeros((3, 4)), 36.0)
    with pytest.raises(InputError, match="instability: expected shapes"):
        prediction_instability(np.zeros(2), np.zeros((0, 2)), 36.0)
    with pytest.raises(InputError, match="found some missing"):
        prediction_instability(np.zeros(2), np.full((1, 2), np.nan), 36.0)
