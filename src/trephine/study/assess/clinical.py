"""Clinical variables: compared between the cases with and without the event, and in Cox models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trephine.cohort.schema import ClinicalTable
from trephine.group_tests.baseline_comparison import (
    CategoricalComparison,
    ContinuousComparison,
    compare_categorical,
    compare_continuous,
)
from trephine.modelling.pooled_choice import Over
from trephine.modelling.pooled_model import fit_over
from trephine.modelling.separation import design_frame
from trephine.modelling.terms import CLINICAL, Term
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import ChiSquareTest, CoxResult
from trephine.streams import generator
from trephine.study.results import Analysis, ProtocolResult
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.types import BoolArray, IntArray, Survival


def compared_continuous(table: ClinicalTable, key: str, event: BoolArray) -> ContinuousComparison:
    """Compare a continuous variable between cases without and with the event (Table 1)."""
    return compare_continuous(table.values(key), event.astype(int).tolist())


def compared_categorical(
    table: ClinicalTable, key: str, event: BoolArray, seed: int
) -> CategoricalComparison:
    """Compare a categorical variable between cases without and with the event (Table 1).

    Parameters
    ----------
    table, key
        The variable.
    event
        Shape (n,).
    seed
        Of the study: where an exact test would take too long, its p is simulated.
    """
    return compare_categorical(
        table.texts(key),
        event.astype(int).tolist(),
        table.variables[key].levels,
        rng=generator(seed, "table tests"),
    )


def filled_table(analysis: Analysis, result: ProtocolResult) -> ClinicalTable:
    """Return the clinical table as the recipe filled it, where it fills in one value for each gap.

    Where it imputed several times, the table as measured: counts and quartiles are of known values.
    """
    tables = training_tables(analysis, result)
    return tables[0] if len(tables) == 1 else analysis.cases.clinical


def training_tables(analysis: Analysis, result: ProtocolResult) -> tuple[ClinicalTable, ...]:
    """Return the clinical table as models were fitted to it: m times where it was imputed so."""
    choice, table = result.fitted.clinical, analysis.cases.clinical
    return (table,) if choice is None else choice.training_tables(table)


@dataclass(frozen=True)
class Together:
    """A model of several variables, as tables show it.

    Attributes
    ----------
    result
        With the intervals to show: of the profile likelihood where the model is Firth's.
    penalised
        The model where it is Firth's; None for a plain one.
    """

    result: CoxResult
    penalised: CoxModel | None = None

    def p_value(self, names: tuple[str, ...]) -> float:
        """Return p of all terms of a variable: Wald's, or the penalised likelihood ratio's."""
        return self.test(names).p_value

    def test(self, names: tuple[str, ...]) -> ChiSquareTest:
        """Return the joint test of some terms: Wald's, or the penalised likelihood ratio's."""
        if self.penalised is None:
            return self.result.wald_test(names)
        return self.penalised.likelihood_ratio_test(names)


def penalised_together(
    design: pd.DataFrame, survival: Survival, cluster: IntArray | None
) -> Together:
    """Return Firth's model of a design, with its profile intervals."""
    model = CoxModel(penalty="firth").fit(design, survival, cluster=cluster)
    return Together(model.profile(), model)


def multivariable(analysis: Analysis, result: ProtocolResult) -> Together | None:
    """Return the Cox model of the clinical variables that stay (Table 2); None where none does."""
    choice = result.fitted.clinical
    if choice is None or (choice.elimination is None and not choice.kept):
        return None
    survival = analysis.cases.survival
    if isinstance(survival, IntervalSurvival) and result.settings.rules.between_visits == "drawn":
        return _between_visits(analysis, result, survival, choice.terms)
    if choice.elimination is not None and not choice.penalised:
        found = choice.elimination.result
        return None if found is None else Together(found)
    tables = training_tables(analysis, result)
    if len(tables) > 1:
        cases = analysis.cases
        over = Over(tables, choice.encoding, cases.survival, result.settings.cluster(cases.patient))
        return Together(over.fit(choice.kept))
    design = design_frame(filled_table(analysis, result), choice.encoding, choice.kept)
    cluster = result.settings.cluster(analysis.cases.patient)
    if choice.penalised:
        return penalised_together(design, survival, cluster)
    return Together(CoxModel().fit(design, survival, cluster=cluster).result_)


def _between_visits(
    analysis: Analysis,
    result: ProtocolResult,
    survival: IntervalSurvival,
    terms: Sequence[Term],
) -> Together | None:
    """Return the model of the variables that stay by the likelihood of the visits."""
    if not terms:
        return None
    tables = training_tables(analysis, result)
    designs = np.array([np.column_stack([term.column(one) for term in terms]) for one in tables])
    cluster = result.settings.cluster(analysis.cases.patient)
    fitted = fit_over("clinical", (CLINICAL,), terms, designs, survival, cluster=cluster)
    return None if fitted.result is None else Together(fitted.result)
