"""Every choice of a recipe, and the two sets of choices that a study is always run with.

``published`` replays the paper's steps (paper.md, Feature selection; Statistical analysis) so that
its kind of result can be reproduced and seen for what it is. ``sound`` is what can be defended
(design.md section 2): nothing supervised before the penalised model, folds by patient, continuous
variables kept continuous, signatures out of fold where they enter another model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trephine.choices import (
    ClinicalSelection,
    Continuous,
    Harmonise,
    IccForm,
    Learner,
    Missing,
    ProtocolName,
    Relevance,
    SignatureTraining,
    Unit,
    Variance,
)
from trephine.deep.settings import FineTuneSettings

# Raised whenever a recipe of equal settings gives other numbers, so that results that were kept
# by an earlier one are not taken for this one's.
RECIPE_VERSION = 3


@dataclass(frozen=True)
class ChainSettings:
    """How one feature set becomes a signature.

    Attributes
    ----------
    harmonise
        ``combat`` takes the centres' effects out of the features first.
    max_missing
        Largest share of missing values a feature may have; they are set to the training mean.
        ``sound`` lets a twentieth pass: one failed value should not cost a feature in all cases.
    outlier_fence, max_outliers
        Quartile distances beyond which a value is an outlier, and the largest share of outliers
        that a feature may have (the paper drops features "with outliers" without a rule).
    icc_form, icc_threshold
        Agreement between and within raters that a feature needs.
    relevance, relevance_p
        Univariable filter.
    correlation
        Of two features correlated above this, one stays; 1 keeps all.
    winsorise
        Values further from the median than so many standard deviations count as so many, each
        side's being told from its quartile; infinity leaves them as they are.
    learner
        ``adaptive-ridge``: the average of ``adaptive_ridge``; ``penalised-cox``: the elastic net.
    mixtures
        Elastic-net mixtures (1 lasso, 0 ridge) among which inner cross-validation chooses.
    inner_folds, fold_unit
        Inner cross-validation, drawn by case or by patient.
    finetune
        How the network behind a set of deep features is trained first; None leaves it as it is.
    """

    harmonise: Harmonise = "none"
    max_missing: float = 0.0
    outlier_fence: float = 3.0
    max_outliers: float = 0.05
    icc_form: IccForm = "2,1"
    icc_threshold: float = 0.75
    relevance: Relevance = "none"
    relevance_p: float = 0.05
    correlation: float = 0.9
    winsorise: float = math.inf
    learner: Learner = "penalised-cox"
    mixtures: tuple[float, ...] = (1.0,)
    inner_folds: int = 10
    fold_unit: Unit = "patient"
    finetune: FineTuneSettings | None = None


@dataclass(frozen=True)
class ClinicalSettings:
    """How clinical variables are encoded and chosen.

    Attributes
    ----------
    continuous
        As measured, or cut in two at the training median.
    selection
        ``univariable-backward``: p below ``enter_p`` alone, then backward by Wald p above
        ``stay_p``; ``backward-aic``: backward by AIC; ``all``: every variable.
    missing
        ``drop`` expects complete cases; ``impute`` fills training medians and most frequent levels.
    """

    continuous: Continuous = "linear"
    selection: ClinicalSelection = "backward-aic"
    enter_p: float = 0.1
    stay_p: float = 0.05
    missing: Missing = "drop"


@dataclass(frozen=True)
class RecipeSettings:
    """All of a recipe.

    Attributes
    ----------
    protocol
        Whose choices these are.
    chain, clinical
        Of the signatures and of the clinical variables.
    models
        Model name to its parts, each "clinical" or the name of a feature set.
    signature_training
        Which signature values the combined models are fitted to: those of the cases that made the
        signature, or out-of-fold ones.
    variance
        ``model``, or ``cluster`` for a sandwich by patient.
    """

    protocol: ProtocolName
    chain: ChainSettings
    clinical: ClinicalSettings
    models: tuple[tuple[str, tuple[str, ...]], ...]
    signature_training: SignatureTraining
    variance: Variance


PUBLISHED_CHAIN = ChainSettings(relevance="mann-whitney", mixtures=(1.0,), fold_unit="case")
PUBLISHED_CLINICAL = ClinicalSettings(continuous="median-cut", selection="univariable-backward")
# Winsorised at 1.5 standard deviations, as Huber's estimators: at n of 70 to 300 it is the wild
# values of a few cases that make weights vary most. Deviations are told from quartiles, side by
# side, since features are skewed as a rule (benchmarks/results/learners.md).
SOUND_CHAIN = ChainSettings(
    max_missing=0.05,
    relevance="none",
    winsorise=1.5,
    learner="adaptive-ridge",
    mixtures=(0.0, 0.1, 0.5, 1.0),
    fold_unit="patient",
)
SOUND_CLINICAL = ClinicalSettings(continuous="linear", selection="backward-aic")
