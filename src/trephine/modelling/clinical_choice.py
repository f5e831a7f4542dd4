"""Which clinical variables enter the models, learned from training cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.choices import Penalty
from trephine.cohort.schema import ClinicalTable
from trephine.errors import ModelError, Reason
from trephine.modelling.chained_equations import Completed, complete
from trephine.modelling.clinical_settings import ClinicalSettings
from trephine.modelling.conditional import ChainedImputation, fit_conditional
from trephine.modelling.encoding import Encoding, fit_encoding
from trephine.modelling.following import following
from trephine.modelling.imputation import Imputation, fit_imputation
from trephine.modelling.pooled_choice import Over, stacked
from trephine.modelling.separation import KeptApart, design_frame, keep_separating
from trephine.modelling.terms import Term
from trephine.modelling.variable_alone import VariableAlone, fit_alone
from trephine.regression.cox import CoxModel
from trephine.regression.elimination import backward_elimination
from trephine.regression.elimination_result import Elimination, EliminationSettings
from trephine.regression.rubin import pool_cox
from trephine.types import FloatArray, IntArray, Survival


@dataclass(frozen=True)
class ClinicalChoice:
    """The clinical part of every model.

    Attributes
    ----------
    encoding
        Terms of every variable, cut-offs fixed in training.
    imputation
        Fills missing values of later cases, and of these unless they were completed several
        times; None where cases are complete.
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
    completed
        The training cases, completed several times; None without multiple imputation.
    """

    encoding: Encoding
    imputation: Imputation | ChainedImputation | None
    alone: tuple[VariableAlone, ...]
    entered: tuple[str, ...]
    kept: tuple[str, ...]
    elimination: Elimination | None
    set_aside: tuple[tuple[str, Reason], ...] = ()
    penalised: tuple[str, ...] = ()
    completed: Completed | None = None

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

    def training_tables(self, table: ClinicalTable) -> tuple[ClinicalTable, ...]:
        """Return the training cases as models are fitted to them: m times, or once."""
        if self.completed is not None:
            return self.completed.tables
        return (table,) if self.imputation is None else self.imputation.completions(table)

    def designs(self, table: ClinicalTable) -> FloatArray:
        """Return the training cases' columns of the variables that stay, shape (m, n, terms)."""
        tables = self.training_tables(table)
        return np.array([self.encoding.matrix(one, self.kept) for one in tables])


def choose_clinical(
    table: ClinicalTable,
    survival: Survival,
    settings: ClinicalSettings,
    cluster: IntArray | None,
    *,
    scores: Sequence[FloatArray] = (),
    rng: np.random.Generator | None = None,
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
    scores
        Signatures that stand in models beside the variables, shape (n,) each: missing values are
        imputed with them.
    rng
        Source of imputations; needed where missing values are imputed several times.

    Notes
    -----
    A variable without a model of its own (one level only, or a level without an event) cannot
    enter; it is listed in ``alone``.
    """
    if settings.missing_clinical == "multiple":
        assert rng is not None
        found = complete(table, survival, scores, settings.imputations, rng)
        return _choose_over(found, survival, settings, cluster)
    imputation = fit_imputation(table) if settings.missing_clinical == "impute" else None
    if imputation is not None:
        table = imputation.fill(table)
    return _choose(table, imputation, survival, settings, cluster)


def _choose(
    table: ClinicalTable,
    imputation: Imputation | ChainedImputation | None,
    survival: Survival,
    settings: ClinicalSettings,
    cluster: IntArray | None,
) -> ClinicalChoice:
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


def _choose_over(
    completed: Completed,
    survival: Survival,
    settings: ClinicalSettings,
    cluster: IntArray | None,
) -> ClinicalChoice:
    """Choose among variables by models that are pooled over the completed data sets."""
    tables = completed.tables
    imputation = fit_conditional(tables)
    if len(tables) == 1:
        found = _choose(tables[0], imputation, survival, settings, cluster)
        return replace(found, completed=completed)
    encoding = fit_encoding(stacked(tables), settings.continuous)
    over = Over(tables, encoding, survival, cluster)
    alone = tuple(_alone_over(key, over) for key in tables[0].variables)
    entered = tuple(row.variable for row in alone if row.model is not None)
    if settings.clinical == "univariable-backward":
        entered = tuple(row.variable for row in alone if row.p_value < settings.univariable_p)
    set_aside: tuple[tuple[str, Reason], ...] = ()
    for table in tables:
        entered, more = _fittable(entered, alone, table, encoding, survival)
        set_aside += more
    kept = entered
    if settings.clinical != "all":
        by_aic = settings.clinical == "backward-aic"
        kept = over.eliminate(entered, stay_p=None if by_aic else settings.stay_p)
    return ClinicalChoice(
        encoding, imputation, alone, entered, kept, None, set_aside, completed=completed
    )


def _alone_over(key: str, over: Over) -> VariableAlone:
    """Fit one variable's own Cox model to every completed data set, and pool them."""
    fits = [
        fit_alone(key, table, over.encoding, over.survival, over.cluster) for table in over.tables
    ]
    without = next((one for one in fits if one.model is None), None)
    if without is not None:
        return without
    results = [one.model.result_ for one in fits if one.model is not None]
    pooled = pool_cox(results)
    return replace(fits[0], p_value=pooled.wald.p_value, pooled=pooled)


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
