"""From one feature set to its signature: every step learns from the cases it is given, only."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.deep.finetune import FineTuned
from trephine.errors import ModelError
from trephine.modelling.cases import FeatureSet
from trephine.modelling.feature_training import train_features, training_step, with_block
from trephine.modelling.learner import LearnedWeights, learn_weights
from trephine.modelling.protocols import ChainSettings
from trephine.modelling.reliability import FEWEST_SUBJECTS, Agreement, agreements, smallest_icc
from trephine.modelling.signature import Signature, empty_signature
from trephine.regression.folds import assign_folds
from trephine.selection.audit import AuditRow, SelectionStepResult, step_result
from trephine.selection.completeness import keep_complete
from trephine.selection.redundancy import prune_correlated
from trephine.selection.relevance import cox_score_test, mann_whitney
from trephine.types import FloatArray, IntArray, Survival

# Folds of a chain that is refitted whole, because its filter looks at the outcome.
REFITS = 5

QUARTILES = (0.25, 0.5, 0.75)
TO_QUARTILE = 0.6744897501960817  # normal quantile of 0.75

ICC_STEP = "ICC between and within raters"
_TOO_FEW_READ = (
    f"no feature removed: fewer than {FEWEST_SUBJECTS} of the training cases were read twice"
)

# Largest value whose square, summed over cases, is sure to fit a number.
_SQUARES_FIT = 1e150


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


class _Funnel:
    """Standardised features of the training cases, and those of them that are left."""

    def __init__(self, features: FeatureSet, winsorise: float) -> None:
        self.features = features
        self.names = np.array(features.names, dtype=object)
        values = features.values
        self.bounds: tuple[FloatArray, FloatArray] | None = None
        if np.isfinite(winsorise):
            self.bounds = _fences(values, winsorise)
            values = np.clip(values, *self.bounds)
        self.centre, self.scale = _moments(values)
        # A missing value becomes the mean; how many there may be, the completeness step decides.
        self.standardised = np.nan_to_num((values - self.centre) / self.scale)
        self.left = np.arange(len(features.names))
        self.audit: list[AuditRow] = []

    def pour(self, step: SelectionStepResult) -> None:
        """Apply a step's decision on the features that are left."""
        self.left = self.left[step.keep]
        self.audit.append(step.audit)

    def names_left(self) -> tuple[str, ...]:
        return tuple(self.names[self.left])

    def values_left(self) -> FloatArray:
        left: FloatArray = self.standardised[:, self.left]
        return left


def fit_chain(
    features: FeatureSet,
    survival: Survival,
    patient: IntArray,
    settings: ChainSettings,
    rng: np.random.Generator,
) -> FittedChain:
    """Fit the selection chain of the paper to one feature set.

    The steps (paper.md, Feature selection and signature establishment): completeness and
    outliers, z-score, ICC between and within raters, relevance, redundancy, penalised Cox. A
    step that a protocol leaves out leaves no audit row.

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
    """
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
    funnel = _Funnel(features, settings.winsorise)
    if tuned is not None:
        funnel.pour(training_step(tuned, len(features.names)))
    found = agreements(features, settings.icc_form)
    funnel.pour(
        keep_complete(
            features.values,
            max_missing_share=settings.max_missing,
            fence=settings.outlier_fence,
            max_outlier_share=settings.max_outliers,
        )
    )
    funnel.pour(_keep_all("z-score", _standardisation(settings), len(funnel.left)))
    if found:
        icc = smallest_icc(found, len(features.names))
        funnel.pour(_reliable(icc[funnel.left], settings))
    elif features.raters or features.repeats:
        funnel.pour(_keep_all(ICC_STEP, _TOO_FEW_READ, len(funnel.left)))
    if settings.relevance != "none" and len(funnel.left):
        funnel.pour(_relevant(funnel.values_left(), survival, settings))
    if settings.correlation < 1 and len(funnel.left):
        funnel.pour(
            prune_correlated(funnel.values_left(), settings.correlation, names=funnel.names_left())
        )
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


