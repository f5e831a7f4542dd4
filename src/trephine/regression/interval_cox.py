"""Proportional hazards where events are known to an interval, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dpstrf

from trephine.errors import ModelError
from trephine.regression.cox_checks import refuse_constant
from trephine.survival.arrays import group_codes
from trephine.survival.baseline import BaselineHazard
from trephine.survival.concordance import influence_covariance
from trephine.survival.interval_likelihood import (
    IntervalDesign,
    LikelihoodAt,
    LogTimeSpline,
    Maximum,
    likelihood_at,
    maximise,
)
from trephine.survival.turnbull import check_bounds
from trephine.types import FloatArray

MOST_INNER_KNOTS = 3
"""Baselines with 0 (Weibull) to so many inner knots are tried; AIC chooses."""
FEWEST_EVENTS_A_KNOT = 10
# A coefficient this many standard deviations of its column has no maximum.
_RUNAWAY = 12.0
_COLLINEAR = 1e-11
# Points at which a baseline must rise, and at which one is kept.
_GRID = 400
_MOST_WHOLE = 1000


@dataclass(frozen=True)
class IntervalFit:
    """A fitted model of q columns, which are centred and scaled here.

    Attributes
    ----------
    spline
        Of the baseline, whose coefficients come first in ``theta``.
    theta
        Of spline and scaled columns, shape (r,).
    covariance, naive_covariance
        Of ``theta``: by cluster where there are any, and the inverse information.
    centre, scale
        Of the columns, shape (q,).
    at, null
        The likelihood at the maximum, and at the maximum with all q coefficients 0 (with scores
        and information of all r).
    columns
        The scaled columns, shape (n, q).
    robust, n_clusters, n_iterations
        As fitted.
    """

    spline: LogTimeSpline
    theta: FloatArray
    covariance: FloatArray
    naive_covariance: FloatArray
    centre: FloatArray
    scale: FloatArray
    at: LikelihoodAt
    null: LikelihoodAt
    columns: FloatArray
    robust: bool
    n_clusters: int | None
    n_iterations: int

    @property
    def beta(self) -> FloatArray:
        """Coefficients of the scaled columns, shape (q,)."""
        return self.theta[self.spline.width :]

    def log_hazard(self, times: npt.ArrayLike) -> FloatArray:
        """Return log H0(t) of the case at the centre at times > 0, shape (k,)."""
        columns = self.spline.columns(np.atleast_1d(np.asarray(times, dtype=np.float64)))
        found: FloatArray = columns @ self.theta[: self.spline.width]
        return found

    def baseline(self, times: FloatArray) -> BaselineHazard:
        """Return the baseline at ascending times > 0, as steps between them.

        Of a case at d from the centre the variance of log H is ``a + 2 c'd + d'Vd``; its sum of
        squares is completed, so that it reads as a Cox model's does.
        """
        k = self.spline.width
        columns = self.spline.columns(times)
        hazard = np.exp(columns @ self.theta[:k])
        within, cross, own = (
            self.covariance[:k, :k],
            self.covariance[k:, :k],
            self.covariance[k:, k:],
        )
        both = columns @ cross.T
        mean: FloatArray = both
        if own.size:
            mean = np.asarray(-np.linalg.solve(own, both.T).T, dtype=np.float64)
        rest = np.einsum("ti,ij,tj->t", columns, within, columns)
        rest = np.maximum(rest + np.einsum("tq,tq->t", mean, both), 0.0)
        return BaselineHazard(
            times=times,
            cumulative_hazard=hazard,
            variance=rest * hazard**2,
            mean_hazard=mean * hazard[:, None],
        )


def fit_interval_cox(
    design: FloatArray,
    names: Sequence[str],
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    inner_knots: int | None = None,
) -> IntervalFit:
    """Fit proportional hazards to events in ``(low, high]``.

    Parameters
    ----------
    design, names
        Columns, shape (n, q); q may be 0.
    low, high
        As `trephine.survival.turnbull.turnbull`.
    cluster
        Shape (n,): cases that may depend on each other, for a sandwich variance.
    inner_knots
        Of the baseline, at quantiles of the middles of the intervals with an event; by default
        those of 0 (Weibull: R's ``survreg``) to 3 whose AIC is least, among baselines that rise all
        along, with ten events at least for each.

    Raises
    ------
    ModelError
        No event, constant or collinear columns, separation, or no maximum.
    """
    lows, highs = check_bounds(low, high)
    centre = design.mean(axis=0)
    spread = design.std(axis=0)
    _refuse(design, spread, names, np.isfinite(highs))
    scale = np.where(spread > 0, spread, 1.0)
    scaled = (design - centre) / scale
    seen = int(np.isfinite(highs).sum())
    asked = (
        range(1 + min(MOST_INNER_KNOTS, max(seen // FEWEST_EVENTS_A_KNOT - 1, 0)))
        if inner_knots is None
        else (inner_knots,)
    )
    best: tuple[float, LogTimeSpline, IntervalDesign, Maximum] | None = None
    for count in asked:
        spline = LogTimeSpline(_knots(lows, highs, count))
        cases = IntervalDesign.of(lows, highs, scaled, spline)
        found = maximise(cases, _start(lows, highs, spline, scaled.shape[1]))
        _refuse_runaway(found, spline, names)
        aic = -2 * found.at.value + 2 * found.theta.size
        rises = found.converged and _rises(spline, found.theta, lows, highs)
        if rises and (best is None or aic < best[0]):
            best = (aic, spline, cases, found)
    if best is None:
        raise ModelError(
            "no baseline with a rising hazard reaches a maximum of the likelihood",
            model="Cox model",
            kind="no convergence",
        )
    _, spline, cases, found = best
    return _with_errors(spline, cases, found, (centre, scale), cluster)


def baseline_times(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the times at which a baseline is kept: whole ones, even ones and all bounds.

    Up to the last bound that is known; between two of them the curve keeps the value of the first.
    """
    bounds = np.concatenate([low, high[np.isfinite(high)]])
    last = float(bounds.max())
    even = last * np.arange(1, _GRID + 1) / _GRID
    whole = np.arange(1, np.floor(last) + 1) if last <= _MOST_WHOLE else np.empty(0)
    kept = np.unique(np.concatenate([even, whole, [last]]))
    return kept[(kept > 0) & (kept <= last)]


def _knots(low: FloatArray, high: FloatArray, inner: int) -> FloatArray:
    """Return knots of log time: the outer bounds of the events, and quantiles of their middles."""
    seen = np.isfinite(high)
    middle = np.log((low[seen] + high[seen]) / 2)
    bounds = np.concatenate([low[seen & (low > 0)], high[seen]])
    first, last = np.log(bounds.min()), np.log(bounds.max())
    if last - first < 1e-8:
        first -= 0.5
    between = np.quantile(middle, np.arange(1, inner + 1) / (inner + 1))
    return np.concatenate([[first], np.clip(between, first + 1e-6, last - 1e-6), [last]])


def _start(low: FloatArray, high: FloatArray, spline: LogTimeSpline, q: int) -> FloatArray:
    """Return the exponential model of the middles, where the likelihood is finite."""
    seen = np.isfinite(high)
    time = np.where(seen, (low + np.where(seen, high, 0.0)) / 2, low)
    theta = np.zeros(spline.width + q)
    span = spline.knots[-1] - spline.knots[0]
    theta[1] = span
    theta[0] = np.log(seen.sum() / time.sum()) + spline.knots[0]
    return theta


def _rises(spline: LogTimeSpline, theta: FloatArray, low: FloatArray, high: FloatArray) -> bool:
    """Say whether the hazard is positive at all times that a case was followed."""
    bounds = np.concatenate([low[low > 0], high[np.isfinite(high)]])
    grid = np.geomspace(bounds.min() / 100, bounds.max(), _GRID)
    return bool((spline.slopes(grid) @ theta[: spline.width] > 0).all())


def _refuse(
    design: FloatArray, spread: FloatArray, names: Sequence[str], seen: npt.NDArray[np.bool_]
) -> None:
    n, q = design.shape
    if not seen.any():
        raise ModelError(
            f"expected events, found none among {n} cases", model="Cox model", kind="no events"
        )
    refuse_constant(names, spread != 0)
    if q >= n:
        raise ModelError(
            f"expected fewer columns than cases, found {q} columns and {n} cases",
            model="Cox model",
            kind="too few cases",
        )
    if q:
        correlation = np.atleast_2d(np.corrcoef(design, rowvar=False))
        _, pivots, rank, _ = dpstrf(correlation, tol=_COLLINEAR, lower=1)
        if rank < q:
            dependent = [names[j - 1] for j in sorted(pivots[rank:])]
            raise ModelError(
                "collinear columns: {} follow from the others; drop them",
                dependent,
                model="Cox model",
                kind="collinear",
            )


def _refuse_runaway(found: Maximum, spline: LogTimeSpline, names: Sequence[str]) -> None:
    size = np.abs(found.theta[spline.width :])
    if size.size and size.max() > _RUNAWAY:
        guilty = [name for name, one in zip(names, size, strict=True) if one >= 0.2 * size.max()]
        raise ModelError(
            "the coefficient of {} runs to infinity (separation: cases on one side of the column"
            " have no event, or the column orders the events perfectly); merge levels or drop the"
            " column",
            guilty,
            model="Cox model",
            kind="separation",
        )


def _with_errors(
    spline: LogTimeSpline,
    cases: IntervalDesign,
    found: Maximum,
    units: tuple[FloatArray, FloatArray],
    cluster: npt.ArrayLike | None,
) -> IntervalFit:
    naive = np.linalg.inv(found.at.information)
    naive = (naive + naive.T) / 2
    k, n_clusters, covariance = spline.width, None, naive
    if cluster is not None:
        n_clusters = int(group_codes(cluster, cases.exact.size, "cluster")[1].size)
        covariance = influence_covariance(found.at.scores @ naive, cluster)
    alone = maximise(cases.without_covariates(k), found.theta[:k])
    null = np.append(alone.theta, np.zeros(found.theta.size - k))
    return IntervalFit(
        spline=spline,
        theta=found.theta,
        covariance=covariance,
        naive_covariance=naive,
        centre=units[0],
        scale=units[1],
        at=found.at,
        null=likelihood_at(cases, null),
        columns=cases.at_low[:, k:],
        robust=cluster is not None,
        n_clusters=n_clusters,
        n_iterations=found.n_iterations,
    )
