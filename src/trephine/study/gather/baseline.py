"""Table 1, Table 2 and Table S2."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.choices import ContinuousAs, GroupTest
from trephine.cohort.schema import ClinicalVariable, capitalised, label_of
from trephine.facts import (
    ContinuousSummaryFact,
    CoxTableFacts,
    LevelCount,
    Table1Facts,
    Table1Level,
    Table1Variable,
)
from trephine.group_tests.baseline_comparison import CategoricalComparison, ContinuousComparison
from trephine.group_tests.descriptive import ContinuousSummary
from trephine.group_tests.hypothesis_test import HypothesisTest, Method
from trephine.report import phrases
from trephine.study.assess.clinical import (
    compared_categorical,
    compared_continuous,
    filled_table,
    multivariable,
)
from trephine.study.gather.cox_rows import cox_variable
from trephine.study.gather.first_events import first_events
from trephine.study.results import Analysed, Analysis, ProtocolResult

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
