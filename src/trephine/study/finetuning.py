"""What fine-tuning asks of a study before it starts: events enough, and the user's time."""

from __future__ import annotations

import math
import time

import numpy as np

from trephine.deep.runtime import exact_float32
from trephine.deep.settings import FineTuneSettings
from trephine.errors import PlanError
from trephine.executors import worker_count
from trephine.modelling.cases import FeatureSet
from trephine.modelling.feature_chain import REFITS
from trephine.modelling.protocols import PROTOCOLS
from trephine.plan import StudyPlan
from trephine.plan.validation_section import ValidationSection
from trephine.types import Survival
from trephine.validation.bootstrap_optimism import FEWEST_BOOTSTRAPS


def finetune_settings(plan: StudyPlan) -> FineTuneSettings | None:
    """Return how the network is trained; None where it stays as it is.

    Raises
    ------
    PlanError
        If training is asked for and there is no ResNet to train, or centre effects are to be
        taken out of its features.
    """
    own = [one.deep.finetune for one in plan.images.values() if one.deep is not None]
    asked = plan.deep.finetune
    if plan.images and (asked is not None or any(own)):
        raise PlanError(
            "deep.finetune: expected one image of a case ([data] image), found [images] of several:"
            " a network is not trained for each of them; take the section out"
        )
    if asked is None:
        return None
    if not plan.has_images or not plan.deep.enabled:
        raise PlanError(
            "deep.finetune: expected images and [deep] switched on, found a study without deep"
            " features; take the section out"
        )
    if plan.deep.is_network_file:
        raise PlanError(
            "deep.finetune: expected one of the ResNets, found a network file, whose last block"
            " cannot be found; take the section out"
        )
    if plan.deep.slices != "largest":
        raise PlanError(
            'deep.finetune: expected slices = "largest", found'
            f" {plan.deep.slices!r}: the block is trained on one slice of each case; one of the"
            " two must go"
        )
    if plan.selection.harmonise != "none":
        raise PlanError(
            'deep.finetune: expected selection.harmonise = "none", found'
            f" {plan.selection.harmonise!r}: centre effects are fitted to features that the"
            " training then changes; take one of the two out"
        )
    return asked


def fewest_training_events(n_events: int, validation: ValidationSection) -> int:
    """Return the fewest events that any training is given, but for bootstrap samples.

    Out-of-fold scores are made without one of ``REFITS`` inner folds, within a training part of
    the nested cross-validation or the null check where the plan asks for one. A fold may hold an
    event more than its share, where a patient has two.
    """
    folds = [REFITS]
    if validation.repeats or validation.permutations:
        folds.append(validation.folds)
    for count in folds:
        n_events -= math.ceil(n_events / count) + 1
    return max(n_events, 0)


def check_events(n_events: int, plan: StudyPlan) -> None:
    """Refuse fine-tuning of so few events that some refit could not train.

    Raises
    ------
    PlanError
        With what is there and what would do.
    """
    settings = finetune_settings(plan)
    if settings is None:
        return
    left = fewest_training_events(n_events, plan.validation)
    if left < settings.minimum_events:
        raise PlanError(
            f"deep.finetune: expected at least {settings.minimum_events} events in every training,"
            f" found {left} in the smallest (of {n_events} in all, less the folds that are held"
            " out): millions of weights would learn these cases by heart. Take the section out,"
            " the signature then uses the network as it is; or lower minimum_events, knowing that"
        )


def number_of_trainings(validation: ValidationSection, centres: int = 0) -> int:
    """Return how often a run of all protocols trains the last block.

    ``centres`` are those that are left out one by one.
    """
    nested = validation.repeats * validation.folds
    # Each permuted outcome is fitted whole, for the p of signatures, and judged.
    bootstraps = validation.bootstraps if validation.bootstraps >= FEWEST_BOOTSTRAPS else -1
    permutations = validation.permutations + 1 if validation.permutations else 0
    total = 0
    for protocol in PROTOCOLS.values():
        judged = 1 + (validation.folds if protocol.null == "nested" else 0)
        recipes = 1 + centres + nested + (bootstraps + 1) + permutations * judged
        # Signatures whose folds are drawn by patient are scored out of fold, by trainings
        # without each inner fold.
        total += recipes * (1 + REFITS if protocol.chain.fold_unit == "patient" else 1)
    return total


def expected_time(
    features: FeatureSet,
    survival: Survival,
    settings: FineTuneSettings,
    plan: StudyPlan,
    workers: int | None,
    centres: int = 0,
) -> str:
    """Return one line on what the trainings will take here, from one step that is timed.

    The most that it can be: every pass of every training. Training mostly stops long before.

    Parameters
    ----------
    features
        Deep features with their maps.
    survival
        Of the same cases.
    settings, plan
        How and how often the block is trained.
    workers
        Processes.
    centres
        As `number_of_trainings`.
    """
    from trephine.deep.trainable import Trainable

    maps = features.maps
    if maps is None:
        raise PlanError("deep.finetune: expected the maps of the cases, found none")
    rows = np.argsort(~survival.event, kind="stable")[: settings.cases_per_step]
    few = maps.take(rows)
    trainable = Trainable(few.block.module(), few.maps(), survival.take(rows), settings)
    with exact_float32(1):
        trainable.step(np.arange(rows.size))
        start = time.perf_counter()
        trainable.step(np.arange(rows.size))
        spent = time.perf_counter() - start
    count = number_of_trainings(plan.validation, centres)
    processes = max(1, min(count, worker_count(workers)))
    passes = count * len(survival) / rows.size / processes
    fewest, most = (spent * passes * n for n in (1 + settings.patience, settings.epochs))
    return f"{count:,} trainings of the network, {_span(fewest)} to {_span(most)}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
