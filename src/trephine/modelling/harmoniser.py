"""Harmonisation of one feature set between centres, as a step of the recipe that learns.

ComBat (``harmonise``) is fitted to training cases with every clinical variable as a covariate, so
that differences between the centres' patients are kept; the outcome is never looked at. A centre
of which training held fewer than three cases, or none, has no effect that could be known: its
cases count as measured, and the prediction says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.encoding import fit_encoding
from trephine.modelling.harmonise import FEWEST_CASES, Combat, fit_combat
from trephine.modelling.imputation import Imputation, fit_imputation
from trephine.modelling.terms import Term
from trephine.selection.audit import AuditRow
from trephine.types import BoolArray, FloatArray, IntArray

STEP = "ComBat between centres"


@dataclass(frozen=True)
class Harmoniser:
    """Centre effects of some features of one set.

    Attributes
    ----------
    names
        Of the m features that are corrected.
    combat
        Their centre effects.
    terms
        Covariates whose differences are kept.
    imputation
        Fills covariates that a case lacks, with the training cases' values.
    """

    names: tuple[str, ...]
    combat: Combat
    terms: tuple[Term, ...]
    imputation: Imputation

    def knows(self, centre: IntArray | None, n: int) -> BoolArray:
        """Say which of n cases come from a centre whose effects are known, shape (n,)."""
        if centre is None:
            return np.zeros(n, dtype=np.bool_)
        known: BoolArray = np.isin(centre, self.combat.centres)
        return known

    def apply(
        self, features: FeatureSet, clinical: ClinicalTable, centre: IntArray | None
    ) -> FeatureSet:
        """Return the features without the centres' effects, every rater's reading alike.

        Parameters
        ----------
        features
            Of n cases; features of other names stay as they are.
        clinical
            Of the same cases; covariates that are absent are filled in.
        centre
            Codes as in training, shape (n,); cases of other centres stay as measured, and so do
            all without codes.
        """
        known = self.knows(centre, len(features.values))
        position = {name: column for column, name in enumerate(features.names)}
        own = [j for j, name in enumerate(self.names) if name in position]
        if centre is None or not known.any() or not own:
            return features
        combat = _columns_of(self.combat, own)
        columns = np.array([position[self.names[j]] for j in own])
        where = np.ix_(np.flatnonzero(known), columns)
        covariates = self._covariates(clinical)[known]
        codes = centre[known]

        def clear(values: FloatArray) -> FloatArray:
            cleared = values.copy()
            cleared[where] = combat.apply(values[where], codes, covariates)
            return cleared

        return replace(
            features,
            values=clear(features.values),
            raters={rater: clear(values) for rater, values in features.raters.items()},
            repeats={rater: clear(values) for rater, values in features.repeats.items()},
            perturbed=tuple(clear(values) for values in features.perturbed),
        )

    def only(self, names: Sequence[str]) -> Harmoniser:
        """Return the part that some features need."""
        wanted = set(names)
        own = [j for j, name in enumerate(self.names) if name in wanted]
        kept = tuple(self.names[j] for j in own)
        return replace(self, names=kept, combat=_columns_of(self.combat, own))

    def _covariates(self, clinical: ClinicalTable) -> FloatArray:
        """Return the terms of n cases; one whose variable is not given is at training's mean."""
        filled = self.imputation.fill(clinical)
        covariates = np.tile(self.combat.covariate_mean, (len(clinical), 1))
        for j, term in enumerate(self.terms):
            if term.variable in clinical.variables:
                covariates[:, j] = term.column(filled)
        return covariates


def fit_harmoniser(
    features: FeatureSet, cases: Cases, max_missing: float
) -> tuple[Harmoniser | None, AuditRow]:
    """Fit the centre effects of one feature set to training cases.

    Parameters
    ----------
    features
        One of the cases' feature sets.
    cases
        Training cases; their outcome is not looked at.
    max_missing
        Share of missing values beyond which a feature is left alone (the completeness step drops
        it); up to that, the feature's mean stands in.

    Returns
    -------
    None where there is nothing to compare (fewer than two centres of three cases, or two
    features), and in any case what the audit says.
    """
    n_features = len(features.names)
    centre = cases.centre
    counts = _counts(centre)
    usable = np.array([code for code, count in counts.items() if count >= FEWEST_CASES])
    missing = np.isnan(features.values).mean(axis=0)
    spread = np.nanmax(features.values, axis=0, initial=-np.inf) - np.nanmin(
        features.values, axis=0, initial=np.inf
    )
    chosen = np.flatnonzero((missing <= max_missing) & (spread > 0))
    if centre is None or usable.size < 2 or chosen.size < 2:
        detail = (
            f"not applied: {usable.size} centres with {FEWEST_CASES} cases among the training"
            " cases, two are needed; all features as measured"
        )
        return None, AuditRow(STEP, n_features, n_features, detail=detail)
    rows = np.isin(centre, usable)
    values = features.values[rows][:, chosen]
    filled = np.where(np.isnan(values), np.nanmean(values, axis=0), values)
    imputation = fit_imputation(cases.clinical)
    clinical = imputation.fill(cases.clinical.take(rows))
    terms = _independent(clinical, centre[rows])
    covariates = _matrix(terms, clinical)
    combat = fit_combat(filled, centre[rows], covariates)
    left = len(counts) - usable.size
    kept = f"; effects preserved of covariate terms: {len(terms)}" if terms else ""
    detail = f"{usable.size} centres{kept}" + (
        f"; {left} centres of fewer than {FEWEST_CASES} cases as measured" if left else ""
    )
    names = tuple(features.names[j] for j in chosen)
    audit = AuditRow(STEP, n_features, n_features, detail=detail)
    return Harmoniser(names, combat, terms, imputation), audit


def _counts(centre: IntArray | None) -> dict[int, int]:
    if centre is None:
        return {}
    codes, counts = np.unique(centre, return_counts=True)
    return dict(zip(codes.tolist(), counts.tolist(), strict=True))


def _independent(clinical: ClinicalTable, centre: IntArray) -> tuple[Term, ...]:
    """Return the clinical terms that neither the centres nor the terms before explain."""
    encoding = fit_encoding(clinical, "linear")
    design = (centre[:, np.newaxis] == np.unique(centre)).astype(np.float64)
    kept = []
    for term in encoding.columns(tuple(clinical.variables)):
        column = term.column(clinical)
        spread = column.std()
        if spread == 0:
            continue
        wider = np.column_stack([design, (column - column.mean()) / spread])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            design = wider
            kept.append(term)
    return tuple(kept)


def _matrix(terms: Sequence[Term], clinical: ClinicalTable) -> FloatArray:
    columns = [term.column(clinical) for term in terms]
    return np.column_stack(columns) if columns else np.empty((len(clinical), 0))


def _columns_of(combat: Combat, own: list[int]) -> Combat:
    return replace(
        combat,
        mean=combat.mean[own],
        effects=combat.effects[:, own],
        scale=combat.scale[own],
        shift=combat.shift[:, own],
        spread=combat.spread[:, own],
    )
