"""What becomes of a final model where the plan lets a variable's hazards not be proportional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trephine.errors import ModelError
from trephine.evaluation.normal_interval import with_interval
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term
from trephine.regression.changing_hazards import coefficient_at, fit_changing
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import CoxResult
from trephine.regression.rubin import pool_cox
from trephine.study.assess.clinical import training_tables
from trephine.study.assess.refits import training_designs
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import Estimate, FloatArray, IntArray

STRATIFY, LOG_TIME = "stratify", "log time"


@dataclass(frozen=True)
class Relaxed:
    """A protocol's final model with and without the assumption about one variable.

    Attributes
    ----------
    protocol_result, model
        Which.
    variable, how
        As the plan has them: stratified, changing with log time, or after a time.
    terms
        Of ``changed``, in order; the changes of the variable's own stand behind them.
    own
        Places of the variable's terms among ``terms``; none where it is stratified.
    constant
        The model with all its terms, hazards proportional; its names are those of the terms.
    changed
        The relaxed model; None where it cannot be fitted, or where the variable is not in the
        model.
    note
        Why there is none.
    """

    protocol_result: ProtocolResult
    model: FittedModel
    variable: str
    how: str | float
    terms: tuple[Term, ...]
    own: tuple[int, ...]
    constant: CoxResult | None
    changed: CoxResult | None
    note: str = ""


def relaxed_models(analysis: Analysis) -> list[Relaxed]:
    """Refit each protocol's fullest model as the plan asks, one variable at a time."""
    asked: Mapping[str, str | float] = analysis.inputs.plan.validation.hazards
    return [
        _relaxed(analysis, result, variable, how)
        for result in analysis.protocols.values()
        for variable, how in asked.items()
    ]


def _relaxed(
    analysis: Analysis, result: ProtocolResult, variable: str, how: str | float
) -> Relaxed:
    model = result.fitted.predictor.fullest
    own = [j for j, term in enumerate(model.terms) if term.variable == variable]
    others = [j for j in range(len(model.terms)) if j not in own]
    stays = others if how == STRATIFY else list(range(len(model.terms)))
    terms = tuple(model.terms[j] for j in stays)
    mine = () if how == STRATIFY else tuple(own)

    def without(note: str) -> Relaxed:
        return Relaxed(result, model, variable, how, terms, mine, None, None, note)

    if not own:
        return without("it is not in the model")
    if not terms:
        return without("it is the model's only variable")
    designs = training_designs(analysis, result, model.terms)
    try:
        constant = _pooled([_constant(analysis, result, model.terms, one) for one in designs])
        if how == STRATIFY:
            strata = [table.values(variable) for table in training_tables(analysis, result)]
            changed = [
                _constant(
                    analysis, result, terms, design[:, stays], _codes(strata[k % len(strata)])
                )
                for k, design in enumerate(designs)
            ]
        else:
            change = None if isinstance(how, str) else how
            changed = [_changing(analysis, result, terms, one, mine, change) for one in designs]
        relaxed = _pooled(changed)
    except ModelError as error:
        return without(str(error))
    return Relaxed(result, model, variable, how, terms, mine, constant, relaxed)


def _codes(values: FloatArray) -> IntArray:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _pooled(fits: Sequence[CoxResult]) -> CoxResult:
    return fits[0] if len(fits) == 1 else pool_cox(fits)


def _constant(
    analysis: Analysis,
    result: ProtocolResult,
    terms: Sequence[Term],
    design: FloatArray,
    strata: IntArray | None = None,
) -> CoxResult:
    table = pd.DataFrame(design, columns=pd.Index([term.name for term in terms]))
    cluster = result.settings.cluster(analysis.cases.patient)
    fit = CoxModel().fit(table, analysis.cases.survival, cluster=cluster, strata=strata)
    return fit.result_


def _changing(
    analysis: Analysis,
    result: ProtocolResult,
    terms: Sequence[Term],
    design: FloatArray,
    own: Sequence[int],
    change: float | None,
) -> CoxResult:
    return fit_changing(
        design,
        [term.name for term in terms],
        analysis.cases.survival,
        own,
        change,
        cluster=result.settings.cluster(analysis.cases.patient),
    )


def ratio_at(one: Relaxed, place: int, changed: int | None, time: float) -> Estimate:
    """Return the hazard ratio of a term in a relaxed model, at one time if it changes.

    Parameters
    ----------
    one
        Whose ``changed`` is a model.
    place, changed
        Of the term among the model's coefficients, and of its change; None where it has none.
    time
        > 0.
    """
    result = one.changed
    assert result is not None
    if changed is None:
        return result.hazard_ratio_of(result.names[place])
    change = None if isinstance(one.how, str) else one.how
    value, error = coefficient_at(result, place, changed, change, time)
    log = with_interval(value, error**2)
    ratio, low, high = np.exp([log.value, log.low, log.high])
    return Estimate(float(ratio), float(low), float(high))
