"""The interval of one case's prediction: what the study's refits say of the same case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.evaluation.refit_interval import FEWEST_REFITS, RefitInterval, refit_interval
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.refits import Refits
from trephine.study.locked.model import LockedModel
from trephine.types import FloatArray, IntArray

# By how much the refits' distances are widened for a model with signatures, whose weights are
# drawn to 0: the refits share that error and cannot show it. In simulated studies (sparse, dense
# and block truths, 30 to 2,074 features) 92 % of new cases then had their true survival in the
# interval, 88 to 96 % by truth and size; without it 68 % had (benchmarks/results/new_cases.md).
WIDENING = 2.25
_NAMED = 5

NoRefits = Literal["equation", "updated", "network", "few refits"]
_NO_REFITS: dict[NoRefits, str] = {
    "equation": "none; a published equation states no variances from which they could follow",
    "updated": "none; the refits of the model before the update are of another model",
    "network": (
        "none; a network was trained with the model, and the networks of its refits are not kept"
    ),
    "few refits": (
        "none; they come from models refitted to bootstrap samples, and the study kept fewer than"
        f" {FEWEST_REFITS} ([validation] bootstraps)"
    ),
}


@dataclass(frozen=True)
class CaseIntervals:
    """The limits of one case's survival at the horizons.

    Attributes
    ----------
    low, high
        Shape (horizons,); NaN where there is none.
    note
        Where they come from, or why there are none.
    """

    low: FloatArray
    high: FloatArray
    note: str


def widening_of(model: FittedModel) -> float:
    """Return by how much a model's refits are widened: 1 where nothing in it is penalised."""
    return WIDENING if model.signatures else 1.0


def refit_survival(
    model: LockedModel,
    chosen: FittedModel,
    features: Mapping[str, FeatureSet],
    clinical: ClinicalTable,
    centre: IntArray | None = None,
) -> FloatArray:
    """Return what each refit of a locked model says of m cases, shape (refits, m, horizons).

    The accessor for whatever shows intervals: with `widening_of` and
    `trephine.evaluation.refit_interval` it gives what ``trephine predict`` prints.

    Parameters
    ----------
    model, chosen
        The locked model, and which of its Cox models.
    features, clinical
        As measured; all that ``model.refits.needed_features`` and ``needed_variables`` name.
    centre
        Codes as in training.

    Raises
    ------
    InputError
        If a value that a refit needs is missing.
    """
    refits = model.refits
    if refits is None:
        return np.empty((0, len(clinical), len(model.context.outcome.horizons)))
    return refits.survival(chosen.name, features, clinical, centre)


def case_intervals(
    model: LockedModel,
    chosen: FittedModel,
    point: FloatArray,
    features: Mapping[str, FeatureSet],
    clinical: ClinicalTable,
    centre: IntArray,
) -> CaseIntervals:
    """Return the interval of one case's survival at each horizon.

    Parameters
    ----------
    model, chosen
        The locked model, and which of its Cox models.
    point
        Its prediction, shape (horizons,).
    features, clinical, centre
        Of the case, as measured.
    """
    none = np.full(point.shape, np.nan)
    refits, absent = model.refits, why_no_refits(model)
    if refits is None or absent is not None:
        return CaseIntervals(none, none, _NO_REFITS[absent or "few refits"])
    clinical, filled = _with_absent(model, refits, chosen, clinical)
    lacking = [
        *_lacking_features(model, refits, chosen, features),
        *_lacking_values(refits, chosen, clinical),
    ]
    if lacking:
        reason = (
            f"none; they come from models refitted in the study, some of which also use"
            f" {', '.join(lacking)}: give the values to get them"
        )
        return CaseIntervals(none, none, reason)
    again = refit_survival(model, chosen, features, clinical, centre)[:, 0]
    found: RefitInterval = refit_interval(point, again, widening=widening_of(chosen))
    if not np.isfinite(found.low).any():
        return CaseIntervals(none, none, "none; the refitted models were not followed that long")
    said = (
        f"95%, from the models refitted to {len(again)} bootstrap samples of the study, selection"
        f" included{filled}"
    )
    return CaseIntervals(found.low, found.high, said)


def why_no_refits(model: LockedModel) -> NoRefits | None:
    """Return why a locked model has no refits to take an interval from; None where it has."""
    if model.refits is not None and len(model.refits.forms) >= FEWEST_REFITS:
        return None
    if model.context.equation:
        return "equation"
    if model.context.updated is not None:
        return "updated"
    if model.refits is None and model.predictor.blocks:
        return "network"
    return "few refits"


def _with_absent(
    model: LockedModel, refits: Refits, chosen: FittedModel, clinical: ClinicalTable
) -> tuple[ClinicalTable, str]:
    """Return the table with a missing value for each variable that only refits use."""
    declared = model.predictor.variables
    absent = [key for key in refits.needed_variables(chosen.name) if key not in clinical.variables]
    if not absent or model.predictor.imputation is None:
        return clinical, ""
    missing = {key: np.array([-1.0 if declared[key].categorical else np.nan]) for key in absent}
    frame = {key: _stored(clinical, key) for key in clinical.variables}
    variables = {**clinical.variables, **{key: declared[key] for key in absent}}
    names = ", ".join(label_of(key, declared[key]) for key in absent)
    said = f"; {names} not given, filled in as in training where a refit uses it"
    return ClinicalTable(variables, frame | missing, len(clinical)), said


def _stored(table: ClinicalTable, key: str) -> FloatArray:
    """Return a column as a table stores it: a missing level is -1."""
    values = table.values(key)
    if table.variables[key].categorical:
        return np.where(np.isnan(values), -1.0, values)
    return values


def _lacking_features(
    model: LockedModel,
    refits: Refits,
    chosen: FittedModel,
    features: Mapping[str, FeatureSet],
) -> list[str]:
    lacking = []
    for name, wanted in refits.needed_features(chosen.name).items():
        given = features.get(name)
        known: set[str] = set()
        if given is not None:
            there = ~np.isnan(given.values[0])
            signature = model.predictor.signatures.get(name)
            mean = signature is not None and signature.absent_is_mean and not there.any()
            every = mean or (model.context.features.fills_missing and bool(there.any()))
            known = {n for n, is_there in zip(given.names, there, strict=True) if is_there or every}
        absent = [n for n in wanted if n not in known]
        if absent:
            more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
            lacking.append(f"features of {name} ({', '.join(absent[:_NAMED])}{more})")
    return lacking


def _lacking_values(refits: Refits, chosen: FittedModel, clinical: ClinicalTable) -> list[str]:
    needed = refits.needed_variables(chosen.name)
    if all(form.terms_from.imputation is not None for form in refits.forms):
        return [key for key in needed if key not in clinical.variables]
    given = clinical.variables
    return [key for key in needed if key not in given or np.isnan(clinical.values(key)[0])]
