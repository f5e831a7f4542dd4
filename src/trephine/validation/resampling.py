"""Repeated nested cross-validation: whole recipes refitted, whole patients or centres held out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from trephine.errors import InputError, ModelError
from trephine.modelling.cases import Cases
from trephine.modelling.protocols import RecipeSettings
from trephine.regression.folds import assign_folds
from trephine.streams import seeds
from trephine.types import FloatArray, IntArray
from trephine.validation.fold_task import FoldTask, read_answer, refit_and_predict
from trephine.validation.held_out import Failure, OutOfFold
from trephine.validation.tasks import (
    ON_ALL_PROCESSORS,
    Running,
    TaskAnswer,
    open_ledger,
    run_tasks,
)


def nested_cross_validation(
    cases: Cases,
    settings: RecipeSettings,
    horizons: Sequence[float],
    *,
    repeats: int,
    folds: int,
    seed: int,
    running: Running = ON_ALL_PROCESSORS,
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
    running
        Workers, progress, and the file in which finished refits are kept, so that an interrupted
        run goes on; none by default.

    Raises
    ------
    InputError
        If there are too few patients with an event for the folds.
    ModelError
        If no repeat could be fitted in all its folds.
    """
    fold = _draw_folds(cases, repeats, folds, seed)
    work = (tuple(horizons), repeats, folds, seed)
    found = _held_out(
        cases, settings, horizons, fold, seed, ("nested beside rivals", work), running
    )
    return _whole_repeats(found)


def _whole_repeats(found: OutOfFold) -> OutOfFold:
    """Return the repeats in which every fold could be fitted.

    Raises
    ------
    ModelError
        If there is none; the first reason is given.
    """
    failed = {failure.repeat for failure in found.failures}
    whole = np.array([r for r in range(found.repeats) if r not in failed], dtype=np.int64)
    if not failed:
        return found
    if not whole.size:
        raise ModelError(
            f"cross-validation: expected a repeat in which every fold can be fitted, found none of"
            f" {found.repeats}; first: {found.failures[0].reason}"
        )

    def cut(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        return {name: array[whole] for name, array in values.items()}

    return replace(
        found,
        fold=found.fold[whole],
        linear_predictor=cut(found.linear_predictor),
        event_probability=cut(found.event_probability),
        signature=cut(found.signature),
        short_signature=cut(found.short_signature),
        high_risk=cut(found.high_risk),
        rivals={name: cut(scores) for name, scores in found.rivals.items()},
    )


def leave_one_centre_out(
    cases: Cases,
    settings: RecipeSettings,
    horizons: Sequence[float],
    *,
    seed: int,
    running: Running = ON_ALL_PROCESSORS,
) -> OutOfFold:
    """Refit the recipe without each centre, and predict that centre's cases.

    What is found shows how well the model travels. Other cases of a held-out patient, if another
    centre has any, are left out of the training too.

    Parameters
    ----------
    cases, settings, horizons, seed, running
        As `nested_cross_validation`.

    Returns
    -------
    One repeat, whose folds are the centres in the order of their codes.

    Raises
    ------
    InputError
        If the cases have no centre, or all the same.
    """
    if cases.centre is None or np.unique(cases.centre).size < 2:
        raise InputError("leave one centre out: expected cases of two centres at least, found one")
    _, codes = np.unique(cases.centre, return_inverse=True)
    fold = codes.astype(np.int64)[np.newaxis]
    work = (tuple(horizons), seed)
    return _held_out(
        cases, settings, horizons, fold, seed, ("centres beside rivals", work), running
    )


def _held_out(
    cases: Cases,
    settings: RecipeSettings,
    horizons: Sequence[float],
    fold: IntArray,
    seed: int,
    work: tuple[str, tuple[object, ...]],
    running: Running,
) -> OutOfFold:
    tasks = list(_tasks(fold, cases.patient, seed))
    answers = run_tasks(
        refit_and_predict,
        tasks,
        (cases, settings, tuple(horizons)),
        read=partial(read_answer, cases, settings, len(horizons)),
        workers=running.workers,
        progress=running.progress,
        ledger=open_ledger(running.ledger, work[0], cases, settings, work[1]),
    )
    models, sets = [name for name, _ in settings.models], list(cases.features)
    return _gathered(zip(tasks, answers, strict=True), fold, tuple(horizons), models, sets)


def _gathered(
    answered: Iterable[tuple[FoldTask, TaskAnswer]],
    fold: IntArray,
    horizons: tuple[float, ...],
    models: Sequence[str],
    sets: Sequence[str],
) -> OutOfFold:
    """Put what each fold's recipe says of its cases in their places."""
    lp, high = ({name: np.full(fold.shape, np.nan) for name in models} for _ in range(2))
    probability = {name: np.full((*fold.shape, len(horizons)), np.nan) for name in models}
    long, short = ({name: np.full(fold.shape, np.nan) for name in sets} for _ in range(2))
    rivals: dict[str, dict[str, FloatArray]] = {name: {} for name in sets}
    refits, failures = [], []
    unseen: dict[str, int] = {}
    for task, answer in answered:
        if "failure" in answer:
            failures.append(Failure(task.repeat, task.fold, answer["failure"]))
            continue
        for name in models:
            lp[name][task.repeat, task.test] = answer["linear_predictor"][name]
            probability[name][task.repeat, task.test] = answer["event_probability"][name]
            high[name][task.repeat, task.test] = answer["high_risk"][name]
        for name, scores in answer["signatures"].items():
            long[name][task.repeat, task.test] = scores["long"]
            short[name][task.repeat, task.test] = scores["short"]
            for rival, values in scores["rivals"].items():
                place = rivals[name].setdefault(rival, np.full(fold.shape, np.nan))
                place[task.repeat, task.test] = values
        refits.append(answer["refit"])
        for key, count in answer["unseen_levels"].items():
            unseen[key] = unseen.get(key, 0) + count
    return OutOfFold(
        horizons,
        fold,
        lp,
        probability,
        tuple(refits),
        long,
        short,
        tuple(failures),
        unseen,
        high,
        rivals,
    )


def _draw_folds(cases: Cases, repeats: int, folds: int, seed: int) -> IntArray:
    rows = []
    for child in seeds(seed, "folds").spawn(repeats):
        rng = np.random.default_rng(child)
        rows.append(assign_folds(folds, cases.patient, cases.survival.event, rng))
    return np.array(rows, dtype=np.int64).reshape(repeats, len(cases))


def _tasks(fold: IntArray, patient: IntArray, seed: int) -> Iterator[FoldTask]:
    if not fold.size:
        return
    children = iter(seeds(seed, "fold fits").spawn(fold.shape[0] * (int(fold.max()) + 1)))
    for repeat, folds in enumerate(fold):
        for held_out in range(int(folds.max()) + 1):
            test = np.flatnonzero(folds == held_out)
            train = np.flatnonzero(~np.isin(patient, patient[test]))
            yield FoldTask(repeat, held_out, train, test, next(children))
