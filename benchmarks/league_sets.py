"""The data sets of the league table, and how each is split: the same splits for every learner.

Public sets come from the package SurvSet, by way of the peers' environment. Of the gene expression
sets 100 columns are drawn once more as sets of their own: among the public sets that learners are
chosen on there is none of 50 to 160 columns. Where the truth is simulated, a split is one training
table and 1,000 fresh cases, and seeds take the place of repeats.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from peers import peer_python
from simulated_features import Truth, study
from trephine.regression.folds import assign_folds
from trephine.types import FloatArray, IntArray, Survival

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".league"
# Rows that are written one by one; the page is made of copies in the repository.
KEPT = ("peers", "protocols")
FOLDS = 5
FEATURES = 600
FRESH = 1000
SEED = 2025
# Columns that lack more than this share of their values are left out, for every learner.
MOST_MISSING = 0.2
DRAWN_COLUMNS = 100

PUBLIC = (
    "NSBCD", "AML_Bull", "vdv", "DBCD", "DLBCL", "chop", "gse1992",
    "wpbc", "Bergamaschi", "pbc", "veteran", "retinopathy", "whas500", "prostate", "follic",
    "GBSG2", "colon", "rdata", "support2",
)  # fmt: skip
DRAWN_ROWS = {"support2": 2000}
THINNED = {f"{name}, {DRAWN_COLUMNS} columns": name for name in ("DBCD", "DLBCL", "chop", "NSBCD")}
TRUTHS: dict[str, Truth] = {f"{t} truth": t for t in ("dense", "sparse", "block", "global")}  # type: ignore[misc]
SETS = (*PUBLIC, *THINNED, *TRUTHS)


@dataclass(frozen=True)
class Split:
    """Cases to learn from and cases to be judged on; the columns are complete."""

    train: FloatArray
    survival: Survival
    patient: IntArray
    test: FloatArray
    test_survival: Survival
    test_patient: IntArray
    train_rows: IntArray
    test_rows: IntArray
    seed: int


@dataclass(frozen=True)
class Table:
    """A public set: its columns, of which some values may be missing, and its outcome."""

    columns: tuple[str, ...]
    values: FloatArray
    survival: Survival
    patient: IntArray


def fetch() -> None:
    """Write the public sets into the folder, where they are not yet there.

    Rows of peers and protocols that the repository holds are not fitted again.
    """
    FOLDER.mkdir(exist_ok=True)
    for name in KEPT:
        held, given = FOLDER / f"{name}.csv", HERE / "results" / f"league_{name}.csv"
        if given.exists() and not held.exists():
            shutil.copy(given, held)
    missing = [name for name in PUBLIC if not (FOLDER / "sets" / f"{name}.npz").exists()]
    if missing:
        python, why = peer_python()
        if python is None:
            raise SystemExit(why)
        subprocess.run([python, HERE / "survset_worker.py", FOLDER / "sets", *missing], check=True)


def read(name: str) -> Table:
    """Return a public set, or some columns of one."""
    held = np.load(FOLDER / "sets" / f"{THINNED.get(name, name)}.npz")
    values, time = held["values"], held["time"]
    # A case that died on the day it entered was at risk for part of it.
    time = np.where(time > 0, time, time[time > 0].min() / 2)
    rows = np.arange(len(time))
    rng = np.random.default_rng(SEED)
    if name in DRAWN_ROWS:
        rows = np.sort(rng.choice(len(time), DRAWN_ROWS[name], replace=False))
    chosen = np.flatnonzero(np.isnan(values).mean(axis=0) <= MOST_MISSING)
    if name in THINNED:
        chosen = np.sort(rng.choice(chosen, DRAWN_COLUMNS, replace=False))
    return Table(
        tuple(str(column) for column in held["columns"][chosen]),
        values[np.ix_(rows, chosen)],
        Survival(time[rows], held["event"][rows]),
        held["patient"][rows].astype(np.int64),
    )


def splits(name: str, repeat: int) -> list[Split]:
    """Return the splits of one repeat: folds by patient balanced in events, or one fresh table."""
    if name in TRUTHS:
        training, fresh = study(TRUTHS[name], FEATURES, repeat, FRESH)
        values = (training.features["radiomics"].values, fresh.features["radiomics"].values)
        rows = (np.arange(len(training)), len(training) + np.arange(FRESH))
        known = (training.survival, training.patient)
        judged = (values[1], fresh.survival, fresh.patient)
        return [Split(values[0], *known, *judged, *rows, seed=repeat)]
    table = read(name)
    rng = np.random.default_rng([SEED, repeat])
    fold = assign_folds(FOLDS, table.patient, table.survival.event, rng)
    return [_split(table, fold == k, SEED + 100 * repeat + k) for k in range(FOLDS)]


def _split(table: Table, held_out: np.ndarray, seed: int) -> Split:
    train, test = table.values[~held_out], table.values[held_out]
    median = np.nanmedian(train, axis=0)
    return Split(
        np.where(np.isnan(train), median, train),
        table.survival.take(~held_out),
        table.patient[~held_out],
        np.where(np.isnan(test), median, test),
        table.survival.take(held_out),
        table.patient[held_out],
        np.flatnonzero(~held_out),
        np.flatnonzero(held_out),
        seed,
    )
