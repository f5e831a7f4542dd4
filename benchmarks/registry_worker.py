"""One measure on simulated follow-up; answers a line of JSON. Without a name: the names of all."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from trephine.evaluation import (
    brier_score,
    calibration_curve,
    calibration_groups,
    concordance_index,
    decision_curves,
    greenwood_nam_dagostino_test,
    integrated_brier,
    time_dependent_auc,
)
from trephine.regression import CoxModel, CoxNetCVModel, CoxNetModel
from trephine.survival import kaplan_meier, logrank_test
from trephine.types import Survival

HORIZON = 3.0
DAYS = 365.25
WEIGHTS = np.array([0.5, 0.3, 0.0, 0.0, 0.2])


def follow_up(n: int) -> tuple[Survival, np.ndarray, np.ndarray]:
    """Cases whose time is known to the day, as a registry has it: outcome, predictors, scores."""
    rng = np.random.default_rng(n)
    predictors = rng.normal(size=(n, WEIGHTS.size))
    event = rng.exponential(5.0 * np.exp(-predictors @ WEIGHTS))
    censored = rng.uniform(0.0, 10.0, n)
    days = np.ceil(np.minimum(event, censored) * DAYS) / DAYS
    return Survival(days, event <= censored), predictors, predictors @ WEIGHTS


def many_features(n: int, p: int = 500) -> np.ndarray:
    """Standard normal features, a tenth of them correlated in pairs."""
    features = np.random.default_rng(n + 1).normal(size=(n, p))
    features[:, 1 : p // 10 : 2] += features[:, 0 : p // 10 - 1 : 2]
    return features


def measures() -> dict[str, Callable[[int], Callable[[], Any]]]:
    """Each measure prepares its cases, and returns what is timed."""

    def with_risk(measure: Callable[[Survival, np.ndarray], Any]) -> Callable[[int], Any]:
        def prepare(n: int) -> Callable[[], Any]:
            outcome, _, scores = follow_up(n)
            risk = 1.0 - np.exp(-np.exp(scores) * HORIZON / 5.0)
            return lambda: measure(outcome, risk)

        return prepare

    def cox(n: int) -> Callable[[], Any]:
        outcome, predictors, _ = follow_up(n)
        return lambda: CoxModel().fit(predictors, outcome)

    def path(n: int, model: Any) -> Callable[[], Any]:
        outcome, predictors, _ = follow_up(n)
        features = many_features(n)
        features[:, : WEIGHTS.size] = predictors
        return lambda: model.fit(features, outcome)

    def groups(outcome: Survival, risk: np.ndarray) -> np.ndarray:
        return np.searchsorted(np.quantile(risk, (1 / 3, 2 / 3)), risk)

    return {
        "Kaplan-Meier": with_risk(lambda y, r: kaplan_meier(y.time, y.event)),
        "log-rank, three groups": with_risk(
            lambda y, r: logrank_test(y.time, y.event, groups(y, r))
        ),
        "Cox, 5 predictors": cox,
        "C-index with its interval": with_risk(concordance_index),
        "AUC(t) with its interval": with_risk(lambda y, r: time_dependent_auc(y, r, HORIZON)),
        "Brier score with its interval": with_risk(lambda y, r: brier_score(y, r, HORIZON)),
        "integrated Brier, 20 times": with_risk(
            lambda y, r: integrated_brier(
                y, np.outer(r, np.linspace(0.05, 1.0, 20)), np.linspace(0.5, 8.0, 20)
            )
        ),
        "calibration groups and GND test": with_risk(
            lambda y, r: greenwood_nam_dagostino_test(calibration_groups(y, r, HORIZON))
        ),
        "calibration curve": with_risk(lambda y, r: calibration_curve(y, r, HORIZON)),
        "decision curves": with_risk(
            lambda y, r: decision_curves(y, {"model": r}, HORIZON, np.arange(0.01, 1.0, 0.01))
        ),
        "coxnet path, 500 features": lambda n: path(n, CoxNetModel()),
        "coxnet by cross-validation, 500 features": lambda n: path(n, CoxNetCVModel()),
    }


def main() -> None:
    if len(sys.argv) == 1:
        print(*measures(), sep="\n")
        return
    name, n = sys.argv[1], int(sys.argv[2])
    make = measures()[name]
    make(300)()  # kernels are compiled, or read from where they are kept
    run = make(n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    run()
    answer = {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - cpu,
        "before": before * 1024,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
