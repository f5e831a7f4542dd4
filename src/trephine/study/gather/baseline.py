"""Table 1, Table 2 and Table S2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trephine.choices import ContinuousAs, GroupTest
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, capitalised, label_of
from trephine.errors import Reason
from trephine.facts import (
    ContinuousSummaryFact,
    CoxRow,
    CoxTableFacts,
    CoxVariable,
    HazardRatio,
    LevelCount,
    Table1Facts,
    Table1Level,
    Table1Variable,
)
from trephine.group_tests.baseline_comparison import CategoricalComparison, ContinuousComparison
from trephine.group_tests.descriptive import ContinuousSummary
from trephine.group_tests.hypothesis_test import HypothesisTest, Method
from trephine.modelling.clinical_choice import ClinicalChoice
from trephine.modelling.encoding import seen_levels, seen_reference
from trephine.modelling.terms import Term
from trephine.modelling.variable_alone import VariableAlone
from trephine.regression.cox_result import CoxResult
from trephine.report import phrases
from trephine.study.assess.clinical import (
    Together,
    compared_categorical,
    compared_continuous,
    filled_table,
    multivariable,
)
from trephine.study.assess.effects import quartile_contrast
from trephine.study.gather.effects import against_text
from trephine.study.gather.first_events import first_events
from trephine.study.gather.steps import Step, step_of
from trephine.study.results import Analysed, Analysis, ProtocolResult
from trephine.types import Survival

# What a femoral-head measure can be, and its formula as the methods state it.
FORMULAS = {
    "combined_necrotic_angle": ("A + B", 0.0, 360.0),
    "necrosis_degree_index": ("(A/180) x (B/180) x 100", 0.0, 100.0),
}


def table_1(analysis: Analysed) -> Table1Facts:
    """Return the baseline characteristics, overall and by event.

    Where every case has the event there is nothing to compare with: the one column is that of all.
    """
    table = analysis.cases.clinical
    event = analysis.cases.survival.event
    noun = analysis.inputs.plan.outcome.event
    seed = analysis.inputs.plan.study.seed
    columns: tuple[str, ...] = ("All", f"No {noun}", capitalised(noun))
    variables = first_events(analysis.cases.survival, noun)
    for key, variable in table.variables.items():
        if variable.categorical:
            levels = compared_categorical(table, key, event, seed)
            variables.append(_categorical(key, variable, levels, by_event=not event.all()))
        else:
            numbers = compared_continuous(table, key, event)
            variables.append(_continuous(key, variable, numbers, by_event=not event.all()))
    sizes: tuple[int, ...] = (len(event), int((~event).sum()), int(event.sum()))
    if event.all():
        columns, sizes = columns[:1], sizes[:1]
    return Table1Facts(columns=columns, sizes=sizes, variables=tuple(variables))


def _continuous(
    key: str, variable: ClinicalVariable, found: ContinuousComparison, *, by_event: bool
) -> Table1Variable:
    described = (found.overall, *(found.summaries if by_event else ()))
    formula, low, high = FORMULAS.get(variable.measure or "", ("", None, None))
    if variable.range is not None:
        low, high = variable.range
    return Table1Variable(
        name=key,
        label=label_of(key, variable),
        type="continuous",
        unit=variable.unit,
        summary="mean" if found.is_normal else "median",
        continuous=tuple(_summary(one) for one in described),
        missing=tuple(one.n_missing for one in described),
        normality_p=found.normality.p_value,
        **_test(found.test),
        smd=abs(found.standardised_difference),
        formula=formula,
        lowest_possible=low,
        highest_possible=high,
    )


def _categorical(
    key: str, variable: ClinicalVariable, found: CategoricalComparison, *, by_event: bool
) -> Table1Variable:
    columns = (found.overall, *(found.summaries if by_event else ()))
    levels = tuple(
        Table1Level(
            level=level,
            columns=tuple(
                LevelCount(
                    count=int(one.counts[row]),
                    percent=100 * int(one.counts[row]) / one.n if one.n else None,
                )
                for one in columns
            ),
        )
        for row, level in enumerate(variable.levels)
        if found.overall.counts[row]
    )
    return Table1Variable(
        name=key,
        label=label_of(key, variable),
        type="categorical",
        summary="counts",
        levels=levels,
        missing=tuple(one.n_missing for one in columns),
        **_test(found.test),
        smd=abs(found.standardised_difference),
    )


def _summary(described: ContinuousSummary) -> ContinuousSummaryFact:
    return ContinuousSummaryFact(
        n=described.n,
        mean=described.mean,
        sd=described.standard_deviation,
        median=described.median,
        q1=described.quartile_1,
        q3=described.quartile_3,
        low=described.minimum,
        high=described.maximum,
    )


# What Table 1 calls the tests that it makes.
_TEST: Mapping[Method, GroupTest] = {
    "Student t": "t",
    "Welch t": "t",
    "Mann-Whitney": "Mann-Whitney",
    "Fisher": "Fisher",
    "Chi-square": "chi-square",
    "Chi-square (Yates)": "chi-square",
}


def _test(test: HypothesisTest) -> dict[str, object]:
    """Return the test as the table's columns have it; none where it has no answer."""
    name: GroupTest = "none" if test.note else _TEST.get(test.method, "none")
    statistic = test.z_statistic if name == "Mann-Whitney" else test.statistic
    return {"test": name, "statistic": statistic, "p": test.p_value, "note": test.note}


