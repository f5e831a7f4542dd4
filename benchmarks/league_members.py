"""The members of every candidate learner, fitted once: the costly half of the league table.

A member is one penalised Cox model of the product's own kernels on one preparation of the columns.
For each outer fold its predictor of the held-out cases is kept, its predictor of the training cases
by the inner models that had not seen them, and its inner deviance: all that an average, a choice or
a stack of members needs (`league_candidates`). What is finished is kept in a folder, one file a set
and repeat, and a stopped run goes on.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from league_sets import Split
from trephine.modelling.cases import FeatureSet
from trephine.modelling.chain_steps import STEPS, Training
from trephine.modelling.funnel import Funnel
from trephine.modelling.learner import TOLERANCE, inner_folds, penalty_ratio
from trephine.modelling.protocols import SOUND
from trephine.regression.adaptive_ridge import (
    AdaptiveRidge,
    RidgeMember,
    _cross_validate,
    fit_adaptive_ridge,
)
from trephine.regression.coxnet_cv import CoxNetCV, cross_validate
from trephine.regression.coxnet_settings import PathSettings
from trephine.regression.ridge_problem import TrainingCases, part_of, problem_of
from trephine.regression.ridge_solutions import distinct_rows
from trephine.types import FloatArray, IntArray, Survival

# By the columns' own Cox scores, and by the coefficients of plain ridge.
BY_SCORE = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Preparation:
    """How columns reach the members: clipped, pruned, without those of many far values."""

    winsorise: float = math.inf
    correlation: float = 1.0
    max_outliers: float = 1.0
    by_score: tuple[float, ...] = ()
    by_ridge: tuple[float, ...] = ()
    mixtures: tuple[float, ...] = ()


PLAIN = Preparation(by_score=BY_SCORE, by_ridge=(0.5, 1.0))
CLIPPED = Preparation(winsorise=1.5, by_score=BY_SCORE)
PRUNED = Preparation(winsorise=1.5, correlation=0.9, by_score=(0.0, 0.5, 1.0, 2.0, 4.0))
# In groups, so that what matters most is there first for every set.
GROUPS: dict[str, dict[str, Preparation]] = {
    "ridge": {"plain": PLAIN, "clipped": CLIPPED},
    "before": {
        "clipped, pruned": PRUNED,
        "clipped, filtered": replace(CLIPPED, max_outliers=0.05, by_score=(0.0, 0.5, 1.0)),
        "clipped, pruned, filtered": replace(PRUNED, max_outliers=0.05),
    },
    "wide": {"clipped at 2": Preparation(winsorise=2.0, by_score=(0.0, 0.5, 1.0, 2.0))},
    "nets": {"plain": Preparation(mixtures=(0.5, 1.0))},
    "dense net": {"plain": Preparation(mixtures=(0.1,))},
}
# Correlations of all pairs of more columns than these need several gigabytes.
MOST_TO_PRUNE = 8000


@dataclass(frozen=True)
class Fitted:
    """One member on one split.

    Attributes
    ----------
    inner
        Predictor of each training case by the inner model that had not seen it, shape (n,).
    test
        Predictor of the held-out cases, shape (m,).
    deviance
        Inner cross-validated deviance per event at the chosen penalty.
    spread
        Standard deviation of the predictor over the training cases.
    """

    inner: FloatArray
    test: FloatArray
    deviance: float
    spread: float


def fit_members(split: Split, group: str) -> Iterator[tuple[str, Fitted, float]]:
    """Fit a group's members to a split; with each comes what it took, in seconds of processor."""
    rng = np.random.default_rng(split.seed)
    folds = inner_folds(split.survival, split.patient, SOUND.chain, rng)
    for name, preparation in GROUPS[group].items():
        if preparation.correlation < 1 and split.train.shape[1] > MOST_TO_PRUNE:
            continue
        train, test = prepare(split, preparation)
        for member, found, seconds in _members(train, split.survival, folds, preparation):
            weights = found.coefficients_min
            yield (
                f"{name}: {member}",
                Fitted(
                    inner=found.out_of_fold[found.index_min],
                    test=test @ weights,
                    deviance=float(found.cvm[found.index_min]),
                    spread=float((train @ weights).std()),
                ),
                seconds,
            )


