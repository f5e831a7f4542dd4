"""Simulated feature tables with known truth, for benchmarks: hips of patients, correlated features.

The noise model: features fall into blocks of a common latent, blocks share three global factors,
every latent and every feature's own part has an intraclass correlation of 0.5 within patients, and
a quarter of the features is skewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.cohort.schema import ClinicalTable
from trephine.modelling.cases import Cases, FeatureSet
from trephine.types import FloatArray, IntArray, Survival

Truth = Literal["none", "dense", "sparse", "block", "global"]

TWO_HIPS, ONE_HIP, EVENTS = 68, 76, 64
BLOCKS, FACTORS = 60, 3
INFORMATIVE = 30
WITHIN_PATIENT = 0.5
# Spread of what a patient's hips share and no feature shows, on the log hazard.
FRAILTY = 0.8


@dataclass(frozen=True)
class Population:
    """A population from which training and fresh cases are drawn."""

    truth: Truth
    block: IntArray
    factor_weights: FloatArray
    loading: FloatArray
    skewed: np.ndarray
    informative: IntArray
    strength: FloatArray


def population(truth: Truth, p: int, rng: np.random.Generator) -> Population:
    weights = rng.standard_normal((FACTORS, BLOCKS))
    return Population(
        truth=truth,
        block=np.sort(rng.integers(0, BLOCKS, p)),
        factor_weights=weights / np.sqrt((weights**2).sum(axis=0)),
        loading=np.clip(rng.beta(9, 0.9, p), 0.3, 0.995) * rng.choice([-1, 1], p, p=[0.3, 0.7]),
        skewed=rng.random(p) < 0.25,
        informative=rng.choice(p, INFORMATIVE, replace=False),
        strength=rng.uniform(0.3, 0.6, INFORMATIVE) * rng.choice([-1, 1], INFORMATIVE),
    )


def draw(
    of: Population, patient: IntArray, rng: np.random.Generator, rate: float | None = None
) -> tuple[Cases, float]:
    """Draw cases; without a rate, that one which gives the training number of events."""
    cases, rate, _ = draw_with_risk(of, patient, rng, rate)
    return cases, rate


def draw_with_risk(
    of: Population,
    patient: IntArray,
    rng: np.random.Generator,
    rate: float | None = None,
    events: int = EVENTS,
) -> tuple[Cases, float, FloatArray]:
    """Draw cases as `draw` does, and return each one's log hazard beside its patient's frailty."""
    n, p = patient.size, of.block.size

    def latent(k: int) -> FloatArray:
        shared = rng.standard_normal((int(patient.max()) + 1, k))[patient]
        own = rng.standard_normal((n, k))
        return np.sqrt(WITHIN_PATIENT) * shared + np.sqrt(1 - WITHIN_PATIENT) * own

    factors, severity = latent(FACTORS), latent(1)[:, 0]
    blocks = np.sqrt(0.75) * latent(BLOCKS) + 0.5 * factors @ of.factor_weights
    X = blocks[:, of.block] * of.loading + latent(p) * np.sqrt(1 - of.loading**2)
    first = of.informative
    risk = np.zeros(n)
    if of.truth == "dense":
        X[:, first] *= np.sqrt(1 - of.strength**2)
        X[:, first] += severity[:, np.newaxis] * of.strength
        risk = np.log(2.4) * severity
    elif of.truth == "sparse":
        risk = 0.6 * (X[:, first[0]] + X[:, first[1]] - X[:, first[2]])
    elif of.truth == "block":
        risk = 0.9 * blocks[:, of.block[first[0]]]
    elif of.truth == "global":
        risk = 0.9 * factors[:, 0]
    X[:, of.skewed] = np.exp(0.7 * X[:, of.skewed])
    frailty = FRAILTY * rng.standard_normal(int(patient.max()) + 1)[patient]
    time = rng.exponential(size=n) * np.exp(-risk - frailty)
    follow_up = rng.uniform(1, 8, int(patient.max()) + 1)[patient]
    if rate is None:
        rate = float(np.sort(time / follow_up)[events - 1])
    time = time / rate
    survival = Survival(np.minimum(time, follow_up) * 12, time <= follow_up)
    features = FeatureSet("radiomics", tuple(f"feature {j:04d}" for j in range(p)), X)
    cases = Cases(survival, patient, {"radiomics": features}, ClinicalTable({}, {}, n))
    return cases, rate, risk


def true_survival(risk: FloatArray, rate: float, months: list[float]) -> FloatArray:
    """Return survival of cases with these log hazards, shape (n, times), over all frailties."""
    place, weight = np.polynomial.hermite_e.hermegauss(40)
    hazard = rate * np.exp(risk[:, np.newaxis] + FRAILTY * place)
    by_time = [np.exp(-hazard * time / 12) @ (weight / weight.sum()) for time in months]
    return np.stack(by_time, axis=1)


def study(truth: Truth, p: int, seed: int, n_fresh: int) -> tuple[Cases, Cases]:
    """Return 212 hips of 144 patients with 64 events, and fresh cases of other patients."""
    rng = np.random.default_rng(seed)
    of = population(truth, p, rng)
    patient = np.r_[np.repeat(np.arange(TWO_HIPS), 2), np.arange(TWO_HIPS, TWO_HIPS + ONE_HIP)]
    training, rate = draw(of, patient, rng)
    fresh, _ = draw(of, np.arange(n_fresh), rng, rate)
    return training, fresh
