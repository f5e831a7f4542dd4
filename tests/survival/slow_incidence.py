"""Aalen and Johansen's curve with every case's influence followed from event time to event time."""

from __future__ import annotations

import numpy as np

from trephine.types import FloatArray, IntArray


def slow_incidence(
    times: FloatArray,
    codes: IntArray,
    *,
    entry: FloatArray | None = None,
    cluster: IntArray | None = None,
    weights: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return incidences (m, k), P(no event), and the standard errors of both: O(n m)."""
    start = np.full(times.size, -np.inf) if entry is None else entry
    weight = np.ones(times.size) if weights is None else weights
    clusters = (
        np.arange(times.size) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    )
    causes = np.unique(codes[codes != 0])
    distinct = np.unique(times[codes != 0])
    k, m = causes.size, distinct.size
    free, incidence = np.ones(m), np.zeros((m, k))
    error, free_error = np.zeros((m, k)), np.zeros(m)
    moved_free, moved = np.zeros(times.size), np.zeros((times.size, k))
    survival, reached = 1.0, np.zeros(k)
    for row, at in enumerate(distinct):
        here = (times == at)[:, None] & (codes[:, None] == causes)
        at_risk = (times >= at) & (start < at)
        total = float(weight[at_risk].sum())
        hazard = (weight[:, None] * here).sum(axis=0) / total
        change = (here - at_risk[:, None] * hazard) / total
        moved = moved + moved_free[:, None] * hazard + survival * change
        reached = reached + survival * hazard
        moved_free = moved_free * (1 - hazard.sum()) - survival * change.sum(axis=1)
        survival = survival * (1 - float(hazard.sum()))
        free[row], incidence[row] = max(survival, 0.0), reached
        error[row] = _spread(weight[:, None] * moved, clusters)
        free_error[row] = _spread((weight * moved_free)[:, None], clusters)[0]
    return incidence, free, error, free_error


def _spread(influence: FloatArray, cluster: IntArray) -> FloatArray:
    sums = np.zeros((int(cluster.max()) + 1, influence.shape[1]))
    np.add.at(sums, cluster, influence)
    found: FloatArray = np.sqrt((sums**2).sum(axis=0))
    return found
