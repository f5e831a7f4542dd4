"""Final models with a variable's hazards relaxed, as the report shows them."""

from __future__ import annotations

import numpy as np

from trephine.choices import RelaxedForm
from trephine.cohort.schema import label_of
from trephine.facts import EstimateFact
from trephine.facts.changing_hazards import RelaxedFacts, RelaxedTerm
from trephine.study.assess.changing_hazards import STRATIFY, Relaxed, ratio_at, relaxed_models
from trephine.study.assess.refits import training_design
from trephine.study.gather.models import term_label
from trephine.study.gather.steps import Step, model_step
from trephine.study.results import Analysis
from trephine.types import Estimate


def relaxed_facts(analysis: Analysis) -> tuple[RelaxedFacts, ...]:
    """Return the models that the plan asks for; none where it asks for none."""
    return tuple(_facts(analysis, one) for one in relaxed_models(analysis))


def _facts(analysis: Analysis, one: Relaxed) -> RelaxedFacts:
    how: RelaxedForm = "step"
    if isinstance(one.how, str):
        how = "stratified" if one.how == STRATIFY else "log time"
    times = _times(analysis, one)
    variable = analysis.cases.clinical.variables[one.variable]
    return RelaxedFacts(
        protocol=one.protocol_result.settings.protocol,
        model=one.model.name,
        variable=label_of(one.variable, variable),
        how=how,
        early_time=times[0] if how != "stratified" else None,
        late_time=times[1] if how == "log time" else None,
        terms=_terms(analysis, one, times),
        note=one.note,
    )


def _times(analysis: Analysis, one: Relaxed) -> tuple[float, float]:
    """Return an early and a late time: both sides of a step, or quartiles of the events' times."""
    if not isinstance(one.how, str):
        return one.how, float(np.nextafter(one.how, np.inf))
    survival = analysis.cases.survival
    early, late = np.quantile(survival.time[survival.event], (0.25, 0.75), method="nearest")
    return float(early), float(late)


def _terms(analysis: Analysis, one: Relaxed, times: tuple[float, float]) -> tuple[RelaxedTerm, ...]:
    if one.changed is None or one.constant is None:
        return ()
    design = training_design(analysis, one.protocol_result, one.model)
    variables, found = analysis.cases.clinical.variables, []
    names = [term.name for term in one.model.terms]
    for j, term in enumerate(one.terms):
        if term.is_curve:
            continue
        variable = variables.get(term.variable)
        step = model_step(one.model.terms, names.index(term.name), design, variables)
        changed = len(one.terms) + one.own.index(j) if j in one.own else None
        found.append(
            RelaxedTerm(
                label=term_label(term, variable, step),
                constant=_fact(step, one.constant.hazard_ratio_of(term.name)),
                early=_fact(step, ratio_at(one, j, changed, times[0])),
                late=None if changed is None else _fact(step, ratio_at(one, j, changed, times[1])),
                change_p=None if changed is None else one.changed.p_values[changed],
            )
        )
    return tuple(found)


def _fact(step: Step, ratio: Estimate) -> EstimateFact:
    return EstimateFact.model_validate(step.ratio(ratio))
