"""Repeated nested cross-validation: whole recipes refitted, whole patients or centres held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError, ModelError
from trephine.executors import Progress
from trephine.modelling.approximation import approximate
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import RecipeSettings
from trephine.modelling.recipe import FittedRecipe, fit_recipe
from trephine.modelling.signature import Signature
from trephine.regression.folds import assign_folds
from trephine.streams import seeds
from trephine.types import FloatArray, IntArray
from trephine.validation.tasks import Answer, Running, open_ledger, run_tasks


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
class Failure:
    """A repeat and fold whose recipe could not be fitted, and why."""

    repeat: int
    fold: int
    reason: str


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
        One a repeat and fold that could be fitted.
    failures
        Why the others could not be fitted. A repeat with such a fold is left out of a nested
        cross-validation whole; a centre that could not be left out is NaN.
    unseen_levels
        By clinical variable of the models: predictions of cases at a level that no training case
        of their fold had, which counts as the reference.
    signature, short_signature
        By feature set, shape (repeats, n): the score of each case by the signature of its fold,
        and by the few features that stand for it (see ``approximate``).
    high_risk
        By model, shape (repeats, n): 1 where the case lies above the cut of its fold's model, which
        the training part fixed, as a locked model's cut is; else 0.
    """

    horizons: tuple[float, ...]
    fold: IntArray
    linear_predictor: Mapping[str, FloatArray]
    event_probability: Mapping[str, FloatArray]
    refits: tuple[Refit, ...]
    signature: Mapping[str, FloatArray] = field(default_factory=dict)
    short_signature: Mapping[str, FloatArray] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    unseen_levels: Mapping[str, int] = field(default_factory=dict)
    high_risk: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def repeats(self) -> int:
        """How often every case was predicted."""
        return int(self.fold.shape[0])

    def take(self, rows: npt.ArrayLike) -> OutOfFold:
        """Return the predictions of some cases, by indices or a boolean mask."""
        index = np.asarray(rows)

        def cut(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
            return {name: array[:, index] for name, array in values.items()}

        return replace(
            self,
            fold=self.fold[:, index],
            linear_predictor=cut(self.linear_predictor),
            event_probability=cut(self.event_probability),
            signature=cut(self.signature),
            short_signature=cut(self.short_signature),
            high_risk=cut(self.high_risk),
        )


@dataclass(frozen=True)
class _Task:
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
    workers: int | None = None,
    progress: Progress | None = None,
    ledger: Path | None = None,
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
    ledger
        File in which finished refits are kept, so that an interrupted run goes on; none by default.

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
        cases, settings, horizons, fold, seed, ("nested", work), Running(workers, progress, ledger)
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
    )


def leave_one_centre_out(
    cases: Cases,
    settings: RecipeSettings,
    horizons: Sequence[float],
    *,
    seed: int,
    workers: int | None = None,
    progress: Progress | None = None,
    ledger: Path | None = None,
) -> OutOfFold:
    """Refit the recipe without each centre, and predict that centre's cases.

    What is found tells how the model travels. Other cases of a held-out patient, if another centre
    has any, are left out of the training too.

    Parameters
    ----------
    cases, settings, horizons, seed, workers, progress, ledger
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
        cases, settings, horizons, fold, seed, ("centres", work), Running(workers, progress, ledger)
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
    names = [name for name, _ in settings.models]
    lp, high = ({name: np.full(fold.shape, np.nan) for name in names} for _ in range(2))
    probability = {name: np.full((*fold.shape, len(horizons)), np.nan) for name in names}
    long, short = ({s: np.full(fold.shape, np.nan) for s in cases.features} for _ in range(2))
    refits, failures = [], []
    unseen: dict[str, int] = {}
    answers = run_tasks(
        refit_and_predict,
        tasks,
        (cases, settings, tuple(horizons)),
        workers=running.workers,
        progress=running.progress,
        ledger=open_ledger(running.ledger, work[0], cases, settings, work[1]),
    )
    for task, answer in zip(tasks, answers, strict=True):
        if "failure" in answer:
            failures.append(Failure(task.repeat, task.fold, answer["failure"]))
            continue
        for name in names:
            lp[name][task.repeat, task.test] = answer["linear_predictor"][name]
            probability[name][task.repeat, task.test] = answer["event_probability"][name]
            high[name][task.repeat, task.test] = answer["high_risk"][name]
        for name, scores in answer["signatures"].items():
            long[name][task.repeat, task.test] = scores["long"]
            short[name][task.repeat, task.test] = scores["short"]
        refits.append(refit_from_json(answer["refit"]))
        for key, count in answer["unseen_levels"].items():
            unseen[key] = unseen.get(key, 0) + count
    return OutOfFold(
        tuple(horizons),
        fold,
        lp,
        probability,
        tuple(refits),
        long,
        short,
        tuple(failures),
        unseen,
        high,
    )


def _draw_folds(cases: Cases, repeats: int, folds: int, seed: int) -> IntArray:
    rows = []
    for child in seeds(seed, "folds").spawn(repeats):
        rng = np.random.default_rng(child)
        rows.append(assign_folds(folds, cases.patient, cases.survival.event, rng))
    return np.array(rows, dtype=np.int64).reshape(repeats, len(cases))


def _tasks(fold: IntArray, patient: IntArray, seed: int) -> Iterator[_Task]:
    if not fold.size:
        return
    children = iter(seeds(seed, "fold fits").spawn(fold.shape[0] * (int(fold.max()) + 1)))
    for repeat, folds in enumerate(fold):
        for held_out in range(int(folds.max()) + 1):
            test = np.flatnonzero(folds == held_out)
            train = np.flatnonzero(~np.isin(patient, patient[test]))
            yield _Task(repeat, held_out, train, test, next(children))


def refit_and_predict(
    cases: Cases, settings: RecipeSettings, horizons: tuple[float, ...], task: _Task
) -> Answer:
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
    seen, held = fitted.harmonised(train), fitted.harmonised(test)
    return {
        "linear_predictor": {
            name: found.linear_predictor.tolist() for name, found in predicted.items()
        },
        "event_probability": {
            name: (1 - found.survival.survival_probability).tolist()
            for name, found in predicted.items()
        },
        "high_risk": {name: found.high_risk.tolist() for name, found in predicted.items()},
        "signatures": {
            name: _long_and_short(chain.signature, seen.features[name], held.features[name])
            for name, chain in fitted.chains.items()
        },
        "refit": refit_to_json(summarise_refit(fitted)),
        "unseen_levels": {
            found.variable: len(found.rows)
            for found in fitted.predictor.unseen_levels(test.clinical)
        },
    }


def _long_and_short(signature: Signature, train: FeatureSet, test: FeatureSet) -> Answer:
    """Return the test cases' scores by a signature and by its approximation."""
    short = approximate(signature, train.values, train.names).signature
    return {
        "long": signature.score(test.values, test.names).tolist(),
        "short": short.score(test.values, test.names).tolist(),
    }


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


def refit_to_json(refit: Refit) -> Answer:
    """Return a refit as JSON values."""
    return {
        "weights": {name: dict(weights) for name, weights in refit.weights.items()},
        "clinical": list(refit.clinical),
        "penalty": dict(refit.penalty),
        "mixture": dict(refit.mixture),
    }


def refit_from_json(content: Mapping[str, Any]) -> Refit:
    """Return the refit that ``refit_to_json`` wrote."""
    return Refit(
        weights=content["weights"],
        clinical=tuple(content["clinical"]),
        penalty=content["penalty"],
        mixture=content["mixture"],
    )
