"""Intervals and tests from the profile of a (penalised) partial likelihood.

Of Firth's likelihood they are those of R's ``coxphf``: where a column separates the events, the
likelihood is far from a parabola, and Wald's interval is wrong on both sides (Heinze and Schemper
2001). They take cases as independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri

from trephine.choices import Penalty
from trephine.errors import InputError, ModelError
from trephine.regression.cox_fit import CoxFit
from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.survival.firth import maximise_penalised
from trephine.types import FloatArray

# A limit further than this many standard deviations of its column is none.
_FURTHEST = 200.0


@dataclass
class _Profile:
    """The largest likelihood at each value of one coefficient."""

    fit: CoxFit
    penalty: Penalty
    column: int
    nearby: FloatArray

    def drop(self, value: float) -> float:
        """Return twice the loss of log likelihood where the coefficient is held at ``value``."""
        held = maximise_penalised(
            self.fit.risk_sets,
            self.fit.result.ties,
            self.penalty,
            held={self.column: value},
            start=self.nearby,
        )
        if not held.converged:
            raise ModelError(
                "no convergence of the profile likelihood of {}",
                [self.fit.result.names[self.column]],
                model="Cox model",
                kind="no convergence",
            )
        self.nearby = held.beta
        return 2 * (self.fit.result.log_likelihood - held.at.value)


def profiled(fit: CoxFit) -> CoxResult:
    """Return a fit's result with intervals and p values of its profile likelihood.

    Parameters
    ----------
    fit
        Of `fit_cox`; the likelihood is the one that it maximised, penalised or not.

    Returns
    -------
    The result with ``low`` and ``high`` (0 or infinite where the likelihood levels off before),
    and each ``p_values`` of the likelihood ratio test that this coefficient is 0.

    Raises
    ------
    ModelError
        If a profile does not converge.
    """
    result = fit.result
    allowed = float(chdtri(1, 1 - result.level))
    low, high = np.empty(len(result.names)), np.empty(len(result.names))
    p_values = np.empty_like(low)
    for j in range(low.size):
        low[j] = _limit(_Profile(fit, result.penalty, j, fit.beta), allowed, -1.0)
        high[j] = _limit(_Profile(fit, result.penalty, j, fit.beta), allowed, 1.0)
        p_values[j] = chdtrc(1, max(_Profile(fit, result.penalty, j, fit.beta).drop(0.0), 0.0))
    with np.errstate(over="ignore"):
        limits = np.exp(np.stack([low, high]) / fit.risk_sets.scale)
    return replace(result, low=limits[0], high=limits[1], p_values=p_values, profiled=True)


def likelihood_ratio_of(fit: CoxFit, names: Sequence[str]) -> ChiSquareTest:
    """Test that the coefficients of some columns are all 0, by the likelihood that was fitted.

    The columns are held at 0, not left out: Firth's penalty is that of the whole model, as in R's
    ``coxphftest``.

    Raises
    ------
    InputError
        If a column is not the model's.
    ModelError
        If the restricted fit does not converge.
    """
    unknown = [name for name in names if name not in fit.result.names]
    if unknown:
        raise InputError(f"names: expected columns of the model, found {unknown}")
    held = {fit.result.names.index(name): 0.0 for name in names}
    found = maximise_penalised(fit.risk_sets, fit.result.ties, fit.result.penalty, held=held)
    if not found.converged:
        raise ModelError(
            "no convergence with {} held at 0",
            list(names),
            model="Cox model",
            kind="no convergence",
        )
    return ChiSquareTest.of(2 * (fit.result.log_likelihood - found.at.value), len(held))


def _limit(profile: _Profile, allowed: float, side: float) -> float:
    """Return where the drop reaches what is allowed, on one side of the estimate."""
    estimate = float(profile.fit.beta[profile.column])
    error = float(np.sqrt(profile.fit.naive_covariance[profile.column, profile.column]))
    inner, reach = estimate, np.sqrt(allowed) * error
    outer = estimate + side * reach
    while profile.drop(outer) < allowed:
        reach *= 1.6
        inner, outer = outer, estimate + side * reach
        if reach > _FURTHEST:
            return side * float("inf")
    root: float = brentq(lambda value: profile.drop(value) - allowed, inner, outer, xtol=1e-9)
    return root
