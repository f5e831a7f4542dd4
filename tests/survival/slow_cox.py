"""Cox's partial likelihood written as its definition, to hold the fast one to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from trephine.types import FloatArray


def slow_log_likelihood(
    X: FloatArray,
    time: FloatArray,
    event: npt.NDArray[np.bool_],
    beta: FloatArray,
    *,
    ties: str,
    weights: FloatArray | None = None,
    strata: npt.NDArray[np.int64] | None = None,
) -> float:
    """Return the log partial likelihood, a risk set at a time, on the log scale throughout."""
    n = len(time)
    w = np.ones(n) if weights is None else weights
    s = np.zeros(n, dtype=int) if strata is None else strata
    eta = X @ beta
    total = 0.0
    for stratum in np.unique(s):
        for t in np.unique(time[event & (s == stratum)]):
            risk = (time >= t) & (s == stratum)
            dead = event & (time == t) & (s == stratum)
            others = risk & ~dead
            mean_weight = w[dead].mean()
            total += float(np.sum(w[dead] * eta[dead]))
            for step in range(int(dead.sum())):
                share = 1 - step / dead.sum() if ties == "efron" else 1.0
                terms = np.concatenate([eta[others], eta[dead]])
                factors = np.concatenate([w[others], share * w[dead]])
                total -= mean_weight * float(logsumexp(terms, b=factors))
    return total


# Therneau's example (tests/book1.R of R's survival describes it): x, time, event.
X_SEVEN = np.array([[0.0], [1.0], [1.0], [1.0], [0.0], [0.0]])
TIME_SEVEN = np.array([9.0, 1.0, 1.0, 6.0, 6.0, 8.0])
EVENT_SEVEN = np.array([True, True, False, True, True, False])
