"""Table 1, Table 2 and Table S2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.choices import ContinuousAs, GroupTest, StandardErrors
from trephine.cohort.schema import ClinicalTable, ClinicalVariable, capitalised, label_of
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
from trephine.group_tests.baseline_comparison import compare_categorical, compare_continuous
from trephine.group_tests.descriptive import ContinuousSummary
from trephine.group_tests.hypothesis_test import HypothesisTest
from trephine.modelling.clinical_choice import ClinicalChoice, VariableAlone, design_frame
from trephine.modelling.encoding import Term, cut_text, encode_term
from trephine.modelling.fitted_model import FittedModel, fit_model
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import CoxResult
from trephine.streams import generator
from trephine.study.gather.signatures import set_label
from trephine.study.gather.steps import Step, step_of, training_column
from trephine.study.results import Analysis, ProtocolResult
from trephine.study.settings import CLINICAL
from trephine.types import Survival

# What a femoral-head measure can be, and its formula as the methods state it (paper.md).
FORMULAS = {
    "combined_necrotic_angle": ("A + B", 0.0, 360.0),
    "necrosis_degree_index": ("(A/180) x (B/180) x 100", 0.0, 100.0),
}


def table_1(analysis: Analysis) -> Table1Facts:
    """Return the baseline characteristics, overall and by event.

    Where every case has the event there is nothing to compare with: the one column is that of all.
    """
    table = analysis.cases.clinical
    event = analysis.cases.survival.event
    noun = analysis.inputs.plan.outcome.event
    seed = analysis.inputs.plan.study.seed
    columns: tuple[str, ...] = ("All", f"No {noun}", capitalised(noun))
    variables = []
    for key, variable in table.variables.items():
        if variable.categorical:
            variables.append(_categorical(key, variable, table, event, seed))
        else:
            variables.append(_continuous(key, variable, table, event))
    sizes: tuple[int, ...] = (len(event), int((~event).sum()), int(event.sum()))
    if event.all():
        columns, sizes = columns[:1], sizes[:1]
    return Table1Facts(columns=columns, sizes=sizes, variables=tuple(variables))


def _continuous(
    key: str, variable: ClinicalVariable, table: ClinicalTable, event: np.ndarray
) -> Table1Variable:
    found = compare_continuous(table.values(key), event.astype(int).tolist())
    described = (found.overall, *(found.summaries if not event.all() else ()))
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
    key: str,
    variable: ClinicalVariable,
    table: ClinicalTable,
    event: np.ndarray,
    seed: int,
) -> Table1Variable:
    rng = generator(seed, "table tests")
    found = compare_categorical(
        table.texts(key), event.astype(int).tolist(), variable.levels, rng=rng
    )
    columns = (found.overall, *(found.summaries if not event.all() else ()))
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


def _test(test: HypothesisTest) -> dict[str, object]:
    """Return the test as the table's columns have it."""
    method = test.method.lower()
    name: GroupTest = "none"
    for words, known in (
        ("mann", "Mann-Whitney"),
        ("wilcox", "Mann-Whitney"),
        ("fisher", "Fisher"),
        ("chi", "chi-square"),
        (" t", "t"),
    ):
        if words in f" {method}" and not test.note:
            name = known  # type: ignore[assignment]
            break
    statistic = test.z_statistic if name == "Mann-Whitney" else test.statistic
    return {"test": name, "statistic": statistic, "p": test.p_value, "note": test.note}


