"""Which clinical variables enter the models, learned from training cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.choices import Penalty
from trephine.cohort.schema import ClinicalTable
from trephine.errors import Reason
from trephine.modelling.chained_equations import Completed, complete
from trephine.modelling.clinical_settings import ClinicalSettings
from trephine.modelling.conditional import ChainedImputation, fit_conditional
from trephine.modelling.encoding import Encoding, fit_encoding
from trephine.modelling.fittable import fittable, strongest_first
from trephine.modelling.imputation import Imputation, fit_imputation
from trephine.modelling.pooled_choice import Over, stacked
from trephine.modelling.separation import KeptApart, design_frame, keep_separating
from trephine.modelling.terms import Term
from trephine.modelling.variable_alone import VariableAlone, fit_alone
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
        Univariable models, in the plan's order, then those of interactions; empty where selection
        does not look at them.
    entered
        Variables and interactions that the multivariable model started from.
    kept
        Those that stay.
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
    encoding = fit_encoding(table, settings.continuous, settings.interactions)
    alone = tuple(
        fit_alone(key, table, encoding, survival, cluster, settings.separation)
        for key in encoding.terms
    )
    entered = _entering(alone, encoding, settings)
    separating = {row.variable for row in alone if row.separates}
    plain = encoding.whole(tuple(key for key in entered if key not in separating))
    waiting = {key for key in entered if key in encoding.interactions and key not in plain}
    plain, set_aside = fittable(plain, alone, table, encoding, survival)
    elimination = None
    kept = plain
    if plain and settings.clinical != "all":
        elimination = _eliminate(plain, table, encoding, survival, settings, cluster)
        kept = tuple(key for key in plain if key in elimination.kept)
    found = KeptApart((), set_aside)
    if settings.separation == "firth":
        clashing = {key for key, reason in set_aside if reason.kind == "separation"}
        asked = {*entered} & (separating | clashing | waiting)
        apart = strongest_first(alone, asked, encoding)
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
    encoding = fit_encoding(stacked(tables), settings.continuous, settings.interactions)
    over = Over(tables, encoding, survival, cluster)
    alone = tuple(_alone_over(key, over) for key in encoding.terms)
    entered = _entering(alone, encoding, settings)
    set_aside: tuple[tuple[str, Reason], ...] = ()
    for table in tables:
        entered, more = fittable(entered, alone, table, encoding, survival)
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
    wald = pooled.wald
    if key in over.encoding.interactions:
        wald = pooled.wald_test(tuple(term.name for term in over.encoding.terms[key]))
    return replace(fits[0], p_value=wald.p_value, pooled=pooled)


def _entering(
    alone: Sequence[VariableAlone], encoding: Encoding, settings: ClinicalSettings
) -> tuple[str, ...]:
    """Return what the full model starts from: an interaction wherever both its variables are."""
    by_p = settings.clinical == "univariable-backward"
    return encoding.whole(
        tuple(
            row.variable
            for row in alone
            if row.model is not None
            and (
                not by_p
                or row.variable in encoding.interactions
                or row.p_value < settings.univariable_p
            )
        )
    )


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
            rule="aic" if settings.clinical == "backward-aic" else "wald",
            stay_p=settings.stay_p,
            rests_on={key: encoding.alone(key)[:-1] for key in entered},
        ),
        groups=groups,
        cluster=cluster,
    )
