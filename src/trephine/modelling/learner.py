"""The learner behind a signature, tuned by inner folds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from trephine.choices import Learner
from trephine.errors import InputError
from trephine.modelling.protocols import ChainSettings
from trephine.regression.adaptive_ridge import RidgeMember, fit_adaptive_ridge
from trephine.regression.coxnet_cv import CoxNetCV, cross_validate
from trephine.regression.coxnet_result import PenaltyGridWarning
from trephine.regression.coxnet_settings import PathSettings
from trephine.regression.folds import assign_folds, random_folds
from trephine.survival.path import SMALLEST_MIXTURE
from trephine.types import FloatArray, IntArray, Survival

# Below a twentieth of the LASSO's first penalty a path at p >> n only interpolates its cases;
# glmnet's own tolerance and early stop hold for the rest. A mixture's first penalty is the LASSO's
# over the mixture, so its path is longer: ridge's best often lies below a thousandth of its first.
PENALTY_RATIO = 0.05
TOLERANCE = 1e-7

# Fewer folds than this say nothing about a penalty.
FEWEST_FOLDS = 3


@dataclass(frozen=True)
class LearnedWeights:
    """Weights of standardised features.

    Attributes
    ----------
    weights
        Log hazard ratio per standard deviation, shape (p,); 0 where a feature is not used.
    out_of_fold
        Score of each training case by the inner model that had not seen it, shape (n,).
    learner
        What made them.
    mixture
        Chosen elastic-net mixture; 0 for an average of ridge models.
    cross_validation
        Of that mixture; of the member with the least deviance for an average.
    candidates
        Cross-validated partial-likelihood deviance per event at the best penalty of each mixture,
        or of each adaptivity.
    folds
        Inner fold of each training case, shape (n,).
    members
        Of an average; empty otherwise.
    """

    weights: FloatArray
    out_of_fold: FloatArray
    learner: Learner
    mixture: float
    cross_validation: CoxNetCV
    candidates: dict[float, float]
    folds: IntArray
    members: tuple[RidgeMember, ...] = ()


def learn_weights(
    standardised: FloatArray,
    survival: Survival,
    patient: IntArray,
    settings: ChainSettings,
    rng: np.random.Generator,
) -> LearnedWeights:
    """Fit the learner that the settings name.

    The penalised Cox model is fitted at lambda_min of the best mixture: all mixtures are compared
    on the same folds, and of equal ones the sparser (the larger mixture) stands.

    Parameters
    ----------
    standardised
        z-scores, shape (n, p).
    survival, patient
        Of the n cases.
    settings
        Mixtures, folds and the unit that folds are drawn by.
    rng
        Source of the folds.
    """
    folds = inner_folds(survival, patient, settings, rng)
    if settings.learner == "adaptive-ridge":
        return _adaptive_ridge(standardised, survival, folds)
    return _penalised_cox(standardised, survival, folds, settings.mixtures)


def _adaptive_ridge(
    standardised: FloatArray, survival: Survival, folds: IntArray
) -> LearnedWeights:
    average = fit_adaptive_ridge(standardised, survival, folds)
    return LearnedWeights(
        weights=average.weights,
        out_of_fold=average.out_of_fold,
        learner="adaptive-ridge",
        mixture=0.0,
        cross_validation=average.leading.cross_validation,
        candidates={member.adaptivity: member.deviance for member in average.members},
        folds=folds,
        members=average.members,
    )


def _penalised_cox(
    standardised: FloatArray, survival: Survival, folds: IntArray, mixtures: tuple[float, ...]
) -> LearnedWeights:
    best: CoxNetCV | None = None
    chosen = 1.0
    candidates: dict[float, float] = {}
    for mixture in sorted(mixtures, reverse=True):
        with warnings.catch_warnings():
            # Told by ``at_edge``, which the report shows.
            warnings.simplefilter("ignore", PenaltyGridWarning)
            fitted = cross_validate(
                standardised,
                survival,
                folds,
                PathSettings(
                    mixture=mixture,
                    penalty_ratio=penalty_ratio(mixture),
                    tolerance=TOLERANCE,
                    early_stop="glmnet",
                ),
            )
        candidates[mixture] = float(fitted.cvm[fitted.index_min])
        if best is None or candidates[mixture] < candidates[chosen]:
            best, chosen = fitted, mixture
    if best is None:
        raise InputError("mixtures: expected one at least, found none")
    return LearnedWeights(
        weights=best.coefficients_min,
        out_of_fold=best.out_of_fold[best.index_min],
        learner="penalised-cox",
        mixture=chosen,
        cross_validation=best,
        candidates=candidates,
        folds=folds,
    )


def elastic_net_weights(
    standardised: FloatArray, survival: Survival, folds: IntArray, mixture: float
) -> FloatArray:
    """Return the weights of standardised features (n, p) by one mixture at lambda_min, (p,).

    Raises
    ------
    ModelError
        If the path has no solution.
    """
    return _penalised_cox(standardised, survival, folds, (mixture,)).weights


def penalty_ratio(mixture: float) -> float:
    """Return the last penalty of a path over its first: all mixtures end at the same penalty."""
    return PENALTY_RATIO * max(mixture, SMALLEST_MIXTURE)


def inner_folds(
    survival: Survival, patient: IntArray, settings: ChainSettings, rng: np.random.Generator
) -> IntArray:
    """Draw the inner folds, fewer where there are too few patients with an event.

    Drawn by case (published), a fold may by chance hold no event; the draw is then repeated.

    Raises
    ------
    InputError
        If not even three folds can be filled.
    """
    with_event = len(np.unique(patient[survival.event]))
    count = min(settings.inner_folds, with_event, len(np.unique(patient)) // 2)
    if count < FEWEST_FOLDS:
        raise InputError(
            f"inner folds: expected {FEWEST_FOLDS} patients with an event at least, found"
            f" {with_event}"
        )
    if settings.fold_unit == "patient":
        return assign_folds(count, patient, survival.event, rng)
    for _ in range(1000):
        folds = random_folds(count, len(survival), rng)
        if len(np.unique(folds[survival.event])) == count:
            return folds
    return assign_folds(count, np.arange(len(survival)), survival.event, rng)
