"""Everything that is said about one model on given cases: the row of Table 3 and its companions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.choices import CurveMethod
from trephine.errors import InputError
from trephine.evaluation.brier_score import BrierScore, brier_score
from trephine.evaluation.calibration import (
    CalibrationGroup,
    CalibrationInTheLarge,
    CalibrationSlope,
    CalibrationTest,
    calibration_groups,
    calibration_in_the_large,
    calibration_slope,
    greenwood_nam_dagostino_test,
)
from trephine.evaluation.calibration_curve import CalibrationCurve, calibration_curve
from trephine.evaluation.concordance import concordance_index
from trephine.evaluation.decision_curve import DecisionCurve, decision_curves
from trephine.evaluation.roc_curve import RocCurve, roc_curve
from trephine.evaluation.time_dependent_auc import TimeDependentAuc, time_dependent_auc
from trephine.types import Estimate, FloatArray, Survival

DECISION_THRESHOLDS = np.arange(0, 100, 1) / 100.0


@dataclass(frozen=True)
class HorizonPerformance:
    """Performance of one model's event probabilities at one horizon.

    Attributes
    ----------
    horizon
        In the outcome's unit of time.
    auc, roc
        Of the risk score.
    brier
        With the index of prediction accuracy.
    in_the_large, groups, groups_test, curve
        Calibration: observed over expected, in quantile groups with the Greenwood-Nam-D'Agostino
        test, and smooth with ICI, E50, E90, Emax.
    decision
        Decision curves of the model, of treating all and of treating none.
    """

    horizon: float
    auc: TimeDependentAuc
    roc: RocCurve
    brier: BrierScore
    in_the_large: CalibrationInTheLarge
    groups: tuple[CalibrationGroup, ...]
    groups_test: CalibrationTest
    curve: CalibrationCurve
    decision: dict[str, DecisionCurve]


@dataclass(frozen=True)
class Performance:
    """Performance of one model on given cases.

    Attributes
    ----------
    name
        Of the model.
    n, n_events, n_patients
        Cases, events, and patients they come from.
    concordance
        Harrell's C with its interval, by patient; NaN where there is no usable pair.
    slope
        Calibration slope, from the probabilities at the first horizon.
    horizons
        One a horizon, in the order given.
    note
        Why there is no concordance; empty where there is one.
    """

    name: str
    n: int
    n_events: int
    n_patients: int
    concordance: Estimate
    slope: CalibrationSlope
    horizons: tuple[HorizonPerformance, ...]
    note: str = ""

    def at(self, horizon: float) -> HorizonPerformance:
        """Return the performance at one of the horizons.

        Raises
        ------
        InputError
            If it was not computed there.
        """
        for found in self.horizons:
            if found.horizon == horizon:
                return found
        known = ", ".join(f"{found.horizon:g}" for found in self.horizons)
        raise InputError(f"horizon: expected one of {known}, found {horizon:g}")


def evaluate_performance(
    name: str,
    outcome: Survival,
    risk_score: npt.ArrayLike,
    event_probability: npt.ArrayLike,
    horizons: Sequence[float],
    *,
    patient: npt.ArrayLike | None = None,
    calibration_group_count: int = 5,
    curve_method: CurveMethod = "hazard",
    decision_thresholds: Sequence[float] | FloatArray = DECISION_THRESHOLDS,
    repeats: int = 0,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
) -> Performance:
    """Gather the performance of one model.

    What it means depends on the cases: apparent on those it was fitted to, honest out of fold or
    on outside data. Wherever a number cannot be computed it is NaN and its result says why.

    Parameters
    ----------
    name
        Of the model.
    outcome
        Follow-up of n cases.
    risk_score
        Shape (n,); higher is worse.
    event_probability
        Shape (n, horizons): probability of the event by each horizon.
    horizons
        > 0, in the unit of ``outcome``.
    patient
        Shape (n,): all intervals are then by patient; None takes every case for a patient.
    calibration_group_count
        Quantile groups of the calibration plot.
    curve_method
        Of the smooth calibration curve.
    decision_thresholds
        Of the decision curves.
    repeats, rng
        Bootstrap draws of patients for the intervals of calibration and decision curves; 0 draws
        none.
    level
        Coverage.

    Raises
    ------
    InputError
        If shapes do not fit, values are missing, probabilities leave [0, 1], or ``rng`` is
        missing while repeats are asked for.
    """
    n = len(outcome)
    probability = np.asarray(event_probability, dtype=np.float64)
    if probability.shape != (n, len(horizons)):
        raise InputError(
            f"event probability: expected shape ({n}, {len(horizons)}), found {probability.shape}"
        )
    labels = np.arange(n) if patient is None else np.asarray(patient)
    try:
        concordance = concordance_index(outcome, risk_score, cluster=patient, level=level)
        note = ""
    except InputError as error:
        if not np.isfinite(np.asarray(risk_score, dtype=np.float64)).all():
            raise
        concordance, note = Estimate(float("nan"), level=level), str(error)
    found = [
        _at_horizon(
            name,
            outcome,
            np.asarray(risk_score, dtype=np.float64),
            probability[:, j],
            float(horizon),
            patient,
            calibration_group_count,
            curve_method,
            decision_thresholds,
            repeats,
            rng,
            level,
        )
        for j, horizon in enumerate(horizons)
    ]
    slope_from = probability[:, 0] if len(horizons) else np.full(n, 0.5)
    return Performance(
        name,
        n,
        int(outcome.event.sum()),
        int(np.unique(labels).size),
        concordance,
        calibration_slope(outcome, slope_from, patient=patient, level=level),
        tuple(found),
        note,
    )


def _at_horizon(
    name: str,
    outcome: Survival,
    risk_score: FloatArray,
    event_probability: FloatArray,
    horizon: float,
    patient: npt.ArrayLike | None,
    group_count: int,
    curve_method: CurveMethod,
    thresholds: Sequence[float] | FloatArray,
    repeats: int,
    rng: np.random.Generator | None,
    level: float,
) -> HorizonPerformance:
    groups = calibration_groups(
        outcome, event_probability, horizon, groups=group_count, patient=patient, level=level
    )
    return HorizonPerformance(
        horizon,
        time_dependent_auc(outcome, risk_score, horizon, patient=patient, level=level),
        roc_curve(outcome, risk_score, horizon),
        brier_score(outcome, event_probability, horizon, patient=patient, level=level),
        calibration_in_the_large(outcome, event_probability, horizon, patient=patient, level=level),
        groups,
        greenwood_nam_dagostino_test(groups),
        calibration_curve(
            outcome,
            event_probability,
            horizon,
            method=curve_method,
            patient=patient,
            repeats=repeats,
            rng=rng,
            level=level,
        ),
        decision_curves(
            outcome,
            {name: event_probability},
            horizon,
            thresholds,
            patient=patient,
            repeats=repeats,
            rng=rng,
            level=level,
        ),
    )
