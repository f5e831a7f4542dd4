"""IDI, half-NRI and median improvement of a new model over an old one at a horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.evaluation.censoring_weights import check_horizon, check_risk, status_at
from trephine.survival.ipcw import survidinri_uncensored_probability
from trephine.types import BoolArray, FloatArray, Survival

GRID = np.unique(np.append(np.linspace(-1.0, 1.0, 2000), [-1.0, 0.0, 1.0]))
"""Risk differences at which the two distributions are read, as survIDINRI has it."""

ImprovementConvention = Literal["survIDINRI", "riskRegression"]
"""Events before t weighing 1 / G(T), or up to t weighing 1 / G(T-)."""

Precision = Literal["double", "single"]
"""survIDINRI's Fortran adds weights up in single precision, 1e-7 off; "single" does so too."""


@dataclass(frozen=True)
class ImprovementMeasure:
    """One measure, ``value`` = ``events`` - ``non_events``.

    Attributes
    ----------
    value
        The improvement.
    events, non_events
        The same quantity among those with and without the event; good is high and low.
    """

    value: float
    events: float
    non_events: float


@dataclass(frozen=True)
class DiscriminationImprovement:
    """How far a new model separates events from non-events better than an old one.

    Attributes
    ----------
    idi
        Integrated discrimination improvement: mean change of risk (M1).
    half_nri
        Share of cases whose risk rises (M2): half the continuous NRI.
    median_improvement
        Median change of risk (M3).
    horizon, n
        t, and all cases.
    note
        Why there is no answer; empty where there is one.
    """

    idi: ImprovementMeasure
    half_nri: ImprovementMeasure
    median_improvement: ImprovementMeasure
    horizon: float
    n: int
    note: str = ""


def discrimination_improvement(
    outcome: Survival,
    old_event_probability: npt.ArrayLike,
    new_event_probability: npt.ArrayLike,
    horizon: float,
    *,
    precision: Precision = "double",
    convention: ImprovementConvention = "survIDINRI",
) -> DiscriminationImprovement:
    """Return IDI, half-NRI and median improvement (R: ``survIDINRI``; Uno et al. 2013).

    The distribution of the change in risk among events (T < t, weighted by 1 / G(T)) and among
    non-events (T >= t, unweighted) is read on a grid of 2,001 differences; the IDI is the area
    between the two by trapezoids. G is exp(-Nelson-Aalen) of the censorings, right-continuous.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    old_event_probability, new_event_probability
        Shape (n,): probability of the event by ``horizon`` under the two models, from any source
        (fitted to the same cases, or out of fold).
    horizon
        t > 0, in the unit of ``outcome``.
    precision
        Of the sums of weights; "single" is for comparisons with survIDINRI.
    convention
        "survIDINRI": as above, an event at t itself counted as event-free. "riskRegression":
        events T <= t against those followed beyond t, weighted as in `status_at`, so that the
        figure agrees with AUC, Brier score, Kaplan-Meier and NRI where events fall on t.

    Raises
    ------
    InputError
        If probabilities leave [0, 1] or are missing, or the horizon is not positive.
    """
    check_horizon(horizon)
    n = len(outcome)
    change = check_risk(
        new_event_probability, n, "new event probability", probability=True
    ) - check_risk(old_event_probability, n, "old event probability", probability=True)
    is_event, is_free, weight, note = _weighted(outcome, horizon, convention)
    if note:
        nothing = ImprovementMeasure(np.nan, np.nan, np.nan)
        return DiscriminationImprovement(nothing, nothing, nothing, float(horizon), n, note)
    measures = improvement_measures(change, weight, is_event, is_free, precision)
    return DiscriminationImprovement(*measures, float(horizon), n)


def _weighted(
    outcome: Survival, horizon: float, convention: ImprovementConvention
) -> tuple[BoolArray, BoolArray, FloatArray, str]:
    """Return who has the event and who is free of it, their weights, and why there is no answer."""
    if convention == "riskRegression":
        status = status_at(outcome, horizon, convention=convention)
        return status.is_case, status.is_control, status.weight, status.why_no_answer
    is_event, is_free, note = events_and_non_events(outcome, horizon)
    weight = np.zeros(len(outcome))
    weight[is_event] = 1.0 / survidinri_uncensored_probability(
        outcome.time, outcome.event, outcome.time[is_event]
    )
    weight[is_free] = 1.0
    return is_event, is_free, weight, note


def events_and_non_events(outcome: Survival, horizon: float) -> tuple[BoolArray, BoolArray, str]:
    """Return who has the event before the horizon, who reaches it, and why there is no answer."""
    is_event = outcome.event & (outcome.time < horizon)
    is_free = outcome.time >= horizon
    if not is_event.any():
        return is_event, is_free, f"no event before the horizon of {outcome.when(horizon)}"
    if not is_free.any():
        return is_event, is_free, f"nobody was followed to the horizon of {outcome.when(horizon)}"
    return is_event, is_free, ""


def improvement_measures(
    change: FloatArray,
    weight: FloatArray,
    is_event: BoolArray,
    is_free: BoolArray,
    precision: Precision = "double",
) -> tuple[ImprovementMeasure, ImprovementMeasure, ImprovementMeasure]:
    """Return the three measures from changes in risk and weights, each of shape (n,)."""
    parts = []
    for members in (is_event, is_free):
        share = _share_above if precision == "double" else _single_precision_share_above
        above = share(change[members], weight[members])
        mean_change = float(np.trapezoid(above, GRID)) - 1.0
        rises = float(above[np.searchsorted(GRID, 0.0)])
        parts.append((mean_change, rises, _median(above)))
    idi, half_nri, median = (
        ImprovementMeasure(events - free, events, free) for events, free in zip(*parts, strict=True)
    )
    return idi, half_nri, median


def _share_above(change: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the weighted share of changes above each point of the grid."""
    order = np.argsort(change)
    cumulative = np.append(0.0, np.cumsum(weight[order]))
    at_or_below = cumulative[np.searchsorted(change[order], GRID, side="right")]
    above: FloatArray = 1.0 - at_or_below / cumulative[-1]
    return above


def _single_precision_share_above(change: FloatArray, weight: FloatArray) -> FloatArray:
    """Do the same in single precision, adding in the order of the cases for every point."""
    total = np.float32(0.0)
    above = np.zeros(GRID.size, dtype=np.float32)
    for difference, w in zip(change, weight, strict=True):
        total = np.float32(total + w)
        reached = np.searchsorted(GRID, difference, side="left")
        above[:reached] = (above[:reached] + w).astype(np.float32)
    return (above / total).astype(np.float64)


def _median(above: FloatArray) -> float:
    """Return the change at which the share above it falls through 1/2, midway if it is flat."""
    upper = np.flatnonzero(above >= 0.5)[-1]
    lower = np.flatnonzero(above <= 0.5)[0]
    return float((GRID[upper] + GRID[lower]) / 2.0)
