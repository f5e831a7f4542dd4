"""Decision curves: net benefit of acting on a predicted probability, under censoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.evaluation.censoring_weights import check_horizon, check_risk, status_at
from trephine.evaluation.intervals import patient_bootstrap
from trephine.survival.aalen_johansen import incidence_above
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.late_outcome import is_late
from trephine.survival.nested_sets import event_free_above
from trephine.types import FloatArray, IntArray, Survival

TREAT_ALL = "treat all"
TREAT_NONE = "treat none"


@dataclass(frozen=True)
class DecisionCurve:
    """One strategy over a range of threshold probabilities; every array has their shape.

    Attributes
    ----------
    name
        The model, or "treat all" or "treat none".
    thresholds
        Probability of the event from which one would act.
    event_rate
        P(event by the horizon), from Kaplan-Meier; the same for all strategies.
    true_positive_rate, false_positive_rate
        P(acted on and event), P(acted on and no event): shares of all cases.
    net_benefit
        True positives minus odds(threshold) times false positives, minus ``harm``.
    interventions_avoided
        Per case, compared with treating all, at no loss of true positives; NaN at threshold 0.
    net_benefit_low, net_benefit_high
        Bootstrap interval; NaN where none was drawn.
    harm
        Of the test itself, in units of net benefit.
    horizon, n, level
        t, all cases, and the interval's coverage.
    note
        Where and why there is no answer; empty where there is one everywhere.
    """

    name: str
    thresholds: FloatArray
    event_rate: float
    true_positive_rate: FloatArray
    false_positive_rate: FloatArray
    net_benefit: FloatArray
    interventions_avoided: FloatArray
    net_benefit_low: FloatArray
    net_benefit_high: FloatArray
    harm: float
    horizon: float
    n: int
    level: float
    note: str = ""


# Many parameters: cluster, repeats, rng and level are keywords of their own in every measure.
def decision_curves(
    outcome: Survival,
    event_probabilities: Mapping[str, npt.ArrayLike],
    horizon: float,
    thresholds: Sequence[float] | FloatArray,
    *,
    harm: Mapping[str, float] | None = None,
    cluster: npt.ArrayLike | None = None,
    repeats: int = 0,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
) -> dict[str, DecisionCurve]:
    """Return decision curves of models, of treating all and of treating none.

    Equal to R's ``dcurves::dca`` on given probabilities (Vickers, Cronin, Elkin and Gonen 2008):
    those whose probability is at least the threshold are acted on, and how many of them have the
    event by the horizon is Kaplan-Meier's estimate among them.

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    event_probabilities
        By name, shape (n,): probability of the event (not of survival) by ``horizon``.
    horizon
        t > 0, in the unit of ``outcome``.
    thresholds
        Within [0, 1).
    harm
        By name, what the model's data cost in net benefit (0.02: one true positive in 50).
    cluster, repeats, rng
        Where ``repeats`` > 0, intervals come from so many draws of patients (shape (n,); None
        takes every case for a patient). The curves of one draw share the resample.
    level
        Coverage.

    Returns
    -------
    dict
        "treat all", "treat none", then the models in their order.

    Raises
    ------
    InputError
        If probabilities leave [0, 1] or are missing, thresholds leave [0, 1), harm names an
        unknown model, a model is named as one of the two defaults, or ``rng`` is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Survival, decision_curves
    >>> rng = np.random.default_rng(1)
    >>> patient = np.repeat(np.arange(100), 2)
    >>> risk = np.repeat(rng.uniform(0.1, 0.9, 100), 2)
    >>> time = rng.exponential(-24 / np.log(1 - risk))
    >>> outcome = Survival(np.minimum(time, 60), time <= 60)
    >>> curves = decision_curves(outcome, {"ours": risk}, 24, [0.2, 0.5])
    >>> bool(curves["ours"].net_benefit[1] > curves["treat all"].net_benefit[1])
    True
    """
    check_horizon(horizon)
    n = len(outcome)
    grid = _checked_thresholds(thresholds)
    risks, costs = _checked_models(n, event_probabilities, harm)
    strategies = {TREAT_ALL: np.full(n, 1.0), TREAT_NONE: np.full(n, -1.0), **risks}
    asked = _Strategies(outcome, strategies, costs, horizon, grid)
    low, high = _bootstrap_limits(asked, cluster, repeats, rng, level)
    (rate,), _, note = _rates(outcome, np.ones(n), horizon, np.zeros(1))
    all_benefit = rate - _odds(grid) * (1.0 - rate)
    curves = {}
    for row, (name, risk) in enumerate(strategies.items()):
        true, false, missing = _rates(outcome, risk, horizon, grid)
        benefit = true - _odds(grid) * false - costs.get(name, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            avoided = np.where(grid > 0.0, (benefit - all_benefit) / _odds(grid), np.nan)
        curves[name] = DecisionCurve(
            name,
            grid,
            float(rate),
            true,
            false,
            benefit,
            avoided,
            low[row],
            high[row],
            costs.get(name, 0.0),
            float(horizon),
            n,
            level,
            note or missing,
        )
    return curves


def _checked_models(
    n: int, event_probabilities: Mapping[str, npt.ArrayLike], harm: Mapping[str, float] | None
) -> tuple[dict[str, FloatArray], dict[str, float]]:
    """Return every model's probabilities, each of shape (n,), and what some of them cost."""
    risks = {
        name: check_risk(risk, n, f"event probability of {name}", probability=True)
        for name, risk in event_probabilities.items()
    }
    costs = dict(harm or {})
    unknown = [name for name in costs if name not in risks]
    taken = [name for name in (TREAT_ALL, TREAT_NONE) if name in risks]
    if unknown or taken:
        raise InputError(
            f"harm and models: expected harm for {sorted(risks)} and no model named"
            f" {TREAT_ALL!r} or {TREAT_NONE!r}, found {unknown + taken}"
        )
    return risks, costs


