"""Breslow's partial likelihood over sorted cases: value, residuals and curvature, in O(n).

Everything is for the mean over cases: f(eta) = -log PL(eta) / n, with Breslow's handling of ties
(Breslow, discussion of Cox 1972), which is glmnet's. A case leaves the risk set after its own time,
so a case censored at the time of an event is at risk of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from trephine.types import BoolArray, FloatArray, IntArray, Survival

# Beyond this span of the linear predictor exp() leaves the range where a risk sum keeps its
# precision; no meaningful hazard ratio is near exp(500).
WIDEST_LINEAR_PREDICTOR = 500.0


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
    """

    event: FloatArray
    start: IntArray
    n_events: FloatArray


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


def risk_sets(time: FloatArray, event: BoolArray) -> RiskSets:
    """Return the risk sets of cases that are already sorted by time."""
    status = event.astype(np.float64)
    _, first = np.unique(time, return_index=True)
    n_events = np.add.reduceat(status, first)
    seen = n_events > 0
    return RiskSets(status, first[seen].astype(np.int64), n_events[seen])


def risk_in_order(survival: Survival) -> tuple[RiskSets, IntArray]:
    """Return the risk sets of some cases, and the order by time that they are in."""
    order = order_by_time(survival.time)
    return risk_sets(survival.time[order], survival.event[order]), order


def saturated_log_likelihood(risk: RiskSets) -> float:
    """Return the log partial likelihood of the saturated model, -sum d_k log d_k."""
    return -float(np.sum(risk.n_events * np.log(risk.n_events)))


def empty_state(risk: RiskSets) -> RiskState:
    """Return the memory for ``evaluate``."""
    n, n_times = risk.event.size, risk.start.size
    return RiskState(np.empty(n), np.empty(n), np.empty(n), np.empty(n_times))


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
    total = 0.0
    i = n - 1
    for k in range(risk.start.size - 1, -1, -1):
        while i >= risk.start[k]:
            total += hazard[i]
            i -= 1
        risk_sum[k] = total
        log_likelihood -= risk.n_events[k] * np.log(total)
    reached = 0.0
    k = 0
    for i in range(n):
        while k < risk.start.size and risk.start[k] <= i:
            reached += risk.n_events[k] / risk_sum[k]
            k += 1
        cumulative[i] = reached
        residual[i] = (hazard[i] * reached - risk.event[i]) / n
    return log_likelihood


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
        out[i] = (x[i] * cumulative[i] - reached) * hazard[i] / n


@njit(cache=True)
def log_likelihood(eta: FloatArray, risk: RiskSets) -> float:
    """Return the log partial likelihood at any finite ``eta`` (n,), without under- or overflow.

    The risk sum is carried relative to the largest linear predictor that it holds so far.
    """
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
def log_likelihoods(eta: FloatArray, risk: RiskSets) -> FloatArray:
    """Return ``log_likelihood`` of each row of ``eta``, shape (models, n)."""
    out = np.empty(eta.shape[0])
    for row in range(eta.shape[0]):
        out[row] = log_likelihood(eta[row], risk)
    return out
