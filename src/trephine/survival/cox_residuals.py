"""Residuals of a Cox model: martingale, score and Schoenfeld, under both treatments of ties."""

from __future__ import annotations

import numba
import numpy as np

from trephine.choices import Ties
from trephine.survival.baseline import hazard_increments
from trephine.survival.risk_sets import StratifiedRiskSets
from trephine.types import BoolArray, FloatArray, IntArray


def martingale_residuals(
    risk_sets: StratifiedRiskSets, linear_predictor: FloatArray, ties: Ties
) -> FloatArray:
    """Return event minus expected events, shape (n,), in the order of the input rows.

    Under Efron's ties, an event shares its own time's hazard with those tied with it, as in R's
    ``residuals(coxph, "martingale")``. ``linear_predictor`` is in sorted order, as everywhere
    here.
    """
    martingale, _ = _residuals(risk_sets, linear_predictor, ties)
    return risk_sets.since_entry(martingale)


def score_residuals(
    risk_sets: StratifiedRiskSets, linear_predictor: FloatArray, ties: Ties
) -> FloatArray:
    """Return each case's part of the gradient, shape (n, p), in the order of the input rows.

    Their weighted sum is the gradient. Not weighted, and in the units of
    ``StratifiedRiskSets.covariates``.
    """
    _, score = _residuals(risk_sets, linear_predictor, ties)
    return risk_sets.since_entry(score)


def deviance_residuals(martingale: FloatArray, event: BoolArray) -> FloatArray:
    """Return martingale residuals made symmetric (Therneau, Grambsch and Fleming 1990, eq. 8)."""
    expected = np.where(event, 1.0 - martingale, 1.0)
    inner = martingale + np.where(event, np.log(np.maximum(expected, 1e-300)), 0.0)
    residuals: FloatArray = np.sign(martingale) * np.sqrt(np.maximum(-2.0 * inner, 0.0))
    return residuals


def schoenfeld_moments(
    risk_sets: StratifiedRiskSets, linear_predictor: FloatArray, ties: Ties
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Return what the score test of proportional hazards sums over event times.

    Returns
    -------
    rows
        Shape (d,): input rows of the events, in sorted order.
    residuals
        Shape (d, p): covariates of each event minus the risk set's mean (averaged over Efron's
        steps), in the units of ``StratifiedRiskSets.covariates``.
    block_time
        Shape (k,): the event times, one for each stratum and time.
    block_information
        Shape (k, p, p): the information gained at each.
    """
    rows, residuals, blocks, information = _schoenfeld(
        risk_sets.covariates,
        linear_predictor,
        risk_sets.event,
        risk_sets.weight,
        risk_sets.block_start,
        risk_sets.opens_stratum,
        ties == "efron",
    )
    time = risk_sets.time[risk_sets.block_start[blocks]]
    return risk_sets.order[rows], residuals, time, information


def _residuals(
    risk_sets: StratifiedRiskSets, linear_predictor: FloatArray, ties: Ties
) -> tuple[FloatArray, FloatArray]:
    return _case_residuals(
        risk_sets.covariates,
        linear_predictor,
        risk_sets.event,
        risk_sets.weight,
        risk_sets.block_start,
        risk_sets.opens_stratum,
        ties == "efron",
    )


@numba.njit(cache=True)
def _case_residuals(
    X: FloatArray,
    lp: FloatArray,
    event: BoolArray,
    weight: FloatArray,
    block_start: IntArray,
    opens_stratum: BoolArray,
    efron: bool,
) -> tuple[FloatArray, FloatArray]:
    """Return martingale (n,) and score residuals (n, p), sorted order."""
    n, p = X.shape
    hazard, _, own_hazard, mean_hazard, own_mean_hazard, event_mean = hazard_increments(
        X, lp, event, weight, block_start, opens_stratum, efron
    )
    martingale, score = np.zeros(n), np.zeros((n, p))
    total, total_mean = 0.0, np.zeros(p)
    for block in range(hazard.size - 1, -1, -1):
        for i in range(block_start[block], block_start[block + 1]):
            risk = np.exp(lp[i])
            met = total + (own_hazard[block] if event[i] else hazard[block])
            martingale[i] = (1.0 if event[i] else 0.0) - risk * met
            for j in range(p):
                here = own_mean_hazard[block, j] if event[i] else mean_hazard[block, j]
                score[i, j] = -risk * (X[i, j] * met - total_mean[j] - here)
                if event[i]:
                    score[i, j] += X[i, j] - event_mean[block, j]
        total += hazard[block]
        for j in range(p):
            total_mean[j] += mean_hazard[block, j]
        if opens_stratum[block]:
            total = 0.0
            total_mean[:] = 0.0
    return martingale, score


@numba.njit(cache=True)
def _schoenfeld(
    X: FloatArray,
    lp: FloatArray,
    event: BoolArray,
    weight: FloatArray,
    block_start: IntArray,
    opens_stratum: BoolArray,
    efron: bool,
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    p = X.shape[1]
    n_events = event.sum()
    n_blocks = 0
    for block in range(opens_stratum.size):
        if event[block_start[block] : block_start[block + 1]].any():
            n_blocks += 1
    rows, residuals = np.zeros(n_events, np.int64), np.zeros((n_events, p))
    blocks, information = np.zeros(n_blocks, np.int64), np.zeros((n_blocks, p, p))
    risk0, risk1, risk2 = 0.0, np.zeros(p), np.zeros((p, p))
    dead1, dead2 = np.zeros(p), np.zeros((p, p))
    row = found = 0
    for block in range(opens_stratum.size):
        start, stop = block_start[block], block_start[block + 1]
        if opens_stratum[block]:
            risk0 = 0.0
            risk1[:] = 0.0
            risk2[:] = 0.0
        n_dead = 0
        dead_weight, dead0 = 0.0, 0.0
        dead1[:] = 0.0
        dead2[:] = 0.0
        for i in range(start, stop):
            risk = weight[i] * np.exp(lp[i])
            outer = np.outer(X[i], X[i])
            risk0 += risk
            risk1 += risk * X[i]
            risk2 += risk * outer
            if event[i]:
                n_dead += 1
                dead_weight += weight[i]
                dead0 += risk
                dead1 += risk * X[i]
                dead2 += risk * outer
        if n_dead == 0:
            continue
        steps = n_dead if efron else 1
        event_mean = np.zeros(p)
        for step in range(steps):
            removed = step / steps
            sum0 = risk0 - removed * dead0
            mean = (risk1 - removed * dead1) / sum0
            event_mean += mean / steps
            spread = (risk2 - removed * dead2) / sum0 - np.outer(mean, mean)
            information[found] += dead_weight / steps * spread
        for i in range(start, stop):
            if event[i]:
                rows[row] = i
                residuals[row] = X[i] - event_mean
                row += 1
        blocks[found] = block
        found += 1
    return rows, residuals, blocks, information
