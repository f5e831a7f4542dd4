"""Curved effects as facts."""

from __future__ import annotations

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.facts.models import PartialEffect
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term
from trephine.regression.cox_result import CoxResult
from trephine.study.assess.effects import Contrast, effect_curve
from trephine.study.assess.interactions import HeldOthers, combinations


def partial_effects(
    result: CoxResult, model: FittedModel, table: ClinicalTable
) -> tuple[PartialEffect, ...]:
    """Return the effect of each variable of a model that is a spline.

    Where others interact with it there are several, one for each of their levels or quartiles.

    Parameters
    ----------
    result, model
        The model, and its coefficients as tables show them.
    table
        Its training cases, nothing missing.
    """
    curves: dict[str, list[Term]] = {}
    for term in model.terms:
        if term.is_curve and not term.is_product:
            curves.setdefault(term.variable, []).append(term)
    units = {key: variable.unit for key, variable in table.variables.items()}
    return tuple(
        _effect(result, own, table, (key, within), model)
        for key, own in curves.items()
        for within in combinations(model, key, units)
    )


def _effect(
    result: CoxResult,
    terms: list[Term],
    table: ClinicalTable,
    at: tuple[str, HeldOthers],
    model: FittedModel,
) -> PartialEffect:
    (key, within), variables = at, table.variables
    curve = effect_curve(result, terms, table.values(key), model.terms, within.held)
    bent = [
        term.name
        for term in model.terms
        if any(one.bend and one.variable == key for one in (term, *term.parts))
    ]
    test = result.wald_test(tuple(bent))
    return PartialEffect(
        name=key,
        label=label_of(key, variables[key]),
        unit=variables[key].unit,
        within=", ".join(
            f"{label_of(one.name, variables[one.name])} {one.text}" for one in within.settings
        ),
        knots=terms[0].knots,
        reference=curve.reference,
        at=curve.at,
        ratio=curve.ratio,
        low=curve.low,
        high=curve.high,
        statistic=test.statistic,
        degrees_of_freedom=test.degrees_of_freedom,
        p=test.p_value,
    )


def against_text(contrast: Contrast, unit: str) -> str:
    """Return what a hazard ratio of two values compares: "68 against 51 years"."""
    return pair_text(contrast.value, contrast.against, unit)


def pair_text(value: float, against: float, unit: str) -> str:
    """Return two values with their unit as a hazard ratio compares them."""
    gap = "" if unit in ("%", "‰", "°") or not unit else " "
    return f"{value:.4g} against {against:.4g}{gap}{unit}"
