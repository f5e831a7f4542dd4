"""Instability of a study's models: what its bootstrap refits say of its own cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trephine.modelling.fitted_model import FittedModel
from trephine.study.assess.benefit_draws import decision_thresholds
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import FloatArray
from trephine.validation.instability import (
    CURVES_SHOWN,
    CurveInstability,
    PredictionInstability,
    calibration_instability,
    classification_instability,
    decision_instability,
    evenly,
    prediction_instability,
)

_THRESHOLDS = 50
_POINTS = 500


@dataclass(frozen=True)
class Curves:
    """What is drawn of one model at one horizon.

    Attributes
    ----------
    points
        Predictions of the model and of a refit, of pairs of case and refit, shape (points, 2).
    calibration, decision
        Of the refits that are drawn.
    """

    points: FloatArray
    calibration: CurveInstability
    decision: CurveInstability


@dataclass(frozen=True)
class ModelInstability:
    """One model at one horizon.

    Attributes
    ----------
    model
        Name.
    predictions
        Of every case.
    cuts
        Event probabilities between the risk groups; empty where there are no groups here.
    by_plan
        Whether they are the plan's; else they are where the model's own cut lies at the horizon.
    changed
        Share of refits that put each case into another risk group, shape (n,); empty without cuts.
    curves
        Of the model that the nomogram shows; None for others.
    """

    model: str
    predictions: PredictionInstability
    cuts: tuple[float, ...]
    by_plan: bool
    changed: FloatArray
    curves: Curves | None


def instability(analysis: Analysis, result: ProtocolResult) -> Iterator[ModelInstability]:
    """Yield every model of one protocol at every horizon that it and its refits predict."""
    bootstrap = result.bootstrap
    if bootstrap is None:
        return
    for name, model in result.fitted.models.items():
        original = 1 - result.apparent[name].survival.survival_probability
        for j, horizon in enumerate(bootstrap.horizons):
            refitted = bootstrap.event_probability[name][:, :, j]
            refitted = refitted[np.isfinite(refitted).all(axis=1)]
            if len(refitted) and np.isfinite(original[:, j]).all():
                yield _at(analysis, result, model, horizon, original[:, j], refitted)


def _at(
    analysis: Analysis,
    result: ProtocolResult,
    model: FittedModel,
    horizon: float,
    original: FloatArray,
    refitted: FloatArray,
) -> ModelInstability:
    cuts, by_plan = _cuts(analysis, model, horizon)
    changed = np.empty(0)
    if cuts:
        score = original if by_plan else result.apparent[model.name].linear_predictor
        own = np.searchsorted(cuts if by_plan else (model.risk_cut,), score, side="left")
        changed = classification_instability(own, refitted, cuts)
    drawn = model.name == result.fitted.predictor.fullest.name
    return ModelInstability(
        model=model.name,
        predictions=prediction_instability(original, refitted, horizon),
        cuts=cuts,
        by_plan=by_plan,
        changed=changed,
        curves=_curves(analysis, model.name, horizon, original, refitted) if drawn else None,
    )


def _cuts(analysis: Analysis, model: FittedModel, horizon: float) -> tuple[tuple[float, ...], bool]:
    """Return the event probabilities that part risk groups, and whether they are the plan's.

    The plan's are meant for its first horizon. A model's own cut is one linear predictor, which is
    another probability at every horizon; one without a term parts nobody.
    """
    outcome = analysis.inputs.plan.outcome
    if outcome.risk_cuts:
        return (outcome.risk_cuts if horizon == outcome.horizons[0] else ()), True
    # Where events compete, cases of one linear predictor have different risks.
    if not model.terms or model.others:
        return (), False
    hazard = model.cumulative_hazard([horizon])[0]
    return (float(-np.expm1(-hazard * np.exp(model.risk_cut))),), False


def _curves(
    analysis: Analysis, model: str, horizon: float, original: FloatArray, refitted: FloatArray
) -> Curves:
    survival, plan = analysis.cases.survival, analysis.inputs.plan
    shown = refitted[evenly(len(refitted), CURVES_SHOWN)]
    thresholds = decision_thresholds(*plan.validation.decision_range)
    thresholds = thresholds[evenly(thresholds.size, _THRESHOLDS)]
    pairs = evenly(refitted.size, _POINTS)
    return Curves(
        points=np.column_stack([original[pairs % original.size], refitted.ravel()[pairs]]),
        calibration=calibration_instability(survival, original, shown, horizon),
        decision=decision_instability(
            survival, original, shown, horizon, thresholds, harm=plan.models.harm.get(model, 0.0)
        ),
    )
