"""Proximal Newton on an active set: the inner solver of the elastic-net Cox path.

Minimises f(X b) + sum_j l1_j |b_j| + l2_j b_j^2 / 2 over the active columns, f being Breslow's
negative log partial likelihood over n. The Hessian of f is kept from step to step, and from penalty
to penalty, and computed anew only where the convergence that it yields becomes slow (a stale
Hessian costs speed, never accuracy: gradients are exact).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from trephine.survival.path_model import Factor, minimise_model
from trephine.survival.path_products import add_rows, copy, dots, fill_symmetric
from trephine.survival.path_risk import RiskSets, RiskState, curve, evaluate
from trephine.types import FloatArray, IntArray

HESSIAN_BLOCK = 64  # rows whose curvature is held at once
MOST_STEPS = 100
MOST_HALVINGS = 30
ROUNDING = 1e-15  # a smaller relative gain is none


class ActiveSet(NamedTuple):
    """Memory of the active columns; only the first ``n_active`` rows are in use.

    Attributes
    ----------
    column
        Shape (capacity,), the design's columns that are active.
    design
        Shape (capacity, n), a copy of these columns, one after the other in memory.
    hessian
        Shape (capacity, capacity), of f by the active coefficients.
    coefficient, gradient, l1, l2
        Shape (capacity,): the coefficients, the gradient of f by them and their penalties.
    drift
        Shape (capacity,): by how much the gradient after the first step at the last penalty missed
        the one that the quadratic model foretold.
    """

    column: IntArray
    design: FloatArray
    hessian: FloatArray
    coefficient: FloatArray
    gradient: FloatArray
    l1: FloatArray
    l2: FloatArray
    drift: FloatArray


@njit(cache=True)
def empty_active_set(capacity: int, n: int) -> ActiveSet:
    """Return memory for ``capacity`` columns of ``n`` cases."""
    return ActiveSet(
        np.empty(capacity, np.int64),
        np.empty((capacity, n)),
        np.empty((capacity, capacity)),
        np.empty(capacity),
        np.empty(capacity),
        np.empty(capacity),
        np.empty(capacity),
        np.empty(capacity),
    )


@njit(cache=True)
def grown(active: ActiveSet, n_active: int, capacity: int) -> ActiveSet:
    """Return the same active set with room for ``capacity`` columns."""
    new = empty_active_set(capacity, active.design.shape[1])
    for a in range(n_active):
        new.column[a] = active.column[a]
        new.coefficient[a] = active.coefficient[a]
        new.gradient[a] = active.gradient[a]
        new.drift[a] = active.drift[a]
        new.l1[a] = active.l1[a]
        new.l2[a] = active.l2[a]
        copy(active.design[a], new.design[a], active.design.shape[1])
        copy(active.hessian[a], new.hessian[a], n_active)
    return new


@njit(cache=True)
def keep_rows(active: ActiveSet, kept: IntArray) -> None:
    """Move the rows ``kept`` (increasing) to the front."""
    for new in range(kept.size):
        old = kept[new]
        if new == old:
            continue
        active.column[new] = active.column[old]
        copy(active.design[old], active.design[new], active.design.shape[1])
        active.coefficient[new] = active.coefficient[old]
        active.gradient[new] = active.gradient[old]
        active.drift[new] = active.drift[old]
    for new in range(kept.size):
        for other in range(kept.size):
            active.hessian[new, other] = active.hessian[kept[new], kept[other]]


@njit(cache=True)
def fill_hessian(
    active: ActiveSet, first: int, n_active: int, risk: RiskSets, state: RiskState
) -> None:
    """Compute the Hessian's rows and columns from ``first`` to ``n_active`` at ``state``."""
    n = active.design.shape[1]
    pull = np.empty(risk.start.size)
    block = np.empty((min(HESSIAN_BLOCK, n_active - first), n))
    for begin in range(first, n_active, HESSIAN_BLOCK):
        end = min(begin + HESSIAN_BLOCK, n_active)
        for row in range(begin, end):
            curve(active.design[row], risk, state, pull, block[row - begin])
        fill_symmetric(block, active.design, begin, end, active.hessian)


@njit(cache=True)
def violation(gradient: float, coefficient: float, l1: float, l2: float) -> float:
    """Return by how much one coordinate misses its KKT condition."""
    if coefficient > 0.0:
        return abs(gradient + l2 * coefficient + l1)
    if coefficient < 0.0:
        return abs(gradient + l2 * coefficient - l1)
    return max(0.0, abs(gradient) - l1)


@njit(cache=True)
def largest_violation(active: ActiveSet, n_active: int) -> float:
    """Return the largest KKT violation among the active columns."""
    worst = 0.0
    for a in range(n_active):
        worst = max(
            worst,
            violation(active.gradient[a], active.coefficient[a], active.l1[a], active.l2[a]),
        )
    return worst


