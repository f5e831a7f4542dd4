"""The order in which glmnet puts tied cases, and the risk sets that follow from it.

glmnet means a case censored at the time of an event to be at risk of it, and adds 100 eps to its
time; from time 256 on that is lost in rounding, and whether such a case is at risk depends on where
an unstable sort (Singleton 1969, CACM algorithm 347) happens to put it. Coefficients move by 1e-3.
Needed only where a result of R's glmnet on times in days is to be replayed to the digit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from trephine.survival.path_risk import RiskSets
from trephine.types import BoolArray, FloatArray, IntArray

SHIFT = 100.0 * float(np.finfo(np.float64).eps)
SHORT = 10  # a stretch no longer than this is sorted by insertion


def glmnet_order(time: FloatArray, event: BoolArray) -> tuple[IntArray, RiskSets]:
    """Return the order of the cases, shape (n,), and their risk sets in this order.

    Parameters
    ----------
    time, event
        Shape (n,), in the order of the rows that glmnet was given; all under observation from the
        start.
    """
    status = event.astype(np.float64)
    shifted = time + (1.0 - status) * SHIFT
    order = singleton_order(shifted)
    ordered, status = shifted[order], status[order]
    # A risk set begins where an event's time exceeds that of all events before it; the first one
    # takes in the cases tied with it that stand before.
    seen = np.flatnonzero(status > 0)
    later = ordered[seen] > np.concatenate(([-np.inf], np.maximum.accumulate(ordered[seen])[:-1]))
    start = seen[later]
    start[0] = np.searchsorted(ordered, ordered[start[0]], side="left")
    n_events = np.add.reduceat(status, start)
    nobody = np.empty(0, dtype=np.int64)
    first = np.zeros(time.size, dtype=np.int64)
    return order, RiskSets(status, start.astype(np.int64), n_events, first, nobody)


@njit(cache=True)
def singleton_order(values: FloatArray) -> IntArray:
    """Return the permutation that sorts ``values``, ties in the order of algorithm 347."""
    order = np.arange(values.size)
    waiting_low = np.empty(64, np.int64)
    waiting_high = np.empty(64, np.int64)
    n_waiting = 0
    low, high = 0, values.size - 1
    while True:
        if high - low > SHORT or (low == 0 and high > low):
            left, right = _split(values, order, low, high)
            if left - low <= high - right:
                waiting_low[n_waiting], waiting_high[n_waiting] = right, high
                high = left
            else:
                waiting_low[n_waiting], waiting_high[n_waiting] = low, left
                low = right
            n_waiting += 1
            continue
        if high > low:
            _insert(values, order, low, high)
        if n_waiting == 0:
            return order
        n_waiting -= 1
        low, high = waiting_low[n_waiting], waiting_high[n_waiting]


@njit(cache=True)
def _swap(order: IntArray, a: int, b: int) -> None:
    order[a], order[b] = order[b], order[a]


@njit(cache=True)
def _split(values: FloatArray, order: IntArray, low: int, high: int) -> tuple[int, int]:
    """Part the stretch about the median of its first, middle and last; return the two ends."""
    middle = (low + high + 2) // 2 - 1  # Fortran counts from 1
    if values[order[low]] > values[order[middle]]:
        _swap(order, low, middle)
    if values[order[high]] < values[order[middle]]:
        _swap(order, high, middle)
        if values[order[low]] > values[order[middle]]:
            _swap(order, low, middle)
    pivot = values[order[middle]]
    left, right = high, low
    while True:
        left -= 1
        while values[order[left]] > pivot:
            left -= 1
        right += 1
        while values[order[right]] < pivot:
            right += 1
        if right > left:
            return left, right
        _swap(order, left, right)


@njit(cache=True)
def _insert(values: FloatArray, order: IntArray, low: int, high: int) -> None:
    """Sort a short stretch by insertion; what stands before it is no larger, and stops the scan."""
    for i in range(low, high + 1):
        case = order[i]
        k = i - 1
        while values[case] < values[order[k]]:
            order[k + 1] = order[k]
            k -= 1
        order[k + 1] = case
