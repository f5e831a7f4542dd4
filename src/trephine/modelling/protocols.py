"""Every choice of a recipe, and the two sets of choices that a study is always run with.

``PUBLISHED`` replays the steps of the study that this program implements, so that its kind of
result can be reproduced and seen for what it is. ``SOUND`` is what can be defended: nothing
supervised before the penalised model, folds by patient, continuous variables kept continuous,
signatures out of fold where they enter another model.

What a plan may choose under ``[selection]`` is declared once, of features here and of clinical
variables in ``clinical_settings``: ``trephine.plan`` takes ``FeatureSteps`` and ``ClinicalSteps``
as they are. All that differs between protocols is in ``Protocol``; nothing else asks for a protocol
by its name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from trephine.choices import (
    BetweenVisits,
    Harmonise,
    IccForm,
    Kind,
    Learner,
    NullKind,
    ProtocolName,
    Relevance,
    SignatureTraining,
    StandardErrors,
    Unit,
    Variance,
)
from trephine.deep.settings import FineTuneSettings
from trephine.errors import InputError
from trephine.modelling.clinical_settings import ClinicalSettings, ClinicalSteps
from trephine.modelling.frozen_choices import FrozenChoices
from trephine.types import IntArray

# Raised whenever a recipe of equal settings gives other numbers, so that results that were kept
# by an earlier one are not taken for this one's.
RECIPE_VERSION = 6


Models = tuple[tuple[str, tuple[str, ...]], ...]


class FeatureSteps(FrozenChoices):
    """How one feature set becomes a signature, as far as a plan may choose."""

    harmonise: Harmonise = Field(
        default="none",
        description="take the centres' effects out of the features, clinical differences kept;"
        " needs columns.centre",
    )
    max_missing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of missing values a feature may have, the training mean standing in",
    )
    outlier_fence: float = Field(
        default=3.0,
        gt=0,
        description="interquartile ranges beyond a quartile past which a value is an outlier",
    )
    max_outliers: float = Field(
        default=0.05, ge=0, le=1, description="share of outliers a feature may have"
    )
    icc_form: IccForm = Field(
        default="2,1", description="form of the ICC, as Shrout and Fleiss number them"
    )
    icc_threshold: float = Field(
        default=0.75, ge=0, le=1, description="agreement that a feature needs, between and within"
    )
    relevance: Relevance = Field(
        default="none", description="univariable filter; Mann-Whitney is for `published` only"
    )
    relevance_p: float = Field(
        default=0.05, gt=0, le=1, description="p below which a feature passes the filter"
    )
    correlation: float = Field(
        default=0.9, gt=0, le=1, description="of two features correlated above this, one stays"
    )
    winsorise: float = Field(
        default=math.inf,
        gt=0,
        description="clip values more than this many SDs from the median (SD estimated separately"
        " on each side from the quartile); inf switches off",
    )
    learner: Learner = Field(
        default="penalised-cox",
        description="what makes a sound signature: averaged ridge, or elastic net",
    )
    mixtures: tuple[float, ...] = Field(
        default=(1.0,),
        min_length=1,
        description="elastic-net mixtures to choose from: 1 lasso, 0 ridge; naming some asks for"
        " the learner penalised-cox",
    )
    inner_folds: int = Field(
        default=10, ge=3, description="folds in which the penalty of the Cox model is chosen"
    )


class ChainSettings(FeatureSteps):
    """How one feature set becomes a signature: the plan's choices and the protocol's own."""

    fold_unit: Unit = Field(
        default="patient", description="what the inner folds are drawn by: case or patient"
    )
    finetune: FineTuneSettings | None = Field(
        default=None, description="how the network behind a set of deep features is trained first"
    )


@dataclass(frozen=True)
class Protocol:
    """All that differs between two ways of making and judging models.

    Attributes
    ----------
    name
        By which plan, facts and report know it.
    chain, clinical
        Of the signatures and of the clinical variables, where a plan says nothing.
    signature_training
        Which signature values the combined models are fitted to: those of the cases that made the
        signature, or out-of-fold ones.
    variance
        ``model``, or ``cluster`` for a sandwich by patient.
    between_visits
        What an event that visits bracket is taken for: drawn from between them, with a likelihood
        that knows no more, or dated to the visit at which it was seen.
    judged
        The kind of performance by which its models are known.
    null
        How a model is judged where the outcome was permuted.
    kept
        Keys of ``[selection]`` that are its own whatever a plan says.
    refused
        Choices, as (key, value), that it does not follow.
    """

    name: ProtocolName
    chain: ChainSettings
    clinical: ClinicalSettings
    signature_training: SignatureTraining
    variance: Variance
    between_visits: BetweenVisits
    judged: Kind
    null: NullKind
    kept: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    def follow(self, stated: Mapping[str, Any]) -> tuple[ChainSettings, ClinicalSettings]:
        """Return its choices with those that a plan states over them.

        Parameters
        ----------
        stated
            Keys of ``[selection]`` that the plan names, with their values.
        """
        followed = {
            key: value
            for key, value in stated.items()
            if key not in self.kept and (key, value) not in self.refused
        }
        chain, clinical = (
            {key: value for key, value in followed.items() if key in steps.model_fields}
            for steps in (FeatureSteps, ClinicalSteps)
        )
        return self.chain.changed(**chain), self.clinical.changed(**clinical)

    def recipe(self, models: Models, stated: Mapping[str, Any] | None = None) -> RecipeSettings:
        """Return the recipe of some models under this protocol.

        Parameters
        ----------
        models
            Model name to its parts, each "clinical" or the name of a feature set.
        stated
            Keys of ``[selection]`` to change.

        Raises
        ------
        InputError
            If there is no such key.
        """
        known = {*FeatureSteps.model_fields, *ClinicalSteps.model_fields}
        unknown = sorted(set(stated or {}) - known)
        if unknown:
            raise InputError(f"selection: expected keys among {sorted(known)}, found {unknown}")
        return RecipeSettings(self, *self.follow(stated or {}), models)


@dataclass(frozen=True)
class RecipeSettings:
    """All of a recipe.

    Attributes
    ----------
    rules
        The protocol.
    chain, clinical
        Of the signatures and of the clinical variables: the protocol's, with what the plan says.
    models
        Model name to its parts, each "clinical" or the name of a feature set.
    """

    rules: Protocol
    chain: ChainSettings
    clinical: ClinicalSettings
    models: Models

    @property
    def protocol(self) -> ProtocolName:
        """Name of the protocol."""
        return self.rules.name

    @property
    def independent(self) -> bool:
        """Whether standard errors take cases as independent, those of one patient too."""
        return self.rules.variance == "model"

    @property
    def standard_errors(self) -> StandardErrors:
        """Of the models' coefficients."""
        return "model" if self.independent else "cluster-robust"

    def cluster(self, patient: IntArray) -> IntArray | None:
        """Return by whom standard errors are clustered: each case's patient, or None."""
        return None if self.independent else patient


