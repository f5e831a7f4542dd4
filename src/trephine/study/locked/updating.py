"""An updated model: the locked one, changed as outside cases call for, as a bundle of its own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from trephine import __version__
from trephine.choices import UpdateMethod
from trephine.errors import BundleError, ModelError
from trephine.evaluation.normal_interval import with_interval
from trephine.evaluation.observed import shares_by
from trephine.facts import EstimateFact, UpdatedHorizon, UpdatedTerm, UpdateFacts, UpdateTestRow
from trephine.modelling.bundle import VERSION
from trephine.modelling.fitted_model import DECILES, FittedModel
from trephine.modelling.points import nomogram_of
from trephine.modelling.updating import ModelUpdate
from trephine.modelling.updating_causes import CausesUpdate, update_causes
from trephine.study.gather.nomograms import axis_labels
from trephine.study.locked.context import NomogramContext, UpdateContext
from trephine.study.locked.model import LockedModel, nomogram_context
from trephine.study.results import Validation
from trephine.types import FloatArray

CHANGED: Mapping[UpdateMethod, str] = {
    "none": "nothing",
    "baseline": "the baseline",
    "hazard": "the baseline hazard with its shape",
    "slope": "baseline and slope",
    "refit": "all coefficients",
}


def refuse_no_update(bundle: str | Path | LockedModel, folder: Path) -> None:
    """Refuse an update before hours are spent on the validation.

    Raises
    ------
    BundleError
        If the updated model would take the place of the one it is made from.
    """
    if not isinstance(bundle, LockedModel) and Path(bundle).resolve() == folder.resolve():
        raise BundleError(
            "update: expected a folder of its own for the updated model, found that of the model"
            " it is made from"
        )


def update_locked(
    model: LockedModel, validation: Validation, asked: UpdateMethod | None
) -> tuple[LockedModel, tuple[UpdateFacts, ...]]:
    """Update every model of a bundle to outside cases; also return what was done.

    Parameters
    ----------
    model
        As locked.
    validation
        The outside cases.
    asked
        What to change; None lets closed testing choose, model by model.

    Raises
    ------
    ModelError
        If what was asked for cannot be fitted to these cases.
    """
    cases = validation.cases
    designs = {
        name: model.predictor.design(one, cases.features, cases.clinical, cases.centre)
        for name, one in validation.models.items()
    }
    cluster = cases.patient if has_clusters(validation) else None
    updates = {
        name: update_causes(one, designs[name], cases.survival, cluster=cluster, asked=asked)
        for name, one in validation.models.items()
    }
    if model.context.equation:  # nobody states how its own cases stand among one another
        updates = {name: _with_deciles(one, designs[name]) for name, one in updates.items()}
    facts = tuple(
        row
        for name, update in updates.items()
        for row in _rows(validation, (validation.models[name], update), designs[name], asked)
    )
    return _bundle(model, validation, updates), facts


def _with_deciles(update: CausesUpdate, design: FloatArray) -> CausesUpdate:
    """Return a model whose deciles are those of the outside cases."""
    event = update.event
    deciles = np.quantile(event.model.linear_predictor(design), DECILES)
    return replace(update, event=replace(event, model=replace(event.model, deciles=deciles)))


def has_clusters(validation: Validation) -> bool:
    """Say whether a patient has several cases."""
    return bool(np.unique(validation.cases.patient).size < len(validation.cases))


def _bundle(
    model: LockedModel, validation: Validation, updates: Mapping[str, CausesUpdate]
) -> LockedModel:
    models = {name: update.event.model for name, update in updates.items()}
    predictor = replace(model.predictor, models=models)
    survival, old = validation.cases.survival, model.context
    nomograms: dict[str, NomogramContext] = {}
    for name, one in models.items():
        if one.others:  # a bundle of competing events holds none
            continue
        reached = [h for h in old.outcome.horizons if h <= one.baseline.times[-1]]
        with suppress(ModelError):  # no predictor changes the risk
            nomogram = nomogram_of(one, axis_labels(one, predictor.variables), reached)
            nomograms[name] = nomogram_context(nomogram, predictor.variables)
    updated = UpdateContext(
        title=old.title,
        trephine=old.trephine,
        cases=len(survival),
        events=int(survival.event.sum()),
        changed={name: update.event.method for name, update in updates.items()},
        rates={
            name: {cause: other.method for cause, other in update.others.items()}
            for name, update in updates.items()
            if update.others
        },
    )
    context = old.model_copy(
        update={
            "version": VERSION,
            "trephine": __version__,
            "title": f"{old.title}, updated",
            "performance": (),
            "nomograms": nomograms,
            "updated": updated,
        }
    )
    return LockedModel(predictor, context, updated_card(updated, model.card))


def updated_card(updated: UpdateContext, card: str) -> str:
    """Return the card of an updated model, with that of the model it was made from below it."""
    lines = [
        f"# Model card: {updated.title}, updated",
        "",
        "**Research use only. Not a medical device; not for decisions about patients.**",
        "",
        f"Updated from the model below on {updated.cases} cases with {updated.events} events:",
        "",
        "| model | changed |",
        "|---|---|",
        *(f"| {name} | {CHANGED[method]} |" for name, method in updated.changed.items()),
        *(
            f"| {rate_of(name, cause)} | {CHANGED[method]} |"
            for name, causes in updated.rates.items()
            for cause, method in causes.items()
        ),
        "",
        "How well it predicts has not been measured: that needs cases other than those it was",
        "updated on. The figures below are those of the model before the update.",
        "",
        "---",
        "",
    ]
    return "\n".join(lines) + card


def rate_of(model: str, cause: str) -> str:
    """Name what was updated: a model, or the rate of an event that competes in it."""
    return f"{model}, rate of {cause}" if cause else model


def _rows(
    validation: Validation,
    models: tuple[FittedModel, CausesUpdate],
    design: FloatArray,
    asked: UpdateMethod | None,
) -> list[UpdateFacts]:
    """Return what was done to a model, and to each rate that competes in it."""
    locked, update = models
    own = _facts(locked, update.event, locked.coefficients, asked).model_copy(
        update={"horizons": _horizons(validation, (locked, update.event.model), design)}
    )
    others = [
        _facts(locked, update.others[one.name], one.coefficients, asked).model_copy(
            update={"cause": one.name}
        )
        for one in locked.others
    ]
    return [own, *others]


def _facts(
    locked: FittedModel, update: ModelUpdate, before: FloatArray, asked: UpdateMethod | None
) -> UpdateFacts:
    changed = update.method in ("slope", "refit")
    return UpdateFacts(
        model=locked.name,
        asked=asked is not None,
        method=update.method,
        tests=tuple(
            UpdateTestRow(
                larger=one.larger,
                smaller=one.smaller,
                statistic=one.statistic,
                degrees_of_freedom=one.degrees_of_freedom,
                p=one.p_value,
            )
            for one in update.tests
        ),
        ratio=EstimateFact.model_validate(update.ratio),
        slope=None if np.isnan(update.slope.value) else EstimateFact.model_validate(update.slope),
        terms=_terms(before, update) if changed else (),
        note=update.note,
    )


def _terms(before: FloatArray, update: ModelUpdate) -> tuple[UpdatedTerm, ...]:
    new = update.model
    variance = np.diag(new.covariance).tolist()
    return tuple(
        UpdatedTerm(
            label=term.label,
            locked=float(before[j]),
            updated=EstimateFact.model_validate(with_interval(value, variance[j])),
        )
        for j, (term, value) in enumerate(zip(new.terms, new.coefficients.tolist(), strict=True))
    )


def _horizons(
    validation: Validation, models: tuple[FittedModel, FittedModel], design: FloatArray
) -> tuple[UpdatedHorizon, ...]:
    """Return observed over expected events before and after."""
    reached = list(validation.reached)
    if not reached:
        return ()
    seen = shares_by(validation.cases.survival, reached)
    before, after = (
        seen / (1 - one.predict_survival(design, reached).survival_probability).mean(axis=0)
        for one in models
    )
    return tuple(
        UpdatedHorizon(horizon=horizon, locked=before[j], updated=after[j])
        for j, horizon in enumerate(reached)
    )
