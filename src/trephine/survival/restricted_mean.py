"""Mean event-free time up to a time, by group: a comparison that needs no proportional hazards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.survival.arrays import group_codes
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.survival.late_outcome import entry_of
from trephine.types import FloatArray, IntArray, Survival


@dataclass(frozen=True)
class RestrictedMeans:
    """Areas under the Kaplan-Meier curves of k groups up to one time.

    Attributes
    ----------
    means
        Shape (k,); NaN where the group's follow-up ends before with cases still event-free.
    covariance
        Of ``means``, shape (k, k): diagonal where cases are independent.
    last
        Last follow-up of each group, shape (k,).
    """

    means: FloatArray
    covariance: FloatArray
    last: FloatArray


def restricted_means(
    outcome: Survival, group: IntArray, tau: float, *, cluster: IntArray | None = None
) -> RestrictedMeans:
    """Return the mean event-free time up to ``tau`` of every group.

    As R's ``summary(survfit, rmean = tau)`` and survRM2, whose variance is Greenwood's. With
    clusters it is the infinitesimal jackknife's (R: the integral of ``influence.surv``), summed
    by cluster over all groups: two hips of a patient may lie in two of them.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    group
        Codes 0 to k - 1, each of them there, shape (n,).
    tau
        Upper end, > 0.
    cluster
        Patient of each case; None where cases are independent.
    """
    k = int(group.max()) + 1
    means, last, variance = np.full(k, np.nan), np.empty(k), np.full(k, np.nan)
    influence = np.zeros((len(outcome), k))
    for j in range(k):
        own = group == j
        part = outcome.take(own)
        curve = kaplan_meier(part.time, part.event, entry=entry_of(part))
        last[j] = part.time.max()
        if tau > last[j] and curve.survival_probability[-1] > 0:
            influence[:, j] = np.nan
            continue
        found = curve.restricted_mean(tau)
        means[j], variance[j] = found.value, found.standard_error**2
        influence[own, j] = _influence(part, tau)
    if cluster is None:
        return RestrictedMeans(means, np.diag(variance), last)
    codes, _ = group_codes(cluster, len(outcome), "cluster")
    sums = np.zeros((int(codes.max()) + 1, k))
    np.add.at(sums, codes, influence)
    return RestrictedMeans(means, sums.T @ sums, last)


def _influence(outcome: Survival, tau: float) -> FloatArray:
    """Return the derivative of the area up to tau by the weight of each case, shape (n,)."""
    time, event, entry = outcome.time, outcome.event, entry_of(outcome)
    curve = kaplan_meier(time, event, entry=entry)
    keep = curve.times <= tau
    times, survival = curve.times[keep], curve.survival_probability[keep]
    widths = np.diff(np.append(times, tau))
    after = np.cumsum((widths * survival)[::-1])[::-1]  # area from each time to tau
    deaths, at_risk = curve.n_events[keep], curve.n_at_risk[keep]
    left = at_risk - deaths
    # Where nobody is left the curve is 0 from there on, and so is the area after.
    slope = np.divide(after, left, out=np.zeros(after.size), where=left > 0)
    spent = np.append(0.0, np.cumsum(slope * deaths / at_risk))
    place = np.searchsorted(times, time, side="right")
    own = np.append(0.0, slope)[place] * (event & (time <= tau))
    found: FloatArray = spent[place] - own
    if entry is not None:
        found -= spent[np.searchsorted(times, entry, side="right")]
    return found
