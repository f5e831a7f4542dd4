"""Cox's partial likelihood with its gradient and information, Efron's and Breslow's ties.

The risk sums are kept relative to a running shift of the linear predictor, so that neither exp
overflows nor the sum over the last few cases underflows, however large the coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from trephine.choices import Ties
from trephine.survival.risk_sets import StratifiedRiskSets
from trephine.types import BoolArray, FloatArray, IntArray

# A risk sum is rescaled once a linear predictor exceeds its shift by this much.
_SHIFT_MARGIN = 30.0


@dataclass(frozen=True)
class PartialLikelihood:
    """The log partial likelihood at one point, in the units of ``StratifiedRiskSets.covariates``.

    Attributes
    ----------
    value
        Log partial likelihood.
    gradient
        Shape (p,).
    information
        Minus the Hessian, shape (p, p).
    """

    value: float
    gradient: FloatArray
    information: FloatArray


def partial_likelihood(
    risk_sets: StratifiedRiskSets, beta: FloatArray, ties: Ties
) -> PartialLikelihood:
    """Evaluate the log partial likelihood and its first two derivatives.

    Parameters
    ----------
    risk_sets
        The cases.
    beta
        Shape (p,), coefficients of the standardised covariates.
    ties
        "efron" (Efron 1977; R's default) or "breslow". With weights, each of the m tied events
        enters Efron's sums with the mean of their weights, as in R's ``coxph``.
    """
    value, gradient, information = _evaluate(
        risk_sets.covariates,
        risk_sets.covariates @ beta,
        risk_sets.event,
        risk_sets.weight,
        risk_sets.block_start,
        risk_sets.opens_stratum,
        ties == "efron",
    )
    return PartialLikelihood(value, gradient, information)


@numba.njit(cache=True)
def _add_outer(target: FloatArray, x: FloatArray, factor: float) -> None:
    """Add factor * x x' to the lower triangle."""
    for j in range(x.size):
        scaled = factor * x[j]
        for k in range(j + 1):
            target[j, k] += scaled * x[k]


@numba.njit(cache=True)
def _evaluate(
    X: FloatArray,
    lp: FloatArray,
    event: BoolArray,
    weight: FloatArray,
    block_start: IntArray,
    opens_stratum: BoolArray,
    efron: bool,
) -> tuple[float, FloatArray, FloatArray]:
    p = X.shape[1]
    value = 0.0
    gradient, information = np.zeros(p), np.zeros((p, p))
    risk0, risk1, risk2 = 0.0, np.zeros(p), np.zeros((p, p))
    dead1, dead2, mean = np.zeros(p), np.zeros((p, p)), np.zeros(p)
    shift = 0.0
    for block in range(opens_stratum.size):
        start, stop = block_start[block], block_start[block + 1]
        top = lp[start:stop].max()
        if opens_stratum[block]:
            risk0, shift = 0.0, top
            risk1[:] = 0.0
            risk2[:] = 0.0
        elif top > shift + _SHIFT_MARGIN:
            shrink = np.exp(shift - top)
            risk0 *= shrink
            risk1 *= shrink
            risk2 *= shrink
            shift = top
        n_dead = event[start:stop].sum()
        shared = efron and n_dead > 1
        dead_weight, dead0 = 0.0, 0.0
        if shared:
            dead1[:] = 0.0
            dead2[:] = 0.0
        for i in range(start, stop):
            risk = weight[i] * np.exp(lp[i] - shift)
            risk0 += risk
            for j in range(p):
                risk1[j] += risk * X[i, j]
            _add_outer(risk2, X[i], risk)
            if event[i]:
                dead_weight += weight[i]
                value += weight[i] * lp[i]
                for j in range(p):
                    gradient[j] += weight[i] * X[i, j]
                if shared:
                    dead0 += risk
                    for j in range(p):
                        dead1[j] += risk * X[i, j]
                    _add_outer(dead2, X[i], risk)
        if n_dead == 0:
            continue
        steps = n_dead if efron else 1
        step_weight = dead_weight / steps
        for step in range(steps):
            removed = step / steps
            sum0 = risk0 - removed * dead0
            value -= step_weight * (np.log(sum0) + shift)
            ratio = step_weight / sum0
            for j in range(p):
                mean[j] = risk1[j] / sum0
                if step > 0:
                    mean[j] -= removed * dead1[j] / sum0
                gradient[j] -= step_weight * mean[j]
                scaled = step_weight * mean[j]
                for k in range(j + 1):
                    information[j, k] += ratio * risk2[j, k] - scaled * mean[k]
                if step > 0:
                    for k in range(j + 1):
                        information[j, k] -= ratio * removed * dead2[j, k]
    for j in range(p):
        for k in range(j):
            information[k, j] = information[j, k]
    return value, gradient, information
