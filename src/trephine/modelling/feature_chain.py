"""From one feature set to its signature: every step learns from the cases it is given, only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.deep.finetune import FineTuned
from trephine.modelling.cases import FeatureSet
from trephine.modelling.chain_steps import STEPS, Training
from trephine.modelling.feature_training import train_features, training_step, with_block
from trephine.modelling.funnel import Funnel
from trephine.modelling.learner import LearnedWeights, learn_weights
from trephine.modelling.protocols import ChainSettings
from trephine.modelling.reliability import Agreement, agreements
from trephine.modelling.signature import Signature, empty_signature
from trephine.regression.folds import assign_folds
from trephine.selection.audit import AuditRow, SelectionStepResult, step_result
from trephine.types import BoolArray, FloatArray, IntArray, Survival

# Folds of a chain that is refitted whole, because its filter looks at the outcome.
REFITS = 5


@dataclass(frozen=True)
class FittedChain:
    """A signature and how it came about.

    Attributes
    ----------
    signature
        What predicts.
    audit
        One row a step, in order.
    training_score
        Signature of the training cases, shape (n,).
    out_of_fold_score
        The same from inner models that had not seen the case, shape (n,).
    learned
        The penalised fit; None where no feature reached it.
    candidates
        Names of the features that reached it.
    agreements
        ICC of all p features between and within raters.
    tuned
        The training of the network; None where it stays as it is.
    """

    signature: Signature
    audit: tuple[AuditRow, ...]
    training_score: FloatArray
    out_of_fold_score: FloatArray
    learned: LearnedWeights | None
    candidates: tuple[str, ...]
    agreements: tuple[Agreement, ...]
    tuned: FineTuned | None = None

    def features(self, given: FeatureSet) -> FeatureSet:
        """Return the features that the signature reads, of these or of other cases."""
        return given if self.tuned is None else with_block(given, self.tuned.block)


def fit_chain(
    features: FeatureSet,
    survival: Survival,
    patient: IntArray,
    settings: ChainSettings,
    rng: np.random.Generator,
) -> FittedChain:
    """Fit the selection chain of the paper to one feature set.

    The steps of `STEPS`, then the penalised Cox model. A step that a protocol leaves out leaves no
    audit row.

    Parameters
    ----------
    features, survival, patient
        Training cases.
    settings
        Which steps and thresholds.
    rng
        Source of the inner folds.

    Notes
    -----
    A relevance filter, and a network that is trained, look at the outcome before the inner folds
    are drawn. Where scores must be out of fold (folds by patient), the whole chain, training and
    all, is then refitted without each fold; without them the learner's own inner folds give the
    same for nothing. The penalty is chosen on features of the network that all training cases
    trained, so it is a little small: nested cross-validation sees what that costs.

    Where cases without any value count as the mean, everything is learned from the others, and the
    score of these is 0, which is the mean of training.
    """
    present = features.present if features.absent_is_mean else np.ones(len(survival), np.bool_)
    if not present.all():
        return _of_all(
            fit_chain(
                features.take(present), survival.take(present), patient[present], settings, rng
            ),
            present,
        )
    chain = _fit_once(features, survival, patient, settings, rng)
    looked_ahead = settings.relevance != "none" or chain.tuned is not None
    if not looked_ahead or settings.fold_unit == "case" or chain.learned is None:
        return chain
    scores = np.zeros(len(survival))
    folds = assign_folds(REFITS, patient, survival.event, rng)
    for fold in range(REFITS):
        train, test = folds != fold, folds == fold
        part = _fit_once(features.take(train), survival.take(train), patient[train], settings, rng)
        held_out = part.features(features.take(test).first_reading())
        scores[test] = part.signature.score(held_out.values, held_out.names)
    return replace(chain, out_of_fold_score=scores)


def _of_all(chain: FittedChain, present: BoolArray) -> FittedChain:
    """Return a chain that was fitted to some cases with scores of all, 0 of the others."""
    scores = np.zeros((2, present.size))
    scores[:, present] = chain.training_score, chain.out_of_fold_score
    return replace(chain, training_score=scores[0], out_of_fold_score=scores[1])


def _fit_once(
    features: FeatureSet,
    survival: Survival,
    patient: IntArray,
    settings: ChainSettings,
    rng: np.random.Generator,
) -> FittedChain:
    """Fit the chain; its out-of-fold scores are those of the learner's inner folds."""
    tuned = train_features(features, survival, patient, settings.finetune, rng)
    if tuned is not None:
        features = with_block(features, tuned.block)
    funnel = Funnel(features, settings.winsorise)
    if tuned is not None:
        funnel.pour(training_step(tuned, len(features.names)))
    found = agreements(features, settings.icc_form)
    for step in STEPS:
        decided = step(Training(funnel, found, survival, settings))
        if decided is not None:
            funnel.pour(decided)
    candidates = funnel.names_left()
    if not candidates:
        nothing = np.zeros(len(survival))
        signature = empty_signature(features.name)
        return FittedChain(signature, tuple(funnel.audit), nothing, nothing, None, (), found, tuned)
    values = funnel.values_left()
    learned = learn_weights(values, survival, patient, settings, rng)
    funnel.pour(_weighted(learned))
    return FittedChain(
        signature=_signature(funnel, learned),
        audit=tuple(funnel.audit),
        training_score=values @ learned.weights,
        out_of_fold_score=learned.out_of_fold,
        learned=learned,
        candidates=candidates,
        agreements=found,
        tuned=tuned,
    )


def _weighted(learned: LearnedWeights) -> SelectionStepResult:
    penalty = learned.cross_validation.lambda_min
    detail = f"λ min = {penalty:.4g}, mixture {learned.mixture:g}"
    if learned.learner == "adaptive-ridge":
        step = "Ridge Cox, averaged"
        adaptivities = ", ".join(f"{member.adaptivity:g}" for member in learned.members)
        detail = f"weighted mean of ridge models, adaptivity {adaptivities}, each at its own λ min"
    elif learned.mixture == 1:
        step = "LASSO-Cox"
    elif learned.mixture == 0:
        step = "Ridge Cox"
    else:
        step = "Elastic-net Cox"
    return step_result(
        step,
        learned.weights != 0,
        reason="weight 0",
        threshold=penalty,
        detail=detail,
    )


def _signature(funnel: Funnel, learned: LearnedWeights) -> Signature:
    chosen = funnel.left
    if not len(chosen):
        return empty_signature(funnel.features.name)
    values = funnel.features.values[:, chosen]
    floor, ceiling = (b[chosen] for b in funnel.bounds) if funnel.bounds else (None, None)
    signature = Signature(
        feature_set=funnel.features.name,
        names=funnel.names_left(),
        weights=learned.weights[learned.weights != 0],
        centre=funnel.centre[chosen],
        scale=funnel.scale[chosen],
        low=np.nanmin(values, axis=0),
        high=np.nanmax(values, axis=0),
        floor=floor,
        ceiling=ceiling,
        reach=0.0,
        absent_is_mean=funnel.features.absent_is_mean,
    )
    distance = signature.distance(funnel.features.values, funnel.features.names)
    return replace(signature, reach=float(distance.max()))
