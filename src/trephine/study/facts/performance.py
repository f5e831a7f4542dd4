"""Table 3, for every model, protocol and kind of prediction."""

from __future__ import annotations

import numpy as np

from trephine.evaluation.performance import HorizonPerformance, Performance
from trephine.report.facts import (
    CalibrationNumbers,
    EstimateFact,
    HorizonEstimate,
    PerformanceFacts,
)
from trephine.study.facts.assessment import Assessed


def performance_facts(assessed: Assessed) -> PerformanceFacts:
    """Return one model's numbers."""
    performance = assessed.performance
    return PerformanceFacts(
        protocol=assessed.protocol,
        kind=assessed.kind,
        model=assessed.model,
        n=performance.n,
        events=performance.n_events,
        c_index=EstimateFact.model_validate(performance.concordance),
        auc=tuple(
            HorizonEstimate(horizon=h.horizon, estimate=h.auc.estimate)
            for h in performance.horizons
        ),
        brier=tuple(
            HorizonEstimate(horizon=h.horizon, estimate=h.brier.estimate)
            for h in performance.horizons
        ),
        ipa=tuple(
            HorizonEstimate(
                horizon=h.horizon, estimate=EstimateFact(value=h.brier.prediction_accuracy)
            )
            for h in performance.horizons
        ),
        calibration=tuple(_calibration(performance, h) for h in performance.horizons),
        note=_note(performance),
    )


def _calibration(performance: Performance, at: HorizonPerformance) -> CalibrationNumbers:
    constant = bool(np.isnan(performance.slope.estimate.value))
    return CalibrationNumbers(
        horizon=at.horizon,
        slope=None if constant else EstimateFact.model_validate(performance.slope.estimate),
        observed_expected=EstimateFact.model_validate(at.in_the_large.ratio),
        ici=at.curve.integrated_index.value,
        e50=at.curve.e50.value,
        e90=at.curve.e90.value,
        emax=at.curve.e_max.value,
        gnd_p=at.groups_test.p_value,
    )


def _note(performance: Performance) -> str:
    notes = [performance.note, performance.slope.note]
    for at in performance.horizons:
        notes += [at.auc.note, at.brier.note, at.curve.note, at.groups_test.note]
    return " ".join(dict.fromkeys(note for note in notes if note))
