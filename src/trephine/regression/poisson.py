"""Poisson regression of events on expected events: how far a stated hazard is off, and by what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from trephine.errors import ModelError
from trephine.survival.arrays import group_codes
from trephine.types import BoolArray, FloatArray, IntArray

_MOST_STEPS = 100
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class PoissonFit:
    """A log-linear model of whether the event was seen, with the log of what was expected added.

    Attributes
    ----------
    coefficients
        Shape (p,).
    covariance
        Of ``coefficients``; a sandwich by cluster where clusters were given.
    log_likelihood
        Up to a constant of the offset's.
    """

    coefficients: FloatArray
    covariance: FloatArray
    log_likelihood: float


def fit_poisson(
    design: FloatArray, event: BoolArray, offset: FloatArray, cluster: IntArray | None = None
) -> PoissonFit:
    """Fit by Newton's method with step halving (R: ``glm(event ~ ..., poisson, offset = ...)``).

    With ``offset`` the log of the cumulative hazard that a model gives each case by the end of its
    follow-up, this is a proportional hazards model with that hazard's shape (Crowson, Atkinson and
    Therneau 2016).

    Parameters
    ----------
    design
        Columns, the intercept among them, shape (n, p); p may be 0.
    event
        Shape (n,).
    offset
        Shape (n,); -inf where nothing was expected, and nothing may then have been seen.
    cluster
        Patient of each case, for the sandwich; None for the inverse information.

    Raises
    ------
    ModelError
        If no event was seen, or there is no single maximum.
    """
    if not event.any():
        raise ModelError("no event was seen", kind="no events")
    expected = np.exp(offset)
    beta = np.zeros(design.shape[1])
    value = _log_likelihood(design @ beta, event, expected)
    for _ in range(_MOST_STEPS):
        mean = expected * np.exp(design @ beta)
        step = _solved(_information(design, mean), design.T @ (event - mean))
        size = 1.0
        while (new := _log_likelihood(design @ (beta + size * step), event, expected)) < value:
            size /= 2
            if size < 1e-10:
                break
        if size < 1e-10:
            break
        gain, beta, value = new - value, beta + size * step, new
        if gain <= _TOLERANCE * (1 + abs(new)):
            break
    else:
        raise ModelError("no convergence", model="Poisson model", kind="no convergence")
    mean = expected * np.exp(design @ beta)
    inverse = _solved(_information(design, mean), np.eye(beta.size))
    if cluster is not None:
        codes, _ = group_codes(cluster, event.size, "cluster")
        score = np.zeros((int(codes.max()) + 1, beta.size))
        np.add.at(score, codes, design * (event - mean)[:, None])
        inverse = inverse @ (score.T @ score) @ inverse
    return PoissonFit(beta, inverse, value)


def _log_likelihood(predictor: FloatArray, event: BoolArray, expected: FloatArray) -> float:
    with np.errstate(over="ignore"):
        return float(predictor[event].sum() - (expected * np.exp(predictor)).sum())


def _information(design: FloatArray, mean: FloatArray) -> FloatArray:
    found: FloatArray = design.T @ (design * mean[:, None])
    return found


def _solved(information: FloatArray, right: FloatArray) -> FloatArray:
    try:
        found = np.asarray(np.linalg.solve(information, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        found = np.full(right.shape, np.nan)
    if not np.isfinite(found).all():
        raise ModelError(
            "columns cannot be told apart", model="Poisson model", kind="collinear"
        ) from None
    return found


def wald_chi_square(estimate: FloatArray, covariance: FloatArray) -> tuple[float, float]:
    """Return the Wald statistic that all of ``estimate`` is 0, and its p."""
    statistic = float(estimate @ _solved(covariance, estimate))
    return statistic, float(chdtrc(estimate.size, statistic))
