"""Updating a model of competing events: the rate of each, and so the risk from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from trephine.choices import UpdateMethod
from trephine.errors import ModelError
from trephine.modelling.absolute_risk import FEWEST_EVENTS_PER_TERM, OtherCause
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.updating import ModelUpdate, update_model
from trephine.survival.baseline import BaselineHazard
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import Estimate, FloatArray, IntArray, Survival

# What stands in for an update that a competing event does not allow, the largest first.
_SMALLER: Mapping[UpdateMethod, tuple[UpdateMethod, ...]] = {
    "none": ("none",),
    "baseline": ("baseline",),
    "hazard": ("hazard",),
    "slope": ("slope", "baseline"),
    "refit": ("refit", "slope", "baseline"),
}


@dataclass(frozen=True)
class CausesUpdate:
    """A model as outside cases have it, with the rates of the events that compete.

    Attributes
    ----------
    event
        Of the event's own rate; its model has the new rates of the others.
    others
        By competing event; empty where none competes.
    """

    event: ModelUpdate
    others: Mapping[str, ModelUpdate]


def update_causes(
    model: FittedModel,
    design: FloatArray,
    survival: Survival,
    *,
    cluster: IntArray | None = None,
    asked: UpdateMethod | None = None,
) -> CausesUpdate:
    """Update the event's rate, and that of each competing event, to outside cases.

    Every rate is a Cox model for which the other events end follow-up, and is updated as one
    (`update_model`). The absolute risk combines them (Benichou and Gail 1990), so that the rate
    at fault is the one that is updated: a risk may be too low because a competing event is rarer.

    Parameters
    ----------
    model, design, cluster
        As in `update_model`; the model may have competing events.
    survival
        Of the cases, with those competing events.
    asked
        What to change in every rate, without a test; None lets the tests choose, rate by rate.
        What a competing event does not allow (none was seen; a rate without terms has no slope;
        a refit needs ten events for each term) is the largest smaller update, as its note says.

    Raises
    ------
    ModelError
        As `update_model`, of the event's own rate; or cases without competing events.
    """
    event = update_model(model, design, survival, cluster=cluster, asked=asked)
    if not model.others:
        return CausesUpdate(event, {})
    if not isinstance(survival, CompetingSurvival):
        raise ModelError("expected cases with competing events, found one event alone")
    updates: dict[str, ModelUpdate] = {}
    for one in model.others:
        own, columns = survival.of_competing(one.name), design[:, list(one.columns)]
        updates[one.name] = _update(_as_model(one, model), columns, own, cluster, asked)
    rates = tuple(_as_cause(one, updates[one.name].model) for one in model.others)
    return CausesUpdate(replace(event, model=replace(event.model, others=rates)), updates)


def _update(
    rate: FittedModel,
    design: FloatArray,
    survival: Survival,
    cluster: IntArray | None,
    asked: UpdateMethod | None,
) -> ModelUpdate:
    """Update one competing event's rate, as far as these cases allow."""
    seen, nothing = int(survival.event.sum()), Estimate(float("nan"))
    if not seen:
        return ModelUpdate("none", rate, (), Estimate(0.0), nothing, "no event was seen")
    few = seen < FEWEST_EVENTS_PER_TERM * len(rate.terms)
    if asked is None:
        return update_model(rate, design, survival, cluster=cluster, may_refit=not few)
    allowed = list(_SMALLER[asked])
    note = "there are fewer than ten events for each term" if few else "it is the same for all"
    if (few or not rate.terms) and "refit" in allowed:
        allowed.remove("refit")
    if not rate.terms and "slope" in allowed:
        allowed.remove("slope")
    for method in allowed:
        try:
            found = update_model(rate, design, survival, cluster=cluster, asked=method)
        except ModelError as error:
            note = error.reason.worded()
            continue
        return found if method == asked else replace(found, note=f"no {asked}: {note}")
    raise ModelError(note, model=f"update {asked} of {rate.name}")


def _as_model(one: OtherCause, model: FittedModel) -> FittedModel:
    """Return a rate as a Cox model; of its variances, which nothing reads, all are 0."""
    columns, q = list(one.columns), len(one.columns)
    flat = np.zeros((one.times.size, q))
    return FittedModel(
        name=one.name,
        parts=model.parts,
        terms=tuple(model.terms[j] for j in columns),
        coefficients=one.coefficients,
        covariance=np.zeros((q, q)),
        centre=one.centre,
        scale=model.scale[columns],
        low=model.low[columns],
        high=model.high[columns],
        baseline=BaselineHazard(one.times, one.cumulative_hazard, np.zeros(one.times.size), flat),
        linear_predictor_range=(0.0, 0.0),
        risk_cut=0.0,
        n=model.n,
        n_events=one.n_events,
    )


def _as_cause(one: OtherCause, rate: FittedModel) -> OtherCause:
    """Return a rate with the coefficients and the hazard of its updated Cox model."""
    base = rate.baseline
    return replace(
        one,
        coefficients=rate.coefficients,
        centre=rate.centre,
        times=base.times,
        cumulative_hazard=base.cumulative_hazard,
        n_events=rate.n_events,
    )
