"""Fits of one Python peer: the path on all cases and, where asked for, on the rest of each fold."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import serve


def trephine(task: Path) -> dict[str, Any]:
    from trephine.regression.coxnet_cv import cross_validate
    from trephine.regression.coxnet_path import coxnet_path
    from trephine.regression.coxnet_settings import PathSettings
    from trephine.types import Survival

    data = np.load(task)
    survival = Survival(data["time"], data["event"])
    X, grid, tolerance = data["X"], data["grid"], float(data["tolerance"])
    began = time.perf_counter()
    if data["folds"].size:
        import warnings

        warnings.simplefilter("ignore")
        path = cross_validate(
            X, survival, data["folds"], PathSettings(tolerance=tolerance), penalties=grid
        ).path
    else:
        path = coxnet_path(X, survival, PathSettings(tolerance=tolerance), penalties=grid)
    seconds = time.perf_counter() - began
    np.save(task.with_suffix(".trephine.npy"), path.coefficients)
    return {"seconds": seconds}


def sksurv(task: Path) -> dict[str, Any]:
    from sksurv.linear_model import CoxnetSurvivalAnalysis

    data = np.load(task)
    X, folds = data["X"], data["folds"]
    y = np.empty(len(X), dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = data["event"], data["time"]

    def fit(rows: Any) -> Any:
        centre, scale = X[rows].mean(axis=0), X[rows].std(axis=0)
        model = CoxnetSurvivalAnalysis(
            l1_ratio=1.0, alphas=data["grid"], tol=float(data["peer_tolerance"]), max_iter=10**6
        )
        return model.fit((X[rows] - centre) / scale, y[rows]).coef_.T / scale

    began = time.perf_counter()
    coefficients = fit(np.ones(len(X), bool))
    for fold in np.unique(folds):
        fit(folds != fold)
    seconds = time.perf_counter() - began
    np.save(task.with_suffix(".sksurv.npy"), coefficients)
    return {"seconds": seconds}


if __name__ == "__main__":
    serve({"trephine": trephine, "sksurv": sksurv}[sys.argv[1]])
