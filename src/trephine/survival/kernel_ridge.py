"""Ridge path of the Cox model from the cases' inner products: exact, and as fast for any p.

The ridge solution lies in the span of the cases, b = X' a, so that with the Gram matrix K = X X'
the linear predictor is K a and the penalty a' K a (Kimeldorf and Wahba 1971, J Math Anal Appl
33:82). Newton steps are solved by conjugate gradients in the geometry of b: one product with K
each, and no factorisation. ``path_ridge`` solves the same problem column by column; tests hold the
two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from trephine.errors import ModelError
from trephine.survival.path_risk import (
    RiskSets,
    RiskState,
    curve,
    empty_state,
    evaluate,
    risk_in_order,
)
from trephine.types import BoolArray, FloatArray, IntArray, Survival

TOLERANCE = 1e-6  # of a gradient's norm, as a share of the null model's
# Where rounding stops the steps short of the tolerance, a gradient within so many of it will do:
# at the default, linear predictors are then right to four digits.
STALLED = 100.0
# K may be singular. A squared norm by K below this share of the largest that a vector of the same
# length can have is rounding, and a step along it leads anywhere.
ROUNDING = 1e-15
MOST_NEWTON_STEPS = 50
MOST_INNER_STEPS = 200
MOST_HALVINGS = 30


@dataclass(frozen=True)
class KernelPath:
    """Ridge solutions along decreasing penalties, as weights of the cases.

    Attributes
    ----------
    penalties
        Shape (m,).
    dual
        Shape (m, n): coefficients are ``dual @ X``, linear predictors ``dual @ K``, X and K being
        those of the n cases.
    log_likelihood
        Breslow's log partial likelihood of each solution, shape (m,).
    """

    penalties: FloatArray
    dual: FloatArray
    log_likelihood: FloatArray


def kernel_ridge_path(
    gram: FloatArray,
    survival: Survival,
    penalties: FloatArray,
    *,
    row: IntArray | None = None,
    tolerance: float = TOLERANCE,
    start: FloatArray | None = None,
    risk_order: tuple[RiskSets, IntArray] | None = None,
) -> KernelPath:
    """Minimise -log PL(K a) / n + penalty a' K a / 2 along a path, with Breslow's ties.

    Parameters
    ----------
    gram
        Shape (u, u): inner products of the cases' columns, which are best centred.
    survival
        Of the n cases.
    penalties
        Decreasing and > 0, shape (m,).
    row
        Shape (n,): where in ``gram`` each case stands; by default the i-th stands i-th. Copies of
        a case, of which a bootstrap has many, may share a row, and the products cost less.
    tolerance
        Largest gradient norm of a solution, as a share of the null model's.
    start
        Weights at which to begin, shape (n,): a path that goes on from another's last solution is
        the one path of both. By default 0.
    risk_order
        Risk sets of the cases and their order by time, where they are known already.

    Raises
    ------
    ModelError
        If a penalty is too small for a solution in floating point.
    """
    risk, order = risk_in_order(survival) if risk_order is None else risk_order
    rows = np.arange(len(survival)) if row is None else row
    inner = Products(np.ascontiguousarray(gram), rows[order])
    begin = np.zeros(len(survival)) if start is None else start[order]
    dual, values, converged = _path(inner, risk, empty_state(risk), penalties, tolerance, begin)
    if not converged.all():
        first = penalties[np.argmin(converged)]
        raise ModelError(
            f"no convergence at penalty {first:.3g}: it is too small for these columns; ask"
            " for larger penalties",
            model="ridge",
            kind="no convergence",
        )
    in_order = np.empty_like(dual)
    in_order[:, order] = dual
    return KernelPath(penalties, in_order, values)


def residual_of_null(risk: RiskSets, order: IntArray) -> FloatArray:
    """Return the martingale residuals of the model without columns, over n, shape (n,).

    A column's inner product with them is its score: the slope of log PL / n at no effect.
    """
    state = empty_state(risk)
    evaluate(np.zeros(order.size), risk, state)
    residual = np.empty(order.size)
    residual[order] = -state.residual
    return residual


class Products(NamedTuple):
    """K of n cases as the inner products of their u distinct rows, and each case's row."""

    gram: FloatArray
    row: IntArray


