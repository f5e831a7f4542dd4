"""The rows of Table 2: one clinical variable or interaction, alone and in the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trephine.cohort.schema import ClinicalTable, label_of
from trephine.errors import Reason
from trephine.facts import CoxRow, CoxVariable, HazardRatio
from trephine.modelling.clinical_choice import ClinicalChoice
from trephine.modelling.encoding import seen_levels, seen_reference
from trephine.modelling.terms import Term
from trephine.modelling.variable_alone import VariableAlone
from trephine.regression.cox_result import CoxResult
from trephine.report import phrases
from trephine.study.assess.clinical import Together
from trephine.study.assess.effects import quartile_contrast
from trephine.study.gather.effects import against_text
from trephine.study.gather.interactions import interaction_label
from trephine.study.gather.steps import Step, step_of
from trephine.types import Survival


def cox_variable(
    alone: VariableAlone,
    choice: ClinicalChoice,
    together: Together | None,
    table: ClinicalTable,
    survival: Survival,
) -> CoxVariable:
    """Return the rows of one variable, alone and in the model."""
    key = alone.variable
    if key in choice.encoding.interactions:
        return _interaction(alone, choice, together, table, survival)
    variable = table.variables[key]
    terms = choice.encoding.terms[key]
    inside = together is not None and key in choice.kept
    shown = together.result if together is not None and inside else None
    rows = []
    for term in terms:
        if term.is_curve:
            rows += [_curve_row(alone, terms, table, survival, shown)] if not term.bend else []
            continue
        at = term.members(table)
        step = step_of(term, term.column(table), variable.unit)
        rows.append(
            CoxRow(
                level=term.group or step.text,
                n=int(at.sum()),
                events=int((survival.event & at).sum()),
                univariable=ratio_of(alone.shown, term.name, step),
                multivariable=ratio_of(shown, term.name, step),
            )
        )
    reference = _reference_row(terms, key, table, survival)
    names = tuple(term.name for term in terms)
    multivariable_p = together.p_value(names) if inside and together is not None else None
    notes = _curve(terms), _depends(key, choice, table), _note(alone, choice, table)
    return CoxVariable(
        name=key,
        label=label_of(key, variable),
        unit=variable.unit,
        cut_off=terms[0].cut if terms and np.isfinite(terms[0].cut) else None,
        knots=terms[0].knots if terms else (),
        rows=(*reference, *rows),
        univariable_p=alone.p_value,
        multivariable_p=multivariable_p,
        note="; ".join(filter(None, notes)),
    )


def _curve_row(
    alone: VariableAlone,
    terms: Sequence[Term],
    table: ClinicalTable,
    survival: Survival,
    together: CoxResult | None,
) -> CoxRow:
    """Return the one row of a spline: the third quartile against the first."""
    values, unit = table.values(alone.variable), table.variables[alone.variable].unit
    found = [
        None if result is None else quartile_contrast(result, terms, values)
        for result in (alone.shown, together)
    ]
    text = next((against_text(one, unit) for one in found if one is not None), "quartiles")
    ratios = [None if one is None else HazardRatio(ratio=one.ratio, p=one.p_value) for one in found]
    known = ~np.isnan(values)
    return CoxRow(
        level=text,
        n=int(known.sum()),
        events=int((survival.event & known).sum()),
        univariable=ratios[0],
        multivariable=ratios[1],
    )


def _reference_row(
    terms: Sequence[Term], key: str, table: ClinicalTable, survival: Survival
) -> tuple[CoxRow, ...]:
    """Return the row of the cases that the groups are compared with; none without groups."""
    if terms:
        name = terms[0].reference_group
        at = np.all([term.column(table) == 0 for term in terms], axis=0)
    else:
        name = seen_reference(table.variables[key], seen_levels(key, table))
        at = ~np.isnan(table.values(key))
    if not name:
        return ()
    n_events = int((survival.event & at).sum())
    return (CoxRow(level=name, reference=True, n=int(at.sum()), events=n_events),)


def ratio_of(result: CoxResult | None, name: str, step: Step) -> HazardRatio | None:
    """Return the hazard ratio of a term for a step of its variable."""
    if result is None:
        return None
    p = float(result.p_values[result.names.index(name)])
    return HazardRatio(ratio=step.ratio(result.hazard_ratio_of(name)), p=p)


def _curve(terms: Sequence[Term]) -> str:
    """Return what a spline's row compares, and where its knots lie."""
    if not terms or not terms[0].is_curve:
        return ""
    knots = ", ".join(f"{knot:.4g}" for knot in terms[0].knots)
    return (
        f"restricted cubic spline with knots at {knots}; its row compares the third quartile with"
        " the first, and the p of the variable tests all of its columns"
    )


