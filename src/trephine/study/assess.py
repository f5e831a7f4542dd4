"""Predictions with what they mean, and their performance computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trephine.choices import Kind, ProtocolName
from trephine.errors import InputError
from trephine.evaluation.calibration import CalibrationSlope, calibration_slope
from trephine.evaluation.concordance import concordance_index
from trephine.evaluation.performance import Performance, evaluate_performance
from trephine.evaluation.prediction_accuracy import (
    PredictionAccuracy,
    integrated_brier,
    prediction_accuracy,
)
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import Estimate, FloatArray, IntArray
from trephine.validation.out_of_fold import (
    out_of_fold_concordance,
    pooled_event_probability,
    pooled_linear_predictor,
)

# Called with whether Uno's C is wanted; Harrell's otherwise.
_Concordance = Callable[[bool], Estimate]


@dataclass(frozen=True)
class Assessed:
    """One model's predictions of one kind, and how good they are.

    Attributes
    ----------
    protocol, kind, model
        Which.
    risk_score
        Higher is worse, shape (n,).
    event_probability
        Shape (n, k), at ``horizons``.
    horizons
        Those that follow-up reaches and at which every case has a prediction.
    patient
        Whom intervals are drawn by, shape (n,); None where cases count as independent, which is
        the published protocol's apparent performance only.
    risk_cut
        Fixed in training: above it, high risk.
    performance
        On these predictions; its concordance is ``concordance`` only where the whole of the cases
        may be compared.
    concordance, uno
        Harrell's C, and Uno's truncated at the last of ``horizons``; NaN where there is none.
    accuracy, slopes
        Index of prediction accuracy and calibration slope, one a horizon.
    integrated_brier
        Up to the last horizon; None where follow-up reaches no horizon.
    notes
        What could not be computed, and why.
    """

    protocol: ProtocolName
    kind: Kind
    model: str
    risk_score: FloatArray
    event_probability: FloatArray
    horizons: tuple[float, ...]
    patient: IntArray | None
    risk_cut: float
    performance: Performance
    concordance: Estimate
    uno: Estimate
    accuracy: tuple[PredictionAccuracy, ...]
    slopes: tuple[CalibrationSlope, ...]
    integrated_brier: PredictionAccuracy | None
    notes: tuple[str, ...] = ()

    def probability_at(self, horizon: float) -> FloatArray:
        """Return the event probabilities at one of ``horizons``, shape (n,)."""
        found: FloatArray = self.event_probability[:, self.horizons.index(horizon)]
        return found


def assess(analysis: Analysis, kind: Kind = "apparent") -> list[Assessed]:
    """Return every model's performance: as fitted, and out of fold where there are repeats.

    Parameters
    ----------
    analysis
        A study that ran, or a locked model's predictions of outside cases.
    kind
        What the predictions of ``ProtocolResult.apparent`` are: "apparent", or "external" where
        the cases are outside ones.
    """
    found: list[Assessed] = []
    for protocol, result in analysis.protocols.items():
        models = result.fitted.models
        found += [_as_fitted(analysis, (protocol, kind, model), result) for model in models]
        if result.out_of_fold is not None:
            found += [_nested(analysis, protocol, result, model) for model in models]
    return found


def _as_fitted(
    analysis: Analysis, which: tuple[ProtocolName, Kind, str], result: ProtocolResult
) -> Assessed:
    _, kind, model = which
    predicted = result.apparent[model]
    survival = analysis.cases.survival
    score = predicted.linear_predictor
    as_published = result.settings.variance == "model" and kind == "apparent"
    patient = None if as_published else analysis.cases.patient
    reached = _reached(analysis)

    def concordance(uno: bool) -> Estimate:
        return concordance_index(
            survival,
            score,
            time_weight="n/G2" if uno else "n",
            horizon=reached[-1] if uno else None,
            cluster=patient,
        )

    return _assess(
        analysis,
        which,
        score,
        _Probabilities(
            tuple(predicted.survival.times.tolist()), 1 - predicted.survival.survival_probability
        ),
        result.fitted.models[model].risk_cut,
        patient,
        concordance,
    )


def _nested(
    analysis: Analysis, protocol: ProtocolName, result: ProtocolResult, model: str
) -> Assessed:
    """Assess pooled predictions, but compare pairs of cases within folds only.

    Risk groups are cut at the median of the pooled scores, since each fold's model has its own.
    """
    out_of_fold = result.out_of_fold
    assert out_of_fold is not None
    score = pooled_linear_predictor(out_of_fold, model)
    reached = _reached(analysis)

    def concordance(uno: bool) -> Estimate:
        return out_of_fold_concordance(
            analysis.cases.survival,
            out_of_fold,
            model,
            analysis.cases.patient,
            time_weight="n/G2" if uno else "n",
            horizon=reached[-1] if uno else None,
        )

    return _assess(
        analysis,
        (protocol, "nested cross-validated", model),
        score,
        _Probabilities(out_of_fold.horizons, pooled_event_probability(out_of_fold, model)),
        float(np.median(score)),
        analysis.cases.patient,
        concordance,
    )


@dataclass(frozen=True)
class _Probabilities:
    """Event probabilities, shape (n, times), at the horizons and then along a grid of times."""

    times: tuple[float, ...]
    values: FloatArray


def _assess(
    analysis: Analysis,
    which: tuple[ProtocolName, Kind, str],
    score: FloatArray,
    probabilities: _Probabilities,
    cut: float,
    patient: IntArray | None,
    concordance: _Concordance,
) -> Assessed:
    asked = analysis.inputs.plan.outcome.horizons
    survival = analysis.cases.survival
    values = probabilities.values
    whole = [j for j in range(len(asked)) if np.isfinite(values[:, j]).all()]
    horizons = tuple(asked[j] for j in whole)
    lost = [f"{h:g}" for h in asked if h not in horizons]
    notes = []
    if lost:
        notes.append(
            f"No prediction at {' and '.join(lost)} {survival.unit}: follow-up of the cases that"
            " a model learned from ends before."
        )
    probability = values[:, whole]
    performance = evaluate_performance(
        which[2],
        survival,
        score,
        probability,
        horizons,
        patient=patient,
        curve_method=analysis.inputs.plan.validation.calibration_curve,
    )
    harrell, more = _tried(concordance, False)
    notes += more
    uno, _ = _tried(concordance, True) if horizons else (_nothing(), [])
    return Assessed(
        *which,
        score,
        probability,
        horizons,
        patient,
        cut,
        performance,
        harrell,
        uno,
        tuple(
            prediction_accuracy(survival, probability[:, j], h, patient=patient)
            for j, h in enumerate(horizons)
        ),
        tuple(
            calibration_slope(survival, probability[:, j], patient=patient)
            for j in range(len(horizons))
        ),
        _integrated(analysis, probabilities, len(asked), patient),
        tuple(notes),
    )


def _tried(concordance: _Concordance, uno: bool) -> tuple[Estimate, list[str]]:
    try:
        return concordance(uno), []
    except InputError as error:
        return _nothing(), [f"No C-index: {error}."]


def _nothing() -> Estimate:
    return Estimate(float("nan"))


def _integrated(
    analysis: Analysis, probabilities: _Probabilities, first: int, patient: IntArray | None
) -> PredictionAccuracy | None:
    """Integrate the Brier score along the grid that follows the ``first`` horizons."""
    grid = probabilities.times[first:]
    values = probabilities.values[:, first:]
    if not grid:
        return None
    if not np.isfinite(values).all():
        note = "No integrated Brier score: a fold's follow-up ends before the last horizon."
        return PredictionAccuracy(_nothing(), note)
    return integrated_brier(analysis.cases.survival, values, grid, patient=patient)


def _reached(analysis: Analysis) -> tuple[float, ...]:
    """Return the horizons that follow-up reaches."""
    last = float(analysis.cases.survival.time.max())
    return tuple(h for h in analysis.inputs.plan.outcome.horizons if h <= last)
