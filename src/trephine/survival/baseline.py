"""The baseline cumulative hazard of a Cox model, and what the variance of a prediction needs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt

from trephine.choices import Ties
from trephine.survival.late_outcome import under_observation
from trephine.survival.risk_sets import StratifiedRiskSets
from trephine.types import BoolArray, FloatArray, IntArray, Survival


@dataclass(frozen=True)
class BaselineHazard:
    """Cumulative hazard of one stratum, as right-continuous steps at its distinct times.

    Hazards belong to a case whose linear predictor, in the units that were given, is 0.

    Attributes
    ----------
    times
        Distinct times of follow-up (events and censorings), ascending, shape (m,).
    cumulative_hazard
        H0(t), shape (m,): Breslow's, or Efron's where the model was fitted so, as in R's
        ``basehaz``.
    variance
        Tsiatis variance of H0(t) with the coefficients known, shape (m,).
    mean_hazard
        The integral of the risk-set mean of the covariates by H0, shape (m, p).
    """

    times: FloatArray
    cumulative_hazard: FloatArray
    variance: FloatArray
    mean_hazard: FloatArray

    def positions(self, times: npt.ArrayLike) -> IntArray:
        """Return the index into the arrays at each time; -1 before the first follow-up."""
        asked = np.asarray(times, dtype=np.float64)
        return np.searchsorted(self.times, asked, side="right") - 1

    def at(self, times: npt.ArrayLike) -> FloatArray:
        """Return H0(t): 0 before the first event, the last value after the last follow-up."""
        found: FloatArray = np.append(self.cumulative_hazard, 0.0)[self.positions(times)]
        return found

    def observed_at(self, times: npt.ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return H0(t), its variance and the mean hazard, of shapes (k,), (k,) and (k, p).

        0 before the first event; after the last follow-up, where nothing was observed, H0 is NaN.
        """
        at = self.positions(times)
        hazard = np.where(np.asarray(times) <= self.times[-1], self.at(times), np.nan)
        variance = np.append(self.variance, 0.0)[at]
        before = np.zeros((1, self.mean_hazard.shape[1]))
        return hazard, variance, np.vstack([self.mean_hazard, before])[at]


def baseline_hazards(
    risk_sets: StratifiedRiskSets, linear_predictor: FloatArray, ties: Ties
) -> list[BaselineHazard]:
    """Estimate the cumulative baseline hazard of each stratum, in the order of their labels.

    Parameters
    ----------
    risk_sets
        The cases the model was fitted to.
    linear_predictor
        Shape (n,), in the sorted order of ``risk_sets``.
    ties
        How the model treated ties.
    """
    hazard, variance, _, mean_hazard, _, _ = hazard_increments(
        risk_sets.covariates,
        linear_predictor,
        risk_sets.event,
        risk_sets.weight,
        risk_sets.block_start,
        risk_sets.opens_stratum,
        ties == "efron",
    )
    firsts = np.append(np.flatnonzero(risk_sets.opens_stratum), hazard.size)
    has_case = np.add.reduceat(~risk_sets.is_entry, risk_sets.block_start[:-1], dtype=np.int64) > 0
    found = []
    for first, end in pairwise(firsts):
        backwards = first + np.flatnonzero(has_case[first:end])[::-1]
        found.append(
            BaselineHazard(
                times=risk_sets.time[risk_sets.block_start[:-1][backwards]],
                cumulative_hazard=np.cumsum(hazard[backwards]),
                variance=np.cumsum(variance[backwards]),
                mean_hazard=np.cumsum(mean_hazard[backwards], axis=0),
            )
        )
    return found


@numba.njit(cache=True)
def hazard_increments(
    X: FloatArray,
    lp: FloatArray,
    event: BoolArray,
    weight: FloatArray,
    block_start: IntArray,
    opens_stratum: BoolArray,
    efron: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return what each block adds to the hazard.

    ``lp`` must be centred, so that exp(lp) is representable, as it is for any finite fit.

    Returns
    -------
    hazard, variance
        Shape (b,): d / S0 and d / S0^2, summed over Efron's steps.
    own_hazard
        Shape (b,): the part of ``hazard`` that an event meets at its own time (all of it under
        Breslow's ties).
    mean_hazard, own_mean_hazard
        Shape (b, p): the same two, times the mean of the covariates in the risk set.
    event_mean
        Shape (b, p): that mean, averaged over the steps.
    """
    n_blocks, p = opens_stratum.size, X.shape[1]
    hazard, variance, own_hazard = np.zeros(n_blocks), np.zeros(n_blocks), np.zeros(n_blocks)
    mean_hazard, own_mean_hazard = np.zeros((n_blocks, p)), np.zeros((n_blocks, p))
    event_mean = np.zeros((n_blocks, p))
    risk0, risk1, dead1 = 0.0, np.zeros(p), np.zeros(p)
    for block in range(n_blocks):
        if opens_stratum[block]:
            risk0 = 0.0
            risk1[:] = 0.0
        n_dead = 0
        dead_weight, dead0 = 0.0, 0.0
        dead1[:] = 0.0
        for i in range(block_start[block], block_start[block + 1]):
            risk = weight[i] * np.exp(lp[i])
            risk0 += risk
            for j in range(p):
                risk1[j] += risk * X[i, j]
            if event[i]:
                n_dead += 1
                dead_weight += weight[i]
                dead0 += risk
                for j in range(p):
                    dead1[j] += risk * X[i, j]
        steps = n_dead if efron else min(n_dead, 1)
        for step in range(steps):
            removed = step / steps
            sum0 = risk0 - removed * dead0
            increment = dead_weight / steps / sum0
            hazard[block] += increment
            variance[block] += increment / sum0
            own_hazard[block] += (1 - removed) * increment
            for j in range(p):
                mean = (risk1[j] - removed * dead1[j]) / sum0
                event_mean[block, j] += mean / steps
                mean_hazard[block, j] += increment * mean
                own_mean_hazard[block, j] += (1 - removed) * increment * mean
    return hazard, variance, own_hazard, mean_hazard, own_mean_hazard, event_mean


def hazard_of_all(survival: Survival) -> BaselineHazard:
    """Return the hazard of cases among whom nothing tells one from another.

    Tied events leave the risk set one after the other, as Efron has it and as models with terms do
    (R: ``basehaz(coxph(... ~ 1))``): with many ties Breslow's hazard is far lower.
    """
    times = np.unique(survival.time)
    at_risk = under_observation(survival, times)
    place = np.searchsorted(times, survival.time)
    events = np.bincount(place, survival.event, times.size).astype(np.int64)
    shares = [1 / (n - np.arange(d)) for n, d in zip(at_risk, events, strict=True)]
    return BaselineHazard(
        times,
        np.cumsum([share.sum() for share in shares]),
        np.cumsum([(share**2).sum() for share in shares]),
        np.empty((times.size, 0)),
    )