@njit(cache=True)
def _penalty(active: ActiveSet, coefficient: FloatArray) -> float:
    total = 0.0
    for a in range(coefficient.size):
        b = coefficient[a]
        total += active.l1[a] * abs(b) + 0.5 * active.l2[a] * b * b
    return total


@njit(cache=True)
def _renewal_pays(
    residual: float, previous: float, tolerance: float, n_active: int, n: int
) -> bool:
    """Say whether the steps still needed with the old Hessian cost more than a new one.

    Costs in multiplications, those of a matrix product counted at a quarter.
    """
    if residual >= 0.8 * previous:
        return True
    steps = np.log(tolerance / residual) / np.log(residual / previous)
    a = float(n_active)
    renewal = a * a * n / 4.0 + a**3 / 6.0
    step = 4.0 * a * n + 3.0 * a * a + 40.0 * n
    return bool(steps > 2.0 + renewal / step)


@njit(cache=True)
def minimise(
    active: ActiveSet,
    n_active: int,
    factor: Factor,
    eta: FloatArray,
    log_likelihood: float,
    risk: RiskSets,
    state: RiskState,
    tolerance: float,
    foretold: float,
) -> tuple[float, float]:
    """Bring the active columns' KKT violations under ``tolerance``.

    ``eta``, ``state`` and the coefficients, gradients and drift of ``active`` are kept up to date;
    the ``factor`` must be that of the Hessian and l2, or empty. ``foretold`` is the share of the
    last penalty's drift that the first step is expected to see again: along a path the model errs
    much as it did a step before, and a step that allows for it mostly needs no second.

    Returns
    -------
    log_likelihood, residual
        At the end; the residual stays above ``tolerance`` only where rounding allows no progress
        or the steps ran out.
    """
    n = eta.size
    residual = largest_violation(active, n_active)
    fresh = False
    first = int(np.int64(0))  # for a literal 0 numba compiles ``fill_hessian`` once more
    goal = np.empty(n_active)
    trial = np.empty(n_active)
    trial_eta = np.empty(n)
    along = np.empty(n)
    slope = np.empty(n_active)
    expected = np.empty(n_active)
    for step in range(MOST_STEPS):
        if residual <= tolerance:
            break
        if step > 0:
            foretold = 0.0
        for a in range(n_active):
            expected[a] = active.gradient[a] + foretold * active.drift[a]
        minimise_model(
            active.hessian,
            expected,
            active.coefficient[:n_active],
            active.l1[:n_active],
            active.l2[:n_active],
            factor,
            max(0.1 * tolerance, 0.02 * residual),
            goal,
            slope,
        )
        before = _penalty(active, active.coefficient[:n_active]) - log_likelihood / n
        for a in range(n_active):
            trial[a] = goal[a] - active.coefficient[a]
        along[:] = 0.0
        add_rows(trial, active.design, along)
        share = 1.0
        improved = False
        for _ in range(MOST_HALVINGS):
            for i in range(n):
                trial_eta[i] = eta[i] + share * along[i]
            for a in range(n_active):
                b = active.coefficient[a]
                trial[a] = goal[a] if share == 1.0 else b + share * (goal[a] - b)
            new_log_likelihood = evaluate(trial_eta, risk, state)
            after = _penalty(active, trial) - new_log_likelihood / n
            if after <= before + 1e-13 * (1.0 + abs(before)):
                improved = True
                break
            if not fresh:  # a new Hessian costs less than a walk in steps of a stale one
                break
            share *= 0.5
        if not improved:
            log_likelihood = evaluate(eta, risk, state)
            if fresh:
                break
            fill_hessian(active, first, n_active, risk, state)
            active.drift[:n_active] = 0.0
            factor.size[0] = 0
            fresh = True
            continue
        log_likelihood = new_log_likelihood
        copy(trial_eta, eta, n)
        copy(trial, active.coefficient, n_active)
        dots(active.design, n_active, state.residual, active.gradient)
        if step == 0 and share == 1.0:
            for a in range(n_active):
                active.drift[a] = active.gradient[a] - slope[a] + foretold * active.drift[a]
        previous, residual = residual, largest_violation(active, n_active)
        if residual > tolerance and (
            share < 1.0 or _renewal_pays(residual, previous, tolerance, n_active, n)
        ):
            if fresh and residual > 0.5 * previous and before - after <= ROUNDING * abs(before):
                break
            fill_hessian(active, first, n_active, risk, state)
            active.drift[:n_active] = 0.0
            factor.size[0] = 0
            fresh = True
        else:
            fresh = False
    return log_likelihood, residual
