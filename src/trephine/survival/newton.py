"""Newton's method with step halving for the Cox partial likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from trephine.choices import Ties
from trephine.survival.partial_likelihood import PartialLikelihood, partial_likelihood
from trephine.survival.risk_sets import StratifiedRiskSets
from trephine.types import BoolArray, FloatArray

# A Newton step that is still this long (in standard deviations of the covariate) where the
# likelihood no longer rises means that the maximum lies at infinity.
_INFINITE_STEP = 1e-3


NewtonStatus = Literal["converged", "infinite", "singular", "slow"]


@dataclass(frozen=True)
class NewtonFit:
    """Where Newton's method ended, in the units of ``StratifiedRiskSets.covariates``.

    Attributes
    ----------
    status
        "converged"; "infinite": the likelihood is flat towards infinity along ``infinite``;
        "singular": the information cannot be inverted; "slow": out of iterations.
    beta
        Shape (p,), coefficients.
    covariance
        Inverse information at ``beta``, shape (p, p); NaN where singular.
    null, fitted
        The likelihood at 0 and at ``beta``.
    infinite
        Shape (p,): whether the coefficient runs away.
    n_iterations
        Newton steps taken.
    """

    status: NewtonStatus
    beta: FloatArray
    covariance: FloatArray
    null: PartialLikelihood
    fitted: PartialLikelihood
    infinite: BoolArray
    n_iterations: int


def maximise_partial_likelihood(
    risk_sets: StratifiedRiskSets, ties: Ties, *, tolerance: float = 1e-12, max_iterations: int = 50
) -> NewtonFit:
    """Maximise the partial likelihood, starting from 0.

    Stops where |1 - previous / current log likelihood| <= ``tolerance``, the meaning of ``eps``
    in R's ``coxph.control``. A step that lowers the likelihood is halved.
    """
    p = risk_sets.covariates.shape[1]
    beta = np.zeros(p)
    null = current = partial_likelihood(risk_sets, beta, ties)
    no_column = np.zeros(p, dtype=np.bool_)
    for iteration in range(1, max_iterations + 1):
        step = _solve(current)
        if step is None:
            return _ended("singular", beta, null, current, no_column, iteration)
        proposal = partial_likelihood(risk_sets, beta + step, ties)
        halvings = 0
        while not proposal.value >= _slightly_below(current.value) and halvings < 30:
            step = step / 2
            halvings += 1
            proposal = partial_likelihood(risk_sets, beta + step, ties)
        beta = beta + step
        rise = abs(proposal.value - current.value)
        current = proposal
        if halvings == 0 and rise <= tolerance * abs(current.value):
            last = _solve(current)
            if last is None:
                return _ended("singular", beta, null, current, no_column, iteration)
            infinite = np.abs(last) > _INFINITE_STEP
            status: Literal["infinite", "converged"] = "infinite" if infinite.any() else "converged"
            return _ended(status, beta, null, current, infinite, iteration)
    return _ended("slow", beta, null, current, no_column, max_iterations)


def _slightly_below(value: float) -> float:
    """Return the value less what rounding can take from it."""
    return value - 1e-13 * abs(value)


def _solve(at: PartialLikelihood) -> FloatArray | None:
    """Return information^-1 gradient, or None where the information is not positive definite."""
    factor, failed = dpotrf(at.information, lower=1)
    if failed:
        return None
    step: FloatArray = dpotrs(factor, at.gradient, lower=1)[0]
    return step if np.isfinite(step).all() else None


def _ended(
    status: NewtonStatus,
    beta: FloatArray,
    null: PartialLikelihood,
    fitted: PartialLikelihood,
    infinite: BoolArray,
    n_iterations: int,
) -> NewtonFit:
    covariance = np.full((beta.size, beta.size), np.nan)
    factor, failed = dpotrf(fitted.information, lower=1)
    if not failed:
        # Not dpotri: OpenBLAS starts threads for it that wait for each other even at p = 10.
        inverse = dpotrs(factor, np.eye(beta.size), lower=1)[0]
        covariance = (inverse + inverse.T) / 2
    return NewtonFit(status, beta, covariance, null, fitted, infinite, n_iterations)
