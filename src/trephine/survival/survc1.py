"""Uno's concordance as R's survC1 computes it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.survival.arrays import (
    check_survival,
    check_vector,
)
from trephine.survival.concordance import counts_of, estimate_of
from trephine.survival.ipcw import censoring_distribution
from trephine.types import BoolArray, FloatArray


def survc1_concordance(
    time: npt.ArrayLike, event: npt.ArrayLike, risk_score: npt.ArrayLike, tau: float
) -> float:
    """Return Uno's C as R's ``survC1::Est.Cval`` defines it (Uno et al. 2011, eq. 6).

    Pairs with T_i < T_j (strict) and T_i < tau, weighted by 1 / G(T_i-)^2, where the hazard of
    censoring is c / Y. It differs from ``concordance(time_weight="n/G2", ymax=tau)`` in both.

    Raises
    ------
    InputError
        Unusable arrays, or no comparable pair before tau.
    """
    times, events = check_survival(time, event)
    score = check_vector(risk_score, times.size, "risk_score")
    censoring = censoring_distribution(times, events, estimator="tied").before(times)
    weight = survc1_weights(times, events, tau, censoring)
    return estimate_of(times, events, score, weight, "skip")


def survc1_weights(
    times: FloatArray, events: BoolArray, tau: float, uncensored: FloatArray
) -> FloatArray:
    """Return survC1's weight of each case's pairs, 1 / G(T-)^2 for events before tau, else 0."""
    with np.errstate(divide="ignore"):
        return np.where(events & (times < tau), uncensored**-2.0, 0.0)


def survc1_pairs(
    times: FloatArray,
    events: BoolArray,
    risk_score: FloatArray,
    case_weights: FloatArray,
    time_weights: FloatArray,
) -> tuple[float, float]:
    """Return the weight of concordant pairs (equal scores count half) and of all pairs.

    Pairs with T_i < T_j (strict) and an event at T_i, each weighing both cases' weights times the
    ``time_weights`` of the earlier; all arrays of shape (n,), and of equal times of events equal
    ``time_weights``.
    """
    counts = counts_of(times, events, risk_score, case_weights, time_weights, "skip")
    return float(counts[0] + counts[2] / 2), float(counts[:3].sum())
