"""The C-index of every candidate on every set and repeat, from the members that are kept.

Pairs are compared within outer folds, as in the product. What comes out is small enough for the
repository: ``results/league.csv.gz``, one row a set and repeat, one column a candidate.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from league_candidates import Candidate, Member, candidates
from league_fit import place
from league_members import GROUPS
from league_sets import FOLDER, SETS
from trephine.survival.concordance import concordance
from trephine.types import Survival


def held(name: str, repeat: int) -> list[tuple[Survival, Survival, dict[str, Member]]] | None:
    """Return each fold: training outcome, held-out outcome and members; None where none is kept."""
    folds: dict[int, tuple[Survival, Survival, dict[str, Member]]] = {}
    for group in GROUPS:
        path = place(name, repeat, group)
        if not path.exists():
            continue
        with np.load(path) as file:
            kept = dict(file)
        for k in sorted({int(key.split("/")[0]) for key in kept if "/" in key}):
            train = Survival(kept[f"{k}/time"], kept[f"{k}/event"])
            test = Survival(kept[f"{k}/test_time"], kept[f"{k}/test_event"])
            _, _, members = folds.setdefault(k, (train, test, {}))
            for key in kept:
                if key.startswith(f"{k}/") and key.endswith("/numbers"):
                    stem = key.removesuffix("/numbers")
                    numbers = kept[key]
                    members[stem.split("/", 1)[1]] = Member(
                        kept[f"{stem}/inner"].astype(float),
                        kept[f"{stem}/test"].astype(float),
                        float(numbers[0]),
                        float(numbers[1]),
                    )
    return [folds[k] for k in sorted(folds)] or None


def scored(name: str, repeat: int, known: dict[str, Candidate]) -> dict[str, float]:
    """Return the C-index of each candidate whose members are there."""
    path = FOLDER / "scores" / f"{name}.{repeat}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    if not (known := {label: one for label, one in known.items() if label not in found}):
        return found
    folds = held(name, repeat)
    if folds is None:
        return found
    available = set.intersection(*[set(members) for _, _, members in folds])
    time = np.concatenate([test.time for _, test, _ in folds])
    event = np.concatenate([test.event for _, test, _ in folds])
    fold = np.concatenate([np.full(len(test), k) for k, (_, test, _) in enumerate(folds)])
    for label, candidate in known.items():
        if not available.issuperset(candidate.members):
            continue
        score = np.concatenate([candidate.predict(members, train) for train, _, members in folds])
        found[label] = concordance(time, event, score, strata=fold).estimate
    path.write_text(json.dumps(found))
    return found


def table(repeats: range) -> pd.DataFrame:
    """Return one row a set and repeat; what is scored already is taken from the folder."""
    known = dict(candidates())
    rows = []
    for name in SETS:
        for repeat in repeats:
            found = scored(name, repeat, known)
            if found:
                rows.append({"set": name, "repeat": repeat, **found})
    return pd.DataFrame(rows).set_index(["set", "repeat"])


def main() -> None:
    out = Path(__file__).parent / "results" / "league.csv.gz"
    table(range(10)).round(5).to_csv(out)
    print(f"{out}: {out.stat().st_size / 1024:.0f} kB; members under {FOLDER}")


if __name__ == "__main__":
    main()