def _checked_thresholds(thresholds: Sequence[float] | FloatArray) -> FloatArray:
    grid = np.asarray(thresholds, dtype=np.float64)
    if grid.ndim != 1 or not grid.size or not ((grid >= 0.0) & (grid < 1.0)).all():
        raise InputError(f"thresholds: expected values in [0, 1), found {grid.tolist()[:5]}")
    return grid


def _odds(thresholds: FloatArray) -> FloatArray:
    return thresholds / (1.0 - thresholds)


def _rates(
    outcome: Survival, risk: FloatArray, horizon: float, grid: FloatArray
) -> tuple[FloatArray, FloatArray, str]:
    """Return true and false positive rates at each threshold, and where they are unknown.

    As in dcurves, Kaplan-Meier among those acted on is not read past their last follow-up, even
    where it has reached 0.
    """
    if is_late(outcome):
        return _weighted_rates(outcome, risk, horizon, grid)
    share = 1.0 - np.searchsorted(np.sort(risk), grid, side="left") / risk.size
    event_rate = _event_rates(outcome, risk, horizon, grid)
    followed = grid <= risk[outcome.time >= horizon].max(initial=-np.inf)
    lost = (share > 0.0) & ~followed
    event_rate[lost] = np.nan
    note = ""
    if lost.all():
        note = f"nobody was followed to the horizon of {outcome.when(horizon)}"
    elif lost.any():
        note = (
            f"of those acted on from the threshold {grid[lost].min():g} nobody was followed to the"
            f" horizon of {outcome.when(horizon)}"
        )
    return event_rate * share, (1.0 - event_rate) * share, note


def _weighted_rates(
    outcome: Survival, risk: FloatArray, horizon: float, grid: FloatArray
) -> tuple[FloatArray, FloatArray, str]:
    """Return `_rates` where cases came under observation late: each counts by its weight."""
    status = status_at(outcome, horizon, convention="riskRegression")
    if not status.is_control.any():
        unknown = np.full(grid.size, np.nan)
        when = outcome.when(horizon)
        return unknown, unknown, f"nobody is under observation beyond the horizon of {when}"
    acted_on = risk >= grid[:, np.newaxis]
    share = status.weight / len(outcome)
    true: FloatArray = acted_on @ (share * status.is_case)
    false: FloatArray = acted_on @ (share * status.is_control)
    return true, false, ""


def _event_rates(
    outcome: Survival, risk: FloatArray, horizon: float, grid: FloatArray
) -> FloatArray:
    """Return the share with the event by the horizon among those at or above each threshold."""
    if not isinstance(outcome, CompetingSurvival):
        return 1.0 - event_free_above(outcome.time, outcome.event, risk, grid, horizon)
    return incidence_above(outcome.time, outcome.cause, risk, grid, horizon)


@dataclass(frozen=True)
class _Strategies:
    """Ways of acting on cases, and where their net benefit is asked for."""

    outcome: Survival
    risks: Mapping[str, FloatArray]
    costs: Mapping[str, float]
    horizon: float
    grid: FloatArray

    def net_benefit(self, rows: IntArray) -> FloatArray:
        """Return the net benefit among some cases, shape (strategies x thresholds,)."""
        resample = self.outcome.take(rows)
        benefit = []
        for name, risk in self.risks.items():
            true, false, _ = _rates(resample, risk[rows], self.horizon, self.grid)
            benefit.append(true - _odds(self.grid) * false - self.costs.get(name, 0.0))
        return np.concatenate(benefit)


def _bootstrap_limits(
    strategies: _Strategies,
    cluster: npt.ArrayLike | None,
    repeats: int,
    rng: np.random.Generator | None,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the limits of the net benefit, shape (strategies, thresholds)."""
    shape = (len(strategies.risks), strategies.grid.size)
    if repeats == 0:
        return np.full(shape, np.nan), np.full(shape, np.nan)
    if rng is None:
        raise InputError("decision curves: intervals need rng, a numpy random Generator")
    labels = np.arange(len(strategies.outcome)) if cluster is None else cluster
    drawn = patient_bootstrap(strategies.net_benefit, labels, repeats, rng, level=level).estimates()
    low = np.array([estimate.low for estimate in drawn]).reshape(shape)
    high = np.array([estimate.high for estimate in drawn]).reshape(shape)
    return low, high
