"""Resampled decision curves, and what one image more of a case gains in net benefit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from trephine.evaluation.benefit_gain import net_benefit_gain
from trephine.evaluation.decision_curve import decision_curves
from trephine.study.assess.drawn import AllKey, Draws, PairKey
from trephine.study.assess.predictions import Predictions, pairs, shared_horizons
from trephine.study.results import Analysed
from trephine.study.settings import image_steps
from trephine.types import FloatArray, IntArray, Survival


@dataclass(frozen=True)
class DecisionTask:
    """Decision curves of all models; ``probabilities`` and ``harm`` by model."""

    key: AllKey
    thresholds: FloatArray
    probabilities: Mapping[str, FloatArray]
    harm: Mapping[str, float]
    patient: IntArray | None
    repeats: int
    seed: np.random.SeedSequence

    def draw(self, survival: Survival) -> Draws:
        """Return the curves."""
        curves = decision_curves(
            survival,
            self.probabilities,
            self.key[-1],
            self.thresholds,
            harm=self.harm,
            cluster=self.patient,
            repeats=self.repeats,
            rng=np.random.default_rng(self.seed),
        )
        return Draws(decision={self.key: curves})


def decision_thresholds(low: float, high: float) -> FloatArray:
    """Return the thresholds of a decision curve: its ends and each hundredth between."""
    hundredths = np.arange(100) / 100.0
    inside = hundredths[(hundredths >= low) & (hundredths <= high)]
    return np.unique(np.concatenate([[low], inside, [high]]))


def decision_tasks(
    analysis: Analysed,
    predictions: Sequence[Predictions],
    repeats: int,
    seeds: Iterator[np.random.SeedSequence],
) -> Iterator[DecisionTask]:
    """Yield the decision curves of all models together, by protocol, kind and horizon."""
    plan = analysis.inputs.plan
    thresholds = decision_thresholds(*plan.validation.decision_range)
    for (protocol, kind), group in groupby(predictions, key=lambda one: (one.protocol, one.kind)):
        models = list(group)
        for horizon in plan.outcome.horizons:
            there = {m.model: m.probability_at(horizon) for m in models if horizon in m.horizons}
            if there:
                key = (protocol, kind, horizon)
                harm = {m: cost for m, cost in plan.models.harm.items() if m in there}
                patient = models[0].patient
                yield DecisionTask(key, thresholds, there, harm, patient, repeats, next(seeds))


@dataclass(frozen=True)
class GainTask:
    """What one image more gains in net benefit, less what it costs."""

    key: PairKey
    thresholds: FloatArray
    old: FloatArray
    new: FloatArray
    cost: float
    patient: IntArray | None
    repeats: int
    seed: np.random.SeedSequence

    def draw(self, survival: Survival) -> Draws:
        """Return the difference between the curves of two models."""
        gain = net_benefit_gain(
            survival,
            self.old,
            self.new,
            self.key[-1],
            self.thresholds,
            cost=self.cost,
            cluster=self.patient,
            repeats=self.repeats,
            rng=np.random.default_rng(self.seed),
        )
        return Draws(gain={self.key: gain})


def gain_tasks(
    analysis: Analysed,
    predictions: Sequence[Predictions],
    repeats: int,
    seeds: Iterator[np.random.SeedSequence],
) -> Iterator[GainTask]:
    """Yield, out of fold and outside, the models that differ by one image of a case."""
    plan = analysis.inputs.plan
    thresholds = decision_thresholds(*plan.validation.decision_range)
    steps = image_steps(plan)
    for old, new in pairs(predictions):
        if (old.model, new.model) not in steps or old.kind == "apparent":
            continue
        harm = plan.models.harm
        cost = harm.get(new.model, 0.0) - harm.get(old.model, 0.0)
        for horizon in shared_horizons(old, new):
            yield GainTask(
                (old.protocol, old.kind, old.model, new.model, horizon),
                thresholds,
                old.probability_at(horizon),
                new.probability_at(horizon),
                cost,
                new.patient,
                repeats,
                next(seeds),
            )
