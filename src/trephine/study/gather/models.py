"""Fitted models, and whether there are events enough for them."""

from __future__ import annotations

import numpy as np

from trephine.cohort.schema import ClinicalVariable, label_of
from trephine.evaluation.sample_size import SHRINKAGE
from trephine.facts import (
    HorizonNumber,
    ModelFacts,
    SampleSizeFacts,
    SampleSizeRow,
    TermFact,
)
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term
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