def _note(alone: VariableAlone, choice: ClinicalChoice, table: ClinicalTable) -> str:
    """Return why a variable has no hazard ratio, or none in the multivariable model."""
    key, set_aside = alone.variable, dict(choice.set_aside)
    labels = {one: label_of(one, variable) for one, variable in table.variables.items()}
    if alone.problem is not None:
        pair = choice.encoding.interactions.get(key, (key,))
        columns = [table.values(one) for one in pair]
        if any(np.unique(values[~np.isnan(values)]).size < 2 for values in columns):
            return "does not vary between the cases"
        # Of one variable, whose groups are named alone.
        own = {
            term.name: term.group or term.label if len(pair) > 1 else term.group or labels[key]
            for one in choice.encoding.alone(key)
            for term in choice.encoding.terms[one]
        }
        return _worded(alone.problem, own)
    if key in set_aside:
        every = choice.encoding.columns(tuple(choice.encoding.terms))
        names = {term.name: term.label for term in every} | labels
        return f"set aside: {_worded(set_aside[key], names)}"
    if key not in choice.entered:
        return "not entered"
    if key in choice.penalised:
        return phrases.SEPARATES
    return "" if key in choice.kept else "eliminated"


def _depends(key: str, choice: ClinicalChoice, table: ClinicalTable) -> str:
    """Return where the multivariable ratio holds, of a variable whose effect depends on others."""
    pairs = [
        choice.encoding.interactions[one] for one in choice.encoding.resting_on(key, choice.kept)
    ]
    others = dict.fromkeys(one for pair in pairs for one in pair if one != key)
    if not others or key not in choice.kept:
        return ""
    names = " and ".join(label_of(one, table.variables[one]) for one in others)
    return f"multivariable: where {names} is at its reference level or 0"


def _interaction(
    alone: VariableAlone,
    choice: ClinicalChoice,
    together: Together | None,
    table: ClinicalTable,
    survival: Survival,
) -> CoxVariable:
    """Return the rows of an interaction: by how much hazard ratios change, not ratios of groups."""
    key, variables = alone.variable, table.variables
    inside = together is not None and key in choice.kept
    shown = together.result if together is not None and inside else None
    terms = choice.encoding.terms[key]
    rows = []
    for term in terms:
        at = term.members(table)
        steps = [step_of(p, p.column(table), variables[p.variable].unit) for p in term.parts]
        size = steps[0].size * steps[1].size
        step = Step(size, " and ".join(one.text for one in steps if one.text))
        groups = " and ".join(part.group for part in term.parts if part.group)
        said = ", ".join(filter(None, (groups, step.text)))
        rows.append(
            CoxRow(
                level=term.label if term.is_curve else said,
                n=int(at.sum()),
                events=int((survival.event & at).sum()),
                univariable=None if term.is_curve else ratio_of(alone.shown, term.name, step),
                multivariable=None if term.is_curve else ratio_of(shown, term.name, step),
            )
        )
    names = tuple(term.name for term in terms)
    how = "ratio of hazard ratios; univariable: in a model of its two variables and itself"
    note = "; ".join(part for part in (how, _note(alone, choice, table)) if part)
    return CoxVariable(
        name=key,
        label=interaction_label(choice.encoding.interactions[key], variables),
        rows=tuple(rows),
        univariable_p=alone.p_value,
        multivariable_p=together.p_value(names) if inside and together is not None else None,
        note=note,
    )


def _worded(reason: Reason, names: Mapping[str, str]) -> str:
    """Return a model's complaint with the table's words in place of the columns' names."""
    return reason.worded(lambda name: names.get(name, name))
