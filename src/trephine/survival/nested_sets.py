"""Kaplan-Meier's estimate at one time in sets that hold one another: the cases above each cut."""

from __future__ import annotations

import numba
import numpy as np

from trephine.survival.arrays import merge_near_ties
from trephine.types import BoolArray, FloatArray, IntArray


def event_free_above(
    time: FloatArray, event: BoolArray, score: FloatArray, cuts: FloatArray, horizon: float
) -> FloatArray:
    """Return S(horizon) among the cases whose score is at least each cut.

    One sweep over the follow-up serves all cuts: O(n log n) and O(n x cuts) additions, memory
    O(n). Times that differ by rounding alone are one, as in `kaplan_meier`.

    Parameters
    ----------
    time, event, score
        Shape (n,): follow-up, whether the event was seen, and what the cuts are made on.
    cuts
        Shape (k,), in any order.
    horizon
        In the unit of ``time``.

    Returns
    -------
    FloatArray
        Shape (k,); 1 where no case reaches the cut.
    """
    ascending = np.argsort(cuts, kind="stable")
    reached = np.searchsorted(cuts[ascending], score, side="right")
    order = np.argsort(time, kind="stable")
    free = np.empty(cuts.size)
    free[ascending] = _swept(
        merge_near_ties(time)[order], event[order], reached[order], cuts.size, horizon
    )
    return free


@numba.njit(cache=True)
def _swept(
    time: FloatArray, event: BoolArray, reached: IntArray, sets: int, horizon: float
) -> FloatArray:
    """Return S(horizon) in each set; case i, in order of time, is in the first ``reached[i]``."""
    n = time.size
    at_risk = np.zeros(sets + 1)
    for i in range(n):
        at_risk[reached[i]] += 1.0
    for k in range(sets - 1, -1, -1):  # from those of exactly k sets to those of more than k
        at_risk[k] += at_risk[k + 1]
    free = np.ones(sets)
    leaving = np.zeros(sets + 1)
    dying = np.zeros(sets + 1)
    start = 0
    while start < n and time[start] <= horizon:
        stop = start
        deepest = 0
        seen = False
        while stop < n and time[stop] == time[start]:
            leaving[reached[stop]] += 1.0
            deepest = max(deepest, reached[stop])
            if event[stop]:
                dying[reached[stop]] += 1.0
                seen = True
            stop += 1
        gone, dead = 0.0, 0.0
        for k in range(deepest, 0, -1):
            gone += leaving[k]
            dead += dying[k]
            leaving[k] = 0.0
            dying[k] = 0.0
            if seen and dead > 0.0:
                free[k - 1] *= 1.0 - dead / at_risk[k]
            at_risk[k] -= gone
        leaving[0] = 0.0
        dying[0] = 0.0
        start = stop
    return free
