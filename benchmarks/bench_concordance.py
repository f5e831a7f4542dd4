"""Harrell's concordance of up to a million cases against lifelines.

Ours comes with its variance and every case's influence, lifelines' is the estimate alone.
scikit-survival compares all pairs and is left out: at a million cases it does not end.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from peers import Worker, in_turns, median_seconds, peer_python

HERE = Path(__file__).resolve().parent
SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 3


def main() -> None:
    rows, note = [], ""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        script = HERE / "concordance_worker.py"
        workers = {"trephine": stack.enter_context(Worker(sys.executable, script, "trephine"))}
        python, reason = peer_python()
        if python:
            workers["lifelines"] = stack.enter_context(Worker(python, script, "lifelines"))
        else:
            note = f"\nlifelines left out: {reason}.\n"
        for n in SIZES:
            rng = np.random.default_rng(n)
            score = rng.normal(size=n)
            time, censored = rng.exponential(np.exp(-score)), rng.exponential(size=n)
            task = Path(folder) / f"{n}.npz"
            np.savez(task, time=np.minimum(time, censored), event=time <= censored, score=score)
            answers = in_turns(workers, task, ROUNDS, warm_up=n == SIZES[0])
            ours = median_seconds(answers["trephine"])
            for name, given in answers.items():
                seconds = median_seconds(given)
                rows.append(
                    f"| {n:,} | {name} | {seconds:.3f} | {seconds / ours:.1f} |"
                    f" {given[0]['value']:.12f} |"
                )
            print(*rows[-len(workers) :], sep="\n", flush=True)
    text = (
        f"# Concordance\n\nMedian seconds of {ROUNDS} interleaved runs on continuous times. Ours"
        " with variance and influence of each case.\n\n| cases | by | seconds | ratio | C |\n"
        "|---|---|---|---|---|\n" + "\n".join(rows) + "\n" + note
    )
    (HERE / "results" / "concordance.md").write_text(text)


if __name__ == "__main__":
    main()
