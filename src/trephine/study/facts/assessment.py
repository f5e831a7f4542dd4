"""Predictions with what they mean, and their performance computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.evaluation.out_of_fold import (
    out_of_fold_concordance,
    pooled_event_probability,
    pooled_linear_predictor,
)
from trephine.evaluation.performance import Performance, evaluate_performance
from trephine.plan.sections import Protocol
from trephine.report.facts.base import Kind
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import FloatArray


@dataclass(frozen=True)
class Assessed:
    """One model's predictions of one kind.

    Attributes
    ----------
    protocol, kind, model
        Which.
    risk_score
        Higher is worse, shape (n,).
    event_probability
        Shape (n, k), at ``horizons``.
    horizons
        Those at which every case has a prediction.
    risk_cut
        Fixed in training: above it, high risk.
    performance
        On these predictions.
    """

    protocol: Protocol
    kind: Kind
    model: str
    risk_score: FloatArray
    event_probability: FloatArray
    horizons: tuple[float, ...]
    risk_cut: float
    performance: Performance


def assess(analysis: Analysis) -> list[Assessed]:
    """Return every model's performance: apparent, and out of fold where there are repeats."""
    found: list[Assessed] = []
    for protocol, result in analysis.protocols.items():
        models = result.fitted.models
        found += [_apparent(analysis, protocol, result, model) for model in models]
        if result.out_of_fold is not None:
            found += [_nested(analysis, protocol, result, model) for model in models]
    return found


def _apparent(
    analysis: Analysis, protocol: Protocol, result: ProtocolResult, model: str
) -> Assessed:
    predicted = result.apparent[model]
    probability = 1 - predicted.survival.survival_probability
    return _assess(
        analysis,
        protocol,
        "apparent",
        model,
        predicted.linear_predictor,
        probability,
        result.fitted.models[model].risk_cut,
    )


def _nested(analysis: Analysis, protocol: Protocol, result: ProtocolResult, model: str) -> Assessed:
    """Assess pooled predictions, but compare pairs of cases within folds only.

    The groups are cut at the median of the pooled predictor: each case's own fold fixed its
    model without it, and no single training median exists.
    """
    out_of_fold = result.out_of_fold
    assert out_of_fold is not None
    score = pooled_linear_predictor(out_of_fold, model)
    probability = pooled_event_probability(out_of_fold, model)
    cut = float(np.median(score))
    found = _assess(analysis, protocol, "nested cross-validated", model, score, probability, cut)
    concordance = out_of_fold_concordance(
        analysis.cases.survival, out_of_fold, model, analysis.cases.patient
    )
    return replace(found, performance=replace(found.performance, concordance=concordance))


def _assess(
    analysis: Analysis,
    protocol: Protocol,
    kind: Kind,
    model: str,
    score: FloatArray,
    probability: FloatArray,
    cut: float,
) -> Assessed:
    whole = np.flatnonzero(np.isfinite(probability).all(axis=0))
    horizons = tuple(analysis.inputs.plan.outcome.horizons[j] for j in whole)
    settings = analysis.protocols[protocol].settings
    performance = evaluate_performance(
        model,
        analysis.cases.survival,
        score,
        probability[:, whole],
        horizons,
        patient=None if settings.variance == "model" else analysis.cases.patient,
    )
    return Assessed(protocol, kind, model, score, probability[:, whole], horizons, cut, performance)
