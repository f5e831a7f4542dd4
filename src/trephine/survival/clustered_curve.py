"""How sure a Kaplan-Meier curve is where cases come in clusters, such as the hips of a patient."""

from __future__ import annotations

import numpy as np

from trephine.survival.at_risk import AtRisk
from trephine.types import FloatArray, IntArray


def clustered_log_error(
    counted: AtRisk,
    cluster: IntArray,
    inverse_left: FloatArray,
    cumulated: FloatArray,
) -> FloatArray:
    """Return the standard error of log S at every distinct time by the infinitesimal jackknife.

    Case i moves -log S(t) by -K(t) while it is at risk, K the sum of d / (Y (Y - d)) up to t, and
    by event_i / (Y - d) - K(T_i) from T_i on. A cluster's influence is the sum over its cases:
    a(t), what those gone have left, minus K(t) times m(t), the weight of those still there. The
    sums over clusters of a^2, a m and m^2 change by one case at a time, so that nothing of the size
    clusters x times is held.

    Parameters
    ----------
    counted
        The cases; a late entry is a case of its own with a negative weight.
    cluster
        Shape (n,), of each case, numbered from 0.
    inverse_left, cumulated
        1 / (Y - d) and K at the distinct times; infinite from where nobody is left.
    """
    size = cumulated.size
    position, weight = counted.position, counted.weight
    cluster = cluster[counted.case]
    gone = weight * (np.where(counted.event, inverse_left[position], 0.0) - cumulated[position])
    order = np.lexsort((position, cluster))
    first = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    length = np.diff(np.append(first, order.size))
    total = np.add.reduceat(weight[order], first)

    def before(values: FloatArray) -> FloatArray:
        """Return the sum over the cluster's earlier cases."""
        running: FloatArray = np.cumsum(values[order]) - values[order]
        return running - np.repeat(running[first], length)

    finite = np.where(np.isfinite(gone), gone, 0.0)
    had, added = before(finite), finite[order]
    there = np.repeat(total, length) - before(weight)
    left = there - weight[order]
    at = position[order]

    def sums(change: FloatArray, start: float) -> FloatArray:
        running: FloatArray = np.cumsum(np.bincount(at, change, minlength=size), dtype=np.float64)
        return start + running

    squares = sums((had + added) ** 2 - had**2, 0.0)
    products = sums((had + added) * left - had * there, 0.0)
    still = sums(left**2 - there**2, float((total**2).sum()))
    variance = squares - 2.0 * cumulated * products + cumulated**2 * still
    error: FloatArray = np.sqrt(np.maximum(variance, 0.0))
    return error
