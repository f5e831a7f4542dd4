"""Cox models of the signatures alone (Table S2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trephine.facts import (
    CoxRow,
    CoxTableFacts,
    CoxVariable,
)
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term
from trephine.report import phrases
from trephine.study.assess.clinical import (
    filled_table,
)
from trephine.study.assess.refits import as_shown, term_alone, training_column
from trephine.study.gather.baseline import continuous_as
from trephine.study.gather.cox_rows import cox_variable, ratio_of
from trephine.study.gather.signature_p import p_alone, p_in_model
from trephine.study.gather.signatures import set_label
from trephine.study.gather.steps import Step, step_of
from trephine.study.results import Analysis, ProtocolResult
from trephine.study.settings import CLINICAL
from trephine.types import Survival


def signature_table(analysis: Analysis, result: ProtocolResult) -> CoxTableFacts | None:
    """Return signatures as factors beside the clinical ones (Table S2); None without any.

    The model is the one with the most parts; each of its variables also stands alone.
    """
    model = result.fitted.predictor.fullest
    signatures = [term for term in model.terms if term.is_signature]
    if not signatures or model.result is None:
        return None
    survival = analysis.cases.survival
    variables = []
    for term in signatures:
        single = term_alone(analysis, result, term)
        step = step_of(term, training_column(analysis, result, term))
        p = {
            "univariable": p_alone(result, term.name),
            "multivariable": p_in_model(result, model.name, term.name),
        }
        variables.append(_signature_variable(term, step, (single, model), p, survival))
    choice, together = result.fitted.clinical, as_shown(analysis, result, model)
    if choice is not None:
        filled = filled_table(analysis, result)
        inside = {term.variable for term in model.terms}
        variables += [
            cox_variable(alone, choice, together, filled, survival)
            for alone in choice.alone
            if alone.variable in inside
        ]
    return CoxTableFacts(
        protocol=result.settings.protocol,
        continuous=continuous_as(result),
        standard_errors=result.settings.standard_errors,
        elimination=phrases.beside_signatures(model.name, clinical=CLINICAL in model.parts),
        n=model.n,
        events=model.n_events,
        variables=tuple(variables),
    )


def _signature_variable(
    term: Term,
    step: Step,
    models: tuple[FittedModel, FittedModel],
    p: Mapping[str, Mapping[str, Any]],
    survival: Survival,
) -> CoxVariable:
    """Return a signature's row; its Wald p would take it as given, and does not stand in it."""
    ratios = {
        part: ratio.model_copy(update=p[part])
        for part, model in zip(("univariable", "multivariable"), models, strict=True)
        if (ratio := ratio_of(model.result, term.name, step)) is not None
    }
    row = CoxRow(
        level=step.text,
        n=len(survival),
        events=int(survival.event.sum()),
        **ratios,
    )
    return CoxVariable(
        name=term.name,
        label=f"{set_label(term.variable)} signature",
        rows=(row,),
        univariable_p=row.univariable.p if row.univariable else None,
        multivariable_p=row.multivariable.p if row.multivariable else None,
    )
