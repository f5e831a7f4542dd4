"""LASSO-Cox path and tenfold cross-validation against scikit-survival and glmnet.

Same data, penalties and folds; what each reached is told as the largest excess of its objective
over the best of all, over the path. ``python benchmarks/run.py coxnet``.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peers import Worker, median_seconds, peer_python, r_with
from trephine.regression.coxnet_cv import deviance
from trephine.regression.coxnet_path import coxnet_path
from trephine.regression.coxnet_settings import PathSettings
from trephine.types import Survival

HERE = Path(__file__).resolve().parent
PEER_TOLERANCE = 1e-7
# Ours, of the optimality conditions. A threshold of 1e-7 bounds the squared step, so a gradient by
# its root; the objective reached is told for all.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Job:
    n: int
    p: int
    cross_validated: bool
    n_penalties: int
    penalty_ratio: float
    rounds: int
    glmnet: bool


JOBS = (
    Job(212, 200, True, 100, 0.05, 5, True),
    Job(212, 2074, True, 100, 0.05, 3, True),
    Job(2000, 2000, False, 50, 0.05, 1, False),
    Job(20000, 1000, False, 50, 0.05, 1, False),
)


def simulate(job: Job) -> tuple[Any, Survival]:
    """Columns correlated through 40 factors, as radiomic features are; some 30 % events."""
    rng = np.random.default_rng(20250101)
    factors = rng.normal(size=(job.n, 40))
    X = 0.2 * factors @ rng.normal(size=(40, job.p)) + 0.6 * rng.normal(size=(job.n, job.p))
    risk = X[:, :10] @ rng.normal(0, 0.25, 10)
    time = rng.exponential(60 * np.exp(-risk))
    censored = rng.uniform(5, 45, job.n)
    return X, Survival(np.ceil(np.minimum(time, censored)), time <= censored)


def write_task(job: Job, folder: Path) -> tuple[Path, Any, Survival, Any]:
    X, survival = simulate(job)
    top = coxnet_path(X, survival, PathSettings(n_penalties=2, penalty_ratio=0.99)).penalty_max
    grid = 0.99 * top * job.penalty_ratio ** np.linspace(0, 1, job.n_penalties)
    folds = np.arange(job.n) % 10 + 1 if job.cross_validated else np.zeros(0)
    task = folder / f"n{job.n}p{job.p}.npz"
    np.savez(
        task,
        X=X,
        time=survival.time,
        event=survival.event,
        grid=grid,
        folds=folds,
        tolerance=TOLERANCE,
        peer_tolerance=PEER_TOLERANCE,
    )
    if job.glmnet:
        labels = folds if folds.size else np.zeros(job.n)
        table = np.column_stack((survival.time, survival.event, labels, X))
        np.savetxt(
            task.with_suffix(".csv"),
            table,
            delimiter=",",
            comments="",
            header=",".join(f"c{j}" for j in range(table.shape[1])),
        )
        np.savetxt(task.with_suffix(".grid"), grid, fmt="%.17g")
        task.with_suffix(".thresh").write_text(f"{PEER_TOLERANCE}\n")
    return task, X, survival, grid


def objectives(X: Any, survival: Survival, grid: Any, coefficients: Any) -> Any:
    order = np.argsort(survival.time, kind="stable")
    fit = deviance(coefficients @ X[order].T, survival.take(order)) / (2 * len(survival))
    return fit + grid * np.abs(coefficients * X.std(axis=0)).sum(axis=1)


def measure(job: Job, workers: dict[str, Worker], folder: Path) -> list[str]:
    task, X, survival, grid = write_task(job, folder)
    peers = {name: w for name, w in workers.items() if name != "glmnet" or job.glmnet}
    if job.n <= 1000:
        for worker in peers.values():
            worker.run(task)  # compiles, imports, warms the caches
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in peers}
    for _ in range(job.rounds):
        for name, worker in peers.items():
            answers[name].append(worker.run(task))
    reached = {}
    for name in peers:
        stored = task.with_suffix(f".{name}.npy")
        found = (
            np.load(stored)
            if stored.exists()
            else np.loadtxt(task.with_suffix(".glmnet.csv"), delimiter=",")
        )
        reached[name] = objectives(X, survival, grid[: len(found)], found)
    best = np.min([value for value in reached.values() if value.size == grid.size], axis=0)
    ours = median_seconds(answers["trephine"])
    work = "tenfold CV" if job.cross_validated else "path"
    rows = []
    for name in peers:
        seconds = median_seconds(answers[name])
        excess = np.max(reached[name] - best[: reached[name].size])
        rows.append(
            f"| {job.n} x {job.p} | {work}, {job.n_penalties} penalties | {name} |"
            f" {seconds:.3f} | {seconds / ours:.1f} | {excess:.0e} |"
        )
    return rows


def main() -> None:
    notes = []
    rows: list[str] = []
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        import sys

        workers = {
            "trephine": stack.enter_context(
                Worker(sys.executable, HERE / "coxnet_worker.py", "trephine")
            )
        }
        python, reason = peer_python()
        if python:
            workers["sksurv"] = stack.enter_context(
                Worker(python, HERE / "coxnet_worker.py", "sksurv")
            )
        else:
            notes.append(f"scikit-survival left out: {reason}.")
        rscript, reason = r_with("glmnet", "survival")
        if rscript:
            workers["glmnet"] = stack.enter_context(Worker(rscript, HERE / "coxnet_worker.R"))
        else:
            notes.append(f"glmnet left out: {reason}.")
        for job in JOBS:
            measured = measure(job, workers, Path(folder))
            print(*measured, sep="\n", flush=True)
            rows += measured
    text = (
        "# LASSO-Cox\n\n"
        f"Median seconds of interleaved runs; peers at a threshold of {PEER_TOLERANCE:g}, Trephine"
        f" at optimality conditions met to {TOLERANCE:g} of the null gradient. Ratio: seconds over"
        " Trephine's. Excess: the largest distance of the objective from the best of the row's"
        " group, over the path.\n\n"
        "| cases x columns | work | solver | seconds | ratio | excess |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )
    if notes:
        text += "\n" + " ".join(notes) + "\n"
    (HERE / "results" / "coxnet.md").write_text(text)


if __name__ == "__main__":
    main()
