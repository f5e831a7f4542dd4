"""Regularisation path of the elastic-net Cox model: the solver on arrays.

Proximal Newton on an active set that grows along the path (``path_newton``), with two screens:
the sequential strong rule (Tibshirani et al. 2012, J R Stat Soc B 74:245), which may err, and a
bound by Cauchy and Schwarz on how far a column's gradient can have moved since it was last
computed, which cannot. Every solution ends with a KKT check over all columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from trephine.survival.path_model import empty_factor
from trephine.survival.path_newton import (
    ActiveSet,
    fill_hessian,
    grown,
    keep_rows,
    largest_violation,
    minimise,
)
from trephine.survival.path_risk import (
    RiskSets,
    RiskState,
    empty_state,
    evaluate,
    saturated_log_likelihood,
)
from trephine.types import BoolArray, FloatArray

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
    gradient
        Shape (p,), of -log PL / n at the last solution.
    status
        "not converged" where a residual stayed above ``tolerance``; the path ends there.
    """

    coefficients: FloatArray
    log_likelihood: FloatArray
    kkt_residual: FloatArray
    gradient: FloatArray
    status: PathStatus


@njit(cache=True)
def _activate(
    active: ActiveSet, n_active: int, entering: BoolArray, design: FloatArray, gradient: FloatArray
) -> tuple[ActiveSet, int]:
    """Append the columns in ``entering`` with coefficient zero."""
    needed = n_active + int(entering.sum())
    if needed > active.column.size:
        active = grown(active, n_active, min(max(2 * n_active, needed + 32), design.shape[0]))
    for j in range(entering.size):
        if entering[j]:
            active.column[n_active] = j
            active.design[n_active] = design[j]
            active.coefficient[n_active] = 0.0
            active.gradient[n_active] = gradient[j]
            n_active += 1
    return active, n_active


@njit(cache=True)
def _drop_idle(
    active: ActiveSet, n_active: int, is_active: BoolArray, gradient: FloatArray, l1: FloatArray
) -> int:
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
        gradient[j] = active.gradient[a]
        if active.coefficient[a] != 0.0 or abs(active.gradient[a]) > 0.9 * l1[j]:
            kept[n_kept] = a
            n_kept += 1
        else:
            is_active[j] = False
    keep_rows(active, kept[:n_kept])
    return n_kept


