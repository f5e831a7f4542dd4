"""Interactions as facts: their tests, and effects where the other variable is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from trephine.cohort.schema import ClinicalTable, ClinicalVariable, label_of
from trephine.facts import EstimateFact
from trephine.facts.models import EffectWithin, InteractionTest
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.terms import Term
from trephine.regression.cox_result import CoxResult
from trephine.regression.nomogram import Setting
from trephine.regression.restricted_spline import spline_columns
from trephine.study.assess.clinical import Together
from trephine.study.assess.interactions import Within, combinations, ratio_within
from trephine.study.gather.effects import pair_text
from trephine.study.gather.steps import model_step
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
    units = {key: variable.unit for key, variable in variables.items()}
    products = [term for term in model.terms if term.is_product]
    found = []
    for key in dict.fromkeys(key for term in products for key in term.variables):
        changes = list(_changes(key, model.terms, design, table))
        for within in combinations(model, key, units):
            for label, change in changes:
                if not _occurs(model.terms, design, change, within):
                    continue
                ratio, p_value = ratio_within(result, model.terms, change, within.held)
                found.append(
                    EffectWithin(
                        label=label,
                        within=within_text(within.settings, variables),
                        ratio=EstimateFact.model_validate(ratio),
                        p=p_value,
                    )
                )
    return tuple(found)


def _occurs(
    terms: Sequence[Term], design: FloatArray, change: Mapping[str, float], within: Within
) -> bool:
    """Say whether a training case has the levels that are held and the one that is compared."""
    at = {**within.held, **{name: step for name, step in change.items() if step}}
    own = [design[:, j] == at[t.name] for j, t in enumerate(terms) if t.is_group and t.name in at]
    return not own or bool(np.all(own, axis=0).any())


def _changes(
    key: str, terms: Sequence[Term], design: FloatArray, table: ClinicalTable
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield what of a variable is compared: a step, each level, or the quartiles of a curve."""
    variable = table.variables[key]
    name = label_of(key, variable)
    own = [j for j, term in enumerate(terms) if term.variable == key]
    first = terms[own[0]]
    if first.is_curve:
        low, high = np.nanquantile(table.values(key), [0.25, 0.75]).tolist()
        columns = spline_columns(np.array([low, high]), np.array(first.knots))
        change = (columns[1] - columns[0])[[terms[j].bend for j in own]]
        by_name = {terms[j].name: float(one) for j, one in zip(own, change, strict=True)}
        yield f"{name}, {pair_text(high, low, variable.unit)}", by_name
        return
    for j in own:
        term = terms[j]
        step = model_step(terms, j, design, table.variables)
        others = {terms[k].name: 0.0 for k in own}
        against = f": {term.group} against {term.reference_group}" if term.is_group else ""
        yield f"{name}{against or f', {step.text}'}", others | {term.name: step.size}