def cox_table(analysis: Analysis, result: ProtocolResult) -> CoxTableFacts:
    """Return univariable and multivariable Cox regression under one protocol (Table 2)."""
    choice = result.fitted.clinical
    table = analysis.cases.clinical
    survival = analysis.cases.survival
    settings = result.settings.clinical
    assert choice is not None
    filled = table if choice.imputation is None else choice.imputation.fill(table)
    multivariable = _multivariable(analysis, result, choice, filled)
    by_p = settings.selection == "univariable-backward"
    return CoxTableFacts(
        protocol=result.settings.protocol,
        continuous=_continuous_as(result),
        standard_errors=_variance(result),
        entry_p=settings.enter_p if by_p else None,
        stay_p=settings.stay_p if by_p else None,
        elimination=_ELIMINATION[settings.selection],
        n=len(survival),
        events=int(survival.event.sum()),
        variables=tuple(
            _cox_variable(alone, choice, multivariable, filled, survival) for alone in choice.alone
        ),
    )


def _multivariable(
    analysis: Analysis, result: ProtocolResult, choice: ClinicalChoice, filled: ClinicalTable
) -> CoxResult | None:
    """Return the model of the variables that stay; None where none does."""
    if choice.elimination is not None:
        return choice.elimination.result
    if not choice.kept:
        return None
    cluster = analysis.cases.patient if result.settings.variance == "cluster" else None
    design = design_frame(filled, choice.encoding, choice.kept)
    return CoxModel().fit(design, analysis.cases.survival, cluster=cluster).result_


_ELIMINATION = {
    "univariable-backward": "Variables below the entry p entered; the one with the largest Wald p"
    " left until all were at or below the p to stay.",
    "backward-aic": "All variables entered; the one whose removal lowered Akaike's criterion most"
    " left until none did.",
    "all": "All variables entered and stayed.",
}


def _continuous_as(result: ProtocolResult) -> ContinuousAs:
    cut = result.settings.clinical.continuous == "median-cut"
    return "cut at the median" if cut else "as measured"


def _variance(result: ProtocolResult) -> StandardErrors:
    return "cluster-robust" if result.settings.variance == "cluster" else "model"


def _cox_variable(
    alone: VariableAlone,
    choice: ClinicalChoice,
    multivariable: CoxResult | None,
    table: ClinicalTable,
    survival: Survival,
) -> CoxVariable:
    key = alone.variable
    variable = table.variables[key]
    terms = choice.encoding.terms[key]
    inside = multivariable is not None and key in choice.kept
    single = alone.model.result_ if alone.model is not None else None
    rows = []
    for term in terms:
        at = _members(term, key, table)
        step = step_of(term, encode_term(term, table), variable.unit)
        rows.append(
            CoxRow(
                level=_level(term) or step.text,
                n=int(at.sum()),
                events=int((survival.event & at).sum()),
                univariable=_ratio(single, term.name, step),
                multivariable=_ratio(multivariable, term.name, step) if inside else None,
            )
        )
    reference = _reference_row(variable, terms, key, table, survival)
    names = tuple(term.name for term in terms)
    multivariable_p = (
        multivariable.wald_test(names).p_value if inside and multivariable is not None else None
    )
    return CoxVariable(
        name=key,
        label=label_of(key, variable),
        unit=variable.unit,
        cut_off=terms[0].cut if terms and terms[0].kind == "at-least" else None,
        rows=(*reference, *rows),
        univariable_p=alone.p_value,
        multivariable_p=multivariable_p,
        note=_note(alone, choice, label_of(key, variable), table.values(key)),
    )


def _members(term: Term, key: str, table: ClinicalTable) -> np.ndarray:
    """Return the cases that a term's row counts, shape (n,)."""
    values = table.values(key)
    if term.kind == "level":
        members: np.ndarray = values == table.variables[key].levels.index(term.level)
        return members
    if term.kind == "at-least":
        return np.asarray(values >= term.cut)
    return ~np.isnan(values)


def _reference_row(
    variable: ClinicalVariable,
    terms: Sequence[Term],
    key: str,
    table: ClinicalTable,
    survival: Survival,
) -> tuple[CoxRow, ...]:
    if terms and terms[0].kind == "linear":
        return ()
    values = table.values(key)
    if variable.categorical:
        level = terms[0].reference if terms else variable.reference_level
        at = values == variable.levels.index(level)
    else:
        level, at = f"< {cut_text(terms[0].cut)}", values < terms[0].cut
    n_events = int((survival.event & at).sum())
    return (CoxRow(level=level, reference=True, n=int(at.sum()), events=n_events),)


