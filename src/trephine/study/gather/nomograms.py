"""Nomograms: a model's axes in points, and one case read off them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trephine.cohort.schema import ClinicalVariable, label_of
from trephine.errors import ModelError
from trephine.facts import (
    AxisTick,
    ExampleValue,
    HorizonNumber,
    NomogramFacts,
    PredictorAxis,
    SurvivalAxisFact,
    WorkedExample,
)
from trephine.facts.models import AxisSetting
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.points import nomogram_of, read_case
from trephine.regression.nomogram import Axis, Nomogram
from trephine.regression.ticks import pretty
from trephine.study.gather.signatures import set_label
from trephine.study.results import Analysis, ProtocolResult


def nomogram_facts(analysis: Analysis, result: ProtocolResult) -> list[NomogramFacts]:
    """Return the nomogram of the fullest model; none where it holds no predictor."""
    model = result.fitted.predictor.fullest
    horizons = analysis.reached
    variables = analysis.cases.clinical.variables
    labels = axis_labels(model, variables)
    try:
        nomogram = nomogram_of(model, labels, horizons, units_of(variables))
    except ModelError:
        return []
    return [
        NomogramFacts(
            model=model.name,
            protocol=result.settings.protocol,
            points_ticks=tuple(pretty(0.0, 100.0, 10)),
            predictors=predictor_axes(nomogram, variables),
            total_ticks=tuple(nomogram.total_points),
            survival=survival_axes(nomogram),
            points_per_unit=nomogram.points_per_unit,
            zero_points_predictor=nomogram.offset,
            example=_example(analysis, result, model, nomogram, horizons),
        )
    ]


def axis_labels(
    model: FittedModel, variables: Mapping[str, ClinicalVariable]
) -> list[tuple[str, str]]:
    """Return name and label of each axis: clinical variables first, then signatures."""
    clinical = [(key, label_of(key, variables[key])) for key in model.clinical_variables]
    return [*clinical, *((name, f"{set_label(name)} signature") for name in model.signatures)]


def units_of(variables: Mapping[str, ClinicalVariable]) -> dict[str, str]:
    """Return the unit of each variable."""
    return {key: variable.unit for key, variable in variables.items()}


def predictor_axes(
    nomogram: Nomogram, variables: Mapping[str, ClinicalVariable]
) -> tuple[PredictorAxis, ...]:
    """Return the axes of a nomogram's predictors, with the units of clinical variables."""
    return tuple(_axis(axis, variables.get(axis.predictor.drawn)) for axis in nomogram.axes)


def _axis(axis: Axis, variable: ClinicalVariable | None) -> PredictorAxis:
    predictor = axis.predictor
    if predictor.levels:
        ticks = tuple(
            AxisTick(label=level, points=points)
            for level, points in zip(predictor.levels, axis.points, strict=True)
        )
    else:
        ticks = tuple(
            AxisTick(value=value, label=f"{value:.10g}", points=points)
            for value, points in zip(axis.values, axis.points, strict=True)
        )
    return PredictorAxis(
        name=predictor.name,
        label=predictor.label,
        unit=variable.unit if variable is not None else "",
        type="categorical" if predictor.levels else "continuous",
        ticks=ticks,
        variable=predictor.variable,
        settings=tuple(
            AxisSetting(name=one.name, value=one.value, columns=one.columns, values=one.values)
            for one in predictor.settings
        ),
        lowest=axis.minimum if predictor.settings else None,
    )


def survival_axes(nomogram: Nomogram) -> tuple[SurvivalAxisFact, ...]:
    """Return one axis of survival for each horizon."""
    return tuple(
        SurvivalAxisFact(
            horizon=axis.horizon,
            ticks=tuple(
                AxisTick(value=probability, label=f"{probability:g}", points=points)
                for probability, points in zip(axis.probabilities, axis.points, strict=True)
            ),
        )
        for axis in nomogram.survival_axes
    )


def _example(
    analysis: Analysis,
    result: ProtocolResult,
    model: FittedModel,
    nomogram: Nomogram,
    horizons: tuple[float, ...],
) -> WorkedExample:
    """Read the case of median risk off the nomogram."""
    predicted = result.apparent[model.name]
    lp = predicted.linear_predictor
    row = int(np.argsort(lp, kind="stable")[len(lp) // 2])
    design = _design_row(analysis, result, model, row)
    readings = read_case(model, nomogram, design[0])
    total = sum(one.points for one in readings if one.points is not None)
    if model.others:  # a nomogram holds competing rates at their average, the model at the case's
        survival = [float(nomogram.survival_probability(np.array([total]), h)[0]) for h in horizons]
    else:
        predicted_row = model.predict_survival(design, list(horizons))
        survival = predicted_row.survival_probability[0].tolist()
    return WorkedExample(
        description="the case of median predicted risk",
        values=tuple(
            ExampleValue(
                name=one.axis.predictor.name,
                label=one.value if isinstance(one.value, str) else f"{one.value:.4g}",
                points=one.points,
            )
            for one in readings
        ),
        total_points=total,
        linear_predictor=float(lp[row]),
        survival=tuple(
            HorizonNumber(horizon=h, value=s) for h, s in zip(horizons, survival, strict=True)
        ),
    )


def _design_row(
    analysis: Analysis, result: ProtocolResult, model: FittedModel, row: int
) -> np.ndarray:
    features = {name: given.take([row]) for name, given in result.features.items()}
    case = analysis.cases.take([row])
    return result.fitted.predictor.design(model, features, case.clinical, case.centre)
