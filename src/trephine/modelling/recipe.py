"""Everything that learns, in one object: refitting it in a resample refits all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.choices import Penalty
from trephine.cohort.schema import ClinicalTable, capitalised, label_of
from trephine.errors import ModelError, ModelFault
from trephine.modelling.cases import Cases
from trephine.modelling.clinical_choice import ClinicalChoice, choose_clinical
from trephine.modelling.feature_chain import FittedChain, fit_chain
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.harmoniser import Harmoniser, fit_harmoniser
from trephine.modelling.pooled_model import fit_over, other_causes_over
from trephine.modelling.prediction import ModelPrediction, Predictor
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.terms import CLINICAL, Term
from trephine.modelling.training_range import with_full_range
from trephine.selection.audit import AuditRow
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.types import FloatArray, IntArray

# A term, its column among the training cases, shape (1, n), or (m, n) where they were completed
# m times.
Column = tuple[Term, FloatArray]
# What could not enter, and why.
LeftOut = tuple[str, str]


@dataclass(frozen=True)
class FittedRecipe:
    """A recipe fitted to some cases.

    Attributes
    ----------
    settings
        As asked for.
    chains
        By feature set: the signature and its audit.
    clinical
        Which clinical variables stayed, and why; None where no model uses any.
    predictor
        What predicts new cases.
    """

    settings: RecipeSettings
    chains: Mapping[str, FittedChain]
    clinical: ClinicalChoice | None
    predictor: Predictor

    @property
    def models(self) -> Mapping[str, FittedModel]:
        """Fitted models by name."""
        return self.predictor.models

    def signature_values(self, name: str) -> FloatArray:
        """Return the values of a signature that the models were fitted to, shape (n,).

        In-sample or out of fold, as the protocol has it.
        """
        return _training_score(self.chains[name], self.settings)

    def represent(self, cases: Cases) -> Cases:
        """Return cases with the features that the trained networks give, first readings only."""
        return replace(cases, features=self.predictor.represent(cases.features))

    def predict(self, cases: Cases, times: Sequence[float]) -> dict[str, ModelPrediction]:
        """Predict cases by each model; their outcome is not looked at."""
        return self.predictor.predict(cases.features, cases.clinical, times, centre=cases.centre)

    def harmonised(self, cases: Cases) -> Cases:
        """Return cases with the features that the signatures were made for."""
        given = self.predictor.harmonised(cases.features, cases.clinical, cases.centre)
        return replace(cases, features=given)


def fit_recipe(cases: Cases, settings: RecipeSettings, rng: np.random.Generator) -> FittedRecipe:
    """Fit signatures, clinical selection and models to training cases.

    Parameters
    ----------
    cases
        Training cases; nothing else is ever looked at.
    settings
        A protocol's choices.
    rng
        Source of the inner folds.

    Raises
    ------
    ModelError, InputError
        Where a part cannot be fitted to these cases.
    """
    used = {part for _, parts in settings.models for part in parts}
    cases = _with_times(cases, settings, rng)
    cases, harmonisers, cleared = _harmonise(cases, used, settings)
    cluster = settings.cluster(cases.patient)
    chains = {
        name: fit_chain(features, cases.survival, cases.patient, settings.chain, rng)
        for name, features in cases.features.items()
        if name in used
    }
    chains = {
        name: replace(chain, audit=(*cleared.get(name, ()), *chain.audit))
        for name, chain in chains.items()
    }
    clinical = None
    if CLINICAL in used and cases.clinical.variables:
        clinical = choose_clinical(
            cases.clinical,
            cases.survival,
            settings.clinical,
            cluster,
            scores=[_training_score(chain, settings) for chain in chains.values()],
            rng=rng,
        )
    models = {}
    scores = {name: chain.training_score for name, chain in chains.items()}
    for name, parts in settings.models:
        columns, left_out = _columns(parts, cases, chains, clinical, settings)
        penalty = clinical.penalty if clinical is not None and CLINICAL in parts else "none"
        fitted = _fit_columns((name, parts, penalty), columns, left_out, cases, cluster, settings)
        models[name] = with_full_range(fitted, _designs_of(fitted, columns, len(cases)), scores)
    predictor = Predictor(
        signatures={name: chain.signature for name, chain in chains.items()},
        variables=dict(cases.clinical.variables),
        imputation=clinical.imputation if clinical is not None else None,
        models=models,
        blocks={
            name: chain.tuned.block for name, chain in chains.items() if chain.tuned is not None
        },
        harmonisers={
            name: harmoniser.only(chains[name].signature.names)
            for name, harmoniser in harmonisers.items()
        },
    )
    return FittedRecipe(settings, chains, clinical, predictor)


def _with_times(cases: Cases, settings: RecipeSettings, rng: np.random.Generator) -> Cases:
    """Give events between visits a time, from nothing but these cases, where no time is known."""
    survival = cases.survival
    if not isinstance(survival, IntervalSurvival):
        return cases
    dated = settings.rules.between_visits == "dated"
    return cases.with_survival(survival.dated(1.0) if dated else survival.redrawn(rng))


def _harmonise(
    cases: Cases, used: set[str], settings: RecipeSettings
) -> tuple[Cases, dict[str, Harmoniser], dict[str, tuple[AuditRow, ...]]]:
    """Take the centres' effects out of the features, where asked; and how, for the audit."""
    if settings.chain.harmonise == "none":
        return cases, {}, {}
    found: dict[str, Harmoniser] = {}
    rows: dict[str, tuple[AuditRow, ...]] = {}
    features = dict(cases.features)
    for name in features:
        if name not in used:
            continue
        harmoniser, row = fit_harmoniser(features[name], cases, settings.chain.max_missing)
        rows[name] = (row,)
        if harmoniser is not None:
            found[name] = harmoniser
            features[name] = harmoniser.apply(features[name], cases.clinical, cases.centre)
    return replace(cases, features=features), found, rows