def prepare(split: Split, preparation: Preparation) -> tuple[FloatArray, FloatArray]:
    """Return the standardised columns that are left, of the training and of the held-out cases."""
    p = split.train.shape[1]
    names = tuple(f"column {j:05d}" for j in range(p))
    settings = SOUND.chain.changed(
        winsorise=preparation.winsorise,
        correlation=preparation.correlation,
        max_outliers=preparation.max_outliers,
    )
    funnel = Funnel(FeatureSet("columns", names, split.train), settings.winsorise)
    for step in STEPS:
        decided = step(Training(funnel, (), split.survival, settings))
        if decided is not None:
            funnel.pour(decided)
    test = split.test
    if funnel.bounds is not None:
        test = np.clip(test, *funnel.bounds)
    test = (test - funnel.centre) / funnel.scale
    return funnel.values_left(), test[:, funnel.left]


def _members(
    columns: FloatArray, survival: Survival, folds: IntArray, preparation: Preparation
) -> Iterator[tuple[str, CoxNetCV, float]]:
    if not columns.shape[1]:
        raise RuntimeError("no column was left: a member needs one")
    for adaptivity in preparation.by_score:
        began = time.process_time()
        found = fit_adaptive_ridge(columns, survival, folds, (adaptivity,))
        if adaptivity == 0:
            plain = found
        yield f"a{adaptivity:g}", found.leading.cross_validation, time.process_time() - began
    for adaptivity in preparation.by_ridge:
        began = time.process_time()
        member = _by_ridge(columns, survival, folds, plain, adaptivity)
        yield f"b{adaptivity:g}", member.cross_validation, time.process_time() - began
    for mixture in preparation.mixtures:
        began = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            settings = PathSettings(
                mixture=mixture,
                penalty_ratio=penalty_ratio(mixture),
                tolerance=TOLERANCE,
                early_stop="glmnet",
            )
            net = cross_validate(columns, survival, folds, settings)
        yield f"e{mixture:g}", net, time.process_time() - began


def _by_ridge(
    columns: FloatArray,
    survival: Survival,
    folds: IntArray,
    plain: AdaptiveRidge,
    adaptivity: float,
) -> RidgeMember:
    """Fit a member whose penalties are divided by the sizes of plain ridge's coefficients.

    They are estimated anew without each fold, at the penalty that plain ridge chose.
    """
    found = plain.leading.cross_validation
    penalties = found.path.penalties[: found.index_min + 1]
    rows = distinct_rows(columns)

    def piloted(training: np.ndarray) -> TrainingCases:
        part = part_of(rows, survival, training)
        problem = problem_of(rows, part, 0.0)
        weights = problem.solve(penalties).weights
        return replace(part, score=np.abs(problem.coefficients(weights)[-1]))

    everyone = piloted(np.ones(len(survival), dtype=np.bool_))
    without = [piloted(folds != k) for k in range(int(folds.max()) + 1)]
    return RidgeMember(adaptivity, _cross_validate(rows, everyone, without, adaptivity))


def keep_members(splits: list[Split], group: str, path: Path) -> None:
    """Fit the members of a repeat's splits and keep them in one file, written when all are done."""
    held: dict[str, np.ndarray] = {}
    seconds: dict[str, float] = {}
    for k, split in enumerate(splits):
        held[f"{k}/train_rows"], held[f"{k}/test_rows"] = split.train_rows, split.test_rows
        held[f"{k}/time"], held[f"{k}/event"] = split.survival.time, split.survival.event
        held[f"{k}/test_time"] = split.test_survival.time
        held[f"{k}/test_event"] = split.test_survival.event
        for name, fitted, took in fit_members(split, group):
            held[f"{k}/{name}/inner"] = fitted.inner.astype(np.float32)
            held[f"{k}/{name}/test"] = fitted.test.astype(np.float32)
            held[f"{k}/{name}/numbers"] = np.array([fitted.deviance, fitted.spread])
            seconds[name] = seconds.get(name, 0.0) + took
    held["seconds"] = np.array(list(seconds.values()))
    held["members"] = np.array(list(seconds))
    with open(path.with_suffix(".part"), "wb") as file:
        np.savez_compressed(file, **held)
    path.with_suffix(".part").rename(path)
