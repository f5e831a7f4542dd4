"""The distribution of censoring, in each convention of the R packages that Trephine equals.

They differ in three ways, and each difference shows in the third decimal of an AUC: whether events
at a tied time leave the risk set before the censorings (hazard c / (Y - d)) or not (c / Y),
whether G is a product or exp(-cumulative hazard), and whether it is read at t or just before t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.survival.arrays import check_survival, check_weights, merge_near_ties, weight_at
from trephine.types import FloatArray

CensoringEstimator = Literal["events-first", "tied", "nelson-aalen"]


@dataclass(frozen=True)
class CensoringDistribution:
    """G(t), the probability of being uncensored, as a right-continuous step function.

    Attributes
    ----------
    times
        Distinct times of follow-up, ascending.
    uncensored_probability
        G at each of ``times``.
    estimator
        "events-first": product of 1 - c / (Y - d); "tied": product of 1 - c / Y;
        "nelson-aalen": exp of minus the sum of c / Y.
    """

    times: FloatArray
    uncensored_probability: FloatArray
    estimator: CensoringEstimator

    def at(self, times: npt.ArrayLike) -> FloatArray:
        """Return G(t), censorings at t included."""
        return self._read(times, "right")

    def before(self, times: npt.ArrayLike) -> FloatArray:
        """Return G(t-), the limit from the left: censorings at t not yet counted."""
        return self._read(times, "left")

    def _read(self, times: npt.ArrayLike, side: Literal["left", "right"]) -> FloatArray:
        asked = np.asarray(times, dtype=np.float64)
        index = np.searchsorted(self.times, asked, side=side)
        read: FloatArray = np.append(1.0, self.uncensored_probability)[index]
        return read


def censoring_distribution(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    estimator: CensoringEstimator = "events-first",
    weights: npt.ArrayLike | None = None,
) -> CensoringDistribution:
    """Estimate the distribution of censoring.

    Parameters
    ----------
    time, event
        Shape (n,).
    estimator
        See `CensoringDistribution`. "events-first" is the one for which S(t) G(t) = Y(t+) / n.
    weights
        Shape (n,), > 0.

    Raises
    ------
    InputError
        Unusable times, events or weights.
    """
    times, events = check_survival(time, event)
    case_weights = check_weights(weights, times.size)
    distinct, position = np.unique(merge_near_ties(times), return_inverse=True)
    size = distinct.size
    leaving = weight_at(position, case_weights, size)
    deaths = weight_at(position, case_weights * events, size)
    censored = weight_at(position, case_weights * ~events, size)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    exposed = at_risk - deaths if estimator == "events-first" else at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(censored > 0, censored / exposed, 0.0)
    if estimator == "nelson-aalen":
        probability = np.exp(-np.cumsum(hazard))
    else:
        probability = np.cumprod(np.where(1 - hazard < 1e-12, 0.0, 1 - hazard))
    return CensoringDistribution(distinct, probability, estimator)


def timeroc_uncensored_probability(
    time: npt.ArrayLike, event: npt.ArrayLike, times: npt.ArrayLike
) -> FloatArray:
    """Return G(t-) as timeROC, pec, prodlim and riskRegression do: events leave first."""
    return censoring_distribution(time, event, estimator="events-first").before(times)


def nricens_uncensored_probability(
    time: npt.ArrayLike, event: npt.ArrayLike, times: npt.ArrayLike
) -> FloatArray:
    """Return G(t) as nricens does: hazard c / Y, right-continuous."""
    return censoring_distribution(time, event, estimator="tied").at(times)


def survidinri_uncensored_probability(
    time: npt.ArrayLike, event: npt.ArrayLike, times: npt.ArrayLike
) -> FloatArray:
    """Return G(t) as survIDINRI does: exp(-Nelson-Aalen), hazard c / Y, right-continuous."""
    return censoring_distribution(time, event, estimator="nelson-aalen").at(times)


def survc1_uncensored_probability(
    time: npt.ArrayLike, event: npt.ArrayLike, times: npt.ArrayLike
) -> FloatArray:
    """Return G(t-) as survC1 does: hazard c / Y, limit from the left."""
    return censoring_distribution(time, event, estimator="tied").before(times)
