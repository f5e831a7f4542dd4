"""Fitted models, their nomograms, and whether there are events enough for them."""

from __future__ import annotations

import numpy as np

from trephine.cohort.schema import ClinicalVariable, label_of
from trephine.errors import ModelError
from trephine.evaluation.sample_size import SHRINKAGE
from trephine.facts import (
    AxisTick,
    ExampleValue,
    HorizonNumber,
    ModelFacts,
    NomogramFacts,
    PredictorAxis,
    SampleSizeFacts,
    SampleSizeRow,
    SurvivalAxisFact,
    TermFact,
    WorkedExample,
)
from trephine.modelling.fitted_model import FittedModel, nomogram_of
from trephine.modelling.terms import Term, reading_of
from trephine.regression.nomogram import Axis, Nomogram, SurvivalAxis
from trephine.regression.ticks import pretty
from trephine.study.assess.refits import needed_sample, proportional_hazards_p, training_design
from trephine.study.gather.signatures import set_label
from trephine.study.gather.steps import Step, step_of
from trephine.study.results import Analysis, ProtocolResult
from trephine.study.settings import CLINICAL


def model_facts(analysis: Analysis, result: ProtocolResult) -> list[ModelFacts]:
    """Return every model of one protocol."""
    horizons = analysis.reached
    return [_model(analysis, model, result, horizons) for model in result.fitted.models.values()]


def _model(
    analysis: Analysis,
    model: FittedModel,
    result: ProtocolResult,
    horizons: tuple[float, ...],
) -> ModelFacts:
    fitted = model.result
    variables = analysis.cases.clinical.variables
    design = training_design(analysis, result, model)
    terms = []
    for j, term in enumerate(model.terms):
        assert fitted is not None
        variable = variables.get(term.variable)
        step = step_of(term, design[:, j], variable.unit if variable is not None else "")
        terms.append(
            TermFact(
                name=term.variable,
                label=_term_label(term, variable, step),
                coefficient=model.coefficients[j],
                centre=model.centre[j],
                step=step.size,
                ratio=step.ratio(fitted.hazard_ratio_of(term.name)),
                p=fitted.p_values[j],
            )
        )
    parts = [set_label(part) if part != CLINICAL else "clinical variables" for part in model.parts]
    survival = model.baseline_survival(list(horizons)) if horizons else np.empty(0)
    return ModelFacts(
        name=model.name,
        protocol=result.settings.protocol,
        description=" + ".join(parts),
        n=model.n,
        events=model.n_events,
        standard_errors=result.settings.standard_errors,
        terms=tuple(terms),
        baseline_survival=tuple(
            HorizonNumber(horizon=h, value=s) for h, s in zip(horizons, survival, strict=True)
        ),
        proportional_hazards_p=proportional_hazards_p(analysis, result, model),
        notes=_model_notes(model),
    )


def _term_label(term: Term, variable: ClinicalVariable | None, step: Step) -> str:
    """Return what a term is called, with the step that its hazard ratio is for."""
    if not step.text:
        return term.label
    if term.is_signature or variable is None:
        return f"{set_label(term.variable)} signature, {step.text}"
    return f"{label_of(term.variable, variable)}, {step.text}"


def _model_notes(model: FittedModel) -> tuple[str, ...]:
    notes = [f"{_part_name(name)} left out: {reason}." for name, reason in model.left_out]
    if not model.terms:
        notes.append("Without any term the model predicts the same for everyone.")
    return tuple(notes)


def _part_name(name: str) -> str:
    return "Clinical variables" if name == CLINICAL else f"{set_label(name)} signature"


def nomogram_facts(analysis: Analysis, result: ProtocolResult) -> list[NomogramFacts]:
    """Return the nomogram of the fullest model; none where it holds no predictor."""
    model = max(result.fitted.models.values(), key=lambda one: len(one.parts))
    horizons = analysis.reached
    labels = _axis_labels(analysis, model)
    try:
        nomogram = nomogram_of(model, labels, horizons)
    except ModelError:
        return []
    return [
        NomogramFacts(
            model=model.name,
            protocol=result.settings.protocol,
            points_ticks=tuple(pretty(0.0, 100.0, 10)),
            predictors=tuple(_axis(axis, analysis) for axis in nomogram.axes),
            total_ticks=tuple(nomogram.total_points),
            survival=tuple(_survival_axis(axis) for axis in nomogram.survival_axes),
            points_per_unit=nomogram.points_per_unit,
            zero_points_predictor=nomogram.offset,
            example=_example(analysis, result, model, nomogram, horizons),
        )
    ]


