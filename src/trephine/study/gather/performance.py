"""Table 3, for every model, protocol and kind of prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trephine.evaluation.calibration import CalibrationSlope
from trephine.evaluation.performance import HorizonPerformance
from trephine.facts import (
    CalibrationNumbers,
    EstimateFact,
    HorizonEstimate,
    PerformanceFacts,
)
from trephine.study.assess import Assessed
from trephine.study.draws import Draws
from trephine.types import Estimate


def performance_facts(assessed: Assessed, draws: Draws) -> PerformanceFacts:
    """Return one model's numbers."""
    performance = assessed.performance
    whole = assessed.integrated_brier
    return PerformanceFacts(
        protocol=assessed.protocol,
        kind=assessed.kind,
        model=assessed.model,
        n=performance.n,
        events=performance.n_events,
        c_index=EstimateFact.model_validate(_within(assessed.concordance)),
        c_index_uno=EstimateFact.model_validate(_within(assessed.uno))
        if np.isfinite(assessed.uno.value)
        else None,
        auc=tuple(
            HorizonEstimate(horizon=h.horizon, estimate=_within(h.auc.estimate))
            for h in performance.horizons
        ),
        brier=tuple(
            HorizonEstimate(horizon=h.horizon, estimate=h.brier.estimate)
            for h in performance.horizons
        ),
        ipa=tuple(
            HorizonEstimate(horizon=h.horizon, estimate=accuracy.estimate)
            for h, accuracy in zip(performance.horizons, assessed.accuracy, strict=True)
        ),
        integrated_brier=EstimateFact.model_validate(whole.estimate)
        if whole is not None and not whole.note
        else None,
        calibration=tuple(
            _calibration(assessed, h, slope, draws)
            for h, slope in zip(performance.horizons, assessed.slopes, strict=True)
        ),
        note=_note(assessed),
    )


def _within(estimate: Estimate) -> Estimate:
    """Cut an interval of a share to [0, 1]: the normal one may leave it in small samples."""
    low, high = np.clip((estimate.low, estimate.high), 0.0, 1.0).tolist()
    return replace(estimate, low=low, high=high)


def _calibration(
    assessed: Assessed, at: HorizonPerformance, slope: CalibrationSlope, draws: Draws
) -> CalibrationNumbers:
    curve = draws.calibration_of(assessed, at.horizon) or at.curve
    return CalibrationNumbers(
        horizon=at.horizon,
        slope=None
        if np.isnan(slope.estimate.value)
        else EstimateFact.model_validate(slope.estimate),
        observed_expected=EstimateFact.model_validate(at.in_the_large.ratio),
        ici=curve.integrated_index.value,
        e50=curve.e50.value,
        e90=curve.e90.value,
        emax=curve.e_max.value,
        gnd_p=at.groups_test.p_value,
        gnd_note=at.groups_test.note,
    )


def _note(assessed: Assessed) -> str:
    """Return what the reader must know, each thing once."""
    notes = [*assessed.notes, *(slope.note for slope in assessed.slopes)]
    for at in assessed.performance.horizons:
        notes += [at.auc.note, at.brier.note, at.curve.note]
    if assessed.integrated_brier is not None:
        notes.append(assessed.integrated_brier.note)
    told = dict.fromkeys(note.strip().rstrip(".") for note in notes if note)
    return " ".join(f"{note[0].upper()}{note[1:]}." for note in told)
