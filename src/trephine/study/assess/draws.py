"""Curves and differences whose intervals need a bootstrap of patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np

from trephine.choices import CurveMethod
from trephine.errors import InputError
from trephine.evaluation.calibration_curve import calibration_curve
from trephine.evaluation.reclassification_summary import (
    summarise_reclassification,
)
from trephine.executors import Progress, executor
from trephine.streams import seeds as stream
from trephine.study.assess.benefit_draws import decision_tasks, gain_tasks
from trephine.study.assess.drawn import Draws, ModelKey, PairKey
from trephine.study.assess.predictions import Predictions, pairs, shared_horizons
from trephine.study.results import Analysed
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.late_outcome import is_late
from trephine.types import FloatArray, IntArray, Survival

# Limits of a band are read off a curve; more draws than this cannot be seen in it.
MOST_BAND_DRAWS = 100
# Fewer tasks than this are done before worker processes have started.
FEWEST_FOR_WORKERS = 8


def draw_intervals(
    analysis: Analysed,
    predictions: Sequence[Predictions],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Draws:
    """Resample patients for every interval that has no formula.

    Parameters
    ----------
    analysis
        A study that ran; its plan says how often to resample.
    predictions
        Of all models.
    workers, progress
        As `trephine.executors.executor`; the numbers do not depend on the workers.
    """
    numbers = analysis.inputs.plan.validation.interval_bootstraps
    bands = min(numbers, MOST_BAND_DRAWS)
    seeds = _seeds(analysis.inputs.plan.study.seed)
    # The dearest first, so that no worker is left with one of them at the end.
    tasks: list[_BootstrapTask] = [
        *decision_tasks(analysis, predictions, bands, seeds),
        *_reclassification_tasks(analysis, predictions, numbers, seeds),
        *_calibration_tasks(analysis, predictions, bands, seeds),
        *gain_tasks(analysis, predictions, numbers, seeds),
    ]
    count = 1 if len(tasks) < FEWEST_FOR_WORKERS else workers
    with executor(count, (analysis.cases.survival,)) as run:
        drawn = run.map(_draw, tasks, progress)
        return reduce(Draws.__or__, drawn, Draws(number_draws=numbers, band_draws=bands))


def _seeds(seed: int) -> Iterator[np.random.SeedSequence]:
    parent = stream(seed, "intervals")
    while True:
        yield parent.spawn(1)[0]


class _BootstrapTask(Protocol):
    """One bootstrap of patients."""

    def draw(self, survival: Survival) -> Draws:
        """Return the one thing that was drawn, or nothing where there is no answer."""
        ...


@dataclass(frozen=True)
class _ReclassificationTask:
    """NRI and IDI of one pair; ``cut_offs`` part the categories of the NRI."""

    key: PairKey
    old: FloatArray
    new: FloatArray
    cut_offs: tuple[float, ...]
    patient: IntArray | None
    repeats: int
    seed: np.random.SeedSequence

    def draw(self, survival: Survival) -> Draws:
        if isinstance(survival, CompetingSurvival) or is_late(survival):
            return Draws()  # their estimators know one event, and cases followed from the start
        try:
            found = summarise_reclassification(
                survival,
                self.old,
                self.new,
                self.key[-1],
                repeats=self.repeats,
                rng=np.random.default_rng(self.seed),
                cut_offs=self.cut_offs,
                cluster=self.patient,
            )
        except InputError:
            return Draws()
        return Draws() if found.note else Draws(reclassification={self.key: found})


def _reclassification_tasks(
    analysis: Analysed,
    predictions: Sequence[Predictions],
    repeats: int,
    seeds: Iterator[np.random.SeedSequence],
) -> Iterator[_ReclassificationTask]:
    cuts = analysis.inputs.plan.outcome.risk_cuts
    for old, new in pairs(predictions):
        for horizon in shared_horizons(old, new):
            yield _ReclassificationTask(
                (old.protocol, old.kind, old.model, new.model, horizon),
                old.probability_at(horizon),
                new.probability_at(horizon),
                cuts,
                new.patient,
                repeats,
                next(seeds),
            )


@dataclass(frozen=True)
class _CalibrationTask:
    """The smooth calibration curve of one model."""

    key: ModelKey
    probability: FloatArray
    method: CurveMethod
    patient: IntArray | None
    repeats: int
    seed: np.random.SeedSequence

    def draw(self, survival: Survival) -> Draws:
        curve = calibration_curve(
            survival,
            self.probability,
            self.key[-1],
            method=self.method,
            cluster=self.patient,
            repeats=self.repeats,
            rng=np.random.default_rng(self.seed),
        )
        return Draws(calibration={self.key: curve})


def _calibration_tasks(
    analysis: Analysed,
    predictions: Sequence[Predictions],
    repeats: int,
    seeds: Iterator[np.random.SeedSequence],
) -> Iterator[_CalibrationTask]:
    method = analysis.inputs.plan.validation.calibration_curve
    for one in predictions:
        for horizon in one.horizons:
            key = (one.protocol, one.kind, one.model, horizon)
            probability = one.calibrated_at(horizon)
            yield _CalibrationTask(key, probability, method, one.patient, repeats, next(seeds))


def _draw(survival: Survival, task: _BootstrapTask) -> Draws:
    return task.draw(survival)