@njit(cache=True)
def _times(inner: Products, weights: FloatArray) -> FloatArray:
    """Return K times the weights of the cases, (n,)."""
    gathered = np.zeros(inner.gram.shape[0])
    for i in range(weights.size):
        gathered[inner.row[i]] += weights[i]
    product: FloatArray = np.dot(inner.gram, gathered)[inner.row]
    return product


@njit(cache=True)
def _largest_diagonal(inner: Products) -> float:
    largest = 0.0
    for i in range(inner.gram.shape[0]):
        largest = max(largest, inner.gram[i, i])
    return largest


@njit(cache=True)
def _newton_step(
    inner: Products,
    downhill: FloatArray,
    k_downhill: FloatArray,
    penalty: float,
    risk: RiskSets,
    state: RiskState,
    precision: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the Newton step and its linear predictor, by conjugate gradients.

    ``precision`` is the squared residual, as a share of the first, at which to stop.
    """
    n = downhill.size
    widest = n * _largest_diagonal(inner)
    pull = np.empty(risk.start.size)
    curved = np.empty(n)
    step, k_step = np.zeros(n), np.zeros(n)
    rest, k_rest = downhill.copy(), k_downhill.copy()
    direction, k_direction = rest.copy(), k_rest.copy()
    square = np.dot(rest, k_rest)
    enough = precision * square
    for _ in range(MOST_INNER_STEPS):
        curve(k_direction, risk, state, pull, curved)
        bent = np.dot(k_direction, curved) + penalty * np.dot(direction, k_direction)
        if not bent > 0.0:
            break
        share = square / bent
        for i in range(n):
            step[i] += share * direction[i]
            k_step[i] += share * k_direction[i]
            rest[i] -= share * (curved[i] + penalty * direction[i])
        k_rest = _times(inner, rest)
        before = square
        square = np.dot(rest, k_rest)
        if not square > max(enough, ROUNDING * widest * np.dot(rest, rest)):
            break
        turn = square / before
        for i in range(n):
            direction[i] = rest[i] + turn * direction[i]
            k_direction[i] = k_rest[i] + turn * k_direction[i]
    return step, k_step


@njit(cache=True)
def _path(
    inner: Products,
    risk: RiskSets,
    state: RiskState,
    penalties: FloatArray,
    tolerance: float,
    start: FloatArray,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    n = risk.event.size
    evaluate(np.zeros(n), risk, state)
    null_square = np.dot(state.residual, _times(inner, state.residual))
    dual = start.copy()
    eta = _times(inner, dual)
    value = evaluate(eta, risk, state)
    enough = tolerance * tolerance * null_square
    duals = np.empty((penalties.size, n))
    values = np.empty(penalties.size)
    converged = np.zeros(penalties.size, np.bool_)
    for k in range(penalties.size):
        penalty = penalties[k]
        before = np.inf
        for _ in range(MOST_NEWTON_STEPS):
            downhill = -(state.residual + penalty * dual)
            k_downhill = _times(inner, downhill)
            square = np.dot(downhill, k_downhill)
            stalled = square >= before and square <= STALLED * STALLED * enough
            if square <= enough or stalled:
                converged[k] = True
                break
            before = square
            precision = min(0.01, square / null_square)
            step, k_step = _newton_step(
                inner, downhill, k_downhill, penalty, risk, state, precision
            )
            loss = 0.5 * penalty * np.dot(dual, eta) - value / n
            descent = np.dot(downhill, k_step)
            share = 1.0
            for _ in range(MOST_HALVINGS):
                new_eta = eta + share * k_step
                new_dual = dual + share * step
                new_value = evaluate(new_eta, risk, state)
                new_loss = 0.5 * penalty * np.dot(new_dual, new_eta) - new_value / n
                # Near the minimum the loss no longer tells steps apart: rounding is let pass.
                if new_loss <= loss - 1e-4 * share * descent + 1e-14 * abs(loss):
                    break
                share *= 0.5
            # Computed anew from the dual: kept by sums alone, eta drifts away from K dual.
            dual = new_dual
            eta = _times(inner, dual)
            value = evaluate(eta, risk, state)
        duals[k] = dual
        values[k] = value
    return duals, values, converged
