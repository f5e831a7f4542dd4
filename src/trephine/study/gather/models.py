"""Fitted models, and whether there are events enough for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trephine.cohort.schema import ClinicalVariable, label_of
from trephine.evaluation.sample_size import SHRINKAGE
from trephine.facts import (
    CoefficientOverTime,
    EstimateFact,
    HazardsTest,
    HorizonNumber,
    ModelFacts,
    SampleSizeFacts,
    SampleSizeRow,
    TermFact,
)
from trephine.facts.models import PartialEffect
from trephine.modelling.absolute_risk import OtherCause
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term
from trephine.regression.cox_result import CoxResult
from trephine.report import phrases
from trephine.study.assess.clinical import filled_table
from trephine.study.assess.effects import quartile_contrast
from trephine.study.assess.interactions import partners
from trephine.study.assess.refits import (
    HazardsOverTime,
    as_shown,
    hazards_over_time,
    needed_sample,
    training_design,
)
from trephine.study.gather.effects import against_text, partial_effects
from trephine.study.gather.interactions import (
    effects_within,
    interaction_label,
    interaction_tests,
)
from trephine.study.gather.signature_p import p_in_model
from trephine.study.gather.signatures import set_label
from trephine.study.gather.steps import Step, model_step
from trephine.study.results import Analysis, ProtocolResult
from trephine.study.settings import CLINICAL
from trephine.types import FloatArray


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
    parts = [set_label(part) if part != CLINICAL else "clinical variables" for part in model.parts]
    survival = model.baseline_survival(list(horizons)) if horizons else np.empty(0)
    return ModelFacts(
        name=model.name,
        protocol=result.settings.protocol,
        description=" + ".join(parts),
        n=model.n,
        events=model.n_events,
        standard_errors=result.settings.standard_errors,
        ties="" if model.result is not None and model.result.between_visits else "Efron",
        penalty=model.result.penalty if model.result is not None else "none",
        terms=_terms(analysis, result, model),
        baseline_survival=tuple(
            HorizonNumber(horizon=h, value=s) for h, s in zip(horizons, survival, strict=True)
        ),
        **_over_time(analysis, result, model),
        partial_effects=_partial_effects(analysis, result, model),
        **_interactions(analysis, result, model),
        notes=_model_notes(model),
    )


def _terms(analysis: Analysis, result: ProtocolResult, model: FittedModel) -> tuple[TermFact, ...]:
    """Return each coefficient, with the step that its hazard ratio is for."""
    variables = analysis.cases.clinical.variables
    shown = as_shown(analysis, result, model)
    fitted = shown.result if shown is not None else None
    design = training_design(analysis, result, model)
    terms = []
    for j, term in enumerate(model.terms):
        assert fitted is not None
        variable = variables.get(term.variable)
        if term.is_curve:
            terms.append(_curve_term(model, j, fitted, variable, design))
            continue
        step = model_step(model.terms, j, design, variables)
        terms.append(
            TermFact(
                name=term.variable,
                label=term_label(term, variable, step),
                coefficient=model.coefficients[j],
                centre=model.centre[j],
                step=step.size,
                ratio=step.ratio(fitted.hazard_ratio_of(term.name)),
                **(
                    p_in_model(result, model.name, term.name)
                    if term.is_signature
                    else {"p": fitted.p_values[j]}
                ),
            )
        )
    return tuple(terms)


def _curve_term(
    model: FittedModel,
    j: int,
    fitted: CoxResult,
    variable: ClinicalVariable | None,
    design: FloatArray,
) -> TermFact:
    """Return a spline's column; the first one has the ratio of the quartiles."""
    term = model.terms[j]
    own = [one for one in model.terms if one.variable == term.variable]
    # Of a curve that depends on another variable, ratios stand with those of the other's values.
    apart = term.bend or term.is_product or partners(model.terms, term.variable)
    found = None if apart else quartile_contrast(fitted, own, design[:, j])
    label, ratio, p = term.label, EstimateFact(value=None), None
    if found is not None and variable is not None:
        label = f"{label_of(term.variable, variable)}, {against_text(found, variable.unit)}"
        ratio, p = EstimateFact.model_validate(found.ratio), found.p_value
    return TermFact(
        name=term.variable,
        label=label,
        coefficient=model.coefficients[j],
        centre=model.centre[j],
        ratio=ratio,
        p=p,
    )


def _partial_effects(
    analysis: Analysis, result: ProtocolResult, model: FittedModel
) -> tuple[PartialEffect, ...]:
    shown = as_shown(analysis, result, model)
    if shown is None or not any(term.is_curve for term in model.terms):
        return ()
    return partial_effects(shown.result, model, filled_table(analysis, result))


