"""Table 3, for every model, protocol and kind of prediction."""

from __future__ import annotations

import numpy as np

from trephine.facts import (
    CalibrationNumbers,
    EstimateFact,
    HorizonEstimate,
    PerformanceFacts,
)
from trephine.facts.evaluation import Within
from trephine.study.assess import Assessed, AtHorizon, Metric
from trephine.study.gather.estimates import cut


def performance_facts(assessed: Assessed) -> PerformanceFacts:
    """Return one model's numbers; each measure of Table 3 is that of the same name."""
    return PerformanceFacts(
        protocol=assessed.protocol,
        kind=assessed.kind,
        model=assessed.model,
        n=assessed.n,
        events=assessed.events,
        **{
            name: _at_horizons(assessed, name, limits)
            if PerformanceFacts.by_horizon(name)
            else _whole(assessed, name, limits)
            for name, limits in PerformanceFacts.measures().items()
        },
        calibration=tuple(_calibration(at) for at in assessed.at_horizons),
        note=_note(assessed),
    )


def _at_horizons(assessed: Assessed, name: str, limits: Within) -> tuple[HorizonEstimate, ...]:
    measures: list[tuple[float, Metric]] = [
        (at.horizon, getattr(at, name)) for at in assessed.at_horizons
    ]
    return tuple(
        HorizonEstimate(horizon=horizon, estimate=cut(measure.estimate, limits))
        for horizon, measure in measures
    )


def _whole(assessed: Assessed, name: str, limits: Within) -> EstimateFact | None:
    measure: Metric = getattr(assessed, name)
    may_be_absent = not PerformanceFacts.model_fields[name].is_required()
    if may_be_absent and not np.isfinite(measure.estimate.value):
        return None
    return EstimateFact.model_validate(cut(measure.estimate, limits))


def _calibration(at: AtHorizon) -> CalibrationNumbers:
    slope = at.slope.estimate
    return CalibrationNumbers(
        horizon=at.horizon,
        slope=None if np.isnan(slope.value) else EstimateFact.model_validate(slope),
        observed_expected=EstimateFact.model_validate(at.in_the_large.ratio),
        ici=at.curve.integrated_index.value,
        e50=at.curve.e50.value,
        e90=at.curve.e90.value,
        emax=at.curve.e_max.value,
        gnd_p=at.groups_test.p_value,
        gnd_note=at.groups_test.note,
    )


def _note(assessed: Assessed) -> str:
    """Return what the reader must know, each thing once."""
    notes = [*assessed.notes, *_measure_notes(assessed)]
    notes += [at.slope.note for at in assessed.at_horizons]
    if assessed.varies_somewhere:  # else it has been said that all risks are alike
        notes += [at.curve.note for at in assessed.at_horizons]
    told = dict.fromkeys(note.strip().rstrip(".") for note in notes if note)
    return " ".join(f"{note[0].upper()}{note[1:]}." for note in told)


def _measure_notes(assessed: Assessed) -> list[str]:
    """Return why measures of Table 3 are missing."""
    measures: list[Metric] = []
    for name in PerformanceFacts.measures():
        owners = assessed.at_horizons if PerformanceFacts.by_horizon(name) else (assessed,)
        measures += [getattr(owner, name) for owner in owners]
    return [measure.note for measure in measures]
