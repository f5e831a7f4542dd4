"""Firth's penalised partial likelihood: l(b) + log|I(b)| / 2 (Heinze and Schemper 2001).

The penalty is Jeffreys' prior. It takes the first-order bias from the coefficients, and it has a
maximum where the partial likelihood alone has none: where a column separates the events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from trephine.choices import Penalty, Ties
from trephine.survival.partial_likelihood import PartialLikelihood, partial_likelihood
from trephine.survival.risk_sets import StratifiedRiskSets
from trephine.types import BoolArray, FloatArray

# In standard deviations of a column; the information shrinks far out, where Newton would leap.
_LONGEST_STEP = 2.0
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class PenalisedFit:
    """Where the climb ended, in the units of ``StratifiedRiskSets.covariates``.

    Attributes
    ----------
    converged
        Whether the steps came to rest.
    beta
        Shape (p,); held coefficients as given.
    at
        The (penalised) likelihood there; ``information`` is that of the likelihood alone.
    n_iterations
        Steps taken.
    """

    converged: bool
    beta: FloatArray
    at: PartialLikelihood
    n_iterations: int


def firth_likelihood(
    risk_sets: StratifiedRiskSets, beta: FloatArray, ties: Ties
) -> PartialLikelihood | None:
    """Evaluate the penalised log likelihood and its gradient.

    Parameters
    ----------
    risk_sets
        The cases.
    beta
        Shape (p,), coefficients of the standardised covariates.
    ties
        "breslow", as R's ``coxphf``, or "efron" with the information of Efron's likelihood.

    Returns
    -------
    ``value`` and ``gradient`` with the penalty, ``information`` without it, as Heinze and Schemper
    iterate and as ``coxphf`` reports its variance; None where the information is singular.
    """
    plain = partial_likelihood(risk_sets, beta, ties)
    factor, failed = dpotrf(plain.information, lower=1)
    if failed:
        return None
    covariance = dpotrs(factor, np.eye(beta.size), lower=1)[0]
    slope = _information_slope(risk_sets, beta, ties, covariance)
    return replace(
        plain,
        value=plain.value + float(np.log(np.diag(factor)).sum()),
        gradient=plain.gradient + slope / 2,
    )


def maximise_penalised(
    risk_sets: StratifiedRiskSets,
    ties: Ties,
    penalty: Penalty,
    *,
    held: Mapping[int, float] | None = None,
    start: FloatArray | None = None,
    max_iterations: int = 400,
) -> PenalisedFit:
    """Climb the likelihood, with Firth's penalty or none, while some coefficients are held.

    Parameters
    ----------
    risk_sets, ties
        As `firth_likelihood`.
    penalty
        "firth" or "none".
    held
        Column to the value, in standardised units, at which its coefficient stays. Its column
        stays in the information that the penalty is made of, as in ``coxphf``.
    start
        Shape (p,); 0 where None.
    max_iterations
        Steps allowed.
    """
    fixed = dict(held or {})
    p = risk_sets.covariates.shape[1]
    beta = np.zeros(p) if start is None else start.copy()
    beta[list(fixed)] = list(fixed.values())
    free = ~np.isin(np.arange(p), list(fixed))
    current = _evaluated(risk_sets, beta, ties, penalty)
    if current is None:
        nothing = np.full(p, np.nan)
        empty = PartialLikelihood(float("nan"), nothing, np.full((p, p), np.nan))
        return PenalisedFit(False, beta, empty, 0)
    for iteration in range(1, max_iterations + 1):
        step = _step(current, free)
        if step is None:
            return PenalisedFit(False, beta, current, iteration)
        taken, proposal = _uphill(risk_sets, beta, step, ties, penalty, current)
        if proposal is None:
            return PenalisedFit(bool(np.abs(step).max() < 1e-6), beta, current, iteration)
        beta, current = beta + taken, proposal
        if np.abs(step).max(initial=0.0) < _TOLERANCE:
            return PenalisedFit(True, beta, current, iteration)
    return PenalisedFit(False, beta, current, max_iterations)


def _evaluated(
    risk_sets: StratifiedRiskSets, beta: FloatArray, ties: Ties, penalty: Penalty
) -> PartialLikelihood | None:
    if penalty == "firth":
        return firth_likelihood(risk_sets, beta, ties)
    return partial_likelihood(risk_sets, beta, ties)


def _step(at: PartialLikelihood, free: BoolArray) -> FloatArray | None:
    """Return the scoring step of the free coefficients, none of it too long."""
    step = np.zeros(free.size)
    if not free.any():
        return step
    factor, failed = dpotrf(at.information[np.ix_(free, free)], lower=1)
    if failed:
        return None
    step[free] = dpotrs(factor, at.gradient[free], lower=1)[0]
    longest = float(np.abs(step).max())
    return step * min(1.0, _LONGEST_STEP / longest) if longest > 0 else step


def _uphill(
    risk_sets: StratifiedRiskSets,
    beta: FloatArray,
    step: FloatArray,
    ties: Ties,
    penalty: Penalty,
    current: PartialLikelihood,
) -> tuple[FloatArray, PartialLikelihood | None]:
    """Halve a step until it does not lower the likelihood; None where none is short enough."""
    floor = current.value - 1e-12 * max(abs(current.value), 1.0)
    for _ in range(40):
        proposal = _evaluated(risk_sets, beta + step, ties, penalty)
        if proposal is not None and proposal.value >= floor:
            return step, proposal
        step = step / 2
    return step, None


def _information_slope(
    risk_sets: StratifiedRiskSets, beta: FloatArray, ties: Ties, covariance: FloatArray
) -> FloatArray:
    """Return the gradient of log|I|, shape (p,): tr(V dI/db_j), V being the inverse of I.

    dI/db_j is the third central moment of the covariates in the risk set, so its trace against V
    is the covariance of (x - mean)' V (x - mean) with x_j, summed over the events.
    """
    total = np.zeros(beta.size)
    lp = risk_sets.covariates @ beta
    firsts = np.append(np.flatnonzero(risk_sets.opens_stratum), risk_sets.opens_stratum.size)
    for first, end in pairwise(firsts):
        starts = risk_sets.block_start[first : end + 1]
        rows = slice(int(starts[0]), int(starts[-1]))
        x = risk_sets.covariates[rows]
        event = risk_sets.event[rows]
        weight = risk_sets.weight[rows]
        risk = weight * np.exp(lp[rows] - lp[rows].max())
        products = _products(x, covariance) * risk[:, None]
        inside = starts[:-1] - starts[0]
        at_risk = np.cumsum(products, axis=0)[starts[1:] - starts[0] - 1]
        dying = np.add.reduceat(products * event[:, None], inside, axis=0)
        dead = np.add.reduceat(event.astype(np.int64), inside)
        dead_weight = np.add.reduceat(weight * event, inside)
        steps = dead if ties == "efron" else np.minimum(dead, 1)
        block = np.repeat(np.arange(steps.size), steps)
        place = np.arange(block.size) - np.repeat(np.cumsum(steps) - steps, steps)
        removed = (place / steps[block])[:, None]
        sums = at_risk[block] - removed * dying[block]
        total += (dead_weight[block] / steps[block]) @ _trace(sums, covariance)
    return total


def _products(x: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return per case 1, x, s, s x and all x_j x_k, where s = x' V x."""
    s = np.einsum("ij,jk,ik->i", x, covariance, x)[:, None]
    pairs = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    return np.hstack([np.ones_like(s), x, s, s * x, pairs])


def _trace(sums: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the covariance of (x - mean)' V (x - mean) with x_j at each event, shape (d, p)."""
    p = len(covariance)
    means = sums[:, 1:] / sums[:, :1]
    x, s, sx, pairs = np.split(means, [p, p + 1, 2 * p + 1], axis=1)
    spread = pairs.reshape(-1, p, p) - x[:, :, None] * x[:, None, :]
    return np.asarray(sx - s * x - 2 * np.einsum("dk,kl,dlj->dj", x, covariance, spread))
