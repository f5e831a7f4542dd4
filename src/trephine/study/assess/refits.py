"""What a fitted model's own training cases say of it: its terms alone, and proportional hazards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trephine.errors import InputError
from trephine.evaluation.sample_size import SampleSize, sample_size
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.pooled_model import fit_over
from trephine.modelling.recipe import as_designs
from trephine.modelling.terms import Term
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import ChiSquareTest
from trephine.regression.hazards_smooth import CoefficientSmooth, smooth_coefficient
from trephine.regression.proportional_hazards import ProportionalHazardsTest
from trephine.study.assess.clinical import (
    Together,
    filled_table,
    penalised_together,
    training_tables,
)
from trephine.study.results import Analysis, ProtocolResult
from trephine.survival.late_outcome import observed_spans
from trephine.types import FloatArray


def training_column(analysis: Analysis, result: ProtocolResult, term: Term) -> FloatArray:
    """Return the values of a term in training by which tables choose steps, shape (n,).

    A signature's are in-sample or out of fold, as the protocol has it; a missing clinical value
    is as the recipe filled it, and NaN where it imputed several times.
    """
    if term.is_signature:
        return result.fitted.signature_values(term.variable)
    return term.column(filled_table(analysis, result))


def training_design(analysis: Analysis, result: ProtocolResult, model: FittedModel) -> FloatArray:
    """Return the columns of a model as `training_column` has each, shape (n, terms)."""
    columns = [training_column(analysis, result, term) for term in model.terms]
    return np.column_stack(columns) if columns else np.empty((len(analysis.cases), 0))


def training_designs(
    analysis: Analysis, result: ProtocolResult, terms: Sequence[Term]
) -> FloatArray:
    """Return every completed design of some terms, shape (m, n, terms); m is 1 without gaps."""
    tables = training_tables(analysis, result)
    columns = [
        result.fitted.signature_values(term.variable)[None]
        if term.is_signature
        else np.array([term.column(table) for table in tables])
        for term in terms
    ]
    return as_designs(columns, len(analysis.cases))


def term_alone(analysis: Analysis, result: ProtocolResult, term: Term) -> FittedModel:
    """Return the Cox model of one term, on the values that the protocol's models were fitted to."""
    return fit_over(
        term.name,
        (term.name,),
        [term],
        training_designs(analysis, result, [term]),
        analysis.cases.survival,
        cluster=result.settings.cluster(analysis.cases.patient),
    )


def as_shown(analysis: Analysis, result: ProtocolResult, model: FittedModel) -> Together | None:
    """Return a model as tables show it: Firth's with its profile intervals; None without a term."""
    if model.result is None:
        return None
    if model.result.penalty == "none":
        return Together(model.result)
    names = pd.Index([term.name for term in model.terms])
    design = pd.DataFrame(training_design(analysis, result, model), columns=names)
    cluster = result.settings.cluster(analysis.cases.patient)
    return penalised_together(design, analysis.cases.survival, cluster)


@dataclass(frozen=True)
class HazardsOverTime:
    """Whether a model's coefficients hold at all times.

    Attributes
    ----------
    test
        By variable, the levels of one together, and of all together (R's ``cox.zph``).
    smooths
        Of each coefficient over time; None where there are too few events for one.
    """

    test: ProportionalHazardsTest
    smooths: tuple[CoefficientSmooth | None, ...]


def hazards_over_time(
    analysis: Analysis, result: ProtocolResult, model: FittedModel
) -> HazardsOverTime | None:
    """Test a model's proportional hazards on its training cases; None where it has no term.

    None of Firth's model either: the test's variance is that of the likelihood at its own maximum.
    """
    if model.result is None or model.result.penalty != "none":
        return None
    names = pd.Index([term.name for term in model.terms])
    groups: dict[str, list[str]] = {}
    for term in model.terms:
        groups.setdefault(term.variable, []).append(term.name)
    designs = training_designs(analysis, result, model.terms)
    fits = [
        CoxModel().fit(pd.DataFrame(design, columns=names), analysis.cases.survival)
        for design in designs
    ]
    test = middle_test([one.proportional_hazards_test(groups=groups) for one in fits])
    variances = np.mean([np.diag(one.result_.naive_covariance) for one in fits], axis=0)
    smooths = [
        smooth_coefficient(test.transformed_times, test.scaled_residuals[:, j], float(variance))
        for j, variance in enumerate(variances)
    ]
    return HazardsOverTime(test, tuple(smooths))


def middle_test(tests: Sequence[ProportionalHazardsTest]) -> ProportionalHazardsTest:
    """Return the tests of several completed data sets as one: median statistics, mean residuals."""
    if len(tests) == 1:
        return tests[0]

    def middle(found: Sequence[ChiSquareTest]) -> ChiSquareTest:
        statistic = float(np.median([one.statistic for one in found]))
        return ChiSquareTest.of(statistic, found[0].degrees_of_freedom)

    return replace(
        tests[0],
        tests=tuple(map(middle, zip(*(one.tests for one in tests), strict=True))),
        overall=middle([one.overall for one in tests]),
        scaled_residuals=np.mean([one.scaled_residuals for one in tests], axis=0),
    )


def needed_sample(analysis: Analysis, parameters: int) -> SampleSize | None:
    """Return the sample that candidate parameters need; None where the study cannot say.

    The criteria get the study's own event rate and mean follow-up, its last horizon that follow-up
    reaches, and the R2 that Riley et al. (2020) assume where nothing better is known.
    """
    survival = analysis.cases.survival
    if not analysis.reached:
        return None
    spans = observed_spans(survival)
    try:
        return sample_size(
            parameters,
            event_rate=float(survival.event.sum() / spans.sum()),
            mean_follow_up=float(spans.mean()),
            horizon=analysis.reached[-1],
        )
    except InputError:
        # No candidate or no event: the row's dashes stand beside its 0.
        return None
