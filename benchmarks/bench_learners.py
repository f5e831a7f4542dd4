"""Which learner predicts best out of fold, whole recipes on a few sets and simulated truths.

The default was chosen by another comparison, on public sets (`honesty_learners`).

Real data are read from ``--data`` (a folder with tables of time, event and features), simulated
tables have a known truth, and fresh cases judge there. Every learner goes through the product's own
recipe on the same folds.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from simulated_features import Truth, study
from trephine.cohort.schema import ClinicalTable
from trephine.modelling import feature_chain, protocols
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import ChainSettings, RecipeSettings
from trephine.modelling.recipe import fit_recipe
from trephine.survival.concordance import harrell_concordance
from trephine.types import FloatArray, Survival
from trephine.validation.out_of_fold import out_of_fold_concordance
from trephine.validation.resampling import nested_cross_validation
from trephine.validation.tasks import Running

COX = protocols.SOUND.chain.changed(learner="penalised-cox", winsorise=math.inf)
MEAN_AND_SD = "default, winsorised by mean and SD"
LEARNERS: dict[str, ChainSettings] = {
    "sound default": protocols.SOUND.chain,
    MEAN_AND_SD: protocols.SOUND.chain,
    "default, not winsorised": protocols.SOUND.chain.changed(winsorise=math.inf),
    "default, pruned": protocols.SOUND.chain.changed(correlation=0.9),
    "ridge": replace(COX, mixtures=(0.0,)),
    "LASSO": replace(COX, mixtures=(1.0,)),
    "published chain": protocols.PUBLISHED.chain.changed(fold_unit="patient"),
}
TRUTHS: tuple[Truth, ...] = ("dense", "sparse", "block", "global")
# File, time, event, patient ("" where each row is one), first feature column or columns to leave.
TABLES = {
    "hips212.csv": ("time", "event", "patient", "f01"),
    "vantveer_78x4705.csv.gz": ("time", "event", "", ""),
    "pbc276.csv": ("time", "death", "", ""),
    "gbsg.csv": ("rfstime", "status", "", ""),
}
NOT_FEATURES = {
    "case_id",
    "id",
    "pid",
    "hip",
    "patient",
    "fold",
    "status",
    "death",
    "time",
    "event",
}


def mean_and_sd(values: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """The fences that winsorising had before: symmetric, and wider the longer a tail is."""
    centre, scale = values.mean(axis=0), values.std(axis=0, ddof=1)
    return centre - width * scale, centre + width * scale


def read(path: Path) -> Cases:
    time, event, patient, first = TABLES[path.name]
    table = pd.read_csv(path)
    if len(table) > 300:
        table = table.sample(200, random_state=1)
    names = [name for name in table if name not in {*NOT_FEATURES, time, event}]
    names = names[names.index(first) :] if first else names
    survival = Survival(table[time].to_numpy(float), table[event].to_numpy() == 1)
    who = table[patient].to_numpy() if patient else np.arange(len(table))
    values = table[names].to_numpy(float)
    features = FeatureSet("radiomics", tuple(names), values)
    return Cases(survival, who, {"radiomics": features}, ClinicalTable({}, {}, len(table)))


def settings(chain: ChainSettings) -> RecipeSettings:
    # Whatever its outliers, every feature stays: the learners are compared, not the filter.
    recipe = protocols.SOUND.recipe((("Radiomics", ("radiomics",)),))
    in_sample = replace(recipe.rules, signature_training="in-sample")
    return replace(recipe, rules=in_sample, chain=chain.changed(max_outliers=1.0))


def out_of_fold(cases: Cases, chain: ChainSettings, repeats: int, workers: int) -> str:
    found = nested_cross_validation(
        cases, settings(chain), [], repeats=repeats, folds=5, seed=2025, running=Running(workers)
    )
    c = out_of_fold_concordance(cases.survival, found, "Radiomics", cases.patient)
    return f"{c.value:.3f}"


def on_fresh(truth: Truth, chain: ChainSettings, seeds: Iterable[int], p: int) -> str:
    values = []
    for seed in seeds:
        training, fresh = study(truth, p, seed, 1000)
        fitted = fit_recipe(training, settings(chain), np.random.default_rng(seed))
        lp = fitted.predict(fresh, [])["Radiomics"].linear_predictor
        values.append(harrell_concordance(fresh.survival.time, fresh.survival.event, lp))
    return f"{np.mean(values):.3f}"


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=here.parent / "tests/reference/survival/data")
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--features", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=here / "results" / "learners.md")
    given = parser.parse_args()
    files = [given.data / name for name in TABLES if (given.data / name).exists()]
    columns = [file.name.split(".")[0] for file in files] + [f"{t} truth" for t in TRUTHS]
    rows = [f"| Learner | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, chain in LEARNERS.items():
        fences = mean_and_sd if name == MEAN_AND_SD else feature_chain._fences
        # Another process would not see the other fences.
        workers = 1 if name == MEAN_AND_SD else given.workers
        with patch.object(feature_chain, "_fences", fences):
            cells = [out_of_fold(read(file), chain, given.repeats, workers) for file in files]
            cells += [on_fresh(t, chain, range(given.seeds), given.features) for t in TRUTHS]
        rows.append(f"| {name} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    text = (
        "# Learners compared\n\n"
        f"C-index: on data sets nested by patient, 5 folds x {given.repeats}, pairs"
        f" within folds (hips212 is simulated, the others are real); on"
        " simulated tables (212 hips of 144 patients, 64 events,"
        f" {given.features} features, mean of {given.seeds}) on 1,000 fresh cases."
        " Made by `benchmarks/bench_learners.py`.\n\n"
    )
    given.out.write_text(text + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
