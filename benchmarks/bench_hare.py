"""Hazard regression, the fit behind rms's smooth calibration curve, against R's polspline."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from peers import Worker, in_turns, median_seconds, r_with

HERE = Path(__file__).resolve().parent
SIZES = ((212, 5), (1_000, 5), (5_000, 5), (5_000, 0))
"""Cases and most basis functions (5 as in rms; 0: polspline's own rule)."""
ROUNDS = 3


def write_cases(path: Path, n: int) -> None:
    """Follow-up in whole months on a prediction, with an effect that fades."""
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    event = rng.weibull(1.3, n) * 80.0 * np.exp(-0.8 * np.minimum(x, 1.0))
    censored = rng.uniform(12.0, 95.0, n)
    time = np.ceil(np.minimum(event, censored))
    table = np.column_stack([time, event <= censored, x])
    np.savetxt(path, table, delimiter=",", header="time,event,x", comments="", fmt="%.17g")


def main() -> None:
    rows, note = [], ""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        workers = {"trephine": stack.enter_context(Worker(sys.executable, HERE / "hare_worker.py"))}
        rscript, reason = r_with("polspline")
        if rscript:
            workers["polspline"] = stack.enter_context(Worker(rscript, HERE / "hare_worker.R"))
        else:
            note = f"\npolspline left out: {reason}.\n"
        for n, largest in SIZES:
            task = Path(folder) / f"cases_{n}_{largest}.csv"
            write_cases(task, n)
            answers = in_turns(workers, task, ROUNDS, warm_up=True)
            ours = median_seconds(answers["trephine"])
            for name, given in answers.items():
                seconds = median_seconds(given)
                rows.append(
                    f"| {n:,} | {largest or 'by rule'} | {name} | {1e3 * seconds:.1f} |"
                    f" {seconds / ours:.1f} | {given[0]['functions']} | {given[0]['free']:.9f} |"
                )
            print(*rows[-len(workers) :], sep="\n", flush=True)
    text = (
        f"# Hazard regression\n\nMedian of {ROUNDS} interleaved rounds, each of half a second of"
        " fits. The last columns: basis functions chosen, and the first case's probability of no"
        " event at the end of its follow-up.\n\n"
        "| cases | most functions | by | milliseconds | ratio | functions | event-free |\n"
        "|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n" + note
    )
    (HERE / "results" / "hare.md").write_text(text)


if __name__ == "__main__":
    main()
