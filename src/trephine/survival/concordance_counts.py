"""Counting concordant pairs in O(n log n): Fenwick trees over the ranks of the risk score."""

from __future__ import annotations

import numba
import numpy as np

from trephine.types import BoolArray, FloatArray, IntArray


@numba.njit(cache=True)
def dense_ranks(score: FloatArray, order: IntArray) -> tuple[IntArray, int]:
    """Return the rank of each score, 1 for the smallest, equal scores alike; and their number.

    ``order`` sorts the scores.
    """
    ranks = np.empty(score.size, np.int64)
    rank = 0
    last = np.nan
    for i in order:
        if score[i] != last:
            rank += 1
            last = score[i]
        ranks[i] = rank
    return ranks, rank


@numba.njit(cache=True)
def _add(tree: FloatArray, index: int, amount: float) -> None:
    while index < tree.size:
        tree[index] += amount
        index += index & -index


@numba.njit(cache=True)
def _sum_to(tree: FloatArray, index: int) -> float:
    total = 0.0
    while index > 0:
        total += tree[index]
        index -= index & -index
    return total


@numba.njit(cache=True)
def _tied_in_time(
    start: int,
    stop: int,
    event: BoolArray,
    rank: IntArray,
    weight: FloatArray,
    time_weight: float,
    seen: FloatArray,
    counts: FloatArray,
) -> None:
    """Count the pairs of events of one time: tied_y (scores differ) and tied_xy (equal)."""
    before = 0.0
    for i in range(start, stop):
        if event[i]:
            same = seen[rank[i]]
            counts[3] += time_weight * weight[i] * (before - same)
            counts[4] += time_weight * weight[i] * same
            seen[rank[i]] += weight[i]
            before += weight[i]
    for i in range(start, stop):
        seen[rank[i]] = 0.0


@numba.njit(cache=True)
def count_pairs(
    time: FloatArray,
    event: BoolArray,
    rank: IntArray,
    n_ranks: int,
    weight: FloatArray,
    time_weight: FloatArray,
    ties_comparable: bool,
    by_event: FloatArray,
) -> FloatArray:
    """Count the pairs of one stratum, each at its earlier event.

    Parameters
    ----------
    time, event, rank, weight
        Shape (n,), ascending in time; ``rank`` in 1..n_ranks, higher means at higher risk.
    time_weight
        Weight of the pairs whose earlier event is this row's; read only where ``event``.
    ties_comparable
        Whether a case censored at an event's time counts as surviving it.
    by_event
        Shape (n, 2), added to: for each event the weight of its concordant survivors, those with
        an equal score counting half, and of all its survivors. Shape (0, 2) where not wanted.

    Returns
    -------
    FloatArray
        concordant, discordant, tied_x, tied_y, tied_xy.
    """
    counts = np.zeros(5)
    tree = np.zeros(n_ranks + 1)
    own = np.zeros(n_ranks + 1)
    seen = np.zeros(n_ranks + 1)
    total = 0.0
    stop = time.size
    while stop > 0:
        start = stop - 1
        while start > 0 and time[start - 1] == time[stop - 1]:
            start -= 1
        events = 0
        moment_weight = 0.0
        for i in range(start, stop):
            if event[i]:
                events += 1
                moment_weight = time_weight[i]
            elif ties_comparable:
                _add(tree, rank[i], weight[i])
                own[rank[i]] += weight[i]
                total += weight[i]
        if moment_weight > 0:
            for i in range(start, stop):
                if event[i]:
                    lower, equal = _sum_to(tree, rank[i] - 1), own[rank[i]]
                    counts[0] += moment_weight * weight[i] * lower
                    counts[1] += moment_weight * weight[i] * (total - lower - equal)
                    counts[2] += moment_weight * weight[i] * equal
                    if by_event.size:
                        by_event[i, 0] += moment_weight * (lower + equal / 2)
                        by_event[i, 1] += moment_weight * total
            if events > 1:
                _tied_in_time(start, stop, event, rank, weight, moment_weight, seen, counts)
        for i in range(start, stop):
            if event[i] or not ties_comparable:
                _add(tree, rank[i], weight[i])
                own[rank[i]] += weight[i]
                total += weight[i]
        stop = start
    return counts


@numba.njit(cache=True)
def add_survivors(
    time: FloatArray,
    event: BoolArray,
    rank: IntArray,
    n_ranks: int,
    weight: FloatArray,
    time_weight: FloatArray,
    by_case: FloatArray,
) -> None:
    """Add to ``by_case`` the pairs in which another case had the earlier event.

    Parameters and columns of ``by_case`` as in `count_pairs`, censored ties comparable: after
    both, each row holds all its pairs.
    """
    failed = np.zeros(n_ranks + 1)
    own = np.zeros(n_ranks + 1)
    total = 0.0
    start = 0
    while start < time.size:
        stop = start + 1
        while stop < time.size and time[stop] == time[start]:
            stop += 1
        for i in range(start, stop):
            if event[i]:
                _add_survivor(failed, own, total, rank[i], by_case[i])
        for i in range(start, stop):
            if event[i] and time_weight[i] > 0:
                w = time_weight[i] * weight[i]
                _add(failed, rank[i], w)
                own[rank[i]] += w
                total += w
        for i in range(start, stop):
            if not event[i]:
                _add_survivor(failed, own, total, rank[i], by_case[i])
        start = stop


@numba.njit(cache=True)
def _add_survivor(
    failed: FloatArray, own: FloatArray, total: float, rank: int, case: FloatArray
) -> None:
    """Compare one survivor with the events before it; a higher score there is concordant."""
    lower, equal = _sum_to(failed, rank - 1), own[rank]
    case[0] += total - lower - equal / 2
    case[1] += total