def _fences(values: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """Return the values beyond which each feature is brought in, each shape (p,).

    They lie ``width`` standard deviations from the median, and either side has its own, told from
    its quartile (median to quartile is 0.6745 of a normal standard deviation): a long tail does not
    set its own bound. A side whose quartile is the median takes the plain standard deviation.
    """
    whole = np.isfinite(values).all(axis=0)
    low, median, high = np.full((3, values.shape[1]), np.nan)
    low[whole], median[whole], high[whole] = np.quantile(values[:, whole], QUARTILES, axis=0)
    some = np.flatnonzero(~whole & np.isfinite(values).any(axis=0))
    if some.size:
        low[some], median[some], high[some] = np.nanquantile(values[:, some], QUARTILES, axis=0)
    _, scale = _moments(values)
    below, above = (median - low) / TO_QUARTILE, (high - median) / TO_QUARTILE
    below, above = np.where(below > 0, below, scale), np.where(above > 0, above, scale)
    return median - width * below, median + width * above


def _moments(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each feature's mean and standard deviation (n - 1), 1 where it does not vary."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    # The square of 1e300 fits no number: such a column is brought down first, others stay.
    largest = np.abs(filled).max(axis=0, initial=0.0)
    unit = np.where(largest > _SQUARES_FIT, largest, 1.0)
    filled = filled / unit
    centre = filled.sum(axis=0) / count
    spread = np.where(known, filled - centre, 0.0)
    scale = unit * np.sqrt((spread**2).sum(axis=0) / np.maximum(count - 1, 1))
    return centre * unit, np.where(scale > 0, scale, 1.0)


def _keep_all(step: str, detail: str, n: int) -> SelectionStepResult:
    keep = np.ones(n, dtype=np.bool_)
    return step_result(step, keep, reason="", threshold=np.nan, detail=detail)


def _standardisation(settings: ChainSettings) -> str:
    if np.isfinite(settings.winsorise):
        return f"mean 0, SD 1, values beyond {settings.winsorise:g} SD (by quartiles) brought in"
    return "mean 0, SD 1"


def _reliable(icc: FloatArray, settings: ChainSettings) -> SelectionStepResult:
    return step_result(
        ICC_STEP,
        icc >= settings.icc_threshold,
        reason="ICC too low",
        threshold=settings.icc_threshold,
        detail=f"ICC({settings.icc_form}) ≥ {settings.icc_threshold:g}",
    )


def _relevant(
    standardised: FloatArray, survival: Survival, settings: ChainSettings
) -> SelectionStepResult:
    if settings.relevance == "mann-whitney":
        if survival.event.all() or not survival.event.any():
            raise ModelError(
                "the Mann-Whitney U test of features compares cases with and without the event:"
                f" expected some of each, found {int(survival.event.sum())} of {len(survival)}"
                " cases with it"
            )
        name, p_value = "Mann-Whitney U test", mann_whitney(standardised, survival.event).p_value
    else:
        name, p_value = "Cox score test", cox_score_test(standardised, survival).p_value
    return step_result(
        name,
        p_value < settings.relevance_p,
        reason="not related to the event",
        threshold=settings.relevance_p,
        detail=f"p < {settings.relevance_p:g}",
    )


def _weighted(learned: LearnedWeights) -> SelectionStepResult:
    penalty = learned.cross_validation.lambda_min
    detail = f"λ min = {penalty:.4g}, mixture {learned.mixture:g}"
    if learned.learner == "adaptive-ridge":
        step = "Ridge Cox, averaged"
        adaptivities = ", ".join(f"{member.adaptivity:g}" for member in learned.members)
        detail = f"mean of ridge models of score adaptivity {adaptivities}, each at its λ min"
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


def _signature(funnel: _Funnel, learned: LearnedWeights) -> Signature:
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
    )
    distance = signature.distance(funnel.features.values, funnel.features.names)
    return replace(signature, reach=float(distance.max()))
