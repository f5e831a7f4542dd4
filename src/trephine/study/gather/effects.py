"""Curved effects as facts."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.facts.models import PartialEffect
from trephine.modelling.terms import Term
from trephine.regression.cox_result import CoxResult
from trephine.study.assess.effects import Contrast, effect_curve


def partial_effects(
    result: CoxResult, terms: tuple[Term, ...], table: ClinicalTable
) -> tuple[PartialEffect, ...]:
    """Return the effect of each variable of a model that is a spline.

    Parameters
    ----------
    result, terms
        A model.
    table
        Its training cases, nothing missing.
    """
    curves: dict[str, list[Term]] = {}
    for term in terms:
        if term.is_curve:
            curves.setdefault(term.variable, []).append(term)
    return tuple(_effect(result, own, table, key, table.variables) for key, own in curves.items())


def _effect(
    result: CoxResult,
    terms: list[Term],
    table: ClinicalTable,
    key: str,
    variables: Mapping[str, ClinicalVariable],
) -> PartialEffect:
    curve = effect_curve(result, terms, table.values(key))
    test = result.wald_test(tuple(term.name for term in terms if term.bend))
    return PartialEffect(
        name=key,
        label=label_of(key, variables[key]),
        unit=variables[key].unit,
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
    gap = "" if unit in ("%", "‰", "°") or not unit else " "
    return f"{contrast.value:.4g} against {contrast.against:.4g}{gap}{unit}"
