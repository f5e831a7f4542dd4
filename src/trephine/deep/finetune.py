"""Training the last residual block on survival, on the given training cases alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trephine.deep.embed import Embedder
from trephine.deep.network import Float32Array, ResidualNetwork
from trephine.deep.runtime import exact_float32
from trephine.deep.settings import FineTuneSettings
from trephine.deep.weights import WeightsRecord, state_sha256
from trephine.errors import InputError, ModelError
from trephine.types import BoolArray, FloatArray, IntArray, Survival

if TYPE_CHECKING:
    from trephine.deep.backbone import Block
    from trephine.deep.trainable import Trainable


@dataclass(frozen=True)
class FineTuned:
    """A network whose last block was trained on survival.

    Attributes
    ----------
    embedder
        With the trained block; the one that was given is unchanged.
    head
        Log hazard ratio per unit of each feature, shape (dimension,).
    best_epoch
        The pass whose weights were kept; 0 keeps those from before the training, with a head of
        zeros: nothing was learnt that held for the held-back patients.
    held_back_loss
        Negative log partial likelihood per event of the held-back patients, before the training
        and after each pass.
    n_training_cases, n_training_events, n_held_back_cases, n_held_back_events
        What was trained on, and what decided when to stop.
    """

    embedder: Embedder
    head: FloatArray
    best_epoch: int
    held_back_loss: FloatArray
    n_training_cases: int
    n_training_events: int
    n_held_back_cases: int
    n_held_back_events: int

    def features(self, trunk: Float32Array) -> FloatArray:
        """Return the trained network's features, (n, dimension), from ``extract_trunk``'s maps."""
        return features_from_trunk(self.embedder, trunk)

    def risk_score(self, features: FloatArray) -> FloatArray:
        """Return the head's log relative hazard, (n,), up to a constant; higher is worse."""
        return features @ self.head

    def write_weights(self, path: Path) -> None:
        """Write the network's weights as ``.safetensors``, to be named as ``deep.weights``."""
        from safetensors.torch import save_file

        state = _residual(self.embedder).module.state_dict()
        save_file({key: value.cpu().contiguous() for key, value in state.items()}, path)


def finetune_last_block(
    embedder: Embedder,
    trunk: Float32Array,
    survival: Survival,
    patients: npt.ArrayLike,
    settings: FineTuneSettings,
    generator: np.random.Generator,
) -> FineTuned:
    """Train the last residual block and a linear head on the Cox partial likelihood.

    Everything before the last block stays as it is, so its output is computed once
    (``Embedder.extract_trunk``) and serves every fold. Batch-norm statistics stay too. The cases
    given are the training cases of a fold: patients among them are held back to decide when to
    stop, never the fold's own test cases.

    Parameters
    ----------
    embedder
        With one of the ResNets.
    trunk
        What enters the last block, shape (n, views, channels, h, w).
    survival
        Of the n cases.
    patients
        Which patient each case belongs to, shape (n,): both hips of a patient are held back, or
        neither.
    settings
        How to train.
    generator
        Draws the held-back patients and the order of the steps.

    Raises
    ------
    ModelError
        If there are too few events to train on and to stop by.
    InputError
        If lengths differ, or the network is not one of the ResNets.
    """
    network = _residual(embedder)
    groups = np.unique(np.asarray(patients), return_inverse=True)[1].ravel()
    _check(trunk, survival, groups, settings)
    held_back = hold_back(groups, survival.event, settings.held_back, generator)
    _check_events(survival.event, held_back)

    from trephine.deep.trainable import Trainable

    trainable = Trainable(network, trunk, survival, settings)
    training, stopping = np.flatnonzero(~held_back), np.flatnonzero(held_back)
    with exact_float32(network.threads):
        trainable.standardise(training)
        best_epoch, losses = _train(trainable, training, stopping, settings, generator)
    return FineTuned(
        embedder=_with_block(embedder, trainable.block.requires_grad_(False)),
        head=trainable.head(),
        best_epoch=best_epoch,
        held_back_loss=losses,
        n_training_cases=int(training.size),
        n_training_events=int(survival.event[training].sum()),
        n_held_back_cases=int(stopping.size),
        n_held_back_events=int(survival.event[stopping].sum()),
    )


