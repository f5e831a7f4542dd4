"""Training the last residual block on survival, on the given training cases alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trephine.deep.last_block import LastBlock
from trephine.deep.runtime import exact_float32
from trephine.deep.settings import FineTuneSettings
from trephine.errors import InputError, ModelError
from trephine.types import BoolArray, Float32Array, FloatArray, IntArray, Survival

if TYPE_CHECKING:
    from trephine.deep.trainable import Trainable


@dataclass(frozen=True)
class FineTuned:
    """A last block that was trained on survival.

    Attributes
    ----------
    block
        The trained block; the one that was given is unchanged.
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

    block: LastBlock
    head: FloatArray
    best_epoch: int
    held_back_loss: FloatArray
    n_training_cases: int
    n_training_events: int
    n_held_back_cases: int
    n_held_back_events: int

    def risk_score(self, features: FloatArray) -> FloatArray:
        """Return the head's log relative hazard, (n,), up to a constant; higher is worse."""
        return features @ self.head


def finetune_last_block(
    block: LastBlock,
    maps: Float32Array,
    survival: Survival,
    patients: npt.ArrayLike,
    settings: FineTuneSettings,
    generator: np.random.Generator,
) -> FineTuned:
    """Train the last residual block and a linear head on the Cox partial likelihood.

    Everything before the last block stays as it is, so its output is computed once
    (``Embedder.extract_trunk``) and serves every fold. Batch-norm statistics stay too. The cases
    given are the training cases of a fold: patients among them are held back to decide when to
    stop, never the fold's own test cases. It runs on the processor, on one thread: the same seed
    gives the same block whatever else the machine does.

    Parameters
    ----------
    block
        As the network has it.
    maps
        What enters the block, shape (n, views, channels, h, w).
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
        If lengths differ.
    """
    groups = np.unique(np.asarray(patients), return_inverse=True)[1].ravel()
    _check(maps, survival, groups, settings)
    held_back = hold_back(groups, survival.event, settings.held_back, generator)
    _check_events(survival.event, held_back)

    from trephine.deep.trainable import Trainable

    trainable = Trainable(block.module(), maps, survival, settings)
    training, stopping = np.flatnonzero(~held_back), np.flatnonzero(held_back)
    with exact_float32(1):
        trainable.standardise(training)
        best_epoch, losses = _train(trainable, training, stopping, settings, generator)
    return FineTuned(
        block=replace(block, state=trainable.state(), trained=True),
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


def _check(
    maps: Float32Array, survival: Survival, groups: IntArray, settings: FineTuneSettings
) -> None:
    if maps.ndim != 5 or not len(maps) == len(survival) == groups.size:
        raise InputError(
            f"deep.finetune: expected maps (n, views, channels, h, w), follow-up and patients of"
            f" as many cases, found {maps.shape}, {len(survival)} and {groups.size}"
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
