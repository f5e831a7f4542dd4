"""Cumulative incidence of competing events (Aalen and Johansen 1978), and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from trephine.errors import InputError
from trephine.survival.arrays import (
    check_survival,
    check_weights,
    group_codes,
    merge_near_ties,
)
from trephine.survival.incidence_spread import incidence_spread
from trephine.survival.late_entry import check_entry
from trephine.types import FloatArray, IntArray

CENSORED = 0
"""Code of a case whose event was not seen."""


@dataclass(frozen=True)
class CumulativeIncidence:
    """P(event of a cause by t) at the distinct event times; right-continuous steps.

    Attributes
    ----------
    causes
        Codes of the k causes, ascending.
    times
        Shape (m,): distinct times of events of any cause, ascending.
    incidence
        Shape (m, k).
    event_free
        Shape (m,): P(no event yet); with the incidences it adds up to 1.
    standard_error, event_free_error
        By the infinitesimal jackknife, influences added up within clusters, as R's ``survfit`` of
        a factor has it.
    low, high
        Of ``incidence``, at ``level``, symmetric on the log scale, at most 1; NaN where it is 0.
    level
        Coverage.
    last
        Last follow-up; nothing is known later.
    """

    causes: tuple[int, ...]
    times: FloatArray
    incidence: FloatArray
    event_free: FloatArray
    standard_error: FloatArray
    event_free_error: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    last: float

    def at(self, cause: int, times: npt.ArrayLike) -> FloatArray:
        """Return the incidence of a cause, shape (t,): 0 before the first event, NaN past the last.

        Raises
        ------
        InputError
            If the cause is none of ``causes``.
        """
        return self._steps(self.incidence, cause, times)

    def error_at(self, cause: int, times: npt.ArrayLike) -> FloatArray:
        """Return the standard error of `at`."""
        return self._steps(self.standard_error, cause, times)

    def _steps(self, values: FloatArray, cause: int, times: npt.ArrayLike) -> FloatArray:
        if cause not in self.causes:
            raise InputError(f"cause: expected one of {list(self.causes)}, found {cause}")
        asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
        place = np.searchsorted(self.times, asked, side="right")
        column = np.append(0.0, values[:, self.causes.index(cause)])
        return np.where(asked <= self.last, column[place], np.nan)


def cumulative_incidence(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CumulativeIncidence:
    """Estimate the cumulative incidence of every cause.

    Equal to R's ``survfit(Surv(time, factor(cause)) ~ 1)``. The complement of Kaplan-Meier's curve
    of one cause, the others censored, answers another question, what would happen if nothing else
    ever did, and lies above.

    Parameters
    ----------
    time
        Shape (n,), follow-up.
    cause
        Shape (n,), whole numbers: 0 where follow-up ended without event, else the event's code.
    entry
        Shape (n,), >= 0: when each case came under observation, before its ``time``; 0 where None.
        A case that was not yet followed at a time is not at risk there (left truncation). With
        nobody at risk early, the curve describes those who came that far.
    cluster
        Shape (n,), labels, such as the patient of each hip; each case its own where None.
    weights
        Shape (n,), > 0; 1 where None.
    level
        Coverage.

    Raises
    ------
    InputError
        Unusable values, with their row.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import cumulative_incidence
    >>> months, cause = np.array([5.0, 8, 12, 20, 24]), np.array([1, 2, 1, 0, 2])
    >>> curve = cumulative_incidence(months, cause)
    >>> curve.causes
    (1, 2)
    >>> curve.at(1, [12.0]).round(3).tolist()
    [0.4]
    """
    times, codes = check_causes(time, cause)
    if not 0 < level < 1:
        raise InputError(f"level: expected 0 < level < 1, found {level}")
    weight = check_weights(weights, times.size)
    start = np.full(times.size, -np.inf) if entry is None else check_entry(entry, times)
    labels, _ = group_codes(cluster, times.size, "cluster")
    clusters = np.arange(times.size) if cluster is None else labels
    causes = tuple(np.unique(codes[codes != CENSORED]).tolist())
    distinct = np.unique(times[codes != CENSORED])
    hazard, total = _hazards(times, codes, start, weight, distinct)
    survived = np.cumprod(1 - hazard.sum(axis=1))
    free = np.maximum(survived, 0.0)
    before = np.append(1.0, survived[:-1])
    incidence = np.cumsum(before[:, None] * hazard, axis=0)
    place = np.column_stack(
        [
            np.searchsorted(distinct, start, side="right"),
            np.searchsorted(distinct, times, side="right"),
        ]
    )
    order = (np.argsort(place[:, 0], kind="stable"), np.argsort(place[:, 1], kind="stable"))
    column = np.where(codes == CENSORED, -1, np.searchsorted(causes, codes))
    error, free_error = incidence_spread(hazard, total, weight, clusters, place, column, order)
    half = float(ndtri(0.5 + level / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.exp(half * error / incidence)
        low, high = incidence / step, np.minimum(incidence * step, 1.0)
    return CumulativeIncidence(
        causes, distinct, incidence, free, error, free_error, low, high, level, float(times.max())
    )


def incidence_above(
    time: FloatArray, cause: IntArray, risk: FloatArray, grid: FloatArray, horizon: float
) -> FloatArray:
    """Return the incidence of cause 1 by a horizon among those at or above each threshold.

    Parameters
    ----------
    time, cause, risk
        Of n cases.
    grid
        Thresholds of the risk; 0 where nobody is at or above one.
    horizon
        When.
    """
    order = np.argsort(time, kind="stable")
    times, codes, risks = merge_near_ties(time[order]), cause[order], risk[order]
    found, known = np.zeros(grid.size), {}
    for place, threshold in enumerate(grid):
        inside = risks >= threshold
        size = int(inside.sum())
        if size not in known:
            known[size] = _incidence_by(times[inside], codes[inside], horizon) if size else 0.0
        found[place] = known[size]
    return found


def _incidence_by(times: FloatArray, codes: IntArray, horizon: float) -> float:
    """Return the incidence of cause 1 by a time, of ascending times."""
    distinct, first = np.unique(times, return_index=True)
    at_risk = times.size - first
    events = np.add.reduceat(codes == 1, first, dtype=np.float64)
    any_event = np.add.reduceat(codes != CENSORED, first, dtype=np.float64)
    before = np.append(1.0, np.cumprod(1 - any_event / at_risk)[:-1])
    return float((before * events / at_risk)[distinct <= horizon].sum())


def check_causes(time: npt.ArrayLike, cause: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    """Return follow-up, near ties merged, and whole-numbered causes.

    Raises
    ------
    InputError
        Times as of any follow-up; causes that are no whole numbers from 0 on, with their row; or no
        event at all.
    """
    given = np.asarray(cause)
    try:
        numbers = given.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError("cause: expected whole numbers, 0 for censored, found text") from None
    times, _ = check_survival(time, np.zeros(given.shape, dtype=np.bool_))
    odd = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0) & (numbers % 1 == 0)))
    if odd.size:
        raise InputError(
            "cause: expected whole numbers from 0 (censored) on, found"
            f" {given[odd[0]].item()!r} in row {odd[0]} and {odd.size - 1} more"
        )
    codes = numbers.astype(np.int64)
    if not (codes != CENSORED).any():
        raise InputError(f"cause: expected events, found none among {codes.size} cases")
    return merge_near_ties(times), codes


def _hazards(
    times: FloatArray, codes: IntArray, start: FloatArray, weight: FloatArray, distinct: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the causes' hazards at each event time, (m, k), and the weights at risk there."""
    causes = np.unique(codes[codes != CENSORED])
    total = _weight_from(times, weight, distinct) - _weight_from(start, weight, distinct)
    hazard = np.zeros((distinct.size, causes.size))
    seen = codes != CENSORED
    rows = np.searchsorted(distinct, times[seen])
    np.add.at(hazard, (rows, np.searchsorted(causes, codes[seen])), weight[seen])
    return hazard / total[:, None], total


def _weight_from(times: FloatArray, weight: FloatArray, at: FloatArray) -> FloatArray:
    """Return the weights of the cases whose time is one of ``at`` or later, shape (m,)."""
    order = np.argsort(times, kind="stable")
    later = np.append(np.cumsum(weight[order][::-1])[::-1], 0.0)
    found: FloatArray = later[np.searchsorted(times[order], at, side="left")]
    return found
