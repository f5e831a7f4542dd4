"""Interactions as facts: their tests, and effects where the other variable is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.facts.models import EffectWithin, InteractionTest
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term
from trephine.regression.cox_result import CoxResult
from trephine.regression.nomogram import Setting
from trephine.study.assess.clinical import Together
from trephine.study.assess.interactions import HeldEffect, effects_of_each
from trephine.study.gather.effects import pair_text
from trephine.study.gather.steps import Step, model_step
from trephine.types import FloatArray

Variables = Mapping[str, ClinicalVariable]


def interaction_label(pair: Sequence[str], variables: Variables) -> str:
    """Return what an interaction is called: "Age × ARCO stage"."""
    return " × ".join(label_of(key, variables[key]) for key in pair)


def within_text(settings: Sequence[Setting], variables: Variables) -> str:
    """Return what is held, and where: "ARCO stage II, Sex female"."""
    return ", ".join(f"{label_of(one.name, variables[one.name])} {one.text}" for one in settings)


def interaction_tests(
    shown: Together, terms: Sequence[Term], variables: Variables
) -> tuple[InteractionTest, ...]:
    """Return a model's joint tests, as R's ``rms::anova`` makes them; none without interactions.

    Of each interaction, of what of it is no straight line, of all interactions together where
    there are several, and of each variable with all that depends on it.
    """
    groups: dict[str, list[str]] = {}
    products = [term for term in terms if term.is_product]
    for term in products:
        name = interaction_label(term.variables, variables)
        groups.setdefault(name, []).append(term.name)
        if any(part.bend for part in term.parts):
            groups.setdefault(f"{name}: no straight line", []).append(term.name)
    if len({term.variable for term in products}) > 1:
        groups["All interactions"] = [term.name for term in products]
    for key in dict.fromkeys(key for term in products for key in term.variables):
        own = [term.name for term in terms if key in term.variables]
        groups[f"{label_of(key, variables[key])}, with its interactions"] = own
    return tuple(_test(label, shown, names) for label, names in groups.items())


def _test(label: str, shown: Together, names: Sequence[str]) -> InteractionTest:
    found = shown.test(tuple(names))
    return InteractionTest(
        label=label,
        statistic=found.statistic,
        degrees_of_freedom=found.degrees_of_freedom,
        p=found.p_value,
    )


def effects_within(
    result: CoxResult,
    model: FittedModel,
    design: FloatArray,
    table: ClinicalTable,
) -> tuple[EffectWithin, ...]:
    """Return the hazard ratios of each variable that interacts, where the others are held.

    Parameters
    ----------
    result, model
        The model, and its coefficients as tables show them.
    design
        Its training columns, shape (n, q).
    table
        Its training cases.
    """
    variables = table.variables
    found = []
    for one in effects_of_each(result, model, design, table):
        step = model_step(model.terms, one.place, design, variables)
        found.append(
            EffectWithin(
                label=_compared(one, model.terms[one.place], variables[one.variable], step),
                within=within_text(one.settings, variables),
                ratio=step.ratio(one.ratio),
                p=one.p_value,
            )
        )
    return tuple(found)


def _compared(effect: HeldEffect, term: Term, variable: ClinicalVariable, step: Step) -> str:
    """Return what of a variable is compared: a step, a level, or the quartiles of a curve."""
    name = label_of(effect.variable, variable)
    if effect.quartiles is not None:
        low, high = effect.quartiles
        return f"{name}, {pair_text(high, low, variable.unit)}"
    if term.is_group:
        return f"{name}: {term.group} against {term.reference_group}"
    return f"{name}, {step.text}"
