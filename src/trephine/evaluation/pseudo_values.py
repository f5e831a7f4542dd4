"""Jackknife pseudo-values of the survival probability at a horizon."""

from __future__ import annotations

import numpy as np

from trephine.evaluation.censoring_weights import check_horizon
from trephine.survival.arrays import merge_near_ties
from trephine.types import FloatArray, Survival


def survival_pseudo_values(outcome: Survival, horizon: float) -> FloatArray:
    """Return n S(t) - (n - 1) S_{-i}(t) for every case (R: ``prodlim::jackknife``).

    Without censoring it is 1 for those beyond the horizon and 0 for the others; with it, values
    outside [0, 1] are normal. Their mean within a group estimates the group's survival (Andersen,
    Klein and Rosthøj 2003) where censoring does not depend on the group.

    Parameters
    ----------
    outcome
        Follow-up of n cases, n >= 2.
    horizon
        t > 0, in the unit of ``outcome``.

    Returns
    -------
    FloatArray
        Shape (n,). All curves are computed at once, in O(n log n).

    Raises
    ------
    InputError
        If the horizon is not finite and positive.
    """
    check_horizon(horizon)
    n = len(outcome)
    distinct, position = np.unique(merge_near_ties(outcome.time), return_inverse=True)
    deaths = np.bincount(position, outcome.event, distinct.size)
    leaving = np.bincount(position, minlength=distinct.size)
    at_risk = np.cumsum(leaving[::-1])[::-1].astype(np.float64)
    reached = distinct <= horizon
    with np.errstate(divide="ignore", invalid="ignore"):
        everybody = np.where(reached, 1.0 - deaths / at_risk, 1.0)
        # Before i leaves, one fewer is at risk; when i leaves, i's own event is gone as well.
        one_fewer = np.where(reached & (at_risk > 1), 1.0 - deaths / (at_risk - 1.0), 1.0)
        own_event = outcome.event.astype(np.float64)
        others = at_risk[position] - 1.0
        at_own_time = np.where(
            reached[position] & (others > 0), 1.0 - (deaths[position] - own_event) / others, 1.0
        )
    before = np.append(1.0, np.cumprod(one_fewer)[:-1])[position]
    after = np.append(np.cumprod(everybody[::-1])[::-1][1:], 1.0)[position]
    pseudo: FloatArray = n * np.prod(everybody) - (n - 1) * before * at_own_time * after
    return pseudo
