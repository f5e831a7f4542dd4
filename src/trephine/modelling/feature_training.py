"""Features that are learned too: a network's last block, trained on the training cases alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from trephine.deep.finetune import FineTuned, finetune_last_block
from trephine.deep.last_block import LastBlock
from trephine.deep.settings import FineTuneSettings
from trephine.errors import InputError
from trephine.modelling.cases import FeatureSet
from trephine.selection.audit import SelectionStepResult, step_result
from trephine.types import IntArray, Survival

STEP = "Fine-tuning"


def train_features(
    features: FeatureSet,
    survival: Survival,
    patient: IntArray,
    settings: FineTuneSettings | None,
    rng: np.random.Generator,
) -> FineTuned | None:
    """Train a feature set's network; None where there is nothing to train.

    Parameters
    ----------
    features, survival, patient
        Training cases; nothing else is ever looked at.
    settings
        How; None leaves every network as it is.
    rng
        Source of the patients held back and of the order of the steps.

    Raises
    ------
    ModelError
        If there are too few events.
    """
    if settings is None or features.maps is None:
        return None
    maps = features.maps
    return finetune_last_block(maps.block, maps.maps(), survival, patient, settings, rng)


def with_block(features: FeatureSet, block: LastBlock) -> FeatureSet:
    """Return the feature set as a trained block gives it, every reading of it.

    The readings of the other raters go through the same block, so that their agreement is that of
    the features which enter the signature.

    Raises
    ------
    InputError
        If the features come from another network and there is nothing to compute them anew from.
    """
    if features.network == block.sha256:
        return features
    maps = features.maps
    if maps is None:
        raise InputError(
            f"feature set {features.name}: expected features of the network {block.sha256[:12]},"
            f" whose last block was trained, found {features.network[:12] or 'a table of them'};"
            " give images and masks"
        )
    return replace(
        features,
        values=maps.features(block, maps.keys),
        raters={name: maps.features(block, keys) for name, keys in maps.raters.items()},
        repeats={name: maps.features(block, keys) for name, keys in maps.repeats.items()},
        network=block.sha256,
    )


def with_blocks(
    features: Mapping[str, FeatureSet], blocks: Mapping[str, LastBlock]
) -> dict[str, FeatureSet]:
    """Return the first reading of feature sets as their trained blocks give it, others as is.

    Predictions come from first readings only.
    """
    return {
        name: with_block(given.first_reading(), blocks[name]) if name in blocks else given
        for name, given in features.items()
    }


def training_step(tuned: FineTuned, n_features: int) -> SelectionStepResult:
    """Return what the audit lists of a training; it removes no feature."""
    losses = tuned.held_back_loss
    if tuned.best_epoch:
        kept = (
            f"pass {tuned.best_epoch} of {len(losses) - 1} kept, held-back loss"
            f" {losses[0]:.3f} to {losses[tuned.best_epoch]:.3f}"
        )
    else:
        kept = f"none of {len(losses) - 1} passes kept: nothing learned held for others"
    detail = (
        f"last block, Cox partial likelihood; {kept}; trained on {tuned.n_training_cases} cases"
        f" ({tuned.n_training_events} events), stopped by {tuned.n_held_back_cases}"
        f" ({tuned.n_held_back_events})"
    )
    keep = np.ones(n_features, dtype=np.bool_)
    return step_result(STEP, keep, reason="", threshold=np.nan, detail=detail)
