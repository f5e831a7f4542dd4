"""Breslow's partial likelihood over sorted cases: value, residuals and curvature, in O(n).

Everything is for the mean over cases: f(eta) = -log PL(eta) / n, with Breslow's handling of ties
(Breslow, discussion of Cox 1972), which is glmnet's. A case leaves the risk set after its own time,
so a case censored at the time of an event is at risk of it. A case that entered late joins the risk
sets of the events after its entry only: going back in time, it is taken out of the sum there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from trephine.survival.late_outcome import entry_of
from trephine.types import BoolArray, FloatArray, IntArray, Survival

# Beyond this span of the linear predictor exp() leaves the range where a risk sum keeps its
# precision; no meaningful hazard ratio is near exp(500).
WIDEST_LINEAR_PREDICTOR = 500.0
# A risk sum that is less than this share of what was summed up is summed anew.
CANCELLED = 1e-4


class RiskSets(NamedTuple):
    """Cases sorted by time, with the risk set of each time at which events occur.

    Attributes
    ----------
    event
        Shape (n,), 1.0 for an event, in the order of time.
    start
        Shape (K,), the first case at risk at each of the K distinct event times.
    n_events
        Shape (K,), events at each of these times.
    first
        Shape (n,), the first of these times that the case is under observation at; 0 but for those
        who entered late.
    late
        Who entered late, shape (L,), the latest first.
    """

    event: FloatArray
    start: IntArray
    n_events: FloatArray
    first: IntArray
    late: IntArray


class RiskState(NamedTuple):
    """What one evaluation of the likelihood leaves behind, and the curvature needs.

    Attributes
    ----------
    relative_hazard
        Shape (n,), exp(eta - max eta).
    cumulative
        Shape (n,), Breslow's cumulative hazard of each case, over exp(max eta).
    residual
        Shape (n,), the gradient of f by eta: -(martingale residual) / n.
    risk_sum
        Shape (K,), sum of ``relative_hazard`` over each risk set.
    """

    relative_hazard: FloatArray
    cumulative: FloatArray
    residual: FloatArray
    risk_sum: FloatArray


def order_by_time(time: FloatArray) -> IntArray:
    """Return the stable order of ``time``, shape (n,)."""
    return np.argsort(time, kind="stable")


def risk_sets(time: FloatArray, event: BoolArray, entry: FloatArray | None = None) -> RiskSets:
    """Return the risk sets of cases that are already sorted by time.

    Parameters
    ----------
    time, event
        Shape (n,).
    entry
        Shape (n,), when each came under observation; None where all from the start.
    """
    status = event.astype(np.float64)
    distinct, opens = np.unique(time, return_index=True)
    n_events = np.add.reduceat(status, opens)
    seen = n_events > 0
    first, late = _late(entry, distinct[seen], time.size)
    return RiskSets(status, opens[seen].astype(np.int64), n_events[seen], first, late)


def _late(entry: FloatArray | None, event_times: FloatArray, n: int) -> tuple[IntArray, IntArray]:
    """Return from which event time on each case is at risk, and who is not from the first."""
    if entry is None:
        return np.zeros(n, dtype=np.int64), np.empty(0, dtype=np.int64)
    first = np.searchsorted(event_times, entry, side="right").astype(np.int64)
    late = np.flatnonzero(first > 0)
    return first, late[np.argsort(-first[late], kind="stable")].astype(np.int64)


def risk_in_order(survival: Survival) -> tuple[RiskSets, IntArray]:
    """Return the risk sets of some cases, and the order by time that they are in."""
    return risk_of_rows(survival, order_by_time(survival.time))


def risk_of_rows(survival: Survival, order: IntArray) -> tuple[RiskSets, IntArray]:
    """Return the risk sets of the cases ``order``, which are sorted by time, and that order."""
    entry = entry_of(survival)
    own = None if entry is None else entry[order]
    return risk_sets(survival.time[order], survival.event[order], own), order


def saturated_log_likelihood(risk: RiskSets) -> float:
    """Return the log partial likelihood of the saturated model, -sum d_k log d_k."""
    return -float(np.sum(risk.n_events * np.log(risk.n_events)))


def empty_state(risk: RiskSets) -> RiskState:
    """Return the memory for ``evaluate``."""
    n, n_times = risk.event.size, risk.start.size
    return RiskState(np.empty(n), np.empty(n), np.empty(n), np.empty(n_times))


@njit(cache=True)
def _at_risk(hazard: FloatArray, risk: RiskSets, k: int) -> float:
    """Return the sum over one risk set, term by term: a difference of sums may have lost it."""
    total = 0.0
    for i in range(risk.start[k], hazard.size):
        if risk.first[i] <= k:
            total += hazard[i]
    return total


@njit(cache=True)
def evaluate(eta: FloatArray, risk: RiskSets, state: RiskState) -> float:
    """Fill ``state`` at the linear predictor ``eta`` (n,) and return the log partial likelihood.

    Returns -inf, and leaves ``state`` undefined, where ``eta`` is not finite or spans more than
    ``WIDEST_LINEAR_PREDICTOR``: the risk sums would underflow.
    """
    n = eta.size
    highest = eta.max()
    if not highest - eta.min() <= WIDEST_LINEAR_PREDICTOR:
        return -np.inf
    hazard, cumulative, residual, risk_sum = state
    log_likelihood = 0.0
    for i in range(n):
        hazard[i] = np.exp(eta[i] - highest)
        log_likelihood += risk.event[i] * (eta[i] - highest)
    total, gone = 0.0, 0.0
    i, out = n - 1, 0
    for k in range(risk.start.size - 1, -1, -1):
        while i >= risk.start[k]:
            total += hazard[i]
            i -= 1
        while out < risk.late.size and risk.first[risk.late[out]] > k:
            gone += hazard[risk.late[out]]
            out += 1
        risk_sum[k] = total - gone
        if gone > 0.0 and risk_sum[k] < CANCELLED * total:
            risk_sum[k] = _at_risk(hazard, risk, k)
        log_likelihood -= risk.n_events[k] * np.log(risk_sum[k])
    reached = 0.0
    k = 0
    for i in range(n):
        while k < risk.start.size and risk.start[k] <= i:
            reached += risk.n_events[k] / risk_sum[k]
            k += 1
        cumulative[i] = reached
    _less_before_entry(cumulative, risk, risk_sum)
    for i in range(n):
        residual[i] = (hazard[i] * cumulative[i] - risk.event[i]) / n
    return log_likelihood


@njit(cache=True)
def _less_before_entry(cumulative: FloatArray, risk: RiskSets, risk_sum: FloatArray) -> None:
    """Take from the cumulative hazard of those who entered late what there was before."""
    if risk.late.size == 0:
        return
    before, k = 0.0, 0
    for place in range(risk.late.size - 1, -1, -1):
        i = risk.late[place]
        while k < risk.first[i]:
            before += risk.n_events[k] / risk_sum[k]
            k += 1
        cumulative[i] -= before


@njit(cache=True)
def curve(
    x: FloatArray, risk: RiskSets, state: RiskState, pull: FloatArray, out: FloatArray
) -> None:
    """Write H_eta x into ``out`` (n,), H_eta being the Hessian of f by the linear predictor.

    Row j of the Hessian by coefficients is then X' out for x = column j. ``pull`` (K,) is scratch:
    the events' share of the risk-set mean of x.
    """
    hazard, cumulative, _, risk_sum = state
    n = x.size
    if risk.late.size:
        _pull_since_entry(x, risk, state, pull)
    else:
        total = 0.0
        i = n - 1
        for k in range(risk.start.size - 1, -1, -1):
            while i >= risk.start[k]:
                total += x[i] * hazard[i]
                i -= 1
            pull[k] = risk.n_events[k] * (total / risk_sum[k]) / risk_sum[k]
    reached = 0.0
    k = 0
    for i in range(n):
        while k < risk.start.size and risk.start[k] <= i:
            reached += pull[k]
            k += 1
        out[i] = reached
    before, k = 0.0, 0
    for place in range(risk.late.size - 1, -1, -1):
        i = risk.late[place]
        while k < risk.first[i]:
            before += pull[k]
            k += 1
        out[i] -= before
    for i in range(n):
        out[i] = (x[i] * cumulative[i] - out[i]) * hazard[i] / n


@njit(cache=True)
def _pull_since_entry(x: FloatArray, risk: RiskSets, state: RiskState, pull: FloatArray) -> None:
    hazard, risk_sum = state.relative_hazard, state.risk_sum
    total, mass = 0.0, 0.0
    i, left = x.size - 1, 0
    for k in range(risk.start.size - 1, -1, -1):
        while i >= risk.start[k]:
            total += x[i] * hazard[i]
            mass += hazard[i]
            i -= 1
        while left < risk.late.size and risk.first[risk.late[left]] > k:
            total -= x[risk.late[left]] * hazard[risk.late[left]]
            left += 1
        mean = total / risk_sum[k]
        if risk_sum[k] < CANCELLED * mass:
            own = 0.0
            for j in range(risk.start[k], x.size):
                if risk.first[j] <= k:
                    own += x[j] * hazard[j]
            mean = own / risk_sum[k]
        pull[k] = risk.n_events[k] * mean / risk_sum[k]


@njit(cache=True)
def log_likelihood(eta: FloatArray, risk: RiskSets) -> float:
    """Return the log partial likelihood at any finite ``eta`` (n,), without under- or overflow.

    The risk sum is carried relative to the largest linear predictor that it holds so far; where
    cases entered late, each sum is relative to its own largest.
    """
    if risk.late.size:
        return _log_likelihood_since_entry(eta, risk)
    total = 0.0
    highest = -np.inf
    value = 0.0
    i = eta.size - 1
    for k in range(risk.start.size - 1, -1, -1):
        while i >= risk.start[k]:
            if eta[i] > highest:
                total = total * np.exp(highest - eta[i]) + 1.0
                highest = eta[i]
            else:
                total += np.exp(eta[i] - highest)
            value += risk.event[i] * eta[i]
            i -= 1
        value -= risk.n_events[k] * (np.log(total) + highest)
    return value


@njit(cache=True)
def _log_likelihood_since_entry(eta: FloatArray, risk: RiskSets) -> float:
    """Return the log partial likelihood with sums over the cases at risk, each from scratch."""
    value = 0.0
    for k in range(risk.start.size):
        highest = -np.inf
        for i in range(risk.start[k], eta.size):
            if risk.first[i] <= k:
                highest = max(highest, eta[i])
        total = 0.0
        for i in range(risk.start[k], eta.size):
            if risk.first[i] <= k:
                total += np.exp(eta[i] - highest)
        value -= risk.n_events[k] * (np.log(total) + highest)
    for i in range(eta.size):
        value += risk.event[i] * eta[i]
    return value


@njit(cache=True)
def log_likelihoods(eta: FloatArray, risk: RiskSets) -> FloatArray:
    """Return ``log_likelihood`` of each row of ``eta``, shape (models, n)."""
    out = np.empty(eta.shape[0])
    for row in range(eta.shape[0]):
        out[row] = log_likelihood(eta[row], risk)
    return out
