"""Uno's C of two Cox models fitted to the same cases, and their difference, by perturbation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from trephine.errors import InputError
from trephine.regression.cox import CoxModel
from trephine.survival.ipcw import survc1_uncensored_probability
from trephine.survival.survc1 import survc1_concordance, survc1_pairs, survc1_weights
from trephine.types import Estimate, FloatArray, IntArray, Survival


@dataclass(frozen=True)
class UnoDifference:
    """Uno's C of two models with perturbation standard errors.

    Attributes
    ----------
    first, second
        C of each with its interval. Apparent: the models were fitted to these cases.
    difference
        second - first.
    draws
        Perturbed deviations of the first and the second C, shape (perturbations, 2).
    tau
        Only pairs whose earlier event is before it count.
    """

    first: Estimate
    second: Estimate
    difference: Estimate
    draws: FloatArray
    tau: float


def uno_difference(
    outcome: Survival,
    first_design: npt.ArrayLike,
    second_design: npt.ArrayLike,
    tau: float,
    perturbations: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> UnoDifference:
    """Fit two Cox models and compare their Uno's C, with the uncertainty of the fits.

    R's ``survC1::Inf.Cval.Delta`` (Uno et al. 2011, Stat Med 30:1105, section 3): a draw gives
    each case a random weight of mean and variance 1; pairs weigh the product of theirs, and the
    coefficients and the distribution of censoring move by their influence functions. The standard
    error is the standard deviation over the draws. (survC1 lags the compensator of G by one
    distinct time and cuts scores to five decimals; that is not copied here.)

    Parameters
    ----------
    outcome
        Follow-up of n cases.
    first_design, second_design
        Shapes (n, p) and (n, q): covariates of the two models (Efron's ties).
    tau
        t > 0, in the unit of ``outcome``.
    perturbations
        Shape (n, draws), >= 0 with mean and variance 1
        (``improvement_perturbation.exponential_perturbations``). For clustered cases give all
        cases of a patient the same row.
    level
        Coverage of the normal intervals.

    Raises
    ------
    InputError
        Shapes that do not fit, negative perturbations, or no comparable pair before ``tau``.
    ModelError
        A model that cannot be fitted.
    """
    if not 0 < level < 1:
        raise InputError(f"level: expected 0 < level < 1, found {level}")
    multipliers = np.asarray(perturbations, dtype=np.float64)
    n = len(outcome)
    if multipliers.ndim != 2 or multipliers.shape[0] != n or multipliers.shape[1] < 2:
        raise InputError(
            f"perturbations: expected shape ({n}, draws) with two draws at least, found"
            f" {multipliers.shape}"
        )
    if not (np.isfinite(multipliers) & (multipliers >= 0)).all():
        raise InputError("perturbations: expected finite values >= 0")
    models = [_ModelScore.fit(outcome, design, tau) for design in (first_design, second_design)]
    censoring = _Censoring.of(outcome)
    draws = np.empty((multipliers.shape[1], 2))
    for b, multiplier in enumerate(multipliers.T):
        weight = survc1_weights(outcome.time, outcome.event, tau, censoring.perturbed(multiplier))
        draws[b] = [model.deviation(outcome, multiplier, weight) for model in models]
    errors = draws.std(axis=0, ddof=1)
    c = [model.concordance for model in models]
    half = float(ndtri(0.5 + level / 2))

    def estimate(value: float, error: float) -> Estimate:
        return Estimate(value, value - half * error, value + half * error, level, error)

    gap_error = float(np.std(draws[:, 1] - draws[:, 0], ddof=1))
    return UnoDifference(
        first=estimate(c[0], float(errors[0])),
        second=estimate(c[1], float(errors[1])),
        difference=estimate(c[1] - c[0], gap_error),
        draws=draws,
        tau=tau,
    )


def pair_mean_move(influence: FloatArray, multiplier: FloatArray) -> FloatArray:
    """Return the mean over pairs i < j of (a_i + a_j) / 2 times the product of multipliers.

    ``influence`` a of shape (n, k), ``multiplier`` of shape (n,); O(n k).
    """
    n = multiplier.size
    others = multiplier.sum() - multiplier
    moved: FloatArray = (multiplier * others) @ influence / (n * (n - 1))
    return moved


@dataclass(frozen=True)
class _ModelScore:
    """A fitted Cox model, its C and what a draw needs to move it."""

    design: FloatArray
    coefficients: FloatArray
    influence: FloatArray  # (n, p), of the coefficients
    concordance: float
    weight: FloatArray  # (n,), of each case's pairs

    @classmethod
    def fit(cls, outcome: Survival, design: npt.ArrayLike, tau: float) -> _ModelScore:
        x = np.asarray(design, dtype=np.float64)
        fitted = CoxModel(tolerance=1e-9).fit(x, outcome).result_
        score = x @ fitted.coefficients
        # n V times the score contributions: x_i less the mean at risk, of events.
        influence = len(outcome) * _event_scores(outcome, x, score) @ fitted.naive_covariance
        uncensored = survc1_uncensored_probability(outcome.time, outcome.event, outcome.time)
        return cls(
            x,
            fitted.coefficients,
            influence,
            survc1_concordance(outcome.time, outcome.event, score, tau),
            survc1_weights(outcome.time, outcome.event, tau, uncensored),
        )

    def deviation(
        self, outcome: Survival, multiplier: FloatArray, perturbed_weight: FloatArray
    ) -> float:
        """Return one draw of C's deviation: of the pairs, the coefficients and the censoring."""
        time, event = outcome.time, outcome.event
        ones = np.ones(time.size)
        score = self.design @ self.coefficients
        moved = self.coefficients + pair_mean_move(self.influence, multiplier)
        concordant, pairs = survc1_pairs(time, event, score, multiplier, self.weight)
        _, unperturbed = survc1_pairs(time, event, score, ones, self.weight)
        by_pairs = (concordant - self.concordance * pairs) / unperturbed
        refitted, _ = survc1_pairs(time, event, self.design @ moved, ones, self.weight)
        by_coefficients = refitted / unperturbed - self.concordance
        reweighted, total = survc1_pairs(time, event, score, ones, perturbed_weight)
        return by_pairs + by_coefficients + reweighted / total - self.concordance


def _event_scores(outcome: Survival, x: FloatArray, score: FloatArray) -> FloatArray:
    """Return each event's covariates less their risk-weighted mean among those at risk."""
    order = np.argsort(outcome.time, kind="stable")
    first = np.searchsorted(outcome.time[order], outcome.time, side="left")
    hazard = np.exp(score - score.max())[order]
    total = np.cumsum(hazard[::-1])[::-1]
    sums = np.cumsum((hazard[:, None] * x[order])[::-1], axis=0)[::-1]
    scores: FloatArray = (x - sums[first] / total[first, None]) * outcome.event[:, None]
    return scores


@dataclass(frozen=True)
class _Censoring:
    """G(T-) of every case (hazard c / Y) and the influence of its cumulative hazard."""

    position: IntArray
    share_at_risk: FloatArray  # (times,)
    hazard: FloatArray  # (times,)
    is_censored: FloatArray  # (n,)
    uncensored: FloatArray  # (n,)

    @classmethod
    def of(cls, outcome: Survival) -> _Censoring:
        distinct, position = np.unique(outcome.time, return_inverse=True)
        is_censored = (~outcome.event).astype(np.float64)
        at_risk = np.cumsum(np.bincount(position, minlength=distinct.size)[::-1])[::-1]
        censored = np.bincount(position, is_censored, distinct.size)
        uncensored = survc1_uncensored_probability(outcome.time, outcome.event, outcome.time)
        return cls(position, at_risk / len(outcome), censored / at_risk, is_censored, uncensored)

    def perturbed(self, multiplier: FloatArray) -> FloatArray:
        """Return G(T-) (1 - move of the cumulative hazard before T), shape (n,)."""
        n, size = multiplier.size, self.hazard.size
        share = multiplier * (multiplier.sum() - multiplier) / (n * (n - 1))
        counted = np.bincount(self.position, share * self.is_censored, size)
        exposed = np.cumsum(np.bincount(self.position, share, size)[::-1])[::-1]
        move = np.cumsum((counted - self.hazard * exposed) / self.share_at_risk)
        before: FloatArray = np.append(0.0, move[:-1])[self.position]
        moved: FloatArray = self.uncensored * (1.0 - before)
        return moved