def _interactions(analysis: Analysis, result: ProtocolResult, model: FittedModel) -> dict[str, Any]:
    """Return the tests of interactions, and effects within levels; nothing without any."""
    shown = as_shown(analysis, result, model)
    if shown is None or not any(term.is_product for term in model.terms):
        return {}
    table = filled_table(analysis, result)
    tests = interaction_tests(shown, model.terms, table.variables)
    if shown.penalised is not None:  # sums of coefficients have no profile interval here
        return {"interaction_tests": tests}
    design = training_design(analysis, result, model)
    within = effects_within(shown.result, model, design, table)
    return {"interaction_tests": tests, "effects_within": within}


def _over_time(analysis: Analysis, result: ProtocolResult, model: FittedModel) -> dict[str, Any]:
    """Return the test of proportional hazards, and coefficients over time of the fullest model."""
    found = hazards_over_time(analysis, result, model)
    if found is None:
        return {}
    test, variables = found.test, analysis.cases.clinical.variables
    first = {term.variable: term for term in reversed(model.terms)}
    labels = [_plain_label(first[name], variables) for name in test.terms]
    rows = [
        (label, one) for label, one in zip(labels, test.tests, strict=True) if len(labels) > 1
    ] + [("All terms together" if len(labels) > 1 else labels[0], test.overall)]
    shown = model.name == result.fitted.predictor.fullest.name
    return {
        "proportional_hazards_p": test.overall.p_value,
        "hazards_tests": tuple(
            HazardsTest(
                label=label,
                statistic=one.statistic,
                degrees_of_freedom=one.degrees_of_freedom,
                p=one.p_value,
            )
            for label, one in rows
        ),
        "over_time": _coefficients(model, found, variables) if shown else (),
    }


def _coefficients(
    model: FittedModel, found: HazardsOverTime, variables: Mapping[str, ClinicalVariable]
) -> tuple[CoefficientOverTime, ...]:
    """Return each coefficient over time; none where there are too few events for a smooth."""
    test, shown = found.test, []
    for j, term in enumerate(model.terms):
        smooth = found.smooths[j]
        if smooth is None:
            return ()
        plain = term.label if term.is_product else _plain_label(term, variables)
        shown.append(
            CoefficientOverTime(
                label=plain
                if term.is_product
                else f"{plain}: {term.group}"
                if term.group
                else plain + "'" * term.bend,
                coefficient=model.coefficients[j],
                times=test.event_times,
                places=test.transformed_times,
                residuals=test.scaled_residuals[:, j],
                smooth_at=smooth.at,
                smooth=smooth.value,
                smooth_low=smooth.low,
                smooth_high=smooth.high,
            )
        )
    return tuple(shown)


def _plain_label(term: Term, variables: Mapping[str, ClinicalVariable]) -> str:
    """Return what a term's variable, interaction or signature is called, without a step."""
    if term.is_signature:
        return f"{set_label(term.variable)} signature"
    return interaction_label(term.variables, variables)


def term_label(term: Term, variable: ClinicalVariable | None, step: Step) -> str:
    """Return what a term is called, with the step that its hazard ratio is for."""
    if not step.text:
        return term.label
    if term.is_product:
        return f"{term.label}, {step.text}"
    if term.is_signature or variable is None:
        return f"{set_label(term.variable)} signature, {step.text}"
    return f"{label_of(term.variable, variable)}, {step.text}"


def _model_notes(model: FittedModel) -> tuple[str, ...]:
    notes = [f"{_part_name(name)} left out: {reason}." for name, reason in model.left_out]
    if model.result is not None and model.result.penalty == "firth":
        notes.append(phrases.FIRTH)
    if any(term.is_product for term in model.terms):
        notes.append(phrases.INTERACTION)
    notes += [_rate_note(model, other) for other in model.others]
    if not model.terms:
        notes.append("Without any term the model predicts the same for everyone.")
    return tuple(notes)


def _rate_note(model: FittedModel, other: OtherCause) -> str:
    """Return by what the rate of a competing event is predicted."""
    by = "all terms of the model" if len(other.columns) == len(model.terms) else "clinical terms"
    told = f"by {by}" if other.columns else "the same for all"
    return f"Rate of {other.name} ({other.n_events} events): {told}."


def _part_name(name: str) -> str:
    return "Clinical variables" if name == CLINICAL else f"{set_label(name)} signature"


def sample_size(analysis: Analysis) -> SampleSizeFacts:
    """Return events per candidate parameter of each model and selection, and those needed."""
    n_events = int(analysis.cases.survival.event.sum())
    result = next(iter(analysis.protocols.values()))
    rows = []
    for name, chain in result.fitted.chains.items():
        rows.append((f"{set_label(name)} signature (candidate features)", chain.audit[0].n_in))
    clinical = [one.fitted.clinical for one in analysis.protocols.values() if one.fitted.clinical]
    if clinical:  # a spline is one cut under one protocol, and several columns under another
        candidates = max(
            sum(len(terms) for terms in one.encoding.terms.values()) for one in clinical
        )
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
