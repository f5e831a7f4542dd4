"""Late entry (left truncation): a case is at risk only from when it came under observation.

A case that is followed from ``entry`` to ``time`` is a case that was always followed, less the same
case censored at its entry. So each late case has a second row, censored at its entry, with minus
its weight; every sum over those still followed, and all that is made of such sums, is then that of
those who are at risk, and what counts cases without late entry needs no other kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.survival.arrays import check_vector, merge_near_ties
from trephine.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class LateEntry:
    """The n cases, and behind them a row for the entry of each case that entered late.

    Attributes
    ----------
    case
        Shape (n + k,): the case that each row belongs to; the first n are the cases themselves.
    time, event
        Shape (n + k,): when the row ends, near ties merged, and whether by an event.
    sign
        Shape (n + k,): 1 for a case, -1 for an entry; times the weight.
    """

    case: IntArray
    time: FloatArray
    event: BoolArray
    sign: FloatArray


def rows_by_time(times: FloatArray, events: BoolArray, entry: npt.ArrayLike | None) -> LateEntry:
    """Return cases and entries in the order of time; without late entry, times as they are given.

    Parameters and errors as `with_entries`, which merges times that differ by rounding only.
    """
    n = times.size
    rows = LateEntry(np.arange(n), times, events, np.ones(n))
    if entry is not None:
        rows = with_entries(times, events, entry)
    order = np.argsort(rows.time, kind="stable")
    return LateEntry(rows.case[order], rows.time[order], rows.event[order], rows.sign[order])


def check_entry(entry: npt.ArrayLike, times: FloatArray) -> FloatArray:
    """Return entry times, shape (n,), each from 0 on and before the case's ``times``.

    Raises
    ------
    InputError
        Another shape, or a time that cannot be; the first bad row and the count are given.
    """
    start = check_vector(entry, times.size, "entry")
    late = np.flatnonzero((start < 0) | (start >= times))
    if late.size:
        raise InputError(
            f"entry: expected 0 or later, and before the case's time {times[late[0]]:g}, found"
            f" {start[late[0]]:g} in row {late[0]} and {late.size - 1} more"
        )
    return start


def with_entries(times: FloatArray, events: BoolArray, entry: npt.ArrayLike | None) -> LateEntry:
    """Return cases and entries as rows.

    An entry before the first end of follow-up has no row, for it changes no risk set. Entries and
    times that differ by rounding only are one time, as in R's ``aeqSurv``.

    Parameters
    ----------
    times, events
        Shape (n,), checked.
    entry
        Shape (n,); None where every case is followed from time 0.

    Raises
    ------
    InputError
        Entries that cannot be used, with their row.
    """
    n = times.size
    cases = np.arange(n)
    if entry is None:
        return LateEntry(cases, merge_near_ties(times), events, np.ones(n))
    start = check_entry(entry, times).copy()
    late = np.flatnonzero(start > 0)
    merged = merge_near_ties(np.concatenate([times, start[late]]))
    start[late] = merged[n:]
    check_entry(start, merged[:n])
    kept = merged[n:] >= merged[:n].min()
    late, merged = late[kept], np.concatenate([merged[:n], merged[n:][kept]])
    return LateEntry(
        case=np.concatenate([cases, late]),
        time=merged,
        event=np.concatenate([events, np.zeros(late.size, dtype=np.bool_)]),
        sign=np.concatenate([np.ones(n), -np.ones(late.size)]),
    )
