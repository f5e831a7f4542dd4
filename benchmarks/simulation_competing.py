"""Absolute risk where events compete, at a known truth: a table and a figure.

Every study has two constant rates that depend on two terms, some 30 % of the cases with the
competing event first, and an end of follow-up of its own for each case; the truth is a formula.
Compared with it, on average over the cases: risks from a Cox model of every cause, the
Aalen-Johansen curve, and one less Kaplan-Meier, which takes competing events for the end of
follow-up. Run: python benchmarks/simulation_competing.py --studies 200
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt

from trephine.regression.cause_specific import fit_cause_specific
from trephine.survival.aalen_johansen import cumulative_incidence
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import FloatArray

RESULTS = Path(__file__).parent / "results"
TIMES = np.array([6.0, 12.0, 18.0, 24.0, 30.0, 36.0])
CASES = 600
WAYS = ("Cox models of every cause", "Aalen-Johansen", "1 - Kaplan-Meier")
MARKS = ("o-", "s--", "^:")


def one_study(seed: int) -> tuple[FloatArray, FloatArray, float]:
    """Return the true mean risk, what each way says (3, times), and the share that competed."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(CASES, 2))
    own = 0.012 * np.exp(0.7 * x[:, 0])
    other = 0.0115 * np.exp(0.7 * x[:, 1] - 0.3 * x[:, 0])
    first, second = rng.exponential(1 / own), rng.exponential(1 / other)
    end = rng.uniform(18, 54, CASES)
    time = np.minimum(np.minimum(first, second), end)
    cause = np.where(time == end, 0, np.where(first < second, 1, 2))
    both = own + other
    truth = (own / both)[:, None] * -np.expm1(-both[:, None] * TIMES)
    fitted = fit_cause_specific(x, time, cause).predict_incidence(x, TIMES).mean(axis=0)
    curve = cumulative_incidence(time, cause).at(1, TIMES)
    naive = 1 - kaplan_meier(time, cause == 1).at(TIMES).survival_probability
    return truth.mean(axis=0), np.array([fitted, curve, naive]), float(np.mean(cause == 2))


def draw(truth: FloatArray, said: FloatArray, path: Path) -> None:
    """Draw mean risk over time, and how far each way is from the truth."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    left.plot(TIMES, truth.mean(axis=0), "k-", linewidth=3, alpha=0.3, label="truth")
    for way, mark, values in zip(WAYS, MARKS, said.transpose(1, 0, 2), strict=True):
        left.plot(TIMES, values.mean(axis=0), mark, label=way, markersize=4)
        gap = values - truth
        error = gap.std(axis=0, ddof=1) / np.sqrt(len(gap))
        right.errorbar(TIMES, gap.mean(axis=0), 1.96 * error, fmt=mark, markersize=4, capsize=2)
    left.set(xlabel="Time (months)", ylabel="Risk of the event, mean of all cases")
    right.set(xlabel="Time (months)", ylabel="Risk said less true risk")
    right.axhline(0, color="0.6", linewidth=0.8)
    left.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def page(truth: FloatArray, said: FloatArray, share: float) -> str:
    lines = [
        "# Absolute risk where events compete, at a known truth",
        "",
        f"{len(truth)} studies of {CASES} cases, {share:.0%} with the competing event first, by"
        " `benchmarks/simulation_competing.py`. Bias of the mean risk with its Monte-Carlo"
        " standard error; `benchmarks/results/competing.png` shows it.",
        "",
        f"| months | true risk | {' | '.join(WAYS)} |",
        "|---" * (2 + len(WAYS)) + "|",
    ]
    for k, time in enumerate(TIMES):
        gap = said[:, :, k] - truth[:, k, None]
        error = gap.std(axis=0, ddof=1) / np.sqrt(len(gap))
        cells = [f"{m:+.4f} ({e:.4f})" for m, e in zip(gap.mean(axis=0), error, strict=True)]
        lines.append(f"| {time:g} | {truth[:, k].mean():.3f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--out", type=Path, default=RESULTS / "competing.md")
    given = parser.parse_args()
    found = [one_study(seed) for seed in range(given.studies)]
    truth, said = np.array([one[0] for one in found]), np.array([one[1] for one in found])
    draw(truth, said, given.out.with_suffix(".png"))
    given.out.write_text(page(truth, said, float(np.mean([one[2] for one in found]))))


if __name__ == "__main__":
    main()
