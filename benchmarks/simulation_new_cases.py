"""How often the interval of a new case holds its true survival, by simulated sound studies.

True survival is that of the case's own log hazard, over all frailties. A study that was done is
kept beside the table, so that the script goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from simulated_features import (
    EVENTS,
    ONE_HIP,
    TWO_HIPS,
    Truth,
    draw_with_risk,
    population,
    true_survival,
)
from trephine.errors import InputError, ModelError
from trephine.evaluation.refit_interval import refit_interval
from trephine.modelling import protocols
from trephine.modelling.recipe import fit_recipe
from trephine.study.locked.intervals import WIDENING
from trephine.types import FloatArray
from trephine.validation.bootstrap_optimism import draw_patients

MODELS = (("Radiomics", ("radiomics",)),)
SOUND = protocols.SOUND.recipe(MODELS)
HORIZONS = [24.0, 36.0]
NEW = 400
# Truth, features, and the number of hips over 212.
SCENARIOS: tuple[tuple[Truth, int, float], ...] = (
    ("sparse", 30, 1.0),
    ("sparse", 300, 0.57),
    ("sparse", 300, 1.0),
    ("sparse", 300, 2.36),
    ("sparse", 2074, 1.0),
    ("dense", 300, 1.0),
    ("block", 300, 1.0),
    ("none", 300, 1.0),
)


def one_study(truth: Truth, p: int, size: float, seed: int, refits: int) -> dict[str, float]:
    """Return the shares of new cases that are covered, and the mean width of the interval."""
    rng = np.random.default_rng(seed + 1000)
    of = population(truth, p, rng)
    two, one = int(TWO_HIPS * size), int(ONE_HIP * size)
    patient = np.r_[np.repeat(np.arange(two), 2), np.arange(two, two + one)]
    training, rate, _ = draw_with_risk(of, patient, rng, events=int(EVENTS * size))
    fresh, _, risk = draw_with_risk(of, np.arange(NEW), rng, rate)
    true = true_survival(risk, rate, HORIZONS)
    fitted = fit_recipe(training, SOUND, np.random.default_rng(seed))
    said = fitted.predict(fresh, HORIZONS)["Radiomics"].survival
    again: list[FloatArray] = []
    for _ in range(refits):
        rows = draw_patients(patient, rng)
        try:
            refit = fit_recipe(training.take(rows), SOUND, rng)
        except (InputError, ModelError):
            continue
        again.append(refit.predict(fresh, HORIZONS)["Radiomics"].survival.survival_probability)
    found = {"one model": (said.low, said.high)}
    for name, widening in (("refits", 1.0), ("printed", WIDENING)):
        interval = refit_interval(said.survival_probability, np.array(again), widening=widening)
        found[name] = (interval.low, interval.high)
    low, high = found["printed"]
    covered = {name: np.mean((a <= true) & (true <= b)) for name, (a, b) in found.items()}
    return {**{name: float(c) for name, c in covered.items()}, "width": float(np.mean(high - low))}


def row(truth: str, p: int, size: float, done: list[dict[str, float]]) -> str:
    """Return a line of the table: means over studies, with the standard error of the last."""
    hips = 2 * int(TWO_HIPS * size) + int(ONE_HIP * size)
    mean = {name: np.mean([one[name] for one in done]) for name in done[0]}
    spread = np.std([one["printed"] for one in done], ddof=1) if len(done) > 1 else np.nan
    return (
        f"| {truth} | {p} | {hips} | {len(done)} | {mean['one model']:.0%} | {mean['refits']:.0%}"
        f" | {mean['printed']:.1%} ± {100 * spread / np.sqrt(len(done)):.1f} |"
        f" {mean['width']:.2f} |"
    )


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=6)
    parser.add_argument("--refits", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--done", type=Path, default=Path("new-cases.jsonl"))
    parser.add_argument("--out", type=Path, default=here / "results" / "new_cases.md")
    given = parser.parse_args()
    known: dict[str, dict[str, float]] = {}
    if given.done.exists():
        known = dict(json.loads(line) for line in given.done.read_text().splitlines())
    lines = []
    for truth, p, size in SCENARIOS:
        done = []
        for seed in range(given.first_seed, given.first_seed + given.studies):
            key = f"{truth} {p} {size} {seed} {given.refits} {WIDENING}"
            if key not in known:
                with threadpool_limits(1):
                    known[key] = one_study(truth, p, size, seed, given.refits)
                with given.done.open("a") as file:
                    file.write(json.dumps([key, known[key]]) + "\n")
            done.append(known[key])
        lines.append(row(truth, p, size, done))
        print(lines[-1], flush=True)
    heading = (here / "results" / "new_cases.md").read_text().partition("|---|")[0]
    given.out.write_text(f"{heading}|---|---|---|---|---|---|---|---|\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
