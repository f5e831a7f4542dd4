"""Concordance of risk scores with an outcome, and the comparison of two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from trephine.errors import InputError
from trephine.survival.concordance import (
    Concordance,
    TimeWeight,
    concordance,
    influence_covariance,
)
from trephine.survival.late_concordance import concordance_since_entry
from trephine.survival.late_outcome import entry_of
from trephine.types import Estimate, FloatArray, Survival


@dataclass(frozen=True)
class ConcordanceComparison:
    """Two risk scores on the same cases.

    Attributes
    ----------
    first, second
        Concordance of each, with its interval.
    covariance
        Of the two, shape (2, 2), by joint infinitesimal jackknife.
    difference
        second - first, with its interval.
    z, p_value
        Of the difference, two-sided; NaN where the scores order all pairs alike.
    n, n_events
        Cases and events.
    """

    first: Estimate
    second: Estimate
    covariance: FloatArray
    difference: Estimate
    z: float
    p_value: float
    n: int
    n_events: int


def concordance_index(
    survival: Survival,
    risk_score: npt.ArrayLike,
    *,
    time_weight: TimeWeight = "n",
    horizon: float | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
    entry: npt.ArrayLike | None = None,
) -> Estimate:
    """Return the concordance of a risk score with its interval.

    Equal to ``confint`` of R's ``survival::concordance(reverse = TRUE)``: the estimate -/+ z
    times its infinitesimal-jackknife standard error, not cut to [0, 1].

    Parameters
    ----------
    survival
        Outcome of n cases.
    risk_score
        Shape (n,); higher is worse.
    time_weight
        "n" is Harrell's C, "n/G2" Uno's; see `trephine.survival.concordance.concordance`.
    horizon
        Count only pairs whose earlier event is at or before it.
    cluster
        Shape (n,), labels, for example the patient of each hip; influences are summed within.
    level
        Coverage.
    entry
        Shape (n,), >= 0: when each case came under observation, before its time; 0 where None. An
        event is compared with the cases that had entered before it, as by R's ``concordance`` of
        ``Surv(entry, time, event)``; with ``time_weight="n"`` alone.

    Raises
    ------
    InputError
        Unusable values, no comparable pair, or ``entry`` with another ``time_weight``.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, concordance_index
    >>> rng = np.random.default_rng(1)
    >>> patient = np.repeat(np.arange(100), 2)
    >>> risk = np.repeat(rng.uniform(0.1, 0.9, 100), 2)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> c = concordance_index(outcome, risk, cluster=patient)
    >>> c.low < c.value < c.high
    True
    >>> entry = outcome.time * rng.uniform(0, 0.5, 200)
    >>> late = concordance_index(outcome, risk, cluster=patient, entry=entry)
    >>> late.low < late.value < late.high
    True
    """
    since = entry_of(survival) if entry is None else entry
    found = _measured(survival, risk_score, time_weight, horizon, cluster, since)
    return _estimate(found.estimate, found.standard_error, level)


def compare_concordance(
    survival: Survival,
    first_risk_score: npt.ArrayLike,
    second_risk_score: npt.ArrayLike,
    *,
    time_weight: TimeWeight = "n",
    horizon: float | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> ConcordanceComparison:
    """Compare two risk scores on the same cases.

    Equal to ``L %*% coef`` and ``L %*% vcov %*% t(L)`` of R's ``survival::concordance(a, b)``
    with L = (-1, 1). Scores of models that were fitted to the same cases are both optimistic,
    and so is their difference: compare out-of-fold scores.

    Parameters and errors as in `concordance_index`.
    """
    _check_level(level)
    found = [
        _measured(survival, score, time_weight, horizon, cluster, entry_of(survival))
        for score in (first_risk_score, second_risk_score)
    ]
    covariance = influence_covariance(
        np.column_stack([result.influence for result in found]), cluster
    )
    contrast = np.array([-1.0, 1.0])
    error = float(np.sqrt(max(contrast @ covariance @ contrast, 0.0)))
    gap = found[1].estimate - found[0].estimate
    z = gap / error if error > 0 else float("nan")
    return ConcordanceComparison(
        first=_estimate(found[0].estimate, float(np.sqrt(covariance[0, 0])), level),
        second=_estimate(found[1].estimate, float(np.sqrt(covariance[1, 1])), level),
        covariance=covariance,
        difference=_estimate(gap, error, level),
        z=z,
        p_value=float(2 * ndtr(-abs(z))),
        n=len(survival),
        n_events=int(survival.event.sum()),
    )


def _measured(
    survival: Survival,
    risk_score: npt.ArrayLike,
    time_weight: TimeWeight,
    horizon: float | None,
    cluster: npt.ArrayLike | None,
    entry: npt.ArrayLike | None,
) -> Concordance:
    time, event = survival.time, survival.event
    if entry is None:
        return concordance(
            time, event, risk_score, time_weight=time_weight, ymax=horizon, cluster=cluster
        )
    if time_weight != "n":
        raise InputError(
            f"time_weight: expected 'n' where cases have an entry, found {time_weight!r}"
        )
    return concordance_since_entry(time, event, risk_score, entry, ymax=horizon, cluster=cluster)


def _estimate(value: float, error: float, level: float) -> Estimate:
    _check_level(level)
    half = float(ndtri(0.5 + level / 2)) * error
    return Estimate(value, value - half, value + half, level, error)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"level: expected 0 < level < 1, found {level}")