def _columns(
    parts: tuple[str, ...],
    cases: Cases,
    chains: Mapping[str, FittedChain],
    clinical: ClinicalChoice | None,
    settings: RecipeSettings,
) -> tuple[list[Column], list[LeftOut]]:
    """Return a model's columns; a part that carries nothing is left out."""
    columns: list[Column] = []
    left_out: list[LeftOut] = []
    for part in parts:
        if part == CLINICAL:
            if clinical is not None and clinical.terms:
                designs = clinical.designs(cases.clinical)
                columns += zip(clinical.terms, np.moveaxis(designs, 2, 0), strict=True)
            else:
                left_out.append((CLINICAL, _no_clinical(clinical, cases.clinical)))
            continue
        chain = chains[part]
        score = _training_score(chain, settings)
        if chain.signature.empty or np.ptp(score) == 0:
            left_out.append((part, "no feature was selected"))
        else:
            label = f"{capitalised(part.replace('_', ' '))} signature"
            columns.append((Term(part, part, "signature", label), score[None]))
    return columns, left_out


def _training_score(chain: FittedChain, settings: RecipeSettings) -> FloatArray:
    in_sample = settings.rules.signature_training == "in-sample"
    return chain.training_score if in_sample else chain.out_of_fold_score


def as_designs(columns: Sequence[FloatArray], n_cases: int) -> FloatArray:
    """Return columns of shape (1, n) or (m, n) as designs, shape (m, n, q)."""
    if not columns:
        return np.empty((1, n_cases, 0))
    return np.stack(np.broadcast_arrays(*columns), axis=2)


def _designs_of(model: FittedModel, columns: Sequence[Column], n_cases: int) -> FloatArray:
    """Return what a model was fitted to of the columns that it was given, shape (m, n, q)."""
    by_name = {term.name: column for term, column in columns}
    return as_designs([by_name[term.name] for term in model.terms], n_cases)


def _no_clinical(clinical: ClinicalChoice | None, table: ClinicalTable) -> str:
    """Return why no clinical variable is in the models: not selected, or not to be fitted."""
    separated = clinical.separated if clinical is not None else ()
    if not separated:
        return "no clinical variable was selected"
    labels = " and ".join(label_of(key, table.variables[key]) for key in separated)
    return f"{labels} cannot be fitted (separation), and no other clinical variable was selected"


def _fit_columns(
    which: tuple[str, tuple[str, ...], Penalty],
    columns: list[Column],
    left_out: list[LeftOut],
    cases: Cases,
    cluster: IntArray | None,
    settings: RecipeSettings,
) -> FittedModel:
    """Fit, and leave out a signature that cannot be held or that points the wrong way.

    An in-sample signature of few events may order them perfectly, and then no maximum of the
    likelihood exists. An out-of-fold signature is made to rise with the risk; if it falls with
    it, it carries nothing, and a negative coefficient would only turn that nothing round.
    """
    name, parts, penalty = which
    unfittable: tuple[str, ...] = ()
    while True:
        terms = [term for term, _ in columns]
        designs = as_designs([column for _, column in columns], len(cases))
        try:
            model = fit_over(
                name,
                parts,
                terms,
                designs,
                cases.survival,
                cluster=cluster,
                left_out=left_out,
                penalty=penalty,
            )
        except ModelError as error:
            worst = _guilty(terms, error)
            if worst is None:
                raise
            reason = _why(terms[worst], error)
            unfittable = (*unfittable, terms[worst].name)
        else:
            worst = _falling(model) if settings.rules.signature_training == "out-of-fold" else None
            if worst is None:
                others = other_causes_over(terms, designs, cases.survival)
                return replace(model, unfittable=unfittable, others=others)
            reason = "its out-of-fold values do not rise with the risk"
        left_out = [*left_out, (terms[worst].name, reason)]
        columns = columns[:worst] + columns[worst + 1 :]


def _guilty(terms: list[Term], error: ModelError) -> int | None:
    """Return the signature that an error names, else the last one; None without signatures."""
    signatures = [j for j, term in enumerate(terms) if term.is_signature]
    named = [j for j in signatures if terms[j].name in error.terms]
    candidates = named or signatures
    return candidates[-1] if candidates else None


_OWN_FAULT: Mapping[ModelFault, str] = {
    "separation": "it separates the events perfectly, so the Cox model has no finite estimate",
    "collinear": "it follows from the other terms of the model",
    "constant": "it does not vary among the cases at risk at any event",
}


def _why(term: Term, error: ModelError) -> str:
    """Return why a model is fitted without a signature."""
    if term.name in error.terms and error.kind in _OWN_FAULT:
        return _OWN_FAULT[error.kind]
    return "the Cox model cannot be fitted with it"


def _falling(model: FittedModel) -> int | None:
    """Return the signature whose coefficient is lowest, where one is not above 0."""
    falling = [
        (coefficient, j)
        for j, (term, coefficient) in enumerate(zip(model.terms, model.coefficients, strict=True))
        if term.is_signature and coefficient <= 0
    ]
    return min(falling)[1] if falling else None
