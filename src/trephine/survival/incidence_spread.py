"""How sure cumulative incidences are, by the infinitesimal jackknife, in O(n + m) once sorted."""

from __future__ import annotations

import numba
import numpy as np

from trephine.types import FloatArray, IntArray

# Nobody is left without an event where the hazards of a time add up to this.
_ALL = 1.0 - 1e-12


@numba.njit(cache=True)
def incidence_spread(
    hazard: FloatArray,
    total: FloatArray,
    weight: FloatArray,
    cluster: IntArray,
    place: IntArray,
    column: IntArray,
    order: tuple[IntArray, IntArray],
) -> tuple[FloatArray, FloatArray]:
    """Return the standard errors of k incidences, (m, k), and of P(no event yet), (m,).

    While a case is at risk, its influences follow functions of time that are the same for all; once
    it has left, they are a constant and a multiple of the incidence. So the influence of a cluster
    on cause k is always ``A + Q F + N b``: F is the incidence, b the influence of a case at risk
    since time 0, N the weights at risk, and A and Q change only where one of its cases enters,
    has an event or leaves. The sums of squares and products over clusters follow those changes.

    Parameters
    ----------
    hazard
        Of each cause at each of m event times, shape (m, k).
    total
        Weights at risk there, shape (m,).
    weight, cluster
        Of n cases; clusters from 0 on.
    place
        Shape (n, 2): the first event time at which a case is at risk, and the one after its last.
    column
        Cause of each case's event, -1 where it has none, shape (n,).
    order
        Cases by either column of ``place``.
    """
    m, k = hazard.shape
    entering, leaving = order
    n_clusters = cluster.max() + 1
    constant, slope = np.zeros((n_clusters, k)), np.zeros(n_clusters)
    at_risk = np.zeros(n_clusters)
    # Sums over clusters: of A², AQ, AN by cause, and of Q², QN, N².
    by_cause, sums = np.zeros((3, k)), np.zeros(3)
    error, free_error = np.zeros((m, k)), np.zeros(m)
    reached, shared = np.zeros(k), np.zeros(k)
    survival, flow = 1.0, 0.0
    entered, left = 0, 0
    for row in range(m):
        while entered < entering.size and place[entering[entered], 0] <= row:
            case = entering[entered]
            entered += 1
            if place[case, 1] <= place[case, 0]:
                continue
            group, w = cluster[case], weight[case]
            _move(group, constant, slope, at_risk, by_cause, sums, -1.0)
            constant[group] += w * (flow * reached - shared)
            slope[group] -= w * flow
            at_risk[group] += w
            _move(group, constant, slope, at_risk, by_cause, sums, 1.0)
        every = hazard[row].sum()
        if every > _ALL:
            free = survival * (slope + at_risk * flow)
            for cause in range(k):
                moved = constant[:, cause] + slope * reached[cause] + at_risk * shared[cause]
                gain = survival * hazard[row, cause]
                moved += free * hazard[row, cause] - at_risk * gain / total[row]
                for case in leaving[left:]:
                    if place[case, 1] - 1 == row and column[case] == cause:
                        moved[cluster[case]] += weight[case] * survival / total[row]
                error[row:, cause] = np.sqrt((moved**2).sum())
            break
        shared += survival * hazard[row] * (flow - 1 / total[row])
        reached += survival * hazard[row]
        step = 1 / (total[row] * (1 - every))
        flow += every * step
        while left < leaving.size and place[leaving[left], 1] - 1 <= row:
            case = leaving[left]
            left += 1
            if place[case, 1] <= place[case, 0]:
                continue
            group, w = cluster[case], weight[case]
            _move(group, constant, slope, at_risk, by_cause, sums, -1.0)
            constant[group] += w * (shared - flow * reached)
            slope[group] += w * flow
            at_risk[group] -= w
            if column[case] >= 0:
                constant[group, column[case]] += w * survival / total[row]
                constant[group] += w * step * reached
                slope[group] -= w * step
            _move(group, constant, slope, at_risk, by_cause, sums, 1.0)
        survival *= 1 - every
        for cause in range(k):
            f, b = reached[cause], shared[cause]
            square = by_cause[0, cause] + 2 * f * by_cause[1, cause] + 2 * b * by_cause[2, cause]
            square += f * f * sums[0] + 2 * f * b * sums[1] + b * b * sums[2]
            error[row, cause] = np.sqrt(max(square, 0.0))
        square = sums[0] + 2 * flow * sums[1] + flow * flow * sums[2]
        free_error[row] = survival * np.sqrt(max(square, 0.0))
    return error, free_error


@numba.njit(cache=True)
def _move(
    group: int,
    constant: FloatArray,
    slope: FloatArray,
    at_risk: FloatArray,
    by_cause: FloatArray,
    sums: FloatArray,
    sign: float,
) -> None:
    """Add a cluster to the sums of squares and products, or take it out."""
    q, n = slope[group], at_risk[group]
    for cause in range(constant.shape[1]):
        a = constant[group, cause]
        by_cause[0, cause] += sign * a * a
        by_cause[1, cause] += sign * a * q
        by_cause[2, cause] += sign * a * n
    sums[0] += sign * q * q
    sums[1] += sign * q * n
    sums[2] += sign * n * n
