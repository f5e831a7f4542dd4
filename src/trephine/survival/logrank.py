"""Log-rank and other G-rho tests of equal survival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from trephine.errors import InputError
from trephine.survival.arrays import check_survival, group_codes
from trephine.survival.late_entry import with_entries
from trephine.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class LogrankResult:
    """A test of equal survival in k groups.

    Attributes
    ----------
    groups
        Labels, sorted, length k.
    n
        Cases a group.
    observed, expected
        (Weighted) events seen and expected under equal survival, a group, summed over strata.
    covariance
        Of observed - expected, shape (k, k).
    statistic, degrees_of_freedom, p_value
        Chi-square test.
    rho
        Weight S(t-)^rho: 0 is the log-rank test, 1 Peto and Peto's version of Gehan-Wilcoxon.
    """

    groups: tuple[str, ...]
    n: IntArray
    observed: FloatArray
    expected: FloatArray
    covariance: FloatArray
    statistic: float
    degrees_of_freedom: int
    p_value: float
    rho: float


def logrank_test(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    rho: float = 0,
    strata: npt.ArrayLike | None = None,
    entry: npt.ArrayLike | None = None,
) -> LogrankResult:
    """Test whether survival is equal in the groups, within strata where given.

    Equal to R's ``survival::survdiff(Surv(time, event) ~ group + strata(strata), rho)``: weights
    S(t-)^rho with the pooled Kaplan-Meier curve of the stratum, hypergeometric variance.

    Parameters
    ----------
    time, event
        Shape (n,).
    group
        Shape (n,), labels of at least two groups.
    rho
        Exponent of Harrington and Fleming's G-rho family.
    strata
        Shape (n,), labels; observed, expected and variance are summed over strata.
    entry
        Shape (n,), >= 0: when each case came under observation, before its ``time``; 0 where None.
        Only who is at risk then is compared at an event (R has this as the score test of
        ``coxph(Surv(entry, time, event) ~ group)``, whose variance is the same without ties).

    Raises
    ------
    InputError
        Unusable arrays, one group only, or no event that any comparison could rest on.

    Examples
    --------
    >>> from trephine import logrank_test
    >>> time, event = [5, 8, 9, 12, 20, 24], [1, 1, 1, 0, 1, 0]
    >>> found = logrank_test(time, event, ["a", "a", "a", "b", "b", "b"])
    >>> round(found.p_value, 3)
    0.025
    """
    times, events = check_survival(time, event)
    codes, labels = group_codes(group, times.size, "group")
    stratum, stratum_labels = group_codes(strata, times.size, "strata")
    k = labels.size
    if k < 2:
        raise InputError(f"group: expected at least two groups, found only {labels[0]!s}")
    rows_of = with_entries(times, events, entry)
    case = rows_of.case
    observed, expected, covariance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for code in range(stratum_labels.size):
        rows = stratum[case] == code
        o, e, v = _one_stratum(
            rows_of.time[rows],
            rows_of.event[rows],
            codes[case][rows],
            k,
            rho,
            None if entry is None else rows_of.sign[rows],
        )
        observed += o
        expected += e
        covariance += v
    statistic, freedom = _chi_square(observed, expected, covariance)
    return LogrankResult(
        groups=tuple(str(label) for label in labels),
        n=np.bincount(codes, minlength=k),
        observed=observed,
        expected=expected,
        covariance=covariance,
        statistic=statistic,
        degrees_of_freedom=freedom,
        p_value=float(chdtrc(freedom, statistic)),
        rho=float(rho),
    )


def _chi_square(
    observed: FloatArray, expected: FloatArray, covariance: FloatArray
) -> tuple[float, int]:
    """Return the statistic and its degrees of freedom, of the groups that were at risk."""
    tested = np.flatnonzero(expected > 0)
    if tested.size < 2:
        raise InputError(
            "log-rank test: expected events while at least two groups are at risk, found none"
        )
    kept = tested[1:]
    excess = (observed - expected)[kept]
    try:
        statistic = float(excess @ np.linalg.solve(covariance[np.ix_(kept, kept)], excess))
    except np.linalg.LinAlgError as error:
        raise InputError(
            "log-rank test: expected at least two groups at risk at each group's event times,"
            " found groups that are never at risk together"
        ) from error
    return statistic, kept.size


def _one_stratum(
    time: FloatArray,
    event: BoolArray,
    group: IntArray,
    k: int,
    rho: float,
    sign: FloatArray | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return observed, expected, covariance of one stratum."""
    distinct, position = np.unique(time, return_inverse=True)
    cells = position * k + group
    shape = (distinct.size, k)
    leaving = np.bincount(cells, sign, minlength=distinct.size * k).reshape(shape)
    deaths = np.bincount(cells[event], minlength=distinct.size * k).reshape(shape)
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1]
    some = deaths.sum(axis=1) > 0
    deaths, at_risk = deaths[some].astype(float), at_risk[some].astype(float)
    d, y = deaths.sum(axis=1), at_risk.sum(axis=1)
    before = np.concatenate(([1.0], np.cumprod(1 - d / y)[:-1])) if d.size else np.ones(0)
    weight = before**rho
    share = at_risk / y[:, None]
    # With one case left the variance is 0; the guard only avoids 0 / 0.
    spread = weight**2 * d * (y - d) / np.maximum(y - 1, 1.0)
    covariance = np.diag(spread @ share) - (share * spread[:, None]).T @ share
    return weight @ deaths, (weight * d) @ share, covariance