def _train(
    trainable: Trainable,
    training: IntArray,
    stopping: IntArray,
    settings: FineTuneSettings,
    generator: np.random.Generator,
) -> tuple[int, FloatArray]:
    """Take passes until the held-back loss stops falling; leave the best weights in place."""
    losses = [trainable.loss(stopping)]
    best_epoch = 0
    trainable.remember()
    for epoch in range(1, settings.epochs + 1):
        for cases in steps(trainable.event, training, settings.cases_per_step, generator):
            trainable.step(cases)
        losses.append(trainable.loss(stopping))
        if not np.isfinite(losses[-1]):
            raise ModelError(
                f"deep.finetune: the loss is not finite after pass {epoch}; lower learning_rate"
                f" (now {settings.learning_rate:g})"
            )
        if losses[-1] < losses[best_epoch]:
            best_epoch = epoch
            trainable.remember()
        if epoch - best_epoch >= settings.patience:
            break
    trainable.restore()
    return best_epoch, np.array(losses)


def hold_back(
    groups: IntArray, event: BoolArray, share: float, generator: np.random.Generator
) -> BoolArray:
    """Return which cases are held back: whole patients, the same share with and without events.

    Parameters
    ----------
    groups
        Patient of each case as a code, shape (n,).
    event
        Shape (n,).
    share
        Of the patients, each kind rounded, at least one of each.
    """
    codes = np.unique(groups)
    had_event = np.isin(codes, groups[event])
    chosen = []
    for kind in (codes[had_event], codes[~had_event]):
        count = min(kind.size, max(1, round(share * kind.size)))
        chosen.append(generator.permutation(kind)[:count])
    held: BoolArray = np.isin(groups, np.concatenate(chosen))
    return held


def steps(
    event: BoolArray, cases: IntArray, size: int, generator: np.random.Generator
) -> Iterator[IntArray]:
    """Yield the cases of each step of one pass, in random order, events spread evenly."""
    n_steps = max(1, round(cases.size / size))
    # Dealt like cards, events first: no step is left without a risk set.
    shuffled = generator.permutation(cases)
    dealt = np.concatenate([shuffled[event[shuffled]], shuffled[~event[shuffled]]])
    for start in range(n_steps):
        yield dealt[start::n_steps]


def features_from_trunk(embedder: Embedder, trunk: Float32Array) -> FloatArray:
    """Return the features, (n, dimension), from the maps that enter the last block.

    Equal to ``Embedder.extract`` on the cases that ``Embedder.extract_trunk`` saw.
    """
    network = _residual(embedder)
    size = max(1, embedder.settings.batch_size)
    parts = [
        network.features_from_trunk(trunk[i : i + size].reshape(-1, *trunk.shape[2:]))
        for i in range(0, len(trunk), size)
    ]
    if not parts:
        return np.empty((0, embedder.dimension))
    by_view = np.concatenate(parts).astype(np.float64)
    features: FloatArray = by_view.reshape(*trunk.shape[:2], -1).mean(axis=1)
    return features


def _residual(embedder: Embedder) -> ResidualNetwork:
    if not isinstance(embedder.network, ResidualNetwork):
        raise InputError("deep.finetune: expected one of the ResNets, found a network file")
    return embedder.network


def _check(
    trunk: Float32Array, survival: Survival, groups: IntArray, settings: FineTuneSettings
) -> None:
    if trunk.ndim != 5 or not len(trunk) == len(survival) == groups.size:
        raise InputError(
            f"deep.finetune: expected maps (n, views, channels, h, w), follow-up and patients of"
            f" as many cases, found {trunk.shape}, {len(survival)} and {groups.size}"
        )
    events = int(survival.event.sum())
    if events < settings.minimum_events:
        raise ModelError(
            f"deep.finetune: expected at least {settings.minimum_events} events among the training"
            f" cases, found {events} in {len(survival)}: millions of weights would learn these"
            " cases by heart; leave deep.finetune off, the signature uses the network as it is"
        )


def _check_events(event: BoolArray, held_back: BoolArray) -> None:
    for name, part in (("training", ~held_back), ("held-back", held_back)):
        events, cases = int(event[part].sum()), int(part.sum())
        if events < 2:
            raise ModelError(
                f"deep.finetune: expected at least 2 events among the {name} patients, found"
                f" {events} in {cases} cases; leave deep.finetune off, or raise held_back"
            )


def _with_block(embedder: Embedder, block: Block) -> Embedder:
    """Return the embedder with another last block, on record as fine-tuned.

    The blocks before it are shared, not copied: they do not change, and folds are many.
    """
    network = _residual(embedder)
    origin = network.record
    content = f"{origin.sha256} {state_sha256(block.state_dict())}"
    record = WeightsRecord(
        backbone=origin.backbone,
        source="finetuned",
        name=f"{origin.name}, last block trained",
        sha256=hashlib.sha256(content.encode()).hexdigest(),
    )
    return Embedder(embedder.settings, network.with_last_block(block, record))
