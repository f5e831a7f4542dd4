"""Simulated cases for the tests of whole recipes: hips of patients, blocks of features."""

from __future__ import annotations

import numpy as np

from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.modelling import protocols
from trephine.modelling.cases import Cases, FeatureSet
from trephine.types import FloatArray, IntArray, Survival

MODELS = (
    ("Clinical", ("clinical",)),
    ("Radiomics", ("radiomics", "clinical")),
    ("Combined", ("radiomics", "deep", "clinical")),
)
PUBLISHED = protocols.PUBLISHED.recipe(MODELS)
SOUND = protocols.SOUND.recipe(MODELS)


def simulate(n_patients: int = 60, *, seed: int = 1, effect: float = 1.0, p: int = 12) -> Cases:
    """Every second patient has two hips; a shared severity drives features, stage and hazard."""
    rng = np.random.default_rng(seed)
    patient: IntArray = np.sort(np.r_[np.arange(n_patients), np.arange(0, n_patients, 2)])
    n = patient.size
    severity = 0.7 * rng.standard_normal(n_patients)[patient] + 0.7 * rng.standard_normal(n)
    features = {
        name: FeatureSet(name, tuple(f"{name}_{j:03d}" for j in range(p)), values)
        for name in ("radiomics", "deep")
        for values in [_features(severity, p, rng)]
    }
    variables = {
        "stage": ClinicalVariable(levels=("I", "II", "III"), reference="I"),
        "age": ClinicalVariable(unit="years"),
        "angle": ClinicalVariable(unit="degree"),
    }
    columns = {
        "stage": np.digitize(severity + rng.standard_normal(n), (-0.6, 0.9)),
        "age": rng.normal(45, 10, n),
        "angle": 200 + 40 * severity + 30 * rng.standard_normal(n),
    }
    time = rng.exponential(60 * np.exp(-effect * severity))
    censored = rng.uniform(20, 100, n)
    survival = Survival(np.ceil(np.minimum(time, censored)), time <= censored)
    centre: IntArray = patient % 3
    return Cases(survival, patient, features, ClinicalTable(variables, columns, n), centre)


def _features(severity: FloatArray, p: int, rng: np.random.Generator) -> FloatArray:
    values = rng.standard_normal((severity.size, p)) * np.geomspace(0.1, 100, p) + 5
    values[:, 0] += 0.1 * severity
    values[:, 1] -= severity * values[:, 1].std()
    return values
