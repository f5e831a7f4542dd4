"""Published against sound on every set of the league table: apparent C, and C in held-out cases.

    python league_protocols.py [--repeats 0] [--sets NSBCD ...]

Whole recipes of the product are fitted, every column being a feature: once to all cases, judged on
these (apparent), and once without each outer fold, judged on it. One row a set, repeat and protocol
goes to ``.league/protocols.csv`` as soon as it is known.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings

import numpy as np

from league_sets import FOLDER, SETS, Split, fetch, splits
from trephine.cohort.schema import ClinicalTable
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import PROTOCOLS, Protocol
from trephine.modelling.recipe import fit_recipe
from trephine.survival.concordance import concordance, harrell_concordance
from trephine.types import FloatArray, Survival

KEPT = FOLDER / "protocols.csv"
COLUMNS = ("set", "repeat", "protocol", "apparent", "held_out", "features", "seconds")
MODEL = "Columns"


def cases_of(values: FloatArray, survival: Survival, patient: np.ndarray) -> Cases:
    names = tuple(f"column {j:05d}" for j in range(values.shape[1]))
    features = {"columns": FeatureSet("columns", names, values)}
    return Cases(survival, patient, features, ClinicalTable({}, {}, len(survival)))


def predictor(split: Split, protocol: Protocol) -> tuple[FloatArray, FloatArray, int]:
    """Return the model's predictor of training and held-out cases, and its number of features."""
    training = cases_of(split.train, split.survival, split.patient)
    test = cases_of(split.test, split.test_survival, split.test_rows)
    settings = protocol.recipe(((MODEL, ("columns",)),))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = fit_recipe(training, settings, np.random.default_rng(split.seed))
    own, other = (fitted.predict(cases, [])[MODEL].linear_predictor for cases in (training, test))
    return own, other, len(fitted.chains["columns"].signature.names)


def whole(parts: list[Split]) -> Split:
    """Return a split that trains on every case of a set; it is judged on one of the folds."""
    train = np.concatenate([part.test for part in parts])
    survival = Survival(
        np.concatenate([part.test_survival.time for part in parts]),
        np.concatenate([part.test_survival.event for part in parts]),
    )
    patient = np.concatenate([part.test_patient for part in parts])
    first = parts[0]
    rows = np.arange(len(train))
    return Split(
        train, survival, patient, first.test, first.test_survival, first.test_patient,
        rows, first.test_rows, first.seed,
    )  # fmt: skip


def judged(parts: list[Split], protocol: Protocol) -> tuple[float, float, int]:
    """Return apparent C, C in held-out cases, and the features of the model of all cases."""
    found = [predictor(part, protocol) for part in parts]
    time = np.concatenate([part.test_survival.time for part in parts])
    event = np.concatenate([part.test_survival.event for part in parts])
    fold = np.concatenate([np.full(len(part.test), k) for k, part in enumerate(parts)])
    scores = np.concatenate([other for _, other, _ in found])
    held_out = concordance(time, event, scores, strata=fold).estimate
    everyone = parts[0] if len(parts) == 1 else whole(parts)
    own, _, features = found[0] if len(parts) == 1 else predictor(everyone, protocol)
    apparent = harrell_concordance(everyone.survival.time, everyone.survival.event, own)
    return apparent, held_out, features


def kept() -> set[tuple[str, int, str]]:
    if not KEPT.exists():
        return set()
    with open(KEPT, newline="") as file:
        return {(row["set"], int(row["repeat"]), row["protocol"]) for row in csv.DictReader(file)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", nargs="+", type=int, default=[0])
    parser.add_argument("--protocols", nargs="+", choices=list(PROTOCOLS), default=list(PROTOCOLS))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    given = parser.parse_args()
    fetch()
    done = kept()
    for protocol in given.protocols:
        for repeat in given.repeats:
            for name in given.sets:
                if (name, repeat, protocol) in done:
                    continue
                began = time.process_time()
                parts = splits(name, repeat)
                apparent, held_out, features = judged(parts, PROTOCOLS[protocol])
                fresh = not KEPT.exists()
                with open(KEPT, "a", newline="") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    if fresh:
                        writer.writerow(COLUMNS)
                    numbers = (f"{apparent:.5f}", f"{held_out:.5f}", features)
                    seconds = f"{time.process_time() - began:.1f}"
                    writer.writerow([name, repeat, protocol, *numbers, seconds])
                print(name, repeat, protocol, *numbers, f"{seconds} s", flush=True)


if __name__ == "__main__":
    main()
