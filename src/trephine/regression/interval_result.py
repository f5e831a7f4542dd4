"""What a model of events between visits says, with the tests that a Cox model has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.regression.interval_cox import IntervalFit
from trephine.survival.concordance import concordance, influence_covariance
from trephine.types import Estimate, Survival


def interval_result(
    fit: IntervalFit,
    names: Sequence[str],
    survival: Survival,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CoxResult:
    """Return what a fitted model says, as of a Cox model: log likelihoods are full ones.

    Parameters
    ----------
    fit, names, cluster
        The model of q >= 1 columns, and what it was fitted with.
    survival
        The cases with times drawn between the visits, for the concordance.
    level
        Coverage of the intervals.
    """
    k, units = fit.spline.width, np.outer(fit.scale, fit.scale)
    beta = fit.beta / fit.scale
    own, naive = fit.covariance[k:, k:], fit.naive_covariance[k:, k:]
    error = np.sqrt(np.diag(own)) / fit.scale
    half = float(ndtri(0.5 + level / 2)) * error
    tests, robust_score = _tests(fit, cluster)
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp(beta), np.exp(beta - half), np.exp(beta + half)
    return CoxResult(
        names=tuple(names),
        coefficients=beta,
        covariance=own / units,
        naive_covariance=naive / units,
        robust=fit.robust,
        standard_errors=error,
        z=beta / error,
        p_values=2 * ndtr(-np.abs(beta / error)),
        hazard_ratio=ratio,
        low=low,
        high=high,
        likelihood_ratio=tests[0],
        wald=tests[1],
        score=tests[2],
        robust_score=robust_score,
        log_likelihood_null=fit.null.value,
        log_likelihood=fit.at.value,
        concordance=_concordance(fit, survival, cluster, level),
        means=fit.centre,
        n=len(survival),
        n_events=int(survival.event.sum()),
        n_clusters=fit.n_clusters,
        ties="efron",
        level=level,
        n_iterations=fit.n_iterations,
        between_visits=True,
    )


def _tests(
    fit: IntervalFit, cluster: npt.ArrayLike | None
) -> tuple[tuple[ChiSquareTest, ChiSquareTest, ChiSquareTest], ChiSquareTest | None]:
    """Return likelihood ratio, Wald's and the score test, and the last by cluster."""
    k, q = fit.spline.width, fit.beta.size
    information, scores = fit.null.information, fit.null.scores
    # The score of the columns with the baseline's taken out of it.
    taken = np.linalg.solve(information[:k, :k], information[:k, k:])
    efficient = scores[:, k:] - scores[:, :k] @ taken
    inner = information[k:, k:] - information[k:, :k] @ taken
    total = efficient.sum(axis=0)
    wald = float(fit.beta @ np.linalg.solve(fit.covariance[k:, k:], fit.beta))
    values = (
        2 * (fit.at.value - fit.null.value), wald, float(total @ np.linalg.solve(inner, total)),
    )  # fmt: skip
    one, two, three = (ChiSquareTest.of(value, q) for value in values)
    if cluster is None:
        return (one, two, three), None
    spread = influence_covariance(efficient, cluster)
    robust = ChiSquareTest.of(float(total @ np.linalg.solve(spread, total)), q)
    return (one, two, three), robust


def _concordance(
    fit: IntervalFit, survival: Survival, cluster: npt.ArrayLike | None, level: float
) -> Estimate:
    score = (fit.columns * fit.beta).sum(axis=1)
    found = concordance(survival.time, survival.event, score, cluster=cluster)
    half = float(ndtri(0.5 + level / 2)) * found.standard_error
    value = found.estimate
    return Estimate(value, value - half, value + half, level, found.standard_error)
