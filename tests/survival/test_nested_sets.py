"""Kaplan-Meier's estimate above each of many cuts, in one sweep."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trephine.survival import kaplan_meier
from trephine.survival.nested_sets import event_free_above


@given(st.integers(0, 10_000), st.integers(1, 40), st.floats(0.5, 12.0))
def test_it_is_kaplan_meier_in_each_set(seed: int, n: int, horizon: float) -> None:
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 12, n).astype(float)
    event = rng.random(n) < 0.6
    score = rng.integers(0, 6, n) / 5.0
    cuts = rng.permutation([0.0, 0.2, 0.5, 0.2, 1.0, 1.5])
    found = event_free_above(time, event, score, cuts, horizon)
    for cut, free in zip(cuts, found, strict=True):
        inside = score >= cut
        if not inside.any():
            assert free == 1.0
            continue
        curve = kaplan_meier(time[inside], event[inside])
        slow = curve.at([min(horizon, time[inside].max())]).survival_probability[0]
        np.testing.assert_allclose(free, slow, rtol=0.0, atol=1e-14)


def test_times_that_differ_by_rounding_are_one() -> None:
    time = np.array([1.0, 0.1 + 0.2, 0.3, 2.0])
    event = np.array([False, True, True, False])
    free = event_free_above(time, event, np.ones(4), np.array([0.5]), 0.3)
    np.testing.assert_allclose(free, [0.5])
