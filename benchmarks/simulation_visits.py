"""Events seen at visits of 6, 12 and 24 months, at a known truth.

Every study has two terms of known log hazard ratios, 1 and -0.5, and visits that begin at a time of
their own: proportional hazards by the likelihood of the intervals against Cox's model with every
event dated to the middle between its visits, or to the visit at which it was seen; and Cox's model
with the times themselves, which no hospital has. Run:
python benchmarks/simulation_visits.py --studies 200 --out benchmarks/results/visits.md
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from trephine.errors import ModelError
from trephine.regression.cox import CoxModel
from trephine.regression.interval_cox import fit_interval_cox
from trephine.survival.interval_outcome import IntervalSurvival
from trephine.types import FloatArray, Survival

TRUTH = np.array([1.0, -0.5])
NAMES = ("x", "group")
VISITS = (6.0, 12.0, 24.0)
END = 72.0
WAYS = ("between the visits", "in the middle", "at the visit", "times known")


def simulate(n: int, every: float, seed: int) -> tuple[FloatArray, ...]:
    """Return design, last visit without the event, first with it, and its time, of n cases."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)])
    time = 30 * (rng.exponential(size=n) / np.exp(design @ TRUTH)) ** (1 / 1.4)
    first = rng.uniform(0, every, n)
    before = np.floor((time - first) / every)
    low = np.where(time <= first, 0.0, first + before * every)
    high = np.where(time <= first, first, first + (before + 1) * every)
    last = first + np.floor((END - first) / every) * every
    unseen = high > last
    return design, np.where(unseen, last, low), np.where(unseen, np.inf, high), time


def one_study(n: int, every: float, seed: int) -> FloatArray:
    """Return coefficients and standard errors by each way, shape (ways, 2, terms)."""
    design, low, high, known = simulate(n, every, seed)
    fit = fit_interval_cox(design, NAMES, low, high)
    k = fit.spline.width
    found = [(fit.beta / fit.scale, np.sqrt(np.diag(fit.covariance)[k:]) / fit.scale)]
    seen = np.isfinite(high)
    time = np.where(seen, np.where(seen, high, 0.0), low)
    outcome = IntervalSurvival(time, seen, "months", low, high)
    times = Survival(np.where(seen, known, low), seen)
    for cases in (outcome.dated(0.5), outcome.dated(1.0), times):
        result = CoxModel().fit(design, cases).result_
        found.append((result.coefficients, result.standard_errors))
    return np.array(found)


def rows_of(studies: int, n: int, every: float) -> list[str]:
    """Return one line a way and term: bias with its error, and coverage of 95 % intervals."""
    found = []
    for seed in range(studies):
        try:
            found.append(one_study(n, every, seed))
        except ModelError:
            continue
    every_fit = np.array(found)
    lines = []
    for way, name in enumerate(WAYS):
        for j, term in enumerate(NAMES):
            estimate, error = every_fit[:, way, 0, j], every_fit[:, way, 1, j]
            bias = estimate - TRUTH[j]
            spread = bias.std(ddof=1) / np.sqrt(bias.size)
            held = np.mean(np.abs(bias) < 1.959964 * error)
            lines.append(
                f"| {every:g} | {name} | {term} | {TRUTH[j]:g} | {bias.mean():+.3f} ({spread:.3f})"
                f" | {100 * held:.1f} | {bias.size} |"
            )
    return lines


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    lines = [
        "# Events seen at visits, at a known truth",
        "",
        f"{asked.studies} studies of {asked.cases} cases at each distance of visits (months), by",
        "`benchmarks/simulation_visits.py`. Bias of the log hazard ratio with its Monte-Carlo",
        "standard error; coverage of 95 % intervals. Median time to the event about 29 months.",
        "",
        "| visits every | events dated | term | truth | bias (SE) | coverage, % | studies |",
        "|---|---|---|---|---|---|---|",
    ]
    for every in VISITS:
        lines += rows_of(asked.studies, asked.cases, every)
    asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
