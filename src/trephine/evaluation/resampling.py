"""Repeated nested cross-validation: whole recipes refitted, whole patients held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trephine.executors import Executor, Progress, executor
from trephine.modelling.cases import Cases
from trephine.modelling.folds import assign_folds
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.types import FloatArray, IntArray


@dataclass(frozen=True)
class Refit:
    """What one refit of the recipe leaves behind.

    Attributes
    ----------
    weights
        Signature weights by feature set and feature: those that were selected.
    clinical
        Clinical variables that stayed.
    penalty, mixture
        lambda_min and elastic-net mixture by feature set; absent where nothing was learned.
    """

    weights: Mapping[str, Mapping[str, float]]
    clinical: tuple[str, ...]
    penalty: Mapping[str, float]
    mixture: Mapping[str, float]


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of every case by recipes that had not seen its patient.

    Attributes
    ----------
    horizons
        Of the event probabilities, k of them.
    fold
        Outer fold of each case in each repeat, shape (repeats, n).
    linear_predictor
        By model, shape (repeats, n). Comparable within a fold: each fold has its own model.
    event_probability
        By model, shape (repeats, n, k); NaN past the last follow-up of a training part.
    refits
        One a repeat and fold.
    """

    horizons: tuple[float, ...]
    fold: IntArray
    linear_predictor: Mapping[str, FloatArray]
    event_probability: Mapping[str, FloatArray]
    refits: tuple[Refit, ...]

    @property
    def repeats(self) -> int:
        """How often every case was predicted."""
        return int(self.fold.shape[0])


@dataclass(frozen=True)
class _Task:
    """One outer fold of one repeat."""

    repeat: int
    fold: int
    train: IntArray
    test: IntArray
    seed: np.random.SeedSequence


@dataclass(frozen=True)
class _Answer:
    task: _Task
    linear_predictor: dict[str, FloatArray]
    event_probability: dict[str, FloatArray]
    refit: Refit


def nested_cross_validation(
    cases: Cases,
    settings: RecipeSettings,
    horizons: Sequence[float],
    *,
    repeats: int,
    folds: int,
    seed: int,
    workers: int | None = None,
    progress: Progress | None = None,
) -> OutOfFold:
    """Refit the recipe without each outer fold, and predict that fold.

    Folds are drawn by patient and balanced in events. Each refit has its own seed, so that the
    result does not depend on how many workers share them.

    Parameters
    ----------
    cases
        All cases.
    settings
        The recipe.
    horizons
        Times of the event probabilities.
    repeats, folds
        Outer repeats and folds.
    seed
        Of folds and refits.
    workers, progress
        As ``executor``.

    Raises
    ------
    InputError
        If there are too few patients with an event for the folds.
    """
    fold = _draw_folds(cases, repeats, folds, seed)
    tasks = list(_tasks(fold, seed))
    n, k = len(cases), len(horizons)
    names = [name for name, _ in settings.models]
    lp = {name: np.full((repeats, n), np.nan) for name in names}
    probability = {name: np.full((repeats, n, k), np.nan) for name in names}
    refits = []
    with executor(workers, _start, (cases, settings, tuple(horizons))) as run:
        for answer in _answers(run, tasks, progress):
            for name in names:
                lp[name][answer.task.repeat, answer.task.test] = answer.linear_predictor[name]
                found = answer.event_probability[name]
                probability[name][answer.task.repeat, answer.task.test] = found
            refits.append(answer.refit)
    return OutOfFold(tuple(horizons), fold, lp, probability, tuple(refits))


def _draw_folds(cases: Cases, repeats: int, folds: int, seed: int) -> IntArray:
    rows = []
    for child in np.random.SeedSequence([seed, 1]).spawn(repeats):
        rng = np.random.default_rng(child)
        rows.append(assign_folds(folds, cases.patient, cases.survival.event, rng))
    return np.array(rows, dtype=np.int64).reshape(repeats, len(cases))


def _tasks(fold: IntArray, seed: int) -> Iterator[_Task]:
    seeds = iter(np.random.SeedSequence([seed, 2]).spawn(fold.shape[0] * (fold.max() + 1)))
    for repeat, folds in enumerate(fold):
        for held_out in range(int(folds.max()) + 1):
            test = np.flatnonzero(folds == held_out)
            train = np.flatnonzero(folds != held_out)
            yield _Task(repeat, held_out, train, test, next(seeds))


def _answers(run: Executor, tasks: Sequence[_Task], progress: Progress | None) -> Iterator[_Answer]:
    return run.map(_refit, tasks, progress)


# What every refit needs, set once in each worker by _start.
_shared: tuple[Cases, RecipeSettings, tuple[float, ...]]


def _start(cases: Cases, settings: RecipeSettings, horizons: tuple[float, ...]) -> None:
    global _shared
    _shared = (cases, settings, horizons)


def _refit(task: _Task) -> _Answer:
    cases, settings, horizons = _shared
    fitted = fit_recipe(cases.take(task.train), settings, np.random.default_rng(task.seed))
    predicted = fitted.predict(cases.take(task.test), horizons)
    return _Answer(
        task,
        {name: found.linear_predictor for name, found in predicted.items()},
        {name: 1 - found.survival.survival_probability for name, found in predicted.items()},
        summarise_refit(fitted),
    )


def summarise_refit(fitted: FittedRecipe) -> Refit:
    """Return what a refit selected."""
    learned = {name: chain.learned for name, chain in fitted.chains.items() if chain.learned}
    return Refit(
        weights={
            name: dict(zip(chain.signature.names, chain.signature.weights.tolist(), strict=True))
            for name, chain in fitted.chains.items()
        },
        clinical=fitted.clinical.kept if fitted.clinical is not None else (),
        penalty={name: found.cross_validation.lambda_min for name, found in learned.items()},
        mixture={name: found.mixture for name, found in learned.items()},
    )
