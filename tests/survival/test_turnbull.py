"""Turnbull's curve: R's, a case worked by hand, and what makes it the maximum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.survival.interval_outcome import IntervalSurvival, between_visits
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.turnbull import turnbull

REFERENCE = Path(__file__).parents[1] / "reference" / "interval"


def visits() -> tuple[np.ndarray, np.ndarray]:
    table = pd.read_csv(REFERENCE / "visits.csv")
    return table["low"].to_numpy(), table["high"].fillna(np.inf).to_numpy()


def test_the_case_of_gentleman_and_geyer() -> None:
    # p (q + r)^2 (p + q)^2 r is largest at thirds; halves at both ends are self-consistent too.
    curve = turnbull([0, 1, 1, 0, 0, 2], [1, 3, 3, 2, 2, 3])
    assert curve.low.tolist() == [0, 1, 2]
    assert curve.high.tolist() == [1, 2, 3]
    assert curve.mass == pytest.approx([1 / 3, 1 / 3, 1 / 3], abs=1e-4)


def test_it_is_the_maximum_and_r_is_near_it() -> None:
    low, high = visits()
    curve = turnbull(low, high)
    # By the slope of the likelihood towards every innermost interval no more than this is left.
    assert curve.gap < 1e-9
    expected = json.loads((REFERENCE / "expected.json").read_text())["turnbull"]
    found = 1 - np.cumsum(curve.mass)
    held = curve.mass > 1e-6
    times, survival = np.array(expected["time"]), np.append(1, expected["surv"])
    # survfit stops while its likelihood still rises: it comes no closer.
    own = survival[np.searchsorted(times, curve.high[held], side="right")]
    assert found[held] == pytest.approx(own, abs=2.5e-3)

    def value(mass: np.ndarray) -> float:
        inside = (curve.low[None, :] >= low[:, None]) & (curve.high[None, :] <= high[:, None])
        inside &= (curve.high[None, :] > low[:, None]) | (low == high)[:, None]
        return float(np.log(inside @ mass).sum())

    theirs = survival[np.searchsorted(times, curve.high, side="right")]
    mass = np.maximum(np.append(1, theirs[:-1]) - theirs, 0)
    assert value(curve.mass) >= value(mass / mass.sum())


def test_known_times_give_kaplan_and_meiers_curve() -> None:
    rng = np.random.default_rng(3)
    time, event = rng.integers(1, 30, 80).astype(float), rng.random(80) < 0.6
    curve = turnbull(time, np.where(event, time, np.inf))
    km = kaplan_meier(time, event)
    at = km.times[km.n_events > 0]
    assert curve.survival_at(at) == pytest.approx(km.at(at).survival_probability, abs=1e-5)


def test_neither_order_nor_unit_matters() -> None:
    low, high = visits()
    curve, order = turnbull(low, high), np.random.default_rng(1).permutation(low.size)
    turned = turnbull(low[order] * 30, high[order] * 30)
    times = np.linspace(1, 80, 30)
    assert turned.survival_at(30 * times) == pytest.approx(curve.survival_at(times), abs=1e-4)


def test_draws_lie_between_the_visits_and_follow_the_curve() -> None:
    low, high = visits()
    outcome = between_visits(low, high, "months", np.random.default_rng(2))
    assert isinstance(outcome, IntervalSurvival)
    curve = turnbull(low, high)
    draws = [outcome.redrawn(np.random.default_rng(k), curve) for k in range(200)]
    many = np.array([one.time for one in draws])
    seen = np.isfinite(high)
    assert (many[:, seen] >= low[seen]).all()
    assert (many[:, seen] <= high[seen]).all()
    assert (many[:, ~seen] == low[~seen]).all()
    # The mean of Kaplan and Meier's curves over draws is Turnbull's.
    mean = np.mean([kaplan_meier(t, seen).at([12, 24, 48]).survival_probability for t in many], 0)
    assert mean == pytest.approx(curve.survival_at([12, 24, 48]), abs=0.02)


def test_bounds_that_cannot_be_are_refused_with_their_row() -> None:
    with pytest.raises(InputError, match="row 1 and 0 more"):
        turnbull([1, 5], [2, 4])
