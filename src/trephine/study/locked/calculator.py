"""A locked model as what a calculator needs, and nothing else of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from trephine.cohort.schema import label_of
from trephine.evaluation.risk_groups import group_names
from trephine.modelling.conditional import ChainedImputation
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.imputation import Imputation
from trephine.modelling.signature import Signature
from trephine.study.gather.signatures import set_label
from trephine.study.locked.calculator_form import (
    CalculatorBaseline,
    CalculatorContent,
    CalculatorModel,
    CalculatorPerformance,
    CalculatorSignature,
    CalculatorVariable,
    SignatureFeatures,
)
from trephine.study.locked.calculator_interval import (
    Bulky,
    calculator_term,
    interval_of,
    numbers,
    or_none,
    refit_variables,
)
from trephine.study.locked.calculator_joint import joint_of
from trephine.study.locked.calculator_rates import rates_of
from trephine.study.locked.model import LockedModel
from trephine.types import FloatArray

# A curve is drawn through so many points at most, rounded to so many digits.
_CURVE_POINTS = 100
_CURVE_DIGITS = 6


def calculator_content(
    model: LockedModel, left_out: frozenset[Bulky] = frozenset()
) -> CalculatorContent:
    """Return what a calculator needs of a locked model.

    Parameters
    ----------
    model
        The locked model.
    left_out
        "features": those of signatures, so that only a score can be typed; "refits": without them
        there are no intervals; "models": all but the primary one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from trephine.study.locked import calculator_content, read_model
    >>> content = calculator_content(read_model(Path("results/model")))
    >>> content.models[0].name
    'Clinical'
    """
    predictor, context = model.predictor, model.context
    first = predictor.models[context.primary_model]
    others = () if "models" in left_out else predictor.models.values()
    models = [first, *(one for one in others if one is not first)]
    competing = tuple(dict.fromkeys(one.name for m in models for one in m.others))
    keys = dict.fromkeys(key for one in models for key in one.clinical_variables)
    keys |= dict.fromkeys(key for one in models for key in refit_variables(model, one, left_out))
    sets = dict.fromkeys(key for one in models for key in one.signatures)
    cuts = context.outcome.risk_cuts
    return CalculatorContent(
        version=2 if competing else 1,
        trephine=context.trephine,
        title=context.title,
        simulated=context.simulated,
        protocol=context.protocol,
        signed_by=model.signed_by,
        outcome=context.outcome.full_name,
        event=context.outcome.event,
        competing=competing,
        landmark=context.outcome.landmark,
        updated=context.updated,
        unit=context.outcome.unit,
        risk_cuts=cuts,
        groups=group_names(len(cuts) + 1 if cuts else 2),
        imputation=_filled(predictor.imputation, keys),
        fills_missing=context.features.fills_missing,
        sides=context.features.sides,
        centres=context.centres if predictor.harmonisers else (),
        images=context.image_names,
        masks=context.mask_names,
        variables=tuple(_variable(model, key) for key in keys),
        signatures=tuple(_signature(model, key, left_out) for key in sets),
        models=tuple(_model(model, one, left_out) for one in models),
    )


def _filled(
    imputation: Imputation | ChainedImputation | None, keys: Iterable[str]
) -> dict[str, float] | None:
    """Return one value for each gap; None where every value is needed.

    A page has no draws to take a mean over: where the study imputed several times, it asks for
    every value, and ``trephine predict`` does without.
    """
    if not isinstance(imputation, Imputation):
        return None
    return {key: float(imputation.values[key]) for key in keys}


def _variable(model: LockedModel, key: str) -> CalculatorVariable:
    variable = model.predictor.variables[key]
    return CalculatorVariable(
        key=key,
        column=variable.column_of(key),
        label=label_of(key, variable),
        unit=variable.unit,
        levels=variable.levels,
        range=variable.range,
        measure=variable.measure if variable.arcs else None,
        arcs=variable.arcs,
    )


def _signature(model: LockedModel, key: str, left_out: frozenset[Bulky]) -> CalculatorSignature:
    signature = model.predictor.signatures[key]
    # The features of a trained network are not those that a table holds.
    typed = "features" not in left_out and not signature.empty and key not in model.predictor.blocks
    return CalculatorSignature(
        key=key,
        label=f"{set_label(key)} signature",
        harmonised=key in model.predictor.harmonisers,
        measured=key in model.context.measured,
        features=_features(signature) if typed else None,
    )


def _features(signature: Signature) -> SignatureFeatures:
    return SignatureFeatures(
        names=signature.names,
        weights=numbers(signature.weights),
        centre=numbers(signature.centre),
        scale=numbers(signature.scale),
        floor=None if signature.floor is None else numbers(signature.floor),
        ceiling=None if signature.ceiling is None else numbers(signature.ceiling),
        reach=signature.reach,
    )


def _model(locked: LockedModel, model: FittedModel, left_out: frozenset[Bulky]) -> CalculatorModel:
    horizons = np.array(locked.context.outcome.horizons)
    return CalculatorModel(
        name=model.name,
        variables=model.clinical_variables,
        signatures=model.signatures,
        terms=tuple(calculator_term(term) for term in model.terms),
        coefficients=numbers(model.coefficients),
        centre=numbers(model.centre),
        low=numbers(model.low),
        high=numbers(model.high),
        horizons=_steps(model, horizons),
        curve=_steps(model, _curve_times(model), _CURVE_DIGITS),
        interval=interval_of(locked, model, left_out),
        risk_cut=model.risk_cut,
        deciles=numbers(model.deciles),
        range=model.linear_predictor_range,
        cases=model.n,
        events=model.n_events,
        performance=tuple(
            CalculatorPerformance(
                kind=row.kind, value=row.c_index.value, low=row.c_index.low, high=row.c_index.high
            )
            for row in locked.context.performance
            if row.model == model.name
        ),
        nomogram=locked.context.nomograms.get(model.name),
        rates=rates_of(model),
        joint=joint_of(model),
    )


def _curve_times(model: FittedModel) -> FloatArray:
    """Return times from 0 to the last follow-up at which a curve is drawn, shape (k,)."""
    base = model.baseline
    jumps = np.flatnonzero(np.diff(base.cumulative_hazard, prepend=0.0) > 0)
    chosen = jumps[np.unique(np.linspace(0, max(len(jumps) - 1, 0), _CURVE_POINTS).astype(int))]
    return np.unique(np.concatenate([[0.0], base.times[chosen], base.times[-1:]]))


def _steps(model: FittedModel, times: FloatArray, digits: int | None = None) -> CalculatorBaseline:
    hazard = model.cumulative_hazard(times)
    if digits is not None:
        hazard = np.array([float(f"{value:.{digits}g}") for value in hazard])
    return CalculatorBaseline(times=numbers(times), hazard=or_none(hazard))