def _axis_labels(analysis: Analysis, model: FittedModel) -> list[tuple[str, str]]:
    """Return name and label of each axis: clinical variables first, then signatures."""
    variables = analysis.cases.clinical.variables
    clinical = [(key, label_of(key, variables[key])) for key in model.clinical_variables]
    return [*clinical, *((name, f"{set_label(name)} signature") for name in model.signatures)]


def _axis(axis: Axis, analysis: Analysis) -> PredictorAxis:
    predictor = axis.predictor
    variable = analysis.cases.clinical.variables.get(predictor.name)
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
    )


def _survival_axis(axis: SurvivalAxis) -> SurvivalAxisFact:
    return SurvivalAxisFact(
        horizon=axis.horizon,
        ticks=tuple(
            AxisTick(value=probability, label=f"{probability:g}", points=points)
            for probability, points in zip(axis.probabilities, axis.points, strict=True)
        ),
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
    values: dict[str, float | str] = {}
    for axis in nomogram.axes:
        values[axis.predictor.name] = _value(analysis, result, model, axis, row)
    one = model.predict_survival(_design_row(analysis, result, model, row), list(horizons))
    return WorkedExample(
        description="the case of median predicted risk",
        values=tuple(
            ExampleValue(
                name=name,
                label=value if isinstance(value, str) else f"{value:.4g}",
                points=nomogram.points(name, value),
            )
            for name, value in values.items()
        ),
        total_points=nomogram.total(values),
        linear_predictor=float(lp[row]),
        survival=tuple(
            HorizonNumber(horizon=h, value=s)
            for h, s in zip(horizons, one.survival_probability[0], strict=True)
        ),
    )


def _design_row(
    analysis: Analysis, result: ProtocolResult, model: FittedModel, row: int
) -> np.ndarray:
    features = {name: given.take([row]) for name, given in result.features.items()}
    case = analysis.cases.take([row])
    return result.fitted.predictor.design(model, features, case.clinical, case.centre)


def _value(
    analysis: Analysis, result: ProtocolResult, model: FittedModel, axis: Axis, row: int
) -> float | str:
    """Return one case's value on an axis: a number, or the name of its level."""
    design = _design_row(analysis, result, model, row)[0]
    own = [j for j, term in enumerate(model.terms) if term.variable == axis.predictor.name]
    return reading_of([model.terms[j] for j in own], [float(design[j]) for j in own])


def sample_size(analysis: Analysis) -> SampleSizeFacts:
    """Return events per candidate parameter of each model and selection, and those needed."""
    n_events = int(analysis.cases.survival.event.sum())
    result = next(iter(analysis.protocols.values()))
    rows = []
    for name, chain in result.fitted.chains.items():
        rows.append((f"{set_label(name)} signature (candidate features)", chain.audit[0].n_in))
    clinical = result.fitted.clinical
    if clinical is not None:
        candidates = sum(len(terms) for terms in clinical.encoding.terms.values())
        rows.append(("Clinical variables (candidate parameters)", candidates))
    needed = [needed_sample(analysis, parameters) for _, parameters in rows]
    known = next((found for found in needed if found is not None), None)
    return SampleSizeFacts(
        n=len(analysis.cases),
        events=n_events,
        rows=tuple(
            SampleSizeRow(
                model=name,
                parameters=parameters,
                events_per_parameter=n_events / parameters if parameters else None,
                riley_n=found.n if found else None,
                riley_events=found.events if found else None,
            )
            for (name, parameters), found in zip(rows, needed, strict=True)
        ),
        assumed_r2=known.r2 if known else None,
        target_shrinkage=SHRINKAGE if known else None,
    )
