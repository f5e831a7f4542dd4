"""Who is a case and who a control at a horizon, and their weights under censoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.evaluation.cox_censoring import cox_uncensored_probability
from trephine.evaluation.late_weights import (
    Observation,
    late_influence,
    late_weights,
    observation_of,
)
from trephine.survival.arrays import merge_near_ties
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.ipcw import CensoringDistribution, censoring_distribution
from trephine.survival.late_outcome import LateSurvival, is_late
from trephine.types import BoolArray, FloatArray, Survival, TimeUnit, span_text

HorizonConvention = Literal["timeROC", "riskRegression"]


@dataclass(frozen=True)
class HorizonStatus:
    """Cases, controls and inverse probability of censoring weights at one horizon.

    Attributes
    ----------
    horizon
        In the outcome's unit of time.
    is_case
        Shape (n,): event before the horizon ("timeROC") or up to it ("riskRegression").
    is_control
        Shape (n,): followed beyond the horizon, or with a competing event by it.
    weight
        Shape (n,): 1 / G(T-) for cases and those with a competing event, 1 / G(t) for who was
        followed beyond the horizon, 0 for those censored before (and,
        under "timeROC", for anything that happens exactly at the horizon).
    convention
        What decides at the horizon itself.
    unit
        Of the horizon.
    """

    horizon: float
    is_case: BoolArray
    is_control: BoolArray
    weight: FloatArray
    convention: HorizonConvention
    unit: TimeUnit

    @property
    def why_no_answer(self) -> str:
        """Why cases cannot be compared with controls, or an empty string where they can."""
        if not self.is_case.any():
            until = "before" if self.convention == "timeROC" else "by"
            return f"no event {until} the horizon of {span_text(self.horizon, self.unit)}"
        if not self.is_control.any():
            return f"nobody was followed beyond the horizon of {span_text(self.horizon, self.unit)}"
        return ""


def status_at(
    outcome: Survival,
    horizon: float,
    *,
    convention: HorizonConvention = "timeROC",
    covariates: npt.ArrayLike | None = None,
) -> HorizonStatus:
    """Return cases, controls and weights at a horizon.

    The censoring distribution is Kaplan-Meier's with events leaving the risk set before
    censorings (hazard c / (Y - d)), as in R's pec, prodlim, timeROC and riskRegression: read just
    before T for cases, at the horizon for controls.

    Where cases came under observation late, weights are those of ``late_weights``.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    horizon
        > 0, in the unit of ``outcome``.
    convention
        "timeROC": cases have T < t; "riskRegression": T <= t. They differ only where an event
        falls on the horizon exactly.
    covariates
        Shape (n, p). Where given, censoring follows a Cox model of them instead (R: ``timeROC``
        with ``weighting = "cox"``).

    Raises
    ------
    InputError
        If the horizon is not finite and positive.
    ModelError
        If the Cox model of censoring cannot be fitted.
    """
    check_horizon(horizon)
    if covariates is not None:
        if isinstance(outcome, CompetingSurvival) or is_late(outcome):
            raise InputError(
                "covariates: expected none where events compete or cases came under observation"
                " late, found some"
            )
        is_case, is_control = _case_and_control(outcome, horizon, convention)
        weight = np.zeros(len(outcome))
        own, at_horizon = cox_uncensored_probability(outcome, covariates, horizon)
        weight[is_case] = 1.0 / own[is_case]
        weight[is_control] = 1.0 / at_horizon[is_control]
        return HorizonStatus(float(horizon), is_case, is_control, weight, convention, outcome.unit)
    if is_late(outcome):
        return _late_status(observation_of(outcome), outcome, horizon, convention)
    return _weighted_by(
        censoring_distribution(outcome.time, ended_by_event(outcome)), outcome, horizon, convention
    )


def statuses_at(
    outcome: Survival, horizons: Sequence[float] | FloatArray
) -> tuple[HorizonStatus, ...]:
    """Return `status_at` ("riskRegression") of each horizon; censoring is estimated once.

    Raises
    ------
    InputError
        If a horizon is not finite and positive.
    """
    for horizon in horizons:
        check_horizon(horizon)
    if is_late(outcome):
        seen = observation_of(outcome)
        return tuple(_late_status(seen, outcome, float(t), "riskRegression") for t in horizons)
    censoring = censoring_distribution(outcome.time, ended_by_event(outcome))
    return tuple(_weighted_by(censoring, outcome, float(t), "riskRegression") for t in horizons)


def _late_status(
    seen: Observation, outcome: LateSurvival, horizon: float, convention: HorizonConvention
) -> HorizonStatus:
    is_case, is_control = _case_and_control(outcome, horizon, convention)
    weight = late_weights(seen, is_case, is_control, horizon)
    return HorizonStatus(float(horizon), is_case, is_control, weight, convention, outcome.unit)


def _weighted_by(
    censoring: CensoringDistribution,
    outcome: Survival,
    horizon: float,
    convention: HorizonConvention,
) -> HorizonStatus:
    time = outcome.time
    is_case, is_control = _case_and_control(outcome, horizon, convention)
    weight = np.zeros(time.size)
    weight[is_case] = 1.0 / censoring.before(time[is_case])
    beyond = time > horizon
    if beyond.any():
        weight[beyond] = 1.0 / float(censoring.at([horizon])[0])
    earlier = is_control & ~beyond  # a competing event: it will never be a case
    if earlier.any():
        weight[earlier] = 1.0 / censoring.before(time[earlier])
    return HorizonStatus(float(horizon), is_case, is_control, weight, convention, outcome.unit)


def _case_and_control(
    outcome: Survival, horizon: float, convention: HorizonConvention
) -> tuple[BoolArray, BoolArray]:
    time = outcome.time
    before = time < horizon if convention == "timeROC" else time <= horizon
    beyond = time > horizon
    if isinstance(outcome, CompetingSurvival):
        beyond = beyond | (outcome.competing & before)
    if isinstance(outcome, LateSurvival):
        beyond = beyond & (outcome.entry <= horizon)
    return outcome.event & before, beyond


def ended_by_event(outcome: Survival) -> BoolArray:
    """Return whose follow-up an event ended, of any kind: all others were censored, shape (n,)."""
    if isinstance(outcome, CompetingSurvival):
        found: BoolArray = outcome.cause > 0
        return found
    return outcome.event


def check_horizon(horizon: float) -> None:
    """Raise an InputError unless the horizon is finite and positive."""
    if not (np.isfinite(horizon) and horizon > 0):
        raise InputError(f"horizon: expected a finite time > 0, found {horizon!r}")


def check_risk(
    values: npt.ArrayLike, n: int, name: str, *, probability: bool = False
) -> FloatArray:
    """Return risks as n finite floats.

    Raises
    ------
    InputError
        If there are not n, if one is missing, or if probabilities leave [0, 1].
    """
    risk = np.asarray(values, dtype=np.float64)
    if risk.shape != (n,):
        raise InputError(f"{name}: expected shape ({n},), found {risk.shape}")
    bad = np.flatnonzero(~np.isfinite(risk))
    if bad.size:
        raise InputError(
            f"{name}: expected finite values, found {risk[bad[0]]} in row {bad[0]} and"
            f" {bad.size - 1} more"
        )
    if probability:
        out = np.flatnonzero((risk < 0.0) | (risk > 1.0))
        if out.size:
            raise InputError(
                f"{name}: expected probabilities in [0, 1], found {risk[out[0]]} in row {out[0]}"
                f" and {out.size - 1} more; give the probability of the event, not a score"
            )
    return risk


def censoring_influence(
    outcome: Survival, coefficient: FloatArray, status: HorizonStatus
) -> FloatArray:
    """Return what estimating the censoring distribution adds to an influence function.

    An estimate is a mean of c_i, each with a weight 1 / G. For subject k the estimation of G adds
    sum_i c_i int_0^{s_i} dM_k(u) / S(u), with M_k the martingale of k's censoring, S the share at
    risk, and s_i the time at which i's weight reads G (Blanche, Dartigues and Jacqmin-Gadda 2013,
    appendix). Under "riskRegression" equal times are one time, hazard c / Y, and a case's integral
    stops before its own time. Under "timeROC" time goes one case after the other in row order even
    through ties, as its ``Compute.iid.KM`` does: where times are tied the standard error then
    depends, slightly, on the order of the rows.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    coefficient
        c, shape (n,): the case's weighted contribution over n.
    status
        At the horizon.

    Returns
    -------
    FloatArray
        Shape (n,), in the order of the cases.
    """
    if is_late(outcome):
        return summed_censoring_influence(outcome, [coefficient], [status])
    if status.convention == "timeROC":
        return _row_by_row(outcome, coefficient)
    return summed_censoring_influence(outcome, [coefficient], [status])


def _row_by_row(outcome: Survival, coefficient: FloatArray) -> FloatArray:
    time, n = outcome.time, len(outcome)
    order = np.argsort(time, kind="stable")
    at_risk = n - np.arange(n)
    censored = ~ended_by_event(outcome)[order]
    compensator = np.cumsum(np.where(censored, n / at_risk**2, 0.0))
    c = coefficient[order]
    later = np.cumsum(c[::-1])[::-1]
    earlier = np.append(0.0, np.cumsum(c * compensator)[:-1])
    jump_row = np.searchsorted(time[order], time[order])
    jump = np.where(censored, n / at_risk[jump_row] * later[jump_row], 0.0)
    influence = np.empty(n)
    influence[order] = jump - later * compensator - earlier
    return influence


def summed_censoring_influence(
    outcome: Survival, coefficients: Sequence[FloatArray], statuses: Sequence[HorizonStatus]
) -> FloatArray:
    """Return the sum of `censoring_influence` over horizons ("riskRegression"), shape (n,).

    The influence is linear in the coefficients: they are added up by the time at which each
    integral stops, and the sum costs no more than one of them.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    coefficients
        For each status, shape (n,).
    statuses
        One for each horizon.
    """
    if is_late(outcome):
        controls = [status.is_control for status in statuses]
        horizons = [status.horizon for status in statuses]
        return late_influence(observation_of(outcome), coefficients, controls, horizons)
    time, n = merge_near_ties(outcome.time), len(outcome)
    distinct, position = np.unique(time, return_inverse=True)
    size = distinct.size
    at_risk = n - np.append(0, np.cumsum(np.bincount(position, minlength=size))[:-1])
    ended = ended_by_event(outcome)
    censored = np.bincount(position, ~ended, size)
    compensator = np.cumsum(censored * n / at_risk**2)
    c = np.zeros(size + 1)
    for coefficient, status in zip(coefficients, statuses, strict=True):
        # The first distinct time that i's integral no longer reaches.
        beyond = np.searchsorted(distinct, status.horizon, side="right")
        reach = np.where(outcome.time > status.horizon, beyond, position)
        c += np.bincount(reach, coefficient, size + 1)
    reaching = np.cumsum(c[::-1])[::-1][1:]  # weight whose integral reaches each distinct time
    stopped = np.cumsum(c[:-1] * np.append(0.0, compensator[:-1]))
    jump = np.where(ended, 0.0, n / at_risk[position] * reaching[position])
    influence: FloatArray = jump - (reaching * compensator + stopped)[position]
    return influence
