"""How good each model's predictions are: every measure computed once, and read by its name."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Protocol

import numpy as np

from trephine.errors import InputError
from trephine.evaluation.brier_score import BrierScore, brier_score
from trephine.evaluation.calibration import (
    CalibrationGroup,
    CalibrationTest,
    calibration_groups,
    greenwood_nam_dagostino_test,
)
from trephine.evaluation.calibration_curve import CalibrationCurve
from trephine.evaluation.calibration_slope import (
    CalibrationInTheLarge,
    CalibrationSlope,
    calibration_in_the_large,
    calibration_slope,
    rate_slope,
)
from trephine.evaluation.censoring_weights import HorizonConvention
from trephine.evaluation.concordance import concordance_index
from trephine.evaluation.prediction_accuracy import (
    PredictionAccuracy,
    integrated_brier,
    prediction_accuracy,
)
from trephine.evaluation.roc_curve import RocCurve, roc_curve
from trephine.evaluation.time_dependent_auc import TimeDependentAuc, time_dependent_auc
from trephine.study.assess.predictions import Predictions
from trephine.study.assess.risk_groups import Stratified, stratified
from trephine.study.assess.training import widened
from trephine.study.results import Analysed
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.concordance import TimeWeight
from trephine.survival.late_outcome import is_late
from trephine.types import Estimate, Survival
from trephine.validation.out_of_fold import out_of_fold_concordance, out_of_fold_slope

AT_THE_HORIZON: HorizonConvention = "riskRegression"
"""In a study an event at the horizon itself counts as one (T <= t), whatever is measured."""

NO_RANKING = "No C-index, AUC or slope: no term entered the model, so every case has the same risk"
"""Out of fold, the same risk as every other case of its fold."""

RANKED_SOMETIMES = (
    "No C-index, AUC or slope: no term entered the model, although one did in some folds of the"
    " cross-validation"
)
"""Of predictions out of fold of a model that has no term itself."""


NO_UNO = "No Uno's C: its weights need all cases under observation from the start"


class Metric(Protocol):
    """What a measure of Table 3 has: a number with its interval, and why there is none."""

    @property
    def estimate(self) -> Estimate:
        """With its interval; NaN where it cannot be computed."""
        ...

    @property
    def note(self) -> str:
        """Why there is no number; empty where there is one."""
        ...


@dataclass(frozen=True)
class ConcordanceIndex:
    """A C-index, and why there is none."""

    estimate: Estimate
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class AtHorizon:
    """One model's measures at one horizon.

    A measure whose name is that of a field of ``PerformanceFacts`` is shown in Table 3.

    Attributes
    ----------
    horizon
        In the outcome's unit of time.
    auc, roc
        Of the risk score.
    brier, ipa
        Brier score of the event probability, and the index of prediction accuracy.
    slope, in_the_large, groups, groups_test, curve
        Calibration: slope, observed over expected, in quantile groups with the
        Greenwood-Nam-D'Agostino test, and smooth with ICI, E50, E90 and Emax.
    """

    horizon: float
    auc: TimeDependentAuc
    roc: RocCurve
    brier: BrierScore
    ipa: PredictionAccuracy
    slope: CalibrationSlope
    in_the_large: CalibrationInTheLarge
    groups: tuple[CalibrationGroup, ...]
    groups_test: CalibrationTest
    curve: CalibrationCurve


@dataclass(frozen=True, kw_only=True)
class Assessed(Predictions):
    """One model's predictions of one kind, and how good they are.

    Attributes
    ----------
    n, events
        Cases, and events among them.
    c_index, c_index_uno
        Harrell's C, and Uno's truncated at the last horizon that follow-up reaches.
    integrated_brier
        Up to the last horizon that follow-up reaches; NaN where it reaches none.
    at_horizons
        The measures at each of ``horizons``.
    risk_groups
        Cases of low and high risk.
    """

    n: int
    events: int
    c_index: ConcordanceIndex
    c_index_uno: ConcordanceIndex
    integrated_brier: PredictionAccuracy
    at_horizons: tuple[AtHorizon, ...]
    risk_groups: Stratified

    def at(self, horizon: float) -> AtHorizon:
        """Return the measures at one of ``horizons``."""
        return self.at_horizons[self.horizons.index(horizon)]


def measured(
    analysis: Analysed, predictions: Predictions, curves: tuple[CalibrationCurve, ...]
) -> Assessed:
    """Return a model's predictions with all their measures.

    What they mean depends on the cases: apparent on those that the model was fitted to, honest out
    of fold or on outside data. A measure that cannot be computed is NaN and says why.

    Parameters
    ----------
    analysis
        Whose cases were predicted.
    predictions
        Of the model.
    curves
        Its calibration curves, one a horizon of the predictions.
    """
    survival = analysis.cases.survival
    own = {field.name: getattr(predictions, field.name) for field in fields(Predictions)}
    uno = ConcordanceIndex(Estimate(float("nan")))
    if predictions.horizons:
        uno = _concordance(survival, predictions, analysis.reached[-1])
    return Assessed(
        **own,
        n=len(survival),
        events=int(survival.event.sum()),
        c_index=_concordance(survival, predictions, None),
        c_index_uno=uno,
        integrated_brier=_integrated(survival, predictions),
        at_horizons=tuple(_at_horizon(survival, predictions, curve) for curve in curves),
        risk_groups=stratified(analysis, predictions),
    )


def _at_horizon(survival: Survival, predictions: Predictions, curve: CalibrationCurve) -> AtHorizon:
    horizon, patient = curve.horizon, predictions.patient
    probability, levelled = predictions.probability_at(horizon), predictions.calibrated_at(horizon)
    brier = brier_score(survival, probability, horizon, cluster=patient)
    accuracy = prediction_accuracy(survival, brier, cluster=patient)
    luck = predictions.training.error(predictions.model, "brier", horizon)
    groups = calibration_groups(survival, levelled, horizon, cluster=patient)
    auc, roc = _ranking(survival, predictions, horizon)
    return AtHorizon(
        horizon=horizon,
        auc=auc,
        roc=roc,
        brier=replace(brier, estimate=widened(brier.estimate, luck)),
        ipa=replace(
            accuracy, estimate=widened(accuracy.estimate, luck and luck / brier.null_score)
        ),
        slope=_slope(survival, predictions, horizon),
        in_the_large=calibration_in_the_large(survival, probability, horizon, cluster=patient),
        groups=groups,
        groups_test=greenwood_nam_dagostino_test(groups),
        curve=curve,
    )


def _ranking(
    survival: Survival, predictions: Predictions, horizon: float
) -> tuple[TimeDependentAuc, RocCurve]:
    """Return AUC and ROC curve; no number of either where predictions rank nobody."""
    score, patient = predictions.risk_score, predictions.patient
    if isinstance(survival, CompetingSurvival):
        # Who is likely to have the event by then is not who has the highest rate of it.
        score = predictions.probability_at(horizon)
    auc = time_dependent_auc(survival, score, horizon, cluster=patient, convention=AT_THE_HORIZON)
    roc = roc_curve(survival, score, horizon, convention=AT_THE_HORIZON)
    if predictions.varies:
        luck = predictions.training.error(predictions.model, "auc", horizon)
        return replace(auc, estimate=widened(auc.estimate, luck)), roc
    nothing = np.full(len(survival), np.nan)
    return (
        replace(auc, estimate=Estimate(float("nan")), influence=nothing, note=_why(predictions)),
        replace(roc, note=_why(predictions)),
    )


def _why(predictions: Predictions) -> str:
    """Return why predictions that rank nobody do not."""
    return RANKED_SOMETIMES if predictions.varies_somewhere else NO_RANKING


def _slope(survival: Survival, predictions: Predictions, horizon: float) -> CalibrationSlope:
    """Return the calibration slope; out of fold by fold, and at every horizon the same."""
    folds, patient = predictions.out_of_fold, predictions.patient
    if not predictions.varies:
        return CalibrationSlope(Estimate(float("nan")), len(survival), _why(predictions))
    if folds is None or patient is None:
        if isinstance(survival, CompetingSurvival):
            return rate_slope(survival, predictions.risk_score, cluster=patient)
        found = calibration_slope(survival, predictions.probability_at(horizon), cluster=patient)
        if found.note and np.isfinite(found.estimate.value):
            # What its predictions were set to differs between horizons, so that each says which.
            return replace(found, note=f"{found.note}, at the horizon of {survival.when(horizon)}")
        return found
    return out_of_fold_slope(survival, folds, predictions.model, patient)


def _concordance(
    survival: Survival, predictions: Predictions, last: float | None
) -> ConcordanceIndex:
    """Return Harrell's C, or Uno's up to ``last``; out of fold within folds only."""
    weight: TimeWeight = "n" if last is None else "n/G2"
    if last is not None and is_late(survival):
        return ConcordanceIndex(Estimate(float("nan")), NO_UNO)
    folds, patient = predictions.out_of_fold, predictions.patient
    if not predictions.varies:
        return ConcordanceIndex(Estimate(float("nan")), _why(predictions))
    try:
        if folds is None or patient is None:
            score = predictions.risk_score
            return ConcordanceIndex(
                concordance_index(
                    survival, score, time_weight=weight, horizon=last, cluster=patient
                )
            )
        model = predictions.model
        luck = predictions.training.error(model, "concordance")
        return ConcordanceIndex(
            out_of_fold_concordance(
                survival,
                folds,
                model,
                patient,
                time_weight=weight,
                horizon=last,
                training_error=luck,
            )
        )
    except InputError as error:
        return ConcordanceIndex(Estimate(float("nan")), f"No C-index: {error}.")


def _integrated(survival: Survival, predictions: Predictions) -> PredictionAccuracy:
    """Integrate the Brier score along the grid."""
    nothing = Estimate(float("nan"))
    if not predictions.grid:
        return PredictionAccuracy(nothing)
    probability = predictions.grid_probability
    if not np.isfinite(probability).all():
        note = "No integrated Brier score: a fold's follow-up ends before the last horizon."
        return PredictionAccuracy(nothing, note)
    return integrated_brier(survival, probability, predictions.grid, cluster=predictions.patient)
