"""Calibration of event probabilities at a horizon: in groups, in the large, and the slope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from trephine.errors import InputError
from trephine.evaluation.censoring_weights import check_horizon, check_risk
from trephine.evaluation.observed import mean_prediction
from trephine.survival.aalen_johansen import cumulative_incidence
from trephine.survival.competing_outcome import THE_EVENT, CompetingSurvival
from trephine.survival.kaplan_meier import IntervalType, kaplan_meier
from trephine.survival.late_outcome import entry_of
from trephine.types import Estimate, FloatArray, IntArray, Survival

Grouping = Literal["quantiles", "equal sizes"]


@dataclass(frozen=True)
class CalibrationGroup:
    """One group of similar predictions.

    Attributes
    ----------
    n, n_events
        Cases, and their events by the horizon.
    mean_event_probability
        Mean prediction.
    observed
        Kaplan-Meier's probability of the event with its interval and standard error.
    note
        Why it cannot be trusted or computed; empty where it can.
    """

    n: int
    n_events: int
    mean_event_probability: float
    observed: Estimate
    note: str = ""


@dataclass(frozen=True)
class CalibrationTest:
    """Greenwood-Nam-D'Agostino test that observed equals predicted in every group."""

    statistic: float
    degrees_of_freedom: int
    p_value: float
    n: int
    note: str = ""


def quantile_groups(values: npt.ArrayLike, groups: int) -> IntArray:
    """Return the quantile group of every value, 0 (lowest) to at most ``groups`` - 1.

    As R's ``cut(x, quantile(x, 0:g/g), include.lowest = TRUE)``: quantiles of type 7, intervals
    closed above. Where quantiles coincide there are fewer groups.
    """
    sample = np.asarray(values, dtype=np.float64)
    inner = np.unique(np.quantile(sample, np.arange(1, groups) / groups))
    codes = np.searchsorted(inner, sample, side="left")
    _, code = np.unique(codes, return_inverse=True)
    return code.astype(np.int64)


def equal_size_groups(values: npt.ArrayLike, groups: int) -> IntArray:
    """Return groups of as equal size as ties allow, 0 (lowest) to at most ``groups`` - 1.

    As R's ``Hmisc::cut2(x, g =)``, which rms uses: each cut is put so that the cases left are
    shared equally among the groups left, the larger groups first.
    """
    sample = np.asarray(values, dtype=np.float64)
    distinct, position, counts = np.unique(sample, return_inverse=True, return_counts=True)
    cumulative = np.cumsum(counts)
    of_distinct = np.zeros(distinct.size, dtype=np.int64)
    used, start = 0, 0
    for k in range(groups):
        share = used + (sample.size - used) / (groups - k)
        # A share that is a whole number but for rounding must not take one case more.
        end = int(np.searchsorted(cumulative, share - 1e-9 * sample.size, side="left")) + 1
        end = min(end, distinct.size)
        of_distinct[start:end] = k
        if end == distinct.size:
            break
        used, start = int(cumulative[end - 1]), end
    return of_distinct[position]


def calibration_groups(
    outcome: Survival,
    event_probability: npt.ArrayLike,
    horizon: float,
    *,
    groups: int = 5,
    grouping: Grouping = "quantiles",
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: IntervalType = "log",
) -> tuple[CalibrationGroup, ...]:
    """Compare predictions with Kaplan-Meier in groups of similar prediction.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    event_probability
        Shape (n,): probability of the event by ``horizon``.
    horizon
        t > 0, in the unit of ``outcome``.
    groups
        At least 2; fewer are made where predictions are tied.
    grouping
        "quantiles" of the predictions (`quantile_groups`), or "equal sizes" from the highest risk
        down, as in R's ``rms::groupkm`` (`equal_size_groups` of the survival probabilities).
    cluster
        Shape (n,): standard errors and intervals are then by patient; None takes cases as
        independent (Greenwood).
    level, interval
        Of the Kaplan-Meier interval, symmetric on the scale of ``interval`` (R's default "log").

    Raises
    ------
    InputError
        If probabilities leave [0, 1] or are missing, or horizon or groups make no sense.
    """
    check_horizon(horizon)
    risk = check_risk(event_probability, len(outcome), "event probability", probability=True)
    if groups < 2:
        raise InputError(f"groups: expected at least 2, found {groups}")
    code = grouping_codes(risk, groups, grouping)
    labels = None if cluster is None else np.asarray(cluster)
    found = []
    for k in range(int(code.max()) + 1):
        rows = code == k
        time, event = outcome.time[rows], outcome.event[rows]
        n_events = int((event & (time <= horizon)).sum())
        alike = None if labels is None else labels[rows]
        own = outcome.take(rows)
        expected = mean_prediction(own, risk[rows], horizon)
        observed, note = observed_share(own, horizon, alike, level, interval)
        if np.isnan(expected) and not note:
            note = f"nobody is under observation beyond the horizon of {outcome.when(horizon)}"
        found.append(CalibrationGroup(int(rows.sum()), n_events, expected, observed, note))
    return tuple(found)


