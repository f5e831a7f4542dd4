"""Who is at risk, has the event or is censored at each time of follow-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.survival.arrays import weight_at
from trephine.survival.late_entry import with_entries
from trephine.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class AtRisk:
    """Sums of weights at the m distinct times, and the rows that they are sums of.

    Attributes
    ----------
    times
        Shape (m,): distinct times of events and censorings, ascending.
    n_at_risk, n_events, n_censored
        Shape (m,).
    case
        Shape (n + k,): the case of each row, the n cases first and then the k late entries
        (``survival.late_entry``).
    position
        Shape (n + k,): index of the last of ``times`` that the row is part of.
    event, weight
        Shape (n + k,); the weight of an entry is minus its case's.
    """

    times: FloatArray
    n_at_risk: FloatArray
    n_events: FloatArray
    n_censored: FloatArray
    case: IntArray
    position: IntArray
    event: BoolArray
    weight: FloatArray


def count_at_risk(
    times: FloatArray, events: BoolArray, weights: FloatArray, entry: npt.ArrayLike | None
) -> AtRisk:
    """Count the cases at every distinct time; near ties are merged.

    Parameters
    ----------
    times, events, weights
        Shape (n,), checked.
    entry
        Shape (n,), when each case came under observation; None where all from time 0 on.

    Raises
    ------
    InputError
        Entries that cannot be used.
    """
    n = times.size
    rows = with_entries(times, events, entry)
    distinct, position = np.unique(rows.time[:n], return_inverse=True)
    size = distinct.size
    leaving = weight_at(position, weights, size)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    late = rows.case[n:]
    if late.size:
        before_entry = np.searchsorted(distinct, rows.time[n:], side="right") - 1
        not_yet = weight_at(before_entry, weights[late], size)
        at_risk = at_risk - np.cumsum(not_yet[::-1])[::-1]
        position = np.concatenate([position, before_entry])
    return AtRisk(
        times=distinct,
        n_at_risk=at_risk,
        n_events=weight_at(position[:n], weights * events, size),
        n_censored=weight_at(position[:n], weights * ~events, size),
        case=rows.case,
        position=position,
        event=rows.event,
        weight=rows.sign * weights[rows.case] if late.size else weights,
    )
