"""Risk groups by cut-offs fixed in training: Kaplan-Meier a group, log-rank between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.evaluation.censoring_weights import check_horizon, check_risk
from trephine.survival.kaplan_meier import KaplanMeierCurve, kaplan_meier
from trephine.survival.late_outcome import entry_of, under_observation
from trephine.survival.logrank import LogrankResult, logrank_test
from trephine.types import Estimate, FloatArray, IntArray, Survival

NAMES = {2: ("low", "high"), 3: ("low", "intermediate", "high")}


@dataclass(frozen=True)
class RiskGroup:
    """One risk group.

    Attributes
    ----------
    name
        Of the group.
    n, n_events
        Cases and events; both may be 0.
    curve
        Kaplan-Meier's; None where the group is empty.
    times, n_at_risk
        Times of the risk table and cases still followed just before them.
    horizons, survival_probability
        At each horizon, with interval; NaN where nobody was followed so far.
    median_survival
        NaN where the curve does not reach 1/2.
    note
        What is missing and why; empty where nothing is.
    """

    name: str
    n: int
    n_events: int
    curve: KaplanMeierCurve | None
    times: FloatArray
    n_at_risk: IntArray
    horizons: tuple[float, ...]
    survival_probability: tuple[Estimate, ...]
    median_survival: Estimate
    note: str = ""


@dataclass(frozen=True)
class RiskGroups:
    """Cases stratified by their risk score.

    Attributes
    ----------
    cut_offs
        Ascending; a score above a cut-off belongs to the group above it.
    group_of_case
        Shape (n,), 0 (lowest risk) upwards.
    groups
        From the lowest risk to the highest.
    logrank
        Between the groups that have cases; None where it cannot be computed.
    n
        All cases.
    note
        Why there is no log-rank test; empty where there is one.
    """

    cut_offs: tuple[float, ...]
    group_of_case: IntArray
    groups: tuple[RiskGroup, ...]
    logrank: LogrankResult | None
    n: int
    note: str = ""


def median_cut_off(training_risk_score: npt.ArrayLike) -> tuple[float, ...]:
    """Return the median of the training scores as the one cut-off.

    Fix it on the cases that the model was fitted to, and apply it unchanged to new ones.

    Raises
    ------
    InputError
        If a score is missing.
    """
    scores = np.asarray(training_risk_score, dtype=np.float64)
    return (float(np.median(check_risk(scores, scores.size, "risk score"))),)


def risk_groups(
    outcome: Survival,
    risk_score: npt.ArrayLike,
    cut_offs: Sequence[float],
    *,
    horizons: Sequence[float] = (),
    risk_table_times: Sequence[float] | FloatArray = (),
    names: Sequence[str] | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> RiskGroups:
    """Stratify cases and describe the survival of every stratum.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    risk_score
        Shape (n,); higher is worse.
    cut_offs
        Ascending, fixed in training or by the plan (`median_cut_off`).
    horizons
        At which survival is reported.
    risk_table_times
        At which the numbers at risk are counted; none: at 0 and the horizons.
    names
        One a group, from low to high; None names two or three groups, and numbers more.
    cluster
        Shape (n,): Kaplan-Meier intervals are then by patient; None takes cases as independent. The
        log-rank test always does.
    level
        Coverage of the Kaplan-Meier intervals, which are symmetric on the log scale.

    Raises
    ------
    InputError
        If scores are missing, cut-offs are not ascending, or names do not fit.
    """
    score = check_risk(risk_score, len(outcome), "risk score")
    edges = np.asarray(cut_offs, dtype=np.float64)
    if not edges.size or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise InputError(f"cut-offs: expected ascending finite values, found {edges.tolist()}")
    labels = group_names(edges.size + 1) if names is None else _checked(edges.size + 1, names)
    for horizon in horizons:
        check_horizon(horizon)
    times = np.asarray(risk_table_times, dtype=np.float64)
    if not times.size:
        times = np.append(0.0, np.asarray(horizons, dtype=np.float64))
    code = np.searchsorted(edges, score, side="left").astype(np.int64)
    whose = None if cluster is None else np.asarray(cluster)
    groups = tuple(
        _describe(outcome, code == k, label, whose, tuple(horizons), times, level)
        for k, label in enumerate(labels)
    )
    test, note = _logrank(outcome, code)
    return RiskGroups(tuple(map(float, edges)), code, groups, test, score.size, note)


def _logrank(outcome: Survival, code: IntArray) -> tuple[LogrankResult | None, str]:
    if np.unique(code).size < 2:
        return None, "no log-rank test: all cases are in one group"
    try:
        return logrank_test(outcome.time, outcome.event, code, entry=entry_of(outcome)), ""
    except InputError as error:
        return None, str(error)


def group_names(k: int) -> tuple[str, ...]:
    """Return the names of k groups, from low to high."""
    return NAMES.get(k, tuple(f"risk group {i + 1}" for i in range(k)))


def _checked(k: int, names: Sequence[str]) -> tuple[str, ...]:
    if len(names) != k or len(set(names)) != k:
        raise InputError(f"names: expected {k} different names, found {list(names)}")
    return tuple(names)


def _describe(
    outcome: Survival,
    rows: npt.NDArray[np.bool_],
    name: str,
    cluster: npt.NDArray[Any] | None,
    horizons: tuple[float, ...],
    times: FloatArray,
    level: float,
) -> RiskGroup:
    nothing = Estimate(float("nan"), level=level)
    n = int(rows.sum())
    if n == 0:
        empty = np.zeros(times.size, dtype=np.int64)
        unknown = (nothing,) * len(horizons)
        return RiskGroup(
            name, 0, 0, None, times, empty, horizons, unknown, nothing, "no case in this group"
        )
    own = outcome.take(rows)
    time, event = own.time, own.event
    cluster = None if cluster is None else cluster[rows]
    curve = kaplan_meier(
        time, event, entry=entry_of(own), cluster=cluster, level=level, interval="log"
    )
    late = [horizon for horizon in horizons if horizon > time.max()]
    notes = [] if event.any() else ["no event in this group"]
    if late:
        *first, last = late
        listed = "".join(f"{horizon:g} and " for horizon in first) + outcome.when(last)
        notes.append(f"nobody was followed to {listed}")
    return RiskGroup(
        name,
        n,
        int(event.sum()),
        curve,
        times,
        under_observation(own, times).astype(np.int64),
        horizons,
        tuple(nothing if h in late else _survival_at(curve, h, level) for h in horizons),
        curve.quantile(0.5),
        "; ".join(notes),
    )


def _survival_at(curve: KaplanMeierCurve, horizon: float, level: float) -> Estimate:
    at = curve.at([horizon])
    return Estimate(
        float(at.survival_probability[0]),
        float(at.low[0]),
        float(at.high[0]),
        level,
        float(at.standard_error[0]),
    )