def grouping_codes(event_probability: FloatArray, groups: int, grouping: Grouping) -> IntArray:
    """Return the calibration group of every case, 0 for the lowest risk."""
    if grouping == "quantiles":
        return quantile_groups(event_probability, groups)
    from_highest_risk = equal_size_groups(1.0 - event_probability, groups)
    lowest_risk_first: IntArray = from_highest_risk.max() - from_highest_risk
    return lowest_risk_first


def greenwood_nam_dagostino_test(groups: tuple[CalibrationGroup, ...]) -> CalibrationTest:
    """Test calibration in groups (Demler, Paynter and Cook 2015).

    The sum of (observed - predicted)^2 / Greenwood's variance (by patient where the groups are),
    chi-square with one degree of freedom fewer than there are groups. Fewer than 5 events in a
    group make it unreliable: the note then says so, and one without events gives no answer at all
    (its variance is 0).
    """
    n = sum(group.n for group in groups)
    nan = float("nan")
    if len(groups) < 2:
        return CalibrationTest(nan, 0, nan, n, "all predictions are alike: one group")
    lost = [group.note for group in groups if group.note]
    if lost:
        counted = [f"in {lost.count(note)} of {len(groups)} groups {note}" for note in set(lost)]
        return CalibrationTest(nan, len(groups) - 1, nan, n, ", ".join(sorted(counted)))
    statistic = sum(
        ((g.observed.value - g.mean_event_probability) / g.observed.standard_error) ** 2
        for g in groups
    )
    few = sum(group.n_events < 5 for group in groups)
    have = "has" if few == 1 else "have"
    note = f"{few} of {len(groups)} groups {have} fewer than 5 events" if few else ""
    df = len(groups) - 1
    return CalibrationTest(float(statistic), df, float(chdtrc(df, statistic)), n, note)


def observed_share(
    outcome: Survival,
    horizon: float,
    cluster: npt.NDArray[Any] | None,
    level: float,
    interval: IntervalType,
) -> tuple[Estimate, str]:
    """Return the share of cases with the event by a horizon, and why there is none."""
    if isinstance(outcome, CompetingSurvival):
        return _observed_incidence(outcome, horizon, cluster, level)
    curve = kaplan_meier(
        outcome.time,
        outcome.event,
        entry=entry_of(outcome),
        cluster=cluster,
        level=level,
        interval=interval,
    )
    if horizon > outcome.time.max() and curve.survival_probability[-1] > 0.0:
        note = f"nobody was followed to the horizon of {outcome.when(horizon)}"
        return Estimate(float("nan"), level=level), note
    at = curve.at([horizon])
    observed = Estimate(
        1.0 - float(at.survival_probability[0]),
        1.0 - float(at.high[0]),
        1.0 - float(at.low[0]),
        level,
        float(at.standard_error[0]),
    )
    if observed.value == 0.0:
        return observed, f"no event by the horizon of {outcome.when(horizon)}"
    if observed.value == 1.0:
        when = outcome.when(horizon)
        return observed, f"nobody is left without the event at the horizon of {when}"
    return observed, ""


def _observed_incidence(
    outcome: CompetingSurvival, horizon: float, cluster: npt.NDArray[Any] | None, level: float
) -> tuple[Estimate, str]:
    """Return `observed_share` where events compete: Aalen-Johansen's, its interval on the log."""
    nothing = Estimate(float("nan"), level=level)
    none_yet = Estimate(0.0, 0.0, float("nan"), level, 0.0)
    if not (outcome.event & (outcome.time <= horizon)).any():
        if horizon > outcome.time.max():
            return nothing, f"nobody was followed to the horizon of {outcome.when(horizon)}"
        return none_yet, f"no event by the horizon of {outcome.when(horizon)}"
    curve = cumulative_incidence(outcome.time, outcome.cause, cluster=cluster, level=level)
    if horizon > curve.last and curve.event_free[-1] > 0.0:
        return nothing, f"nobody was followed to the horizon of {outcome.when(horizon)}"
    place = int(np.searchsorted(curve.times, horizon, side="right")) - 1
    column = curve.causes.index(THE_EVENT)
    parts = (curve.incidence, curve.low, curve.high)
    value, low, high = (float(part[place, column]) for part in parts)
    error = float(curve.standard_error[place, column])
    if value >= 1.0:
        when = outcome.when(horizon)
        return Estimate(value, low, high, level, error), (
            f"nobody is left without the event at the horizon of {when}"
        )
    return Estimate(value, low, high, level, error), ""