PUBLISHED = Protocol(
    name="published",
    chain=ChainSettings(relevance="mann-whitney", mixtures=(1.0,), fold_unit="case"),
    clinical=ClinicalSettings(continuous="median-cut", clinical="univariable-backward"),
    signature_training="in-sample",
    variance="model",
    between_visits="dated",
    judged="apparent",
    null="apparent",
    kept=("mixtures", "learner", "winsorise", "clinical"),
)
SOUND = Protocol(
    name="sound",
    # One failed value should not cost a feature in all cases, so a twentieth may be missing.
    # Winsorised at 1.5 standard deviations, as Huber's estimators: at n of 70 to 300 it is the
    # wild values of a few cases that make weights vary most. Deviations are estimated from
    # quartiles, side by side, since features are skewed as a rule. Clipped, a far value harms no
    # more, so no feature goes for having some; and none goes for resembling another, since ridge
    # shares a weight between them (docs/learner.md has what each of these choices gains).
    chain=ChainSettings(
        max_missing=0.05,
        max_outliers=1.0,
        correlation=1.0,
        winsorise=1.5,
        learner="adaptive-ridge",
        mixtures=(0.0, 0.1, 0.5, 1.0),
    ),
    clinical=ClinicalSettings(),
    signature_training="out-of-fold",
    variance="cluster",
    between_visits="drawn",
    judged="nested cross-validated",
    null="nested",
    # Mann-Whitney on a censored outcome belongs to the published protocol only.
    refused=(("relevance", "mann-whitney"),),
)
PROTOCOLS: Mapping[ProtocolName, Protocol] = {one.name: one for one in (PUBLISHED, SOUND)}
"""Every protocol, in the order in which a report shows them."""
