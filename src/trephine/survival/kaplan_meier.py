"""Kaplan-Meier curves: pointwise intervals, quantiles, restricted means and follow-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from trephine.errors import InputError
from trephine.survival.arrays import check_survival, check_weights
from trephine.survival.at_risk import count_at_risk
from trephine.survival.clustered_curve import clustered_log_error
from trephine.types import BoolArray, Estimate, FloatArray

IntervalType = Literal["log", "log-log", "plain", "arcsin"]
_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True)
class SurvivalAtTimes:
    """A survival curve read at given times; every array has the shape of ``times``.

    Attributes
    ----------
    times
        Times asked for.
    n_at_risk
        Cases (weights) still followed just before each time.
    survival_probability, standard_error, low, high
        S(t), its standard error and pointwise interval.
    level
        Coverage of the interval.
    """

    times: FloatArray
    n_at_risk: FloatArray
    survival_probability: FloatArray
    standard_error: FloatArray
    low: FloatArray
    high: FloatArray
    level: float


@dataclass(frozen=True)
class KaplanMeierCurve:
    """A Kaplan-Meier curve, one element a distinct time of follow-up (events and censorings).

    Attributes
    ----------
    times
        Distinct times, ascending.
    n_at_risk, n_events, n_censored
        Sums of weights (counts where no weights were given).
    survival_probability
        S(t), right-continuous.
    standard_error
        On the scale of S, Greenwood's or by cluster; NaN where S = 0.
    low, high
        Pointwise interval of type ``interval``; NaN where R gives none (S = 0; for "log-log" and
        "arcsin" also S = 1).
    interval, level
        Scale on which the interval is symmetric, and its coverage.
    """

    times: FloatArray
    n_at_risk: FloatArray
    n_events: FloatArray
    n_censored: FloatArray
    survival_probability: FloatArray
    standard_error: FloatArray
    low: FloatArray
    high: FloatArray
    interval: IntervalType
    level: float

    def at(self, times: npt.ArrayLike) -> SurvivalAtTimes:
        """Read the curve at ``times`` as ``summary(survfit, times, extend=TRUE)`` does.

        Before the first follow-up time S = 1 with a standard error of 0 and the interval [1, 1];
        after the last one the curve keeps its last value.
        """
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        last = np.searchsorted(self.times, asked, side="right")
        following = np.searchsorted(self.times, asked, side="left")
        return SurvivalAtTimes(
            times=asked,
            n_at_risk=np.append(self.n_at_risk, 0.0)[following],
            survival_probability=np.append(1.0, self.survival_probability)[last],
            standard_error=np.append(0.0, self.standard_error)[last],
            low=np.append(1.0, self.low)[last],
            high=np.append(1.0, self.high)[last],
            level=self.level,
        )

    def quantile(self, p: float) -> Estimate:
        """Return the time by which a fraction ``p`` has had the event (0.5: the median).

        The interval holds the times at which the pointwise limits cross 1 - p (Brookmeyer and
        Crowley 1982). Where the curve is flat at 1 - p the middle of the flat piece is taken, as
        in R's ``quantile.survfit``. NaN where the curve or a limit does not reach 1 - p.

        Raises
        ------
        InputError
            If p is not between 0 and 1.
        """
        if not 0 < p < 1:
            raise InputError(f"quantile: expected 0 < p < 1, found {p}")
        value, low, high = (
            _first_crossing(self.times, curve, p)
            for curve in (self.survival_probability, self.low, self.high)
        )
        return Estimate(value, low, high, self.level)

    def restricted_mean(self, tau: float) -> Estimate:
        """Return the mean event-free time up to ``tau``: the area under the curve.

        Variance as in R's ``summary(survfit, rmean=tau)``: the sum over event times t <= tau of
        (area from t to tau)^2 d / (Y (Y - d)); the interval is the value -/+ z SE.

        Raises
        ------
        InputError
            If tau is not positive, or lies after the last follow-up while S > 0: the area is
            then unknown.
        """
        if not tau > 0 or (tau > self.times[-1] and self.survival_probability[-1] > 0):
            raise InputError(
                f"restricted mean: expected 0 < tau <= {self.times[-1]:g} (the last follow-up),"
                f" found {tau}"
            )
        keep = self.times <= tau
        edges = np.concatenate(([0.0], self.times[keep], [tau]))
        area = np.diff(edges) * np.append(1.0, self.survival_probability[keep])
        area_after = np.cumsum(area[::-1])[::-1][1:]
        deaths, at_risk = self.n_events[keep], self.n_at_risk[keep]
        left = at_risk - deaths
        with np.errstate(divide="ignore", invalid="ignore"):
            hazard = np.where(left > 0, deaths / (at_risk * left), 0.0)
        value = float(area.sum())
        error = float(np.sqrt(np.sum(area_after**2 * hazard)))
        half = float(ndtri(0.5 + self.level / 2)) * error
        return Estimate(value, value - half, value + half, self.level, error)


def kaplan_meier(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    interval: IntervalType = "log",
    level: float = 0.95,
) -> KaplanMeierCurve:
    """Estimate the survival function of right-censored, and perhaps left-truncated, data.

    Equal to R's ``survival::survfit(Surv(time, event) ~ 1)``, with ``entry`` to that of
    ``Surv(entry, time, event)``; censorings at an event time count as at risk there.

    Parameters
    ----------
    time, event
        Shape (n,): follow-up >= 0, and whether the event was seen.
    entry
        Shape (n,), >= 0: when each case came under observation, before its ``time``; 0 where None.
        A case is at risk of events after its entry only (left truncation). Where few are at risk
        early, one event may take the curve to 0 for good: read ``n_at_risk``.
    weights
        Shape (n,), > 0. Counted as frequencies: a weight of 2 equals the case twice (R:
        ``robust = FALSE``).
    cluster
        Shape (n,): the cases of one cluster may depend on each other. Standard errors are then by
        the infinitesimal jackknife (R: ``survfit(..., cluster = )``); None takes cases as
        independent (Greenwood).
    interval
        Scale on which the pointwise interval is symmetric.
    level
        Coverage of the interval.

    Raises
    ------
    InputError
        Unusable times, events, entries, weights or level.

    Examples
    --------
    >>> from trephine import kaplan_meier
    >>> curve = kaplan_meier([5, 8, 8, 12, 20], [1, 1, 0, 1, 0])
    >>> curve.at([8, 12]).survival_probability.round(2)
    array([0.6, 0.3])

    The last three came under observation later; the third at 6, so that it met no event before 8:

    >>> late = kaplan_meier([5, 8, 8, 12, 20], [1, 1, 0, 1, 0], entry=[0, 0, 6, 1, 2])
    >>> late.n_at_risk.tolist()
    [4.0, 4.0, 2.0, 1.0]
    """
    if not 0 < level < 1:
        raise InputError(f"level: expected 0 < level < 1, found {level}")
    times, events = check_survival(time, event)
    counted = count_at_risk(times, events, check_weights(weights, times.size), entry)
    at_risk, deaths = counted.n_at_risk, counted.n_events
    # Sums of fractional weights may leave 1e-17 of a case behind.
    left = np.where(at_risk - deaths < 1e-12 * at_risk, 0.0, at_risk - deaths)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(left / at_risk, dtype=np.float64)
        cumulated = np.cumsum(deaths / (at_risk * left))
        if cluster is None:
            log_error: FloatArray = np.sqrt(cumulated)
        else:
            labels = np.unique(np.asarray(cluster), return_inverse=True)[1]
            if labels.shape != times.shape:
                raise InputError(f"cluster: expected shape {times.shape}, found {labels.shape}")
            log_error = clustered_log_error(counted, labels, 1.0 / left, cumulated)
        standard_error: FloatArray = survival * log_error
    low, high = survival_interval(survival, log_error, interval, level)
    return KaplanMeierCurve(
        counted.times,
        at_risk,
        deaths,
        counted.n_censored,
        survival,
        standard_error,
        low,
        high,
        interval,
        level,
    )


def reverse_kaplan_meier(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    interval: IntervalType = "log",
    level: float = 0.95,
) -> KaplanMeierCurve:
    """Estimate follow-up (Schemper and Smith 1996): being censored is the event.

    ``reverse_kaplan_meier(...).quantile(0.5)`` is the median follow-up that papers report; equal
    to R's ``survfit(Surv(time, 1 - event) ~ 1)``.
    """
    times, events = check_survival(time, event)
    return kaplan_meier(times, ~events, cluster=cluster, interval=interval, level=level)


def survival_interval(
    survival: FloatArray, log_error: FloatArray, interval: IntervalType, level: float
) -> tuple[FloatArray, FloatArray]:
    """Return pointwise limits of survival probabilities.

    Parameters
    ----------
    survival
        S(t), any shape.
    log_error
        Standard error of log S(t) (of the cumulative hazard), same shape.
    interval
        "plain": S -/+ z S se; "log": exp(log S -/+ z se); "log-log": on log(-log S); "arcsin": on
        asin(sqrt S). Limits are cut to [0, 1], as in R's ``survfit``.
    level
        Coverage.

    Raises
    ------
    InputError
        If the interval type is unknown.
    """
    z = float(ndtri(0.5 + level / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "plain":
            half = z * log_error * survival
            return np.maximum(survival - half, 0.0), np.minimum(survival + half, 1.0)
        if interval == "log":
            logs = np.log(np.where(survival > 0, survival, np.nan))
            half = z * log_error
            return np.exp(logs - half), np.minimum(np.exp(logs + half), 1.0)
        if interval == "log-log":
            logs = np.log(np.where((survival > 0) & (survival < 1), survival, np.nan))
            half = z * log_error / logs
            centre = np.log(-logs)
            return np.exp(-np.exp(centre - half)), np.exp(-np.exp(centre + half))
        if interval == "arcsin":
            half = 0.5 * z * log_error * np.sqrt(survival / (1 - survival))
            angle = np.arcsin(np.sqrt(survival))
            low = np.sin(np.maximum(angle - half, 0.0)) ** 2
            return low, np.sin(np.minimum(angle + half, np.pi / 2)) ** 2
    raise InputError(
        f"interval: expected 'log', 'log-log', 'plain' or 'arcsin', found {interval!r}"
    )


def _first_crossing(times: FloatArray, curve: FloatArray, p: float) -> float:
    """Return the time at which 1 - curve reaches p, or the middle of a flat piece there.

    A curve falls, but its upper limit may rise again and cross more than once. R takes the crossing
    by value, not by time: where 1 - limit is least of all that reach p.
    """
    known = ~np.isnan(curve)
    fallen = np.concatenate(([0.0], 1.0 - curve[known]))
    at = np.concatenate(([0.0], times[known]))
    reached = fallen >= p - _TOLERANCE
    if not reached.any():
        return float("nan")
    first = _least(fallen, reached)
    beyond = fallen >= p + _TOLERANCE
    if beyond.any():
        return float(at[first] + at[_least(fallen, beyond)]) / 2
    if known[-1]:
        return float(at[first] + times[-1]) / 2
    return float("nan")


def _least(values: FloatArray, among: BoolArray) -> int:
    return int(np.argmin(np.where(among, values, np.inf)))
