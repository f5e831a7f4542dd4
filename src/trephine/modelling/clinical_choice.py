"""Which clinical variables enter the models, learned from training cases."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from trephine.cohort.schema import ClinicalTable
from trephine.errors import ModelError
from trephine.modelling.cox import CoxModel
from trephine.modelling.elimination import Elimination, backward_elimination
from trephine.modelling.encoding import Encoding, Term, fit_encoding
from trephine.modelling.imputation import Imputation, fit_imputation
from trephine.modelling.protocols import ClinicalSettings
from trephine.types import FloatArray, IntArray, Survival


@dataclass(frozen=True)
class VariableAlone:
    """One variable's own Cox model.

    Attributes
    ----------
    variable
        Key.
    model
        Fitted to this variable's terms; None where none could be.
    p_value
        Wald test of all its terms; NaN without a model.
    problem
        Why there is no model; empty otherwise.
    """

    variable: str
    model: CoxModel | None
    p_value: float
    problem: str


@dataclass(frozen=True)
class ClinicalChoice:
    """The clinical part of every model.

    Attributes
    ----------
    encoding
        Terms of every variable, cut-offs fixed in training.
    imputation
        Fills missing values; None where cases are complete.
    alone
        Univariable models, in the plan's order; empty where selection does not look at them.
    entered
        Variables that the multivariable model started from.
    kept
        Variables that stay.
    elimination
        How they came to be those; None where none was needed.
    """

    encoding: Encoding
    imputation: Imputation | None
    alone: tuple[VariableAlone, ...]
    entered: tuple[str, ...]
    kept: tuple[str, ...]
    elimination: Elimination | None

    @property
    def terms(self) -> tuple[Term, ...]:
        """Terms of the variables that stay."""
        return self.encoding.columns(self.kept)

    def design(self, table: ClinicalTable) -> FloatArray:
        """Return the columns of the variables that stay, shape (n, number of terms)."""
        filled = table if self.imputation is None else self.imputation.fill(table)
        return self.encoding.matrix(filled, self.kept)


def choose_clinical(
    table: ClinicalTable,
    survival: Survival,
    settings: ClinicalSettings,
    cluster: IntArray | None,
) -> ClinicalChoice:
    """Encode the clinical variables and choose among them.

    Parameters
    ----------
    table, survival
        Training cases.
    settings
        How to encode and choose.
    cluster
        Patient of each case for robust tests, or None.

    Notes
    -----
    A variable without a model of its own (one level only, or a level without an event) cannot
    enter; it is told in ``alone``.
    """
    imputation = fit_imputation(table) if settings.missing == "impute" else None
    if imputation is not None:
        table = imputation.fill(table)
    encoding = fit_encoding(table, settings.continuous)
    alone = tuple(fit_alone(key, table, encoding, survival, cluster) for key in table.variables)
    possible = tuple(row.variable for row in alone if row.model is not None)
    if settings.selection == "univariable-backward":
        entered = tuple(row.variable for row in alone if row.p_value < settings.enter_p)
    else:
        entered = possible
    elimination = None
    kept = entered
    if entered and settings.selection != "all":
        elimination = _eliminate(entered, table, encoding, survival, settings, cluster)
        kept = tuple(key for key in entered if key in elimination.kept)
    return ClinicalChoice(encoding, imputation, alone, entered, kept, elimination)


def fit_alone(
    key: str,
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
    cluster: IntArray | None,
) -> VariableAlone:
    """Fit one variable's own Cox model."""
    design = design_frame(table, encoding, (key,))
    if design.empty:
        return VariableAlone(key, None, float("nan"), f"{key}: only one level occurs")
    try:
        model = CoxModel().fit(design, survival, cluster=cluster)
    except ModelError as error:
        return VariableAlone(key, None, float("nan"), str(error))
    return VariableAlone(key, model, model.result_.wald.p_value, "")


def design_frame(
    table: ClinicalTable, encoding: Encoding, variables: tuple[str, ...]
) -> pd.DataFrame:
    """Return the columns of some variables, named by term."""
    names = [term.name for term in encoding.columns(variables)]
    return pd.DataFrame(encoding.matrix(table, variables), columns=names)


def _eliminate(
    entered: tuple[str, ...],
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
    settings: ClinicalSettings,
    cluster: IntArray | None,
) -> Elimination:
    groups = {key: [term.name for term in encoding.terms[key]] for key in entered}
    return backward_elimination(
        design_frame(table, encoding, entered),
        survival,
        rule="aic" if settings.selection == "backward-aic" else "wald",
        stay_p=settings.stay_p,
        groups=groups,
        cluster=cluster,
    )
