"""Intervals of IDI, half-NRI and median improvement of two Cox models by perturbation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.evaluation.discrimination_improvement import (
    DiscriminationImprovement,
    Precision,
    discrimination_improvement,
    events_and_non_events,
    improvement_measures,
)
from trephine.regression.cox import CoxModel
from trephine.types import BoolArray, Estimate, FloatArray, IntArray, Survival


@dataclass(frozen=True)
class PerturbedImprovement:
    """Improvement of one Cox model over another, with perturbation intervals.

    Attributes
    ----------
    point
        The three measures, split by event status.
    idi, half_nri, median_improvement
        Values with percentile intervals over the draws.
    p_values
        Two-sided, twice the smaller share of draws beyond 0, in the order of the measures.
    draws
        Shape (perturbations, 3).
    """

    point: DiscriminationImprovement
    idi: Estimate
    half_nri: Estimate
    median_improvement: Estimate
    p_values: tuple[float, float, float]
    draws: FloatArray


def exponential_perturbations(n: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return multipliers of mean and variance 1 for n cases, shape (n, draws)."""
    return rng.exponential(size=(n, draws))


def perturbed_improvement(
    outcome: Survival,
    old_design: npt.ArrayLike,
    new_design: npt.ArrayLike,
    horizon: float,
    perturbations: npt.ArrayLike,
    *,
    level: float = 0.95,
    precision: Precision = "double",
) -> PerturbedImprovement:
    """Return the improvement between two Cox models fitted to the same cases, with intervals.

    Equal to R's ``survIDINRI::IDI.INF`` (Uno et al. 2013): every draw multiplies each case's
    contribution to the estimating equations of both models, to the distribution of censoring and
    to the measures by its perturbation; coefficients move by one Newton step. The package
    puts a spurious 0 before its draws, which enters its quantiles and p; that is not copied here.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    old_design, new_design
        Shapes (n, p) and (n, q): covariates of the two models.
    horizon
        t > 0, in the unit of ``outcome``.
    perturbations
        Shape (n, draws), positive with mean and variance 1 (`exponential_perturbations`). For
        clustered cases give all cases of a patient the same row.
    level
        Coverage.
    precision
        As in `discrimination_improvement`.

    Raises
    ------
    InputError
        If shapes do not fit, or a perturbation is not positive.
    ModelError
        If a model cannot be fitted.
    """
    multipliers = np.asarray(perturbations, dtype=np.float64)
    if multipliers.ndim != 2 or multipliers.shape[0] != len(outcome) or not multipliers.size:
        raise InputError(
            f"perturbations: expected shape ({len(outcome)}, draws), found {multipliers.shape}"
        )
    if not (np.isfinite(multipliers) & (multipliers >= 0)).all():
        raise InputError("perturbations: expected finite values >= 0")
    old, new = (_CoxRisk.fit(outcome, x, horizon) for x in (old_design, new_design))
    point = discrimination_improvement(
        outcome, old.probability(), new.probability(), horizon, precision=precision
    )
    if point.note:
        nothing = Estimate(float("nan"), level=level)
        empty = np.empty((0, 3))
        nan = float("nan")
        return PerturbedImprovement(point, nothing, nothing, nothing, (nan, nan, nan), empty)
    draws = _draw(outcome, old, new, horizon, multipliers, precision)
    tail = (1.0 - level) / 2.0
    values = (point.idi.value, point.half_nri.value, point.median_improvement.value)
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0)
    idi, half_nri, median = (
        Estimate(value, float(low[j]), float(high[j]), level) for j, value in enumerate(values)
    )
    above, below = (draws > 0.0).mean(axis=0), (draws < 0.0).mean(axis=0)
    p = np.minimum(1.0, 2.0 * np.minimum(above, below))
    p_values = (float(p[0]), float(p[1]), float(p[2]))
    return PerturbedImprovement(point, idi, half_nri, median, p_values, draws)


def _draw(
    outcome: Survival,
    old: _CoxRisk,
    new: _CoxRisk,
    horizon: float,
    multipliers: FloatArray,
    precision: Precision,
) -> FloatArray:
    is_event, is_free, _ = events_and_non_events(outcome, horizon)
    censoring = _PerturbedCensoring.of(outcome)
    draws = np.empty((multipliers.shape[1], 3))
    for b, multiplier in enumerate(multipliers.T):
        change = new.perturbed_probability(multiplier) - old.perturbed_probability(multiplier)
        weight = multiplier.copy()
        weight[is_event] /= censoring.perturbed(multiplier, horizon)[is_event]
        measures = improvement_measures(change, weight, is_event, is_free, precision)
        draws[b] = [measure.value for measure in measures]
    return draws


