"""What a second image of each case adds where the truth is known: nothing, or a signal of its own.

Each simulated study has an image whose features tell part of the hazard and a second one of as
many features that tell nothing, or as much again. Its models of one image and of both are judged
as a run judges them, by nested cross-validation with every step inside, and compared as the report
does. One row a study goes to `results/images.csv`; `results/images.md` is made of all rows. Started
again, the script goes on.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from threadpoolctl import threadpool_limits

from trephine.cohort.schema import ClinicalTable
from trephine.modelling import protocols
from trephine.modelling.cases import Cases, FeatureSet
from trephine.types import FloatArray, Survival
from trephine.validation.held_out_gain import held_out_likelihood_ratio
from trephine.validation.out_of_fold import compare_out_of_fold_concordance
from trephine.validation.resampling import nested_cross_validation
from trephine.validation.tasks import Running

RESULTS = Path(__file__).parent / "results"
Second = Literal["nothing", "signal"]
MODELS = (("First", ("first",)), ("Both", ("first", "second")))
SOUND = protocols.SOUND.recipe(MODELS)
CASES, FEATURES, TELLING = 200, 30, 4
REPEATS, FOLDS = 2, 5
COLUMNS = (
    "second",
    "seed",
    "events",
    "c_first",
    "c_both",
    "gain",
    "low",
    "high",
    "p_gain",
    "p_ratio",
)


def image(name: str, signal: FloatArray, rng: np.random.Generator) -> FeatureSet:
    """Return the features of one image, the first few of which tell of a signal."""
    values = rng.standard_normal((signal.size, FEATURES))
    values[:, :TELLING] += 0.8 * signal[:, None]
    return FeatureSet(name, tuple(f"{name}_{j:02d}" for j in range(FEATURES)), values)


def study(second: Second, seed: int) -> Cases:
    """Draw a study of one case per patient."""
    rng = np.random.default_rng([seed, get_args(Second).index(second)])
    first, other = rng.standard_normal((2, CASES))
    hazard = 0.7 * first + (0.7 * other if second == "signal" else 0.0)
    time, censored = rng.exponential(40 * np.exp(-hazard)), rng.uniform(12, 80, CASES)
    survival = Survival(np.minimum(time, censored) + 0.01, time <= censored)
    features = {"first": image("first", first, rng), "second": image("second", other, rng)}
    return Cases(survival, np.arange(CASES), features, ClinicalTable({}, {}, CASES), None)


def one_row(second: Second, seed: int) -> tuple[str, ...]:
    """Judge one study."""
    cases = study(second, seed)
    predicted = nested_cross_validation(
        cases, SOUND, (24.0,), repeats=REPEATS, folds=FOLDS, seed=seed, running=Running(1)
    )
    found = compare_out_of_fold_concordance(
        cases.survival, predicted, "First", "Both", cases.patient
    )
    ratio = held_out_likelihood_ratio(cases.survival, predicted, "First", "Both")
    numbers = (
        found.first.value, found.second.value, found.difference.value, found.difference.low,
        found.difference.high, found.p_value, ratio.p_value,
    )  # fmt: skip
    events = int(cases.survival.event.sum())
    return (second, str(seed), str(events), *(f"{value:.6f}" for value in numbers))


def page(rows: list[dict[str, str]]) -> str:
    """Return the results page."""
    lines = [
        "# What a second image adds, where the truth is known",
        "",
        f"Studies of {CASES} cases and two images with {FEATURES} features each, {TELLING} of them"
        f" telling; {REPEATS} x {FOLDS} nested cross-validation with every step inside. Written by"
        " `benchmarks/simulation_images.py`.",
        "",
        "| the second image carries | studies | nested C of the first | gain in nested C (SE) |"
        " intervals of the gain above 0 | p of the held-out likelihood ratio < 0.05 |",
        "|---|---|---|---|---|---|",
    ]
    for second in get_args(Second):
        own = [row for row in rows if row["second"] == second]
        if len(own) < 2:
            continue
        gain = np.array([float(row["gain"]) for row in own])
        first = np.mean([float(row["c_first"]) for row in own])
        above = np.mean([float(row["low"]) > 0 for row in own])
        small = np.mean([float(row["p_ratio"]) < 0.05 for row in own])
        error = gain.std(ddof=1) / np.sqrt(gain.size)
        lines.append(
            f"| {second} | {gain.size} | {first:.3f} | {gain.mean():+.4f} ({error:.4f}) |"
            f" {above:.0%} | {small:.0%} |"
        )
    lines += ["", "A p that is not known, as where both models predict alike, counts as large."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Add studies until there are as many of each truth as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=20, help="of each truth")
    count = parser.parse_args().studies
    path = RESULTS / "images.csv"
    rows = list(csv.DictReader(path.open(encoding="utf-8"))) if path.exists() else []
    done = {(row["second"], int(row["seed"])) for row in rows}
    with threadpool_limits(1), path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not rows:
            writer.writerow(COLUMNS)
        for seed in range(1, count + 1):
            for second in get_args(Second):
                if (second, seed) not in done:
                    row = one_row(second, seed)
                    writer.writerow(row)
                    file.flush()
                    rows.append(dict(zip(COLUMNS, row, strict=True)))
                    (RESULTS / "images.md").write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
