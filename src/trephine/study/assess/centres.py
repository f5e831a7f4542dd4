"""How each model travels: every centre predicted by recipes that had not seen it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.errors import InputError
from trephine.evaluation.calibration_slope import calibration_in_the_large
from trephine.evaluation.concordance import concordance_index
from trephine.modelling.cases import Cases
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import BoolArray, Estimate
from trephine.validation.held_out import OutOfFold
from trephine.validation.out_of_fold import (
    out_of_fold_concordance,
    out_of_fold_slope,
    varies_within_folds,
)

# A centre of fewer events says nothing about a model: it is counted, pooled, and not judged.
FEWEST_CENTRE_EVENTS = 5


@dataclass(frozen=True, kw_only=True)
class AtCentre:
    """One model in one centre, or in all of them.

    Attributes
    ----------
    model, centre
        Names; the centre is empty for all together, pairs being compared within them.
    n, events
        Cases, and events among them.
    c_index
        Harrell's C; None where it cannot be computed, ``note`` then says why.
    horizon, slope, observed_expected
        Calibration at the last horizon that everything reaches; None without ``c_index`` or where
        nothing reaches a horizon.
    note
        Why there is no C; empty where there is one.
    """

    model: str
    centre: str
    n: int
    events: int
    c_index: Estimate | None = None
    horizon: float | None = None
    slope: Estimate | None = None
    observed_expected: Estimate | None = None
    note: str = ""


def can_be_judged_by_centre(cases: Cases) -> bool:
    """Say whether two centres at least have events enough."""
    if cases.centre is None:
        return False
    events = np.bincount(cases.centre[cases.survival.event])
    return int(np.sum(events >= FEWEST_CENTRE_EVENTS)) > 1


def at_centres(analysis: Analysis, result: ProtocolResult) -> list[AtCentre]:
    """Return each model in each centre, and in all of them, pairs within centres."""
    found, centre = result.centres, analysis.cases.centre
    if found is None or centre is None:
        return []
    rows = []
    for model in found.linear_predictor:
        for code, name in enumerate(analysis.inputs.centre_names):
            rows.append(_one_centre(analysis.cases, found, model, name, np.asarray(centre == code)))
        rows.append(_all_centres(analysis.cases, found, model))
    return rows


def _one_centre(
    every: Cases, found: OutOfFold, model: str, centre: str, here: BoolArray
) -> AtCentre:
    cases = every.take(here)
    score = found.linear_predictor[model][0, here]
    events = int(cases.survival.event.sum())
    note, c_index = "", None
    if not np.isfinite(score).all():
        code = int(found.fold[0, here][0])
        note = next(failure.reason for failure in found.failures if failure.fold == code)
    elif np.ptp(score) == 0:
        note = "no term entered the model"
    elif events < FEWEST_CENTRE_EVENTS:
        note = f"fewer than {FEWEST_CENTRE_EVENTS} events"
    else:
        try:
            c_index = _known(concordance_index(cases.survival, score, cluster=cases.patient))
        except InputError as error:
            note = str(error)
    return _row(found, model, centre, cases, here, c_index, note)


def _all_centres(every: Cases, found: OutOfFold, model: str) -> AtCentre:
    predicted: BoolArray = np.isfinite(found.linear_predictor[model][0])
    cases = every.take(predicted)
    c_index, note = None, ""
    if not varies_within_folds(found.take(predicted), model):
        return _row(found, model, "", cases, predicted, None, "no term entered the model")
    try:
        c_index = _known(
            out_of_fold_concordance(cases.survival, found.take(predicted), model, cases.patient)
        )
    except InputError as error:
        note = str(error)
    return _row(found, model, "", cases, predicted, c_index, note)


def _row(
    found: OutOfFold,
    model: str,
    centre: str,
    cases: Cases,
    rows: BoolArray,
    c_index: Estimate | None,
    note: str,
) -> AtCentre:
    """Return a C-index with the calibration beside it, of the cases in ``rows``."""
    probability = found.event_probability[model][0, rows]
    last = cases.survival.time.max() if len(cases) else 0.0
    reached = [
        j
        for j, horizon in enumerate(found.horizons)
        if horizon <= last and np.isfinite(probability[:, j]).all()
    ]
    alone = AtCentre(
        model=model,
        centre=centre,
        n=len(cases),
        events=int(cases.survival.event.sum()),
        c_index=c_index,
        note=note,
    )
    if c_index is None or not reached:
        return alone
    at, values = found.horizons[reached[-1]], probability[:, reached[-1]]
    # Each centre is predicted by a model without it, whose baseline is that of the others.
    slope = out_of_fold_slope(cases.survival, found.take(rows), model, cases.patient).estimate
    large = calibration_in_the_large(cases.survival, values, at, cluster=cases.patient).ratio
    return replace(alone, horizon=at, slope=_known(slope), observed_expected=_known(large))


def _known(estimate: Estimate) -> Estimate | None:
    return estimate if np.isfinite(estimate.value) else None
