"""One whole selection as a bootstrap repeats it: z-score, Mann-Whitney, pruning, LASSO tenfold CV.

``python benchmarks/run.py selection``.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

from bench_coxnet import Job, simulate
from trephine.modelling import protocols
from trephine.modelling.cases import FeatureSet
from trephine.modelling.feature_chain import FittedChain, fit_chain
from trephine.modelling.protocols import ChainSettings
from trephine.types import Survival

HERE = Path(__file__).resolve().parent
N_CASES, N_FEATURES = 212, 2074
ROUNDS = 7
CHAINS = {
    "Mann-Whitney p < 0.05, correlation <= 0.9, LASSO": protocols.PUBLISHED.chain,
    "no univariable filter, correlation <= 0.9, LASSO": ChainSettings(),
}


def select(features: FeatureSet, survival: Survival, settings: ChainSettings) -> FittedChain:
    patient = np.arange(len(survival))
    return fit_chain(features, survival, patient, settings, np.random.default_rng(1))


def main() -> None:
    X, survival = simulate(Job(N_CASES, N_FEATURES, True, 100, 0.05, ROUNDS, False))
    features = FeatureSet("simulated", tuple(f"f{j}" for j in range(N_FEATURES)), X)
    rows = []
    for name, settings in CHAINS.items():
        select(features, survival, settings)  # compiles
        seconds, processor = [], []
        for _ in range(ROUNDS):
            began, began_processor = time.perf_counter(), time.process_time()
            chain = select(features, survival, settings)
            seconds.append(time.perf_counter() - began)
            processor.append(time.process_time() - began_processor)
        n_left = len(chain.candidates)
        n_weights = len(chain.signature.names)
        rows.append(
            f"| {name} | {statistics.median(seconds):.3f} | {statistics.median(processor):.3f} |"
            f" {n_left} | {n_weights} |"
        )
        print(rows[-1], flush=True)
    (HERE / "results" / "selection.md").write_text(
        "# One whole selection\n\n"
        f"{N_CASES} cases, {N_FEATURES} simulated features, ten inner folds, {ROUNDS} rounds, one"
        " thread.\n\n"
        "| chain | median seconds | processor | features before the penalised model | after |\n"
        "|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    main()