def cox_table(analysis: Analysis, result: ProtocolResult) -> CoxTableFacts:
    """Return univariable and multivariable Cox regression under one protocol (Table 2)."""
    choice = result.fitted.clinical
    survival = analysis.cases.survival
    settings = result.settings.clinical
    assert choice is not None
    filled, together = filled_table(analysis, result), multivariable(analysis, result)
    by_p = settings.clinical == "univariable-backward"
    return CoxTableFacts(
        protocol=result.settings.protocol,
        continuous=continuous_as(result),
        standard_errors=result.settings.standard_errors,
        entry_p=settings.univariable_p if by_p else None,
        stay_p=settings.stay_p if by_p else None,
        elimination=phrases.elimination(settings.clinical, settings.missing_clinical),
        n=len(survival),
        events=int(survival.event.sum()),
        variables=tuple(
            cox_variable(alone, choice, together, filled, survival) for alone in choice.alone
        ),
    )


def continuous_as(result: ProtocolResult) -> ContinuousAs:
    """Return how continuous variables enter the models."""
    cut = result.settings.clinical.continuous == "median-cut"
    return "cut at the median" if cut else "as measured"


def cox_variable(
    alone: VariableAlone,
    choice: ClinicalChoice,
    together: Together | None,
    table: ClinicalTable,
    survival: Survival,
) -> CoxVariable:
    """Return the rows of one variable, alone and in the model."""
    key = alone.variable
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
    return CoxVariable(
        name=key,
        label=label_of(key, variable),
        unit=variable.unit,
        cut_off=terms[0].cut if terms and np.isfinite(terms[0].cut) else None,
        knots=terms[0].knots if terms else (),
        rows=(*reference, *rows),
        univariable_p=alone.p_value,
        multivariable_p=multivariable_p,
        note="; ".join(part for part in (_curve(terms), _note(alone, choice, table)) if part),
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
        values = table.values(key)
        if np.unique(values[~np.isnan(values)]).size < 2:
            return "does not vary between the cases"
        # Of one variable, whose groups are named alone.
        own = {term.name: term.group or labels[key] for term in choice.encoding.terms[key]}
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


def _worded(reason: Reason, names: Mapping[str, str]) -> str:
    """Return a model's complaint with the table's words in place of the columns' names."""
    return reason.worded(lambda name: names.get(name, name))
