"""Weights of cases who came under observation late, for what is asked at a horizon.

Follow-up that begins late shows too few of those who have the event early. With S Kaplan-Meier's
curve of those at risk (``Surv(entry, time, event)``) and Y their number, an event at T stands for
S(T-) / Y(T) of all, the step of 1 - S there, and each of those under observation just after the
horizon t for S(t) / Y(t+). Without late entry S(T-) / Y(T) is 1 / (n G(T-)): these are then the
inverse probabilities of censoring. Entry and censoring must be independent
of the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trephine.survival.late_entry import with_entries
from trephine.survival.late_outcome import LateSurvival
from trephine.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Observation:
    """Who was under observation at each of the m distinct times of follow-up.

    Attributes
    ----------
    times, at_risk, deaths
        Shape (m,): ascending; those at risk just before; events.
    before, after
        Kaplan-Meier's curve just before and at each time, shape (m,).
    first, last
        Shape (n,): a case is at risk at the times from ``first`` to ``last``.
    event
        Shape (n,).
    """

    times: FloatArray
    at_risk: FloatArray
    deaths: FloatArray
    before: FloatArray
    after: FloatArray
    first: IntArray
    last: IntArray
    event: BoolArray

    def left_at(self, horizon: float) -> float:
        """Return S(t)."""
        return float(np.append(1.0, self.after)[np.searchsorted(self.times, horizon, "right")])


def observation_of(outcome: LateSurvival) -> Observation:
    """Count who is under observation; times that differ by rounding only are one."""
    n = len(outcome)
    rows = with_entries(outcome.time, outcome.event, outcome.entry)
    times, last = np.unique(rows.time[:n], return_inverse=True)
    first = np.zeros(n, dtype=np.int64)
    first[rows.case[n:]] = np.searchsorted(times, rows.time[n:], side="right")
    size = times.size
    joined = np.cumsum(np.bincount(first, minlength=size + 1))[:size]
    gone = np.append(0, np.cumsum(np.bincount(last, minlength=size))[:-1])
    at_risk = joined - gone
    deaths = np.asarray(np.bincount(last, outcome.event, size), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        after = np.cumprod(1.0 - deaths / at_risk)
    return Observation(
        times=times,
        at_risk=at_risk.astype(np.float64),
        deaths=deaths,
        before=np.append(1.0, after[:-1]),
        after=after,
        first=first,
        last=last.astype(np.int64),
        event=outcome.event,
    )


def late_weights(
    seen: Observation, is_case: BoolArray, is_control: BoolArray, horizon: float
) -> FloatArray:
    """Return the weight of each case, shape (n,); they sum to n where anyone is left at t.

    Parameters
    ----------
    seen
        Of the n cases.
    is_case, is_control
        With the event by the horizon; under observation just after it.
    horizon
        t.
    """
    n = is_case.size
    weight = np.zeros(n)
    step = n * seen.before / seen.at_risk
    weight[is_case] = step[seen.last[is_case]]
    if is_control.any():
        weight[is_control] = n * seen.left_at(horizon) / float(is_control.sum())
    return weight


def late_influence(
    seen: Observation,
    coefficients: Sequence[FloatArray],
    controls: Sequence[BoolArray],
    horizons: Sequence[float],
) -> FloatArray:
    """Return what estimating the weights adds to an influence function, summed over horizons, (n,).

    An estimate is the sum of c_i, each with a weight S / Y. It changes with the weight of case k by
    the sum of c_i (d log S - d log Y), where log S moves at each event time u at which k is at risk
    by -n [d_k / (Y - d) - d / (Y (Y - d))], and log Y by n / Y while k is at risk. The sum of c is
    added, so that the influences of all cases sum to 0 as those of censoring weights do.

    Parameters
    ----------
    seen
        Of the n cases.
    coefficients
        c for each horizon, shape (n,): the case's weighted contribution over n.
    controls
        For each horizon, who is under observation just after it.
    horizons
        The times.
    """
    n, size = seen.first.size, seen.times.size
    own, upto, through_controls = np.zeros(size), np.zeros(size + 1), np.zeros(n)
    for c, control, horizon in zip(coefficients, controls, horizons, strict=True):
        own += np.bincount(seen.last[~control], c[~control], size)
        upto[np.searchsorted(seen.times, horizon, side="right")] += c[control].sum()
        if control.any():
            through_controls -= n * control * c[control].sum() / control.sum()
    upto[:size] += own
    later = np.cumsum(upto[::-1])[::-1][1:]  # of those that read S after each time
    left = seen.at_risk - seen.deaths
    # Where nobody is left, S and with it every weight after is 0.
    lost = np.divide(later, left, out=np.zeros(size), where=left > 0)
    drift = np.append(0.0, np.cumsum(lost * seen.deaths / seen.at_risk))
    share = np.append(0.0, np.cumsum(own / seen.at_risk))
    died = seen.event * lost[seen.last]
    during = (drift - share)[seen.last + 1] - (drift - share)[seen.first]
    total = float(sum(c.sum() for c in coefficients))
    influence: FloatArray = n * (during - died) + through_controls + total
    return influence
