"""Instability of predictions: what refits of a recipe say of the same cases, at one horizon.

Riley and Collins (2023, Biom J 65:2200302): each bootstrap sample's model, made by every step of
the recipe, predicts the original cases; how far it departs from the model that is shipped is drawn
as prediction, calibration, decision-curve and classification instability, and summed up by MAPE.
Their definitions are for a binary outcome; here calibration and net benefit are those for censored
outcomes that the study uses elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, ModelError
from trephine.evaluation.calibration_curve import smooth_observed
from trephine.evaluation.decision_curve import decision_curves
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.loess import loess

LEVEL = 0.95
# Curves that are drawn: as many refits as can be told apart, evenly among all of them.
CURVES_SHOWN = 40
POINTS_OF_A_CURVE = 30


@dataclass(frozen=True)
class PredictionInstability:
    """Predictions of n cases by refitted models, at one horizon.

    Attributes
    ----------
    horizon
        Of the event probabilities.
    original
        By the model fitted to all cases, shape (n,).
    low, high
        Interval that holds 95 % of the refitted models' predictions, shape (n,).
    mean_absolute_error
        Mean distance of the refitted models' predictions from the original one, shape (n,).
    n_refits
        Refitted models that predict at the horizon.
    """

    horizon: float
    original: FloatArray
    low: FloatArray
    high: FloatArray
    mean_absolute_error: FloatArray
    n_refits: int

    @property
    def average_error(self) -> float:
        """Mean of ``mean_absolute_error`` over the cases (their MAPE)."""
        return float(self.mean_absolute_error.mean())

    def smooth(self, limit: FloatArray) -> FloatArray:
        """Return ``low`` or ``high`` smoothed along the original prediction, shape (n,).

        Case by case they are jagged, as each is a percentile of a few refits. Smoothed as by
        pminternal's ``smooth_bounds``; see `loess`.
        """
        return np.clip(loess(self.original, limit), 0.0, 1.0)

    @property
    def largest_error(self) -> float:
        """Largest ``mean_absolute_error`` of a case."""
        return float(self.mean_absolute_error.max())


def prediction_instability(
    original: npt.ArrayLike, refitted: npt.ArrayLike, horizon: float
) -> PredictionInstability:
    """Return how each case's event probability varies with the training cases.

    Parameters
    ----------
    original
        Shape (n,).
    refitted
        Shape (refits, n); every row is a refit that predicts at the horizon.
    horizon
        Of the probabilities.

    Raises
    ------
    InputError
        If shapes do not fit, there is no refit, or a probability is missing.
    """
    given, again = np.asarray(original, dtype=float), np.asarray(refitted, dtype=float)
    if given.ndim != 1 or again.shape[1:] != given.shape or not len(again):
        raise InputError(
            "instability: expected shapes (n,) and (refits, n), found"
            f" {given.shape} and {again.shape}"
        )
    if not (np.isfinite(given).all() and np.isfinite(again).all()):
        raise InputError("instability: expected a probability of every case, found some missing")
    low, high = np.quantile(again, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
    error = np.abs(again - given).mean(axis=0)
    return PredictionInstability(float(horizon), given, low, high, error, len(again))


def classification_instability(
    group: npt.ArrayLike, refitted: npt.ArrayLike, cuts: Sequence[float]
) -> FloatArray:
    """Return the share of refits that put each case into another risk group, shape (n,).

    Parameters
    ----------
    group
        Of each case by the original model, 0 for the lowest risk, shape (n,).
    refitted
        Event probabilities, shape (refits, n).
    cuts
        Event probabilities, ascending; above one, a case belongs to the group above it.
    """
    placed: IntArray = np.searchsorted(np.asarray(cuts, dtype=float), refitted, side="left")
    return np.asarray((placed != np.asarray(group)).mean(axis=0), dtype=np.float64)


@dataclass(frozen=True)
class CurveInstability:
    """One curve of each of some refits beside that of the original model.

    Attributes
    ----------
    at
        Predicted probabilities, or thresholds, shape (k,).
    original
        Shape (k,); NaN where the model has no answer.
    refitted
        Shape (curves, k); NaN outside what a refit predicts.
    """

    at: FloatArray
    original: FloatArray
    refitted: FloatArray


def calibration_instability(
    outcome: Survival, original: FloatArray, refitted: FloatArray, horizon: float
) -> CurveInstability:
    """Return calibration curves of refits on the original cases (Austin et al. 2020).

    Parameters
    ----------
    outcome
        Of the n cases.
    original, refitted
        Event probabilities, shapes (n,) and (refits, n).
    horizon
        Of the probabilities.
    """
    at = np.linspace(
        min(original.min(), refitted.min()), max(original.max(), refitted.max()), POINTS_OF_A_CURVE
    )
    return CurveInstability(
        at,
        _calibration(outcome, original, horizon, at),
        np.array([_calibration(outcome, one, horizon, at) for one in refitted]),
    )


def _calibration(outcome: Survival, risk: FloatArray, horizon: float, at: FloatArray) -> FloatArray:
    """Return one model's curve where it predicts; nothing where there is none."""
    found = np.full(at.size, np.nan)
    inside = (at >= risk.min()) & (at <= risk.max())
    if not inside.any():
        return found
    try:
        found[inside] = smooth_observed(outcome, risk, horizon, at[inside], "hazard")
    except (InputError, ModelError):
        # A refit without a term, or one whose predictions order no event, has no curve.
        return found
    return found


def decision_instability(
    outcome: Survival,
    original: FloatArray,
    refitted: FloatArray,
    horizon: float,
    thresholds: FloatArray,
    *,
    harm: float = 0.0,
) -> CurveInstability:
    """Return net benefit of refits among the original cases.

    Parameters
    ----------
    outcome, original, refitted, horizon
        As `calibration_instability`.
    thresholds
        Shape (k,).
    harm
        Of the test itself, as `decision_curves` has it.
    """
    models = {"original": original} | {str(b): one for b, one in enumerate(refitted)}
    found = decision_curves(outcome, models, horizon, thresholds)
    return CurveInstability(
        thresholds,
        found["original"].net_benefit - harm,
        np.array([found[str(b)].net_benefit - harm for b in range(len(refitted))]),
    )


def evenly(count: int, most: int) -> IntArray:
    """Return at most ``most`` of ``count`` places, evenly spread."""
    if count <= most:
        return np.arange(count)
    return np.round(np.linspace(0, count - 1, most)).astype(np.int64)
