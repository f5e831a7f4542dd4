"""Clinical variables: compared between the cases with and without the event, and in Cox models."""

from __future__ import annotations

from trephine.cohort.schema import ClinicalTable
from trephine.group_tests.baseline_comparison import (
    CategoricalComparison,
    ContinuousComparison,
    compare_categorical,
    compare_continuous,
)
from trephine.modelling.clinical_choice import design_frame
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import CoxResult
from trephine.streams import generator
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import BoolArray


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
    """Return the clinical table as the recipe filled it, where it fills in missing values."""
    choice, table = result.fitted.clinical, analysis.cases.clinical
    return table if choice is None or choice.imputation is None else choice.imputation.fill(table)


def multivariable(analysis: Analysis, result: ProtocolResult) -> CoxResult | None:
    """Return the Cox model of the clinical variables that stay (Table 2); None where none does."""
    choice = result.fitted.clinical
    if choice is None or (choice.elimination is None and not choice.kept):
        return None
    if choice.elimination is not None:
        return choice.elimination.result
    design = design_frame(filled_table(analysis, result), choice.encoding, choice.kept)
    cluster = result.settings.cluster(analysis.cases.patient)
    return CoxModel().fit(design, analysis.cases.survival, cluster=cluster).result_
