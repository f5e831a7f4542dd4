"""Which clinical variables enter the models, learned from training cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trephine.choices import Penalty, Separation
from trephine.cohort.schema import ClinicalTable
from trephine.errors import ModelError, Reason
from trephine.modelling.encoding import Encoding, fit_encoding
from trephine.modelling.following import following
from trephine.modelling.imputation import Imputation, fit_imputation
from trephine.modelling.protocols import ClinicalSettings
from trephine.modelling.separation import KeptApart, design_frame, keep_separating
from trephine.modelling.terms import Term
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import CoxResult
from trephine.regression.elimination import backward_elimination
from trephine.regression.elimination_result import Elimination, EliminationSettings
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
        Wald test of all its terms, or Firth's likelihood ratio test of a variable that separates;
        NaN without a model.
    problem
        Why there is no model; None where there is one.
    """

    variable: str
    model: CoxModel | None
    p_value: float
    problem: Reason | None

    @property
    def separates(self) -> bool:
        """Whether its model is Firth's, because it separates the events."""
        return self.model is not None and self.model.penalty == "firth"

    @property
    def shown(self) -> CoxResult | None:
        """What its model says, with the intervals that belong to its likelihood."""
        if self.model is None:
            return None
        return self.model.profile() if self.separates else self.model.result_


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
        Variables that could not be fitted together with the others, with the reason; it names
        terms, or the variables that one follows from.
    penalised
        Of those that stay, the ones that separate the events: models with them are Firth's.
    """

    encoding: Encoding
    imputation: Imputation | None
    alone: tuple[VariableAlone, ...]
    entered: tuple[str, ...]
    kept: tuple[str, ...]
    elimination: Elimination | None
    set_aside: tuple[tuple[str, Reason], ...] = ()
    penalised: tuple[str, ...] = ()

    @property
    def penalty(self) -> Penalty:
        """On the likelihood of every model of these variables."""
        return "firth" if self.penalised else "none"

    @property
    def terms(self) -> tuple[Term, ...]:
        """Terms of the variables that stay."""
        return self.encoding.columns(self.kept)

    @property
    def separated(self) -> tuple[str, ...]:
        """Variables left out of every model because their coefficient would be infinite.

        They may well be the strongest: a group without an event says much.
        """
        alone = {row.variable: row.problem for row in self.alone if row.problem is not None}
        found = alone | dict(self.set_aside)
        return tuple(key for key, reason in found.items() if reason.kind == "separation")

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
    enter; it is listed in ``alone``.
    """
    imputation = fit_imputation(table) if settings.missing_clinical == "impute" else None
    if imputation is not None:
        table = imputation.fill(table)
    encoding = fit_encoding(table, settings.continuous)
    alone = tuple(
        fit_alone(key, table, encoding, survival, cluster, settings.separation)
        for key in table.variables
    )
    possible = tuple(row.variable for row in alone if row.model is not None)
    if settings.clinical == "univariable-backward":
        entered = tuple(row.variable for row in alone if row.p_value < settings.univariable_p)
    else:
        entered = possible
    separating = {row.variable for row in alone if row.separates}
    plain = tuple(key for key in entered if key not in separating)
    plain, set_aside = _fittable(plain, alone, table, encoding, survival)
    elimination = None
    kept = plain
    if plain and settings.clinical != "all":
        elimination = _eliminate(plain, table, encoding, survival, settings, cluster)
        kept = tuple(key for key in plain if key in elimination.kept)
    found = KeptApart((), set_aside)
    if settings.separation == "firth":
        clashing = {key for key, reason in set_aside if reason.kind == "separation"}
        apart = _strongest_first(alone, {*entered} & (separating | clashing))
        found = keep_separating(apart, kept, table, encoding, survival, settings)
        rest = tuple(pair for pair in set_aside if pair[0] not in clashing)
        found = KeptApart(found.kept, (*rest, *found.set_aside))
        gone = {key for key, _ in found.set_aside}
        plain = tuple(key for key in entered if key not in gone)
        kept = tuple(key for key in entered if key in {*kept, *found.kept})
    return ClinicalChoice(
        encoding, imputation, alone, plain, kept, elimination, found.set_aside, found.kept
    )


def _strongest_first(alone: Sequence[VariableAlone], keys: set[str]) -> tuple[str, ...]:
    rows = sorted(alone, key=lambda row: row.p_value)
    return tuple(row.variable for row in rows if row.variable in keys)


def _fittable(
    entered: tuple[str, ...],
    alone: tuple[VariableAlone, ...],
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
) -> tuple[tuple[str, ...], tuple[tuple[str, Reason], ...]]:
    """Set the variables aside with which one model of all the others cannot be fitted.

    A variable that follows from earlier ones goes, in the plan's order, as in R's coxph (age, then
    birth year: the birth year). Two variables cut at their medians can leave a cell without an
    event (a combined angle and an index made of the same arcs do), and then no maximum of the
    likelihood exists: of those that clash, the ones that say more alone stay. Each variable is
    tried with the ones taken before it alone, so that none goes for its neighbour's fault.
    """
    set_aside: dict[str, Reason] = {}
    if _reason_against(entered, table, encoding, survival) is None:
        return entered, ()
    for key, earlier in following(entered, table, encoding).items():
        set_aside[key] = Reason("collinear", "it follows from {}", (earlier,))
    p_value = {row.variable: row.p_value for row in alone}
    taken: list[str] = []
    for key in sorted((key for key in entered if key not in set_aside), key=p_value.__getitem__):
        trial = tuple(one for one in entered if one in taken or one == key)
        reason = _reason_against(trial, table, encoding, survival)
        if reason is not None:
            set_aside[key] = reason
        else:
            taken.append(key)
    kept = tuple(key for key in entered if key in taken)
    return kept, tuple((key, set_aside[key]) for key in entered if key in set_aside)


def _reason_against(
    variables: tuple[str, ...], table: ClinicalTable, encoding: Encoding, survival: Survival
) -> Reason | None:
    """Return why these variables cannot be fitted together; None where they can."""
    if not variables:
        return None
    try:
        CoxModel().fit(design_frame(table, encoding, variables), survival)
    except ModelError as error:
        return error.reason
    return None


def fit_alone(
    key: str,
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
    cluster: IntArray | None,
    separation: Separation = "leave out",
) -> VariableAlone:
    """Fit one variable's own Cox model; Firth's where it separates and ``separation`` says so."""
    design = design_frame(table, encoding, (key,))
    if design.empty:
        return VariableAlone(key, None, float("nan"), Reason("constant", "only one level occurs"))
    try:
        model = CoxModel().fit(design, survival, cluster=cluster)
    except ModelError as error:
        if error.kind == "separation" and separation == "firth":
            model = CoxModel(penalty="firth").fit(design, survival, cluster=cluster)
            return VariableAlone(key, model, model.result_.likelihood_ratio.p_value, None)
        return VariableAlone(key, None, float("nan"), error.reason)
    return VariableAlone(key, model, model.result_.wald.p_value, None)


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
        EliminationSettings(
            rule="aic" if settings.clinical == "backward-aic" else "wald", stay_p=settings.stay_p
        ),
        groups=groups,
        cluster=cluster,
    )
