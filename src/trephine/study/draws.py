"""Intervals that need a bootstrap of patients: calibration, decision curves, NRI and IDI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

import numpy as np

from trephine.choices import CurveMethod, Kind, ProtocolName
from trephine.errors import InputError
from trephine.evaluation.calibration_curve import CalibrationCurve, calibration_curve
from trephine.evaluation.decision_curve import DecisionCurve, decision_curves
from trephine.evaluation.performance import DECISION_THRESHOLDS
from trephine.evaluation.reclassification_summary import (
    ReclassificationSummary,
    summarise_reclassification,
)
from trephine.executors import Progress, executor
from trephine.streams import seeds
from trephine.study.assess import Assessed
from trephine.study.results import Analysis
from trephine.types import FloatArray, IntArray, Survival

# Limits of a band are read off a curve; more draws than this cannot be seen in it.
MOST_BAND_DRAWS = 100
# Fewer tasks than this are done before worker processes have started.
FEWEST_FOR_WORKERS = 8

Pair = tuple[Assessed, Assessed]
# ProtocolName and kind; then what the draw is about.
Key = tuple[str, ...]


@dataclass(frozen=True)
class Draws:
    """What was drawn, by protocol, kind, models and horizon.

    Attributes
    ----------
    calibration, decision, reclassification
        Results whose intervals rest on resampled patients.
    number_draws, band_draws
        Resamples behind NRI and IDI, and behind the bands of curves.
    """

    calibration: Mapping[Key, CalibrationCurve] = field(default_factory=dict)
    decision: Mapping[Key, Mapping[str, DecisionCurve]] = field(default_factory=dict)
    reclassification: Mapping[Key, ReclassificationSummary] = field(default_factory=dict)
    number_draws: int = 0
    band_draws: int = 0

    def calibration_of(self, assessed: Assessed, horizon: float) -> CalibrationCurve | None:
        """Return a model's calibration curve, or None where none was drawn."""
        key = (assessed.protocol, assessed.kind, assessed.model, repr(horizon))
        return self.calibration.get(key)

    def decision_of(
        self, protocol: ProtocolName, kind: Kind, horizon: float
    ) -> Mapping[str, DecisionCurve] | None:
        """Return the decision curves of all models together."""
        return self.decision.get((protocol, kind, repr(horizon)))

    def reclassification_of(
        self, old: Assessed, new: Assessed, horizon: float
    ) -> ReclassificationSummary | None:
        """Return what one model reclassifies against another; None where there is no answer."""
        key = (old.protocol, old.kind, old.model, new.model, repr(horizon))
        return self.reclassification.get(key)


def pairs(assessed: Sequence[Assessed]) -> Iterator[Pair]:
    """Yield (old, new) of one protocol and kind, in the models' order."""
    for _, group in groupby(assessed, key=lambda one: (one.protocol, one.kind)):
        yield from combinations(list(group), 2)


@dataclass(frozen=True)
class _Task:
    """One bootstrap; ``probabilities`` by model, shape (n,).

    ``harm`` is by model, for decision curves; ``cut_offs`` part the categories of the NRI;
    ``curve_method`` is of calibration curves.
    """

    what: str
    key: Key
    probabilities: Mapping[str, FloatArray]
    horizon: float
    patient: IntArray | None
    repeats: int
    seed: np.random.SeedSequence
    harm: Mapping[str, float] = field(default_factory=dict)
    cut_offs: tuple[float, ...] = ()
    curve_method: CurveMethod = "hazard"


def draw_intervals(
    analysis: Analysis,
    assessed: Sequence[Assessed],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Draws:
    """Resample patients for every interval that has no formula.

    Parameters
    ----------
    analysis
        A study that ran; its plan says how often to resample.
    assessed
        Predictions of all models.
    workers, progress
        As `trephine.executors.executor`; the numbers do not depend on the workers.
    """
    validation = analysis.inputs.plan.validation
    numbers = validation.interval_bootstraps
    bands = min(numbers, MOST_BAND_DRAWS)
    tasks = list(_tasks(analysis, assessed, numbers, bands))
    found: dict[str, dict[Key, object]] = {"calibration": {}, "decision": {}, "improvement": {}}
    count = 1 if len(tasks) < FEWEST_FOR_WORKERS else workers
    with executor(count, _start, (analysis.cases.survival,)) as run:
        for task, answer in zip(tasks, run.map(_draw, tasks, progress), strict=True):
            if answer is not None:
                found[task.what][task.key] = answer
    return Draws(
        found["calibration"],  # type: ignore[arg-type]
        found["decision"],  # type: ignore[arg-type]
        found["improvement"],  # type: ignore[arg-type]
        numbers,
        bands,
    )


def _tasks(
    analysis: Analysis, assessed: Sequence[Assessed], numbers: int, bands: int
) -> Iterator[_Task]:
    plan = analysis.inputs.plan
    children = _children(plan.study.seed)
    key: Key
    # The dearest first, so that no worker is left with one of them at the end.
    for (protocol, kind), group in groupby(assessed, key=lambda one: (one.protocol, one.kind)):
        models = list(group)
        for horizon in plan.outcome.horizons:
            there = {m.model: m.probability_at(horizon) for m in models if horizon in m.horizons}
            if there:
                key = (protocol, kind, repr(horizon))
                patient = models[0].patient
                harm = {m: cost for m, cost in plan.models.harm.items() if m in there}
                yield _Task("decision", key, there, horizon, patient, bands, next(children), harm)
    for old, new in pairs(assessed):
        for horizon in (h for h in old.horizons if h in new.horizons):
            both = {"old": old.probability_at(horizon), "new": new.probability_at(horizon)}
            key = (old.protocol, old.kind, old.model, new.model, repr(horizon))
            yield _Task(
                "improvement", key, both, horizon, new.patient, numbers, next(children),
                cut_offs=plan.outcome.risk_cuts,
            )  # fmt: skip
    for one in assessed:
        for horizon in one.horizons:
            alone = {one.model: one.probability_at(horizon)}
            key = (one.protocol, one.kind, one.model, repr(horizon))
            yield _Task(
                "calibration", key, alone, horizon, one.patient, bands, next(children),
                curve_method=plan.validation.calibration_curve,
            )  # fmt: skip


def _children(seed: int) -> Iterator[np.random.SeedSequence]:
    parent = seeds(seed, "intervals")
    while True:
        yield parent.spawn(1)[0]


# The outcome of all cases, set once in each worker by _start.
_survival: Survival


def _start(survival: Survival) -> None:
    global _survival
    _survival = survival


def _draw(
    task: _Task,
) -> CalibrationCurve | dict[str, DecisionCurve] | ReclassificationSummary | None:
    """Do one bootstrap; None where these cases give no answer at all."""
    rng = np.random.default_rng(task.seed)
    if task.what == "decision":
        return decision_curves(
            _survival,
            task.probabilities,
            task.horizon,
            DECISION_THRESHOLDS,
            harm=task.harm,
            patient=task.patient,
            repeats=task.repeats,
            rng=rng,
        )
    if task.what == "calibration":
        (probability,) = task.probabilities.values()
        return calibration_curve(
            _survival,
            probability,
            task.horizon,
            method=task.curve_method,
            patient=task.patient,
            repeats=task.repeats,
            rng=rng,
        )
    try:
        found = summarise_reclassification(
            _survival,
            task.probabilities["old"],
            task.probabilities["new"],
            task.horizon,
            repeats=task.repeats,
            rng=rng,
            cut_offs=task.cut_offs,
            patient=task.patient,
        )
    except InputError:
        return None
    return None if found.note else found
