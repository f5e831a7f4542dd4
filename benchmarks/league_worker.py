"""A peer of the league table, fitted to one split after another: python league_worker.py PEER."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.utils import k_fold_cross_validation
from sksurv.ensemble import GradientBoostingSurvivalAnalysis, RandomSurvivalForest
from sksurv.util import Surv

from peers import serve

Arrays = dict[str, np.ndarray]
# Above so many columns lifelines' Newton steps take hours.
MOST_FOR_LIFELINES = 60
PENALISERS = (0.01, 0.03, 0.1, 0.3, 1.0)


def forest(split: Arrays) -> np.ndarray:
    """300 trees, otherwise scikit-survival's defaults; risk is the mean cumulative hazard."""
    model = RandomSurvivalForest(n_estimators=300, low_memory=True, random_state=int(split["seed"]))
    model.fit(split["train"], Surv.from_arrays(split["event"], split["time"]))
    return model.predict(split["test"])


def boosting(split: Arrays) -> np.ndarray:
    """300 trees of depth 2 at rate 0.05, each on half the cases and the root of the columns."""
    model = GradientBoostingSurvivalAnalysis(
        n_estimators=300,
        learning_rate=0.05,
        max_depth=2,
        subsample=0.5,
        max_features="sqrt",
        random_state=int(split["seed"]),
    )
    model.fit(split["train"], Surv.from_arrays(split["event"], split["time"]))
    return model.predict(split["test"])


def lifelines(split: Arrays) -> np.ndarray | None:
    """Ridge Cox of lifelines, its penalty chosen in five folds by partial likelihood."""
    if split["train"].shape[1] > MOST_FOR_LIFELINES:
        return None
    names = [f"x{j}" for j in range(split["train"].shape[1])]
    mean, scale = split["train"].mean(axis=0), split["train"].std(axis=0)
    varied = scale > 0
    names = [name for name, keep in zip(names, varied, strict=True) if keep]

    def standard(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(
            ((values - mean) / np.where(varied, scale, 1))[:, varied], columns=names
        )

    table = standard(split["train"])
    table["time"], table["event"] = split["time"], split["event"]
    models = [CoxPHFitter(penalizer=penaliser) for penaliser in PENALISERS]
    scores = k_fold_cross_validation(
        models,
        table,
        "time",
        "event",
        k=5,
        scoring_method="log_likelihood",
        seed=int(split["seed"]),
    )
    best = models[int(np.argmax([np.mean(one) for one in scores]))]
    best.fit(table, "time", "event")
    return np.log(best.predict_partial_hazard(standard(split["test"])).to_numpy())


PEERS: dict[str, Callable[[Arrays], np.ndarray | None]] = {
    "forest": forest,
    "boosting": boosting,
    "lifelines": lifelines,
}


def fitted(task: Path) -> dict[str, Any]:
    with np.load(task) as file:
        split = dict(file)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = PEERS[sys.argv[1]](split)
    seconds = time.process_time() - began
    return {"seconds": seconds, "test": None if predicted is None else predicted.tolist()}


if __name__ == "__main__":
    serve(fitted)
