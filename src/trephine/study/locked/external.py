"""A locked model beside its outside cases: case mix, and what recalibration would change."""

from __future__ import annotations

import numpy as np

from trephine.evaluation.recalibration import recalibrate
from trephine.facts import CaseMixRow, EstimateFact, ExternalFacts, RecalibrationRow
from trephine.modelling.cases import Cases
from trephine.modelling.fitted_model import FittedModel
from trephine.study.locked.model import LockedModel
from trephine.study.results import Validation


def external_facts(model: LockedModel, validation: Validation) -> ExternalFacts:
    """Return how outside and training cases compare, and the recalibration that would help.

    Parameters
    ----------
    model
        The locked model.
    validation
        Its predictions of outside cases.
    """
    rows = [
        row
        for name, one in validation.models.items()
        if not one.others  # one cause's new baseline would not correct a risk
        for row in _recalibration(validation, name)
    ]
    fullest = model.predictor.fullest
    return ExternalFacts(
        model_title=model.context.title,
        protocol=model.context.protocol,
        training_cases=fullest.n,
        training_events=fullest.n_events,
        case_mix=_case_mix(model, fullest, validation.cases),
        recalibration=tuple(rows),
        signed_by=model.signed_by,
        equation=model.context.equation,
    )


def _recalibration(validation: Validation, name: str) -> list[RecalibrationRow]:
    """Return a model's calibration as locked and as it would be with less or more refitted."""
    model, reached = validation.models[name], list(validation.reached)
    found = recalibrate(
        validation.cases.survival,
        validation.predictions[name].linear_predictor,
        reached,
        model.baseline_survival(reached) if reached else np.empty(0),
        cluster=validation.cases.patient,
    )
    slope = None if np.isnan(found.slope.value) else EstimateFact.model_validate(found.slope)
    return [
        RecalibrationRow(
            model=name,
            horizon=horizon,
            slope=slope,
            locked=found.locked_baseline[j],
            new_baseline=found.new_baseline[j],
            new_baseline_and_slope=found.new_baseline_and_slope[j],
        )
        for j, horizon in enumerate(reached)
    ]


def _case_mix(locked: LockedModel, model: FittedModel, cases: Cases) -> tuple[CaseMixRow, ...]:
    design = locked.predictor.design(model, cases.features, cases.clinical, cases.centre)
    return tuple(
        CaseMixRow(
            label=term.label,
            training_mean=None if locked.context.equation else model.centre[j],
            training_low=model.low[j],
            training_high=model.high[j],
            mean=design[:, j].mean(),
            low=design[:, j].min(),
            high=design[:, j].max(),
            outside=int(np.sum((design[:, j] < model.low[j]) | (design[:, j] > model.high[j]))),
        )
        for j, term in enumerate(model.terms)
        if term.has_own_range
    )
