"""How each model travels: every centre predicted by recipes that had not seen it."""

from __future__ import annotations

import numpy as np

from trephine.errors import InputError
from trephine.evaluation.calibration import calibration_in_the_large, calibration_slope
from trephine.evaluation.concordance import concordance_index
from trephine.facts import CentreFacts, EstimateFact
from trephine.modelling.cases import Cases
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import BoolArray, Estimate, FloatArray
from trephine.validation.out_of_fold import out_of_fold_concordance
from trephine.validation.resampling import OutOfFold

# A centre of fewer events tells nothing of a model: it is counted, pooled, and not judged.
FEWEST_CENTRE_EVENTS = 5


def can_be_judged_by_centre(cases: Cases) -> bool:
    """Say whether two centres at least have events enough."""
    if cases.centre is None:
        return False
    events = np.bincount(cases.centre[cases.survival.event])
    return int(np.sum(events >= FEWEST_CENTRE_EVENTS)) > 1


def centre_facts(analysis: Analysis, result: ProtocolResult) -> list[CentreFacts]:
    """Return each model's figures in each centre, and in all of them, pairs within centres."""
    found, cases = result.centres, analysis.cases
    if found is None or cases.centre is None:
        return []
    facts = []
    for model in found.linear_predictor:
        told = np.isfinite(found.linear_predictor[model][0])
        for code, name in enumerate(analysis.inputs.centre_names):
            here: BoolArray = np.asarray(cases.centre == code)
            facts.append(_one_centre(analysis, result, found, model, name, here))
        facts.append(_all_centres(analysis, result, found, model, told))
    return facts


def _one_centre(
    analysis: Analysis,
    result: ProtocolResult,
    found: OutOfFold,
    model: str,
    centre: str,
    here: BoolArray,
) -> CentreFacts:
    cases = analysis.cases.take(here)
    score = found.linear_predictor[model][0, here]
    events = int(cases.survival.event.sum())
    note, c_index = "", None
    if not np.isfinite(score).all():
        code = int(found.fold[0, here][0])
        note = next(failure.reason for failure in found.failures if failure.fold == code)
    elif events < FEWEST_CENTRE_EVENTS:
        note = f"fewer than {FEWEST_CENTRE_EVENTS} events"
    else:
        try:
            c_index = _told(concordance_index(cases.survival, score, cluster=cases.patient))
        except InputError as error:
            note = str(error)
    judged = c_index is not None
    return CentreFacts(
        protocol=result.settings.protocol,
        model=model,
        centre=centre,
        n=len(cases),
        events=events,
        c_index=c_index,
        **(_calibration(analysis, found, model, here) if judged else {}),
        note=note,
    )


def _all_centres(
    analysis: Analysis, result: ProtocolResult, found: OutOfFold, model: str, told: BoolArray
) -> CentreFacts:
    cases = analysis.cases.take(told)
    c_index, note = None, ""
    try:
        c_index = _told(
            out_of_fold_concordance(cases.survival, found.take(told), model, cases.patient)
        )
    except InputError as error:
        note = str(error)
    return CentreFacts(
        protocol=result.settings.protocol,
        model=model,
        n=len(cases),
        events=int(cases.survival.event.sum()),
        c_index=c_index,
        **(_calibration(analysis, found, model, told) if c_index is not None else {}),
        note=note,
    )


def _calibration(
    analysis: Analysis, found: OutOfFold, model: str, rows: BoolArray
) -> dict[str, EstimateFact | float | None]:
    """Return slope and observed over expected at the last horizon that everything reaches."""
    cases = analysis.cases.take(rows)
    probability = found.event_probability[model][0, rows]
    last = cases.survival.time.max()
    reached = [
        j
        for j, horizon in enumerate(found.horizons)
        if horizon <= last and np.isfinite(probability[:, j]).all()
    ]
    if not reached:
        return {}
    at, values = found.horizons[reached[-1]], probability[:, reached[-1]]
    return {
        "horizon": at,
        "slope": _slope(cases, values),
        "observed_expected": _told(
            calibration_in_the_large(cases.survival, values, at, cluster=cases.patient).ratio
        ),
    }


def _slope(cases: Cases, probability: FloatArray) -> EstimateFact | None:
    return _told(calibration_slope(cases.survival, probability, cluster=cases.patient).estimate)


def _told(estimate: Estimate) -> EstimateFact | None:
    return EstimateFact.model_validate(estimate) if np.isfinite(estimate.value) else None
