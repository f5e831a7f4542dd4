"""Competing events, as the report shows them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.facts import EstimateFact, HorizonEstimate
from trephine.facts.competing import (
    CompetingFacts,
    IncidenceCurve,
    IncidenceGroupsFacts,
    SecondReading,
    SecondReadingFacts,
)
from trephine.study.assess import Assessed, Assessment
from trephine.study.assess.competing import Incidence, between_groups, incidence_of, read_again
from trephine.study.assess.refits import as_shown, training_design, training_designs
from trephine.study.gather.curves import group_label
from trephine.study.gather.models import term_label
from trephine.study.gather.steps import model_step
from trephine.study.results import Analysed, Analysis, ProtocolResult
from trephine.survival.competing_outcome import THE_EVENT, CompetingSurvival
from trephine.types import Estimate


def competing_facts(analysis: Analysed, assessment: Assessment) -> CompetingFacts | None:
    """Return incidences and second readings; None where no events compete.

    A validation fits nothing, and so reads no term a second time.
    """
    survival, patient = analysis.cases.survival, analysis.cases.patient
    if not isinstance(survival, CompetingSurvival):
        return None
    outcome = analysis.inputs.plan.outcome
    kinds = enumerate((outcome.event, *survival.names), start=THE_EVENT)
    return CompetingFacts(
        event=outcome.event,
        names=survival.names,
        curves=tuple(
            _curve(name, incidence_of(survival, kind, patient, outcome.horizons))
            for kind, name in kinds
        ),
        groups=tuple(_groups(analysis, survival, one) for one in assessment.models),
        readings=_readings(analysis) if isinstance(analysis, Analysis) else (),
    )


def _groups(
    analysis: Analysed, survival: CompetingSurvival, assessed: Assessed
) -> IncidenceGroupsFacts:
    groups = assessed.risk_groups.groups
    curves = []
    for number, group in enumerate(groups.groups):
        own = np.flatnonzero(groups.group_of_case == number)
        if own.size:
            patient = None if assessed.patient is None else assessed.patient[own]
            horizons = analysis.inputs.plan.outcome.horizons
            found = incidence_of(survival.take(own), THE_EVENT, patient, horizons)
            curves.append(_curve(group_label(group), found))
    test = between_groups(survival, groups.group_of_case)
    return IncidenceGroupsFacts(
        protocol=assessed.protocol,
        kind=assessed.kind,
        model=assessed.model,
        curves=tuple(curves),
        gray_statistic=test.statistic if test else None,
        degrees_of_freedom=test.degrees_of_freedom if test else 0,
        gray_p=test.p_value if test else None,
    )


def _curve(label: str, found: Incidence) -> IncidenceCurve:
    pairs = zip(found.at_horizons, found.ignoring_at_horizons, strict=True)
    return IncidenceCurve(
        label=label,
        n=found.n,
        events=found.n_events,
        others=found.n_others,
        times=found.times,
        incidence=found.incidence,
        low=found.low,
        high=found.high,
        ignoring=found.ignoring,
        at_horizons=_at(found.horizons, found.at_horizons),
        ignoring_at_horizons=_at(found.horizons, found.ignoring_at_horizons),
        overstated=tuple(EstimateFact(value=naive.value - own.value) for own, naive in pairs),
    )


def _at(horizons: Sequence[float], estimates: Sequence[Estimate]) -> tuple[HorizonEstimate, ...]:
    return tuple(
        HorizonEstimate(horizon=horizon, estimate=EstimateFact.model_validate(estimate))
        for horizon, estimate in zip(horizons, estimates, strict=True)
    )


def _readings(analysis: Analysis) -> tuple[SecondReadingFacts, ...]:
    every = analysis.protocols.values()
    return tuple(fact for result in every for fact in _second_reading(analysis, result))


def _second_reading(analysis: Analysis, result: ProtocolResult) -> list[SecondReadingFacts]:
    """Return the fullest model's terms read in three ways; nothing where it has none."""
    survival = analysis.cases.survival
    model = result.fitted.predictor.fullest
    shown = as_shown(analysis, result, model)
    if not isinstance(survival, CompetingSurvival) or shown is None:
        return []
    designs = training_designs(analysis, result, model.terms)
    design = training_design(analysis, result, model)
    again = read_again(model, designs, survival, result.settings.cluster(analysis.cases.patient))
    variables, terms = analysis.cases.clinical.variables, []
    for j, term in enumerate(model.terms):
        if term.is_curve:
            continue
        variable = variables.get(term.variable)
        step = model_step(model.terms, j, design, variables)
        other, own = again.competing, again.subdistribution
        terms.append(
            SecondReading(
                label=term_label(term, variable, step),
                cause_specific=step.ratio(shown.result.hazard_ratio_of(term.name)),
                competing=step.ratio(other.result.hazard_ratio_of(term.name))
                if other is not None and other.result is not None
                else None,
                subdistribution=step.ratio(
                    Estimate(float(own.hazard_ratio[j]), float(own.low[j]), float(own.high[j]))
                )
                if own is not None
                else None,
                subdistribution_p=own.p_values[j] if own is not None else None,
            )
        )
    return [
        SecondReadingFacts(
            protocol=result.settings.protocol,
            model=model.name,
            terms=tuple(terms),
            notes=again.notes,
        )
    ]