@njit(cache=True)
def _check(
    design: FloatArray,
    length: FloatArray,
    residual: FloatArray,
    reference: FloatArray,
    gradient: FloatArray,
    l1: FloatArray,
    slack: float,
    skip: BoolArray,
    entering: BoolArray,
) -> float:
    """Mark the columns outside ``skip`` that violate their KKT condition; return the worst.

    ``gradient`` was exact for the residuals ``reference``: by Cauchy and Schwarz no entry can have
    moved by more than |x_j| |residual - reference|, and where that proves |gradient| <= l1 the
    column is passed over. Where the proof fails too often, reference and gradient are renewed.
    """
    p = design.shape[0]
    drift = np.sqrt(np.sum((residual - reference) ** 2))
    doubtful = 0
    for j in range(p):
        entering[j] = False
        if not skip[j] and abs(gradient[j]) + drift * length[j] > l1[j]:
            doubtful += 1
            entering[j] = True
    if 4 * doubtful > p:
        gradient[:] = np.dot(design, residual)
        reference[:] = residual
        for j in range(p):
            entering[j] = not skip[j]
    worst = 0.0
    renewed = 4 * doubtful > p
    for j in range(p):
        if entering[j]:
            slope = gradient[j] if renewed else np.dot(design[j], residual)
            worst = max(worst, abs(slope) - l1[j])
            entering[j] = abs(slope) > l1[j] + slack
    return worst


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
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, int, int]:
    p, n = design.shape
    eta = np.zeros(n)
    log_likelihood = evaluate(eta, risk, state)
    null = log_likelihood
    length = np.empty(p)
    for j in range(p):
        length[j] = np.sqrt(np.dot(design[j], design[j]))
    reference = state.residual.copy()
    gradient = np.dot(design, reference)

    capacity = min(p, 64)
    active = ActiveSet(
        np.empty(capacity, np.int64),
        np.empty((capacity, n)),
        np.empty((capacity, capacity)),
        np.empty(capacity),
        np.empty(capacity),
        np.empty(capacity),
        np.empty(capacity),
    )
    n_active = 0
    factor = empty_factor(capacity)
    is_active = np.zeros(p, np.bool_)
    entering = np.zeros(p, np.bool_)
    skip = np.zeros(p, np.bool_)
    coefficients = np.zeros((penalties.size, p))
    log_likelihoods = np.empty(penalties.size)
    residuals = np.empty(penalties.size)
    l1 = np.empty(p)
    l1_before = np.empty(p)
    l1_before[:] = np.inf
    status = 0
    n_done = 0

    for step in range(penalties.size):
        for j in range(p):
            l1[j] = penalties[step] * mixture * factors[j]
        before = n_active
        n_active = _drop_idle(active, n_active, is_active, gradient, l1)
        if n_active < before or mixture < 1.0:
            factor.size[0] = 0
        drift = np.sqrt(np.sum((state.residual - reference) ** 2))
        strong_only = step > 0
        for j in range(p):
            # Outside the strong set: certain not to enter, or unlikely to.
            skip[j] = is_active[j] or (
                strong_only and abs(gradient[j]) + drift * length[j] < 2.0 * l1[j] - l1_before[j]
            )
        slack = 0.5 * tolerance
        worst = 0.0
        solved = False
        for _ in range(100 + p):
            worst = _check(
                design, length, state.residual, reference, gradient, l1, slack, skip, entering
            )
            if entering.any():
                first = n_active
                active, n_active = _activate(active, n_active, entering, design, gradient)
                for a in range(first, n_active):
                    is_active[active.column[a]] = True
                    skip[active.column[a]] = True
                    active.gradient[a] = np.dot(active.design[a], state.residual)
                fill_hessian(active, first, n_active, risk, state)
            elif strong_only and solved:
                strong_only = False
                skip[:] = is_active
                continue
            elif solved:
                break
            if factor.support.size < active.column.size:
                factor = empty_factor(active.column.size)
            for a in range(n_active):
                j = active.column[a]
                active.l1[a] = l1[j]
                active.l2[a] = penalties[step] * (1.0 - mixture) * factors[j]
            log_likelihood, residual = minimise(
                active, n_active, factor, eta, log_likelihood, risk, state, 0.5 * tolerance
            )
            solved = True
            if residual > tolerance:
                break
        residuals[step] = max(worst, largest_violation(active, n_active))
        if not residuals[step] <= tolerance:
            status = 2
            residuals[step] = max(residuals[step], 0.0)
        for a in range(n_active):
            coefficients[step, active.column[a]] = active.coefficient[a]
        log_likelihoods[step] = log_likelihood
        n_done = step + 1
        l1_before[:] = l1
        if status == 2:
            break
        if stop_flat > 0.0 and step >= GLMNET_LEAST_STEPS - 1:
            ratio = (log_likelihood - null) / (saturated - null)
            earlier = (log_likelihoods[step - GLMNET_LEAST_STEPS + 1] - null) / (saturated - null)
            if ratio - earlier < stop_flat * ratio or ratio > GLMNET_SATURATED:
                status = 1
                break
    gradient[:] = np.dot(design, state.residual)
    return coefficients, log_likelihoods, residuals, gradient, n_done, status


def elastic_net_path(
    design: FloatArray,
    risk: RiskSets,
    penalties: FloatArray,
    mixture: float,
    factors: FloatArray,
    *,
    tolerance: float,
    early_stop: Literal["none", "glmnet"] = "none",
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
    coefficients, values, residuals, gradient, n_done, status = _solve_path(
        design,
        risk,
        empty_state(risk),
        penalties,
        mixture,
        factors,
        tolerance,
        flat,
        saturated_log_likelihood(risk),
    )
    names: tuple[PathStatus, ...] = ("complete", "stopped early", "not converged")
    return ArrayPath(
        coefficients[:n_done], values[:n_done], residuals[:n_done], gradient, names[status]
    )