def _level(term: Term) -> str:
    if term.kind == "level":
        return term.level
    return f"≥ {cut_text(term.cut)}" if term.kind == "at-least" else ""


def _ratio(result: CoxResult | None, name: str, step: Step) -> HazardRatio | None:
    if result is None:
        return None
    p = float(result.p_values[result.names.index(name)])
    return HazardRatio(ratio=step.ratio(result.hazard_ratio_of(name)), p=p)


def _note(alone: VariableAlone, choice: ClinicalChoice, label: str, values: np.ndarray) -> str:
    if alone.problem:
        if np.unique(values[~np.isnan(values)]).size < 2:
            return "does not vary between the cases"
        return _in_words(alone.problem, choice.encoding.terms[alone.variable], label)
    if alone.variable in dict(choice.set_aside):
        reason = dict(choice.set_aside)[alone.variable]
        every = choice.encoding.columns(tuple(choice.encoding.terms))
        return f"set aside: {_in_words(reason, every)}"
    if alone.variable not in choice.entered:
        return "not entered"
    return "" if alone.variable in choice.kept else "eliminated"


def _in_words(problem: str, terms: Sequence[Term], label: str = "") -> str:
    """Return a model's complaint with the table's words in place of the columns' names.

    With ``label``, the terms are of that one variable, whose levels are named alone.
    """
    told = problem.removeprefix("Cox model: ")
    for term in terms:
        words = (_level(term) or label) if label else term.label
        told = told.replace(repr(term.name), words)
    return told


def signature_table(analysis: Analysis, result: ProtocolResult) -> CoxTableFacts | None:
    """Return signatures as factors beside the clinical ones (Table S2); None without any.

    The model is the one with the most parts; each of its variables also stands alone.
    """
    model = max(result.fitted.models.values(), key=lambda one: len(one.parts))
    signatures = [term for term in model.terms if term.kind == "signature"]
    if not signatures or model.result is None:
        return None
    survival = analysis.cases.survival
    cluster = analysis.cases.patient if result.settings.variance == "cluster" else None
    variables = []
    for term in signatures:
        score = training_column(analysis, result, term)
        single = fit_model(
            term.name, (term.name,), [term], score[:, None], survival, cluster=cluster
        )
        step = step_of(term, score)
        variables.append(_signature_variable(term, step, single, model, survival))
    choice = result.fitted.clinical
    if choice is not None:
        table = analysis.cases.clinical
        filled = table if choice.imputation is None else choice.imputation.fill(table)
        inside = {term.variable for term in model.terms}
        variables += [
            _cox_variable(alone, choice, model.result, filled, survival)
            for alone in choice.alone
            if alone.variable in inside
        ]
    clinical = [part for part in model.parts if part == CLINICAL]
    beside = "the selected clinical variables" if clinical else "the other signatures"
    return CoxTableFacts(
        protocol=result.settings.protocol,
        continuous=_continuous_as(result),
        standard_errors=_variance(result),
        elimination=f"Signatures with {beside}, as in the model {model.name}.",
        n=model.n,
        events=model.n_events,
        variables=tuple(variables),
    )


def _signature_variable(
    term: Term, step: Step, single: FittedModel, model: FittedModel, survival: Survival
) -> CoxVariable:
    row = CoxRow(
        level=step.text,
        n=len(survival),
        events=int(survival.event.sum()),
        univariable=_ratio(single.result, term.name, step),
        multivariable=_ratio(model.result, term.name, step),
    )
    return CoxVariable(
        name=term.name,
        label=f"{set_label(term.variable)} signature",
        rows=(row,),
        univariable_p=row.univariable.p if row.univariable else None,
        multivariable_p=row.multivariable.p if row.multivariable else None,
    )
