"""Events that visits saw, as the report shows them."""

from __future__ import annotations

import numpy as np

from trephine.facts import EstimateFact
from trephine.facts.visits import VisitHorizon, VisitReading, VisitsFacts, VisitTerm
from trephine.modelling.fitted_model import FittedModel
from trephine.study.assess.over_draws import TIME_DRAWS
from trephine.study.assess.refits import training_design
from trephine.study.assess.visits import (
    BAND_DRAWS,
    Pretended,
    bounds_of,
    read_by_pretenders,
    visit_curve,
)
from trephine.study.gather.models import term_label
from trephine.study.gather.steps import Step, model_step
from trephine.study.results import Analysed, Analysis, ProtocolResult
from trephine.survival.interval_outcome import IntervalSurvival


def visits_facts(analysis: Analysed) -> VisitsFacts | None:
    """Return what is known between visits; None where times are known.

    A validation fits nothing, and so reads no term a second time.
    """
    survival = analysis.cases.survival
    if not isinstance(survival, IntervalSurvival):
        return None
    found = visit_curve(analysis, survival)
    widths = [width for width in bounds_of(survival) if width > 0]
    seen = survival.event
    return VisitsFacts(
        events=int(seen.sum()),
        exact=int(np.sum(survival.low == survival.high)),
        from_start=int(np.sum(seen & (survival.low == 0))),
        median_width=float(np.median(widths)) if widths else None,
        times=found.times,
        survival=found.curve.survival_at(found.times),
        low=found.low,
        high=found.high,
        at_visit_times=np.append(0.0, found.at_visit.curve.times),
        at_visit=np.append(1.0, found.at_visit.curve.survival_probability),
        in_the_middle_times=np.append(0.0, found.in_the_middle.curve.times),
        in_the_middle=np.append(1.0, found.in_the_middle.curve.survival_probability),
        at_horizons=tuple(
            VisitHorizon(
                horizon=horizon,
                between_visits=EstimateFact.model_validate(own),
                at_visit=_risk(found.at_visit, horizon),
                in_the_middle=_risk(found.in_the_middle, horizon),
            )
            for horizon, own in zip(found.horizons, found.at_horizons, strict=True)
        ),
        readings=_readings(analysis, survival) if isinstance(analysis, Analysis) else (),
        time_draws=TIME_DRAWS,
        band_draws=BAND_DRAWS,
    )


def _risk(pretended: Pretended, horizon: float) -> float:
    return 1 - float(pretended.curve.at([horizon]).survival_probability[0])


def _readings(analysis: Analysis, survival: IntervalSurvival) -> tuple[VisitReading, ...]:
    every = analysis.protocols.values()
    found = (_reading(analysis, result, survival) for result in every)
    return tuple(one for one in found if one is not None)


def _reading(
    analysis: Analysis, result: ProtocolResult, survival: IntervalSurvival
) -> VisitReading | None:
    """Return the fullest model's terms read in three ways; None where it has none."""
    read = read_by_pretenders(analysis, result, survival)
    if read is None:
        return None
    design = training_design(analysis, result, read.own)
    variables, terms = analysis.cases.clinical.variables, []
    for j, term in enumerate(read.own.terms):
        if term.is_curve:
            continue
        variable = variables.get(term.variable)
        step = model_step(read.own.terms, j, design, variables)
        own = _ratio(read.own, term.name, step)
        assert own is not None
        terms.append(
            VisitTerm(
                label=term_label(term, variable, step),
                between_visits=own,
                at_visit=_ratio(read.at_visit, term.name, step),
                in_the_middle=_ratio(read.in_the_middle, term.name, step),
            )
        )
    return VisitReading(protocol=result.settings.protocol, model=read.own.name, terms=tuple(terms))


def _ratio(model: FittedModel | None, name: str, step: Step) -> EstimateFact | None:
    if model is None or model.result is None:
        return None
    return EstimateFact.model_validate(step.ratio(model.result.hazard_ratio_of(name)))
