"""Fits the peers on the splits of the league table and keeps their C-index, set by set.

    python league_peers.py --peers forest --repeats 0 [--sets NSBCD ...]

One row a set, repeat and peer goes to ``.league/peers.csv`` as soon as it is known.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from league_sets import FOLDER, SETS, Split, fetch, splits
from peers import Worker, peer_python, r_with
from trephine.modelling.learner import inner_folds
from trephine.modelling.protocols import SOUND
from trephine.survival.concordance import concordance

HERE = Path(__file__).resolve().parent
KEPT = FOLDER / "peers.csv"
COLUMNS = ("set", "repeat", "peer", "c", "seconds")
PYTHON_PEERS = ("forest", "boosting", "lifelines")
GLMNET = {"ridge": "glmnet, ridge", "net": "glmnet, elastic net", "LASSO": "glmnet, LASSO"}


def write(split: Split, folder: Path, *, for_r: bool) -> Path:
    """Write a split as a worker reads it."""
    task = folder / "split.npz"
    folds = inner_folds(
        split.survival, split.patient, SOUND.chain, np.random.default_rng(split.seed)
    )
    time, event = split.survival.time, split.survival.event
    varied = np.ptp(split.train, axis=0) > 0
    train, test = split.train[:, varied], split.test[:, varied]
    if for_r:
        base = str(task.with_suffix(""))
        np.savetxt(f"{base}.csv", np.column_stack([time, event, folds]), delimiter=",")
        train.astype("<f8").tofile(f"{base}.train.bin")
        test.astype("<f8").tofile(f"{base}.test.bin")
        Path(f"{base}.rows").write_text(str(len(test)))
    else:
        np.savez(task, train=train, test=test, time=time, event=event, folds=folds, seed=split.seed)
    return task


def judged(parts: list[Split], predicted: list[list[float]]) -> float:
    """Return the C-index with pairs within folds only."""
    time = np.concatenate([part.test_survival.time for part in parts])
    event = np.concatenate([part.test_survival.event for part in parts])
    fold = np.concatenate([np.full(len(part.test), k) for k, part in enumerate(parts)])
    return concordance(time, event, np.concatenate(predicted), strata=fold).estimate


def kept() -> set[tuple[str, int, str]]:
    if not KEPT.exists():
        return set()
    with open(KEPT, newline="") as file:
        return {(row["set"], int(row["repeat"]), row["peer"]) for row in csv.DictReader(file)}


def keep(name: str, repeat: int, peer: str, c: float | None, seconds: float) -> None:
    fresh = not KEPT.exists()
    with open(KEPT, "a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        writer.writerow([name, repeat, peer, "" if c is None else f"{c:.5f}", f"{seconds:.1f}"])
    print(name, repeat, peer, c, f"{seconds:.0f} s", flush=True)


def fit(name: str, repeat: int, peer: str, worker: Worker, folder: Path) -> None:
    parts = splits(name, repeat)
    for_r = peer == "glmnet"
    answers: list[dict[str, Any]] = [worker.run(write(part, folder, for_r=for_r)) for part in parts]
    seconds = sum(answer["seconds"] for answer in answers)
    shown = GLMNET if for_r else {"test": peer}
    for key, label in shown.items():
        predicted = [answer[key] for answer in answers]
        none = any(one is None for one in predicted)
        keep(name, repeat, label, None if none else judged(parts, predicted), seconds)


def command(peer: str) -> tuple[str | Path, ...]:
    if peer == "glmnet":
        rscript, why = r_with("glmnet", "survival")
        if rscript is None:
            raise SystemExit(why)
        return (rscript, HERE / "league_worker.R")
    python, why = peer_python()
    if python is None:
        raise SystemExit(why)
    return (python, HERE / "league_worker.py", peer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", nargs="+", default=["glmnet", *PYTHON_PEERS])
    parser.add_argument("--repeats", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    given = parser.parse_args()
    fetch()
    done = kept()
    with tempfile.TemporaryDirectory() as folder:
        for peer in given.peers:
            with Worker(*command(peer)) as worker:
                for repeat in given.repeats:
                    for name in given.sets:
                        label = GLMNET["LASSO"] if peer == "glmnet" else peer
                        if (name, repeat, label) not in done:
                            fit(name, repeat, peer, worker, Path(folder))


if __name__ == "__main__":
    main()
