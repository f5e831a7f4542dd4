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
    set_aside
        Variables that could not be fitted together with the others, with the reason.
    """

    encoding: Encoding
    imputation: Imputation | None
    alone: tuple[VariableAlone, ...]
    entered: tuple[str, ...]
    kept: tuple[str, ...]
    elimination: Elimination | None
    set_aside: tuple[tuple[str, str], ...] = ()

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
    entered, set_aside = _fittable(entered, alone, table, encoding, survival)
    elimination = None
    kept = entered
    if entered and settings.selection != "all":
        elimination = _eliminate(entered, table, encoding, survival, settings, cluster)
        kept = tuple(key for key in entered if key in elimination.kept)
    return ClinicalChoice(encoding, imputation, alone, entered, kept, elimination, set_aside)


def _fittable(
    entered: tuple[str, ...],
    alone: tuple[VariableAlone, ...],
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Set variables aside, the weakest alone first, until one model holds all the others.

    Two variables cut at their medians can leave a cell without an event (a combined angle and an
    index made of the same arcs do), and then no maximum of the likelihood exists.
    """
    p_value = {row.variable: row.p_value for row in alone}
    left = list(entered)
    set_aside = []
    while left:
        try:
            CoxModel().fit(design_frame(table, encoding, tuple(left)), survival)
            break
        except ModelError as error:
            weakest = max(left, key=lambda key: p_value[key])
            set_aside.append((weakest, str(error)))
            left.remove(weakest)
    return tuple(left), tuple(set_aside)


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