@dataclass(frozen=True)
class _PerturbedCensoring:
    """G(T-) of every case, and how perturbations move it.

    As in survIDINRI's ``kmcens``: hazard c / Y, and G moves by the influence of the cumulative
    hazard of censoring itself (not times G), in which the compensator lags by one distinct time.
    """

    position: IntArray
    is_censored: BoolArray
    at_risk: FloatArray
    uncensored: FloatArray
    lagged_hazard: FloatArray
    first_censored: float

    @classmethod
    def of(cls, outcome: Survival) -> _PerturbedCensoring:
        distinct, position = np.unique(outcome.time, return_inverse=True)
        at_risk = _from_here(_sum_by(position, np.ones(position.size), distinct.size))
        hazard = _sum_by(position, (~outcome.event).astype(np.float64), distinct.size) / at_risk
        lagged = np.append(0.0, hazard[:-1])
        uncensored: FloatArray = np.cumprod(1.0 - lagged).astype(np.float64)
        first = float(distinct[np.argmax(hazard > 0.0)]) if hazard.any() else np.inf
        return cls(position, ~outcome.event, at_risk, uncensored, lagged, first)

    def perturbed(self, multiplier: FloatArray, horizon: float) -> FloatArray:
        """Return the perturbed G(T-) of every case; 1 where nobody is censored before t."""
        if not self.first_censored < horizon:
            return np.ones(multiplier.size)
        size = self.at_risk.size
        moves = multiplier - 1.0
        leaving = _sum_by(self.position, moves * self.is_censored, size)
        at_risk = _from_here(_sum_by(self.position, moves, size))
        step = np.cumsum((leaving - self.lagged_hazard * at_risk) / self.at_risk)
        perturbed: FloatArray = (self.uncensored - step)[self.position]
        return perturbed


def _sum_by(position: IntArray, values: FloatArray, size: int) -> FloatArray:
    sums: FloatArray = np.bincount(position, values, size).astype(np.float64)
    return sums


def _from_here(values: FloatArray) -> FloatArray:
    """Return at each position the sum of the values from there to the end, along axis 0."""
    sums: FloatArray = np.cumsum(values[::-1], axis=0)[::-1]
    return sums


@dataclass(frozen=True)
class _CoxRisk:
    """A Cox model's event probabilities at the horizon, and their one-step perturbation."""

    design: FloatArray
    coefficients: FloatArray
    log_hazard: float
    order: IntArray
    entry: IntArray
    event: BoolArray
    is_early: BoolArray

    @classmethod
    def fit(cls, outcome: Survival, covariates: npt.ArrayLike, horizon: float) -> _CoxRisk:
        design = np.asarray(covariates, dtype=np.float64)
        model = CoxModel().fit(design, outcome)
        (baseline,) = model.baseline_cumulative_hazard().values()
        # survIDINRI joins the steps of the baseline hazard by straight lines.
        hazard = np.interp(horizon, baseline.index.to_numpy(dtype=np.float64), baseline.to_numpy())
        with np.errstate(divide="ignore"):
            log_hazard = float(np.log(hazard))
        order = np.argsort(outcome.time, kind="stable")
        event_time = outcome.time[outcome.event]
        entry = np.searchsorted(outcome.time[order], event_time)
        return cls(
            design,
            model.result_.coefficients,
            log_hazard,
            order,
            entry,
            outcome.event,
            event_time <= horizon,
        )

    def probability(self) -> FloatArray:
        """Return the event probabilities by the horizon, shape (n,)."""
        return self._probability(self.log_hazard, self.coefficients)

    def perturbed_probability(self, multiplier: FloatArray) -> FloatArray:
        """Return the probabilities after one Newton step on the perturbed equations.

        Risk-set means are over n; the sums are over events, each with its own risk set
        (Breslow's ties), whatever ties the fit used.
        """
        moves = multiplier - 1.0
        relative = np.exp(self.design @ self.coefficients)
        s0 = self._risk_set_mean(relative)
        mean = self._risk_set_mean(relative[:, None] * self.design) / s0[:, None]
        v0 = self._risk_set_mean(relative * moves)
        v1 = self._risk_set_mean((relative * moves)[:, None] * self.design)
        own = moves[self.event]
        score = own @ (self.design[self.event] - mean)
        score = score - ((v1 - v0[:, None] * mean) / s0[:, None]).sum(axis=0)
        step = np.linalg.solve(self._information(relative, s0, mean), score)
        early = self.is_early
        hazard_step = (own / s0 - v0 / s0**2 - mean @ step / s0)[early].sum() / moves.size
        log_hazard = self.log_hazard + float(hazard_step) / np.exp(self.log_hazard)
        return self._probability(log_hazard, self.coefficients + step)

    def _probability(self, log_hazard: float, coefficients: FloatArray) -> FloatArray:
        risk: FloatArray = -np.expm1(-np.exp(log_hazard + self.design @ coefficients))
        return risk

    def _risk_set_mean(self, values: FloatArray) -> FloatArray:
        """Return for each event the sum of values still at risk over n, along axis 0."""
        means: FloatArray = _from_here(values[self.order])[self.entry] / self.order.size
        return means

    def _information(self, relative: FloatArray, s0: FloatArray, mean: FloatArray) -> FloatArray:
        n, p = self.design.shape
        products = (self.design[:, :, None] * self.design[:, None, :]).reshape(n, p * p)
        s2 = self._risk_set_mean(relative[:, None] * products)
        information: FloatArray = (s2 / s0[:, None]).sum(axis=0).reshape(p, p) - mean.T @ mean
        return information
