"""Regularisation path of the elastic-net Cox model: the solver on arrays.

Proximal Newton on an active set that grows along the path (``path_newton``). Which columns must
enter it is found by ``path_screen``; every solution ends with a KKT check over all columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from trephine.choices import EarlyStop
from trephine.survival.path_model import empty_factor
from trephine.survival.path_newton import (
    ActiveSet,
    empty_active_set,
    fill_hessian,
    grown,
    keep_rows,
    largest_violation,
    minimise,
)
from trephine.survival.path_products import copy
from trephine.survival.path_risk import (
    RiskSets,
    RiskState,
    empty_state,
    evaluate,
    saturated_log_likelihood,
)
from trephine.survival.path_screen import (
    Screen,
    begin_screen,
    find_entering,
    leave_out,
    take_back,
)
from trephine.types import FloatArray, IntArray

SMALLEST_MIXTURE = 1e-3  # glmnet: the penalty that empties a ridge model is infinite; it uses this
UNPENALISED_ONLY = 1e35  # a penalty under which only columns with penalty factor 0 enter
GLMNET_FLAT = 1e-3  # glmnet's early stop: deviance ratio gained over five penalties, relative
GLMNET_SATURATED = 0.99  # and the deviance ratio that ends the path
GLMNET_LEAST_STEPS = 5

PathStatus = Literal["complete", "stopped early", "not converged"]


@dataclass(frozen=True)
class ArrayPath:
    """Solutions on the scale of the design that was given.

    Attributes
    ----------
    coefficients
        Shape (n_penalties, p).
    log_likelihood
        Shape (n_penalties,), Breslow's log partial likelihood.
    kkt_residual
        Shape (n_penalties,), the largest violation of the optimality conditions over all columns.
    residual
        Shape (n,), the gradient of -log PL / n by the linear predictor at the last solution.
    status
        "not converged" where a residual stayed above ``tolerance``; the path ends there.
    """

    coefficients: FloatArray
    log_likelihood: FloatArray
    kkt_residual: FloatArray
    residual: FloatArray
    status: PathStatus


@njit(cache=True)
def _activate(
    active: ActiveSet,
    n_active: int,
    entering: IntArray,
    design: FloatArray,
    screen: Screen,
) -> ActiveSet:
    """Append the columns ``entering`` with coefficient zero."""
    needed = n_active + entering.size
    if needed > active.column.size:
        active = grown(active, n_active, min(max(2 * n_active, needed + 32), design.shape[0]))
    for a in range(entering.size):
        j = entering[a]
        leave_out(screen, j)
        active.column[n_active + a] = j
        copy(design[j], active.design[n_active + a], design.shape[1])
        active.coefficient[n_active + a] = 0.0
        active.gradient[n_active + a] = screen.gradient[j]
        active.drift[n_active + a] = 0.0
    return active


@njit(cache=True)
def _drop_idle(active: ActiveSet, n_active: int, screen: Screen, l1: FloatArray) -> int:
    """Drop columns that are zero and far from entering, when the set has grown fat."""
    nonzero = 0
    for a in range(n_active):
        nonzero += active.coefficient[a] != 0.0
    if n_active <= nonzero + 16 + nonzero // 2:
        return n_active
    kept = np.empty(n_active, np.int64)
    n_kept = 0
    for a in range(n_active):
        j = active.column[a]
        if active.coefficient[a] != 0.0 or abs(active.gradient[a]) > 0.9 * l1[j]:
            kept[n_kept] = a
            n_kept += 1
        else:
            take_back(screen, j, active.gradient[a])
    keep_rows(active, kept[:n_kept])
    return n_kept


@njit(cache=True)
def _solve_path(
    design: FloatArray,
    risk: RiskSets,
    state: RiskState,
    penalties: FloatArray,
    mixture: float,
    factors: FloatArray,
    tolerance: float,
    stop_flat: float,
    saturated: float,
) -> tuple[FloatArray, FloatArray, FloatArray, int, int]:
    p, n = design.shape
    eta = np.zeros(n)
    null = log_likelihood = evaluate(eta, risk, state)
    screen = begin_screen(design, state.residual)
    active = empty_active_set(min(p, 64), n)
    n_active = int(np.int64(0))  # for a literal 0 numba compiles what it is passed to once more
    factor = empty_factor(active.column.size)
    coefficients = np.zeros((penalties.size, p))
    log_likelihoods = np.empty(penalties.size)
    violations = np.empty(penalties.size)
    l1_next = penalties[0] * mixture * factors
    entering, _ = find_entering(
        design, state.residual, np.full(p, np.inf), l1_next, 0.5 * tolerance, screen
    )
    status = 0
    n_done = 0
    for step in range(penalties.size):
        l1 = l1_next
        l1_next = penalties[min(step + 1, penalties.size - 1)] * mixture * factors
        before = n_active
        n_active = _drop_idle(active, n_active, screen, l1)
        if n_active < before or mixture < 1.0:
            factor.size[0] = 0
        foretold = 0.0  # of the model's error at the last penalty, in proportion to the way
        if step > 1:
            foretold = (penalties[step - 1] - penalties[step]) / (
                penalties[step - 2] - penalties[step - 1]
            )
        while True:
            active = _activate(active, n_active, entering, design, screen)
            first, n_active = n_active, n_active + entering.size
            fill_hessian(active, first, n_active, risk, state)
            if factor.support.size < active.column.size:
                factor = empty_factor(active.column.size)
            for a in range(n_active):
                j = active.column[a]
                active.l1[a] = l1[j]
                active.l2[a] = penalties[step] * (1.0 - mixture) * factors[j]
            log_likelihood, violation = minimise(
                active,
                n_active,
                factor,
                eta,
                log_likelihood,
                risk,
                state,
                0.5 * tolerance,
                foretold,
            )
            foretold = 0.0
            entering, worst = find_entering(
                design, state.residual, l1, l1_next, 0.5 * tolerance, screen
            )
            if violation > tolerance or worst <= 0.5 * tolerance:
                break
        violations[step] = max(worst, largest_violation(active, n_active), 0.0)
        log_likelihoods[step] = log_likelihood
        for a in range(n_active):
            coefficients[step, active.column[a]] = active.coefficient[a]
        n_done = step + 1
        if not violations[step] <= tolerance:
            status = 2
            break
        if stop_flat > 0.0 and step >= GLMNET_LEAST_STEPS - 1:
            ratio = (log_likelihood - null) / (saturated - null)
            earlier = (log_likelihoods[step - GLMNET_LEAST_STEPS + 1] - null) / (saturated - null)
            if ratio - earlier < stop_flat * ratio or ratio > GLMNET_SATURATED:
                status = 1
                break
    return coefficients, log_likelihoods, violations, n_done, status


def elastic_net_path(
    design: FloatArray,
    risk: RiskSets,
    penalties: FloatArray,
    mixture: float,
    factors: FloatArray,
    *,
    tolerance: float,
    early_stop: EarlyStop = "none",
) -> ArrayPath:
    """Minimise -log PL / n + penalty sum_j factor_j (mixture |b_j| + (1 - mixture) b_j^2 / 2).

    Parameters
    ----------
    design
        Shape (p, n): one row a column of the data, cases sorted by time, C-contiguous.
    risk
        Risk sets of the same cases.
    penalties
        Decreasing, shape (n_penalties,).
    mixture
        1 for the LASSO; > 0 (``path_ridge`` for 0).
    factors
        Shape (p,), >= 0; a column with factor 0 is not penalised.
    tolerance
        Largest KKT violation of a solution, in the gradient's units.
    early_stop
        "glmnet" ends the path where the deviance ratio gained less than 0.1 % over five penalties,
        or exceeds 0.99.
    """
    flat = GLMNET_FLAT if early_stop == "glmnet" else 0.0
    state = empty_state(risk)
    coefficients, values, violations, n_done, status = _solve_path(
        design,
        risk,
        state,
        penalties,
        mixture,
        factors,
        tolerance,
        flat,
        saturated_log_likelihood(risk),
    )
    names: tuple[PathStatus, ...] = ("complete", "stopped early", "not converged")
    return ArrayPath(
        coefficients[:n_done], values[:n_done], violations[:n_done], state.residual, names[status]
    )
