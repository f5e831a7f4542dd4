"""Repeated nested cross-validation: whole recipes refitted, whole patients or centres held out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import get_args

import numpy as np

from trephine.choices import RivalName
from trephine.errors import InputError, ModelError
from trephine.modelling.approximation import approximate
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.modelling.rivals import rival_scores
from trephine.modelling.signature import Signature
from trephine.regression.folds import assign_folds
from trephine.streams import seeds
from trephine.types import FloatArray, IntArray
from trephine.validation.answers import by_name, numbers, some_by_name
from trephine.validation.held_out import Failure, OutOfFold
from trephine.validation.refits import (
    refit_from_json,
    refit_to_json,
    signature_sets,
    summarise_refit,
)
from trephine.validation.tasks import (
    ON_ALL_PROCESSORS,
    Running,
    TaskAnswer,
    open_ledger,
    run_tasks,
)

# Elastic net beside the signatures is fitted in so many repeats: in all of them it would take as
# long as the rest of the validation.
RIVAL_REPEATS = 2


@dataclass(frozen=True)
class _FoldTask:
    """One outer fold of one repeat."""

    repeat: int
    fold: int
    train: IntArray
    test: IntArray
    seed: np.random.SeedSequence

    @property
    def key(self) -> str:
        return f"{self.repeat}/{self.fold}"


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
        read=partial(_read, cases, settings, len(horizons)),
        workers=running.workers,
        progress=running.progress,
        ledger=open_ledger(running.ledger, work[0], cases, settings, work[1]),
    )
    models, sets = [name for name, _ in settings.models], list(cases.features)
    return _gathered(zip(tasks, answers, strict=True), fold, tuple(horizons), models, sets)


def _gathered(
    answered: Iterable[tuple[_FoldTask, TaskAnswer]],
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


def _tasks(fold: IntArray, patient: IntArray, seed: int) -> Iterator[_FoldTask]:
    if not fold.size:
        return
    children = iter(seeds(seed, "fold fits").spawn(fold.shape[0] * (int(fold.max()) + 1)))
    for repeat, folds in enumerate(fold):
        for held_out in range(int(folds.max()) + 1):
            test = np.flatnonzero(folds == held_out)
            train = np.flatnonzero(~np.isin(patient, patient[test]))
            yield _FoldTask(repeat, held_out, train, test, next(children))


def refit_and_predict(
    cases: Cases, settings: RecipeSettings, horizons: tuple[float, ...], task: _FoldTask
) -> TaskAnswer:
    """Fit the recipe to a task's training cases and predict its test cases.

    A recipe that cannot be fitted to these cases (a level that separates them, a variable without
    a value) is answered with its reason, not raised: the other refits go on.
    """
    train, test = cases.take(task.train), cases.take(task.test)
    try:
        fitted = fit_recipe(train, settings, np.random.default_rng(task.seed))
    except (InputError, ModelError) as error:
        return {"failure": str(error)}
    train, test = fitted.represent(train), fitted.represent(test)
    predicted = fitted.predict(test, horizons)
    return {
        "linear_predictor": {
            name: found.linear_predictor.tolist() for name, found in predicted.items()
        },
        "event_probability": {
            name: (1 - found.survival.survival_probability).tolist()
            for name, found in predicted.items()
        },
        "high_risk": {name: found.high_risk.tolist() for name, found in predicted.items()},
        "signatures": _signature_scores(fitted, train, test, slow=task.repeat < RIVAL_REPEATS),
        "refit": refit_to_json(summarise_refit(fitted)),
        "unseen_levels": {
            found.variable: len(found.rows)
            for found in fitted.predictor.unseen_levels(test.clinical)
        },
    }


def _read(
    cases: Cases, settings: RecipeSettings, n_times: int, task: _FoldTask, answer: TaskAnswer
) -> TaskAnswer:
    """Return the answer of ``refit_and_predict``, its scores as arrays and its refit as one."""
    models, sets = [name for name, _ in settings.models], signature_sets(settings)
    n = task.test.size

    def per_case(values: object) -> FloatArray:
        return numbers(values, n)

    def scores(content: TaskAnswer) -> TaskAnswer:
        rivals = some_by_name(content["rivals"], get_args(RivalName), per_case)
        return {"rivals": rivals} | {form: per_case(content[form]) for form in ("long", "short")}

    variables = cases.clinical.variables
    return {
        "linear_predictor": by_name(answer["linear_predictor"], models, per_case),
        "event_probability": by_name(
            answer["event_probability"], models, lambda values: numbers(values, n, n_times)
        ),
        "high_risk": by_name(answer["high_risk"], models, per_case),
        "signatures": by_name(answer["signatures"], sets, scores),
        "refit": refit_from_json(answer["refit"], sets, variables),
        "unseen_levels": some_by_name(answer["unseen_levels"], variables, int),
    }


def _signature_scores(fitted: FittedRecipe, train: Cases, test: Cases, *, slow: bool) -> TaskAnswer:
    """Return the test cases' scores by each signature, its approximation and its rivals."""
    seen, held = fitted.harmonised(train), fitted.harmonised(test)
    answer = {}
    for name, chain in fitted.chains.items():
        both = [one.features[name] for one in (seen, held)]
        columns = [chain.signature.standardise(one.values, one.names) for one in both]
        rivals = rival_scores(chain, columns[0], train.survival, columns[1], slow=slow)
        answer[name] = _long_and_short(chain.signature, *both) | {
            "rivals": {rival: values.tolist() for rival, values in rivals.items()}
        }
    return answer


def _long_and_short(signature: Signature, train: FeatureSet, test: FeatureSet) -> TaskAnswer:
    """Return the test cases' scores by a signature and by its approximation."""
    short = approximate(signature, train.values, train.names).signature
    return {
        "long": signature.score(test.values, test.names).tolist(),
        "short": short.score(test.values, test.names).tolist(),
    }
