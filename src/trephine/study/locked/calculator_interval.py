"""The interval of a calculator's prediction: the refits of a model without signatures.

A refit of a model with a signature weighs features of its own: hundreds of refits with hundreds of
features go into no page, and ``predict`` gives their interval.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from trephine.evaluation.refit_interval import FEWEST_REFITS, LEVEL
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.imputation import Imputation
from trephine.modelling.refits import RefitForm
from trephine.modelling.terms import Term
from trephine.study.locked.calculator_form import (
    CalculatorRefit,
    CalculatorTerm,
    NoInterval,
    RefitsInterval,
)
from trephine.study.locked.intervals import why_no_refits
from trephine.study.locked.model import LockedModel
from trephine.types import FloatArray

# What may be left out of a calculator that has to be small.
Bulky = Literal["features", "refits", "models"]


def refit_variables(
    locked: LockedModel, model: FittedModel, left_out: frozenset[Bulky]
) -> tuple[str, ...]:
    """Return the clinical variables that a model's interval takes."""
    interval = interval_of(locked, model, left_out)
    return interval.variables if isinstance(interval, RefitsInterval) else ()


def interval_of(
    locked: LockedModel, model: FittedModel, left_out: frozenset[Bulky]
) -> RefitsInterval | NoInterval:
    """Return how the interval of a model's prediction is computed, or why there is none."""
    if model.others:  # hundreds of courses of every event's rate are too much for a page
        return NoInterval(kind="none", reason="competing")
    refits, reason = locked.refits, why_no_refits(locked)
    if refits is None or reason is not None:
        return NoInterval(kind="none", reason=reason or "few refits")
    terms = {term: None for form in refits.forms for term in form.models[model.name].terms}
    if model.signatures or any(term.is_signature for term in terms):
        return NoInterval(kind="none", reason="signature")
    if "refits" in left_out:
        return NoInterval(kind="none", reason="size")
    variables = refits.needed_variables(model.name)
    places = {term: place for place, term in enumerate(terms)}
    return RefitsInterval(
        kind="refits",
        tails=((1 - LEVEL) / 2, (1 + LEVEL) / 2),
        fewest=FEWEST_REFITS,
        variables=variables,
        terms=tuple(calculator_term(term) for term in terms),
        refits=tuple(_refit(form, model.name, places, variables) for form in refits.forms),
    )


def _refit(
    form: RefitForm, name: str, places: dict[Term, int], variables: tuple[str, ...]
) -> CalculatorRefit:
    own, filled = form.models[name], form.terms_from.imputation
    return CalculatorRefit(
        terms=tuple(places[term] for term in own.terms),
        coefficients=numbers(own.coefficients),
        centre=numbers(own.centre),
        hazard=or_none(own.cumulative_hazard),
        imputation=None
        if not isinstance(filled, Imputation)
        else tuple(float(filled.values[variable]) for variable in variables),
    )


def calculator_term(term: Term) -> CalculatorTerm:
    """Return a term as a calculator reads it."""
    return CalculatorTerm(
        variable=term.variable,
        kind=term.kind,
        label=term.label,
        level=term.level,
        reference=term.reference,
        cut=None if np.isnan(term.cut) else term.cut,
        knots=term.knots,
        bend=term.bend,
        parts=tuple(calculator_term(part) for part in term.parts),
    )


def numbers(values: FloatArray) -> tuple[float, ...]:
    """Return an array as plain numbers."""
    return tuple(float(value) for value in values)


def or_none(values: FloatArray) -> tuple[float | None, ...]:
    """Return an array as plain numbers, None where one is not finite."""
    return tuple(float(value) if np.isfinite(value) else None for value in values)
