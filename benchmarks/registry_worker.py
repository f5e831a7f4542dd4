"""One measure on simulated follow-up; answers a line of JSON. Without a name: the names of all."""

from __future__ import annotations

import atexit
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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
from trephine.imaging import write_nifti
from trephine.modelling.cases import FeatureSet
from trephine.modelling.chain_steps import STEPS, Training
from trephine.modelling.funnel import Funnel
from trephine.modelling.protocols import ChainSettings
from trephine.modelling.reliability import agreements
from trephine.radiomics.settings import RadiomicsSettings
from trephine.regression import CoxModel, CoxNetCVModel, CoxNetModel
from trephine.report import write_report
from trephine.store import FeatureStore
from trephine.store.cases import CaseLedger
from trephine.study import Study
from trephine.study.batch.drive import Conduct, Kept, measure_pairs
from trephine.study.batch.log import RunLog
from trephine.study.batch.measuring import Work
from trephine.study.images.pairs import Pair
from trephine.survival import kaplan_meier, logrank_test
from trephine.types import Geometry, Image, Mask, Survival

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


def extraction(n: int) -> Callable[[], Any]:
    """Regions in files of their own, measured into a store, in this process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    rng = np.random.default_rng(n)
    region = np.zeros((32, 32), dtype=np.uint8)
    region[6:26, 8:24] = 1
    plain = Geometry.plain((0.5, 0.5))
    write_nifti(Mask(region, plain), folder / "mask.nii.gz")
    pairs = []
    for number in range(n):
        path = folder / f"{number}.nii.gz"
        write_nifti(Image(rng.normal(100.0, 20.0, region.shape), plain), path)
        pairs.append((number, Pair(str(number), path, folder / "mask.nii.gz")))
    settings = RadiomicsSettings(
        imageType={"Original": {}}, featureClass={"firstorder": [], "glcm": []}
    )
    kept = Kept(FeatureStore(folder / "store"), CaseLedger(folder / "store"))

    def run() -> None:
        work, conduct = Work(settings), Conduct(workers=1, failures="stop")
        for _ in measure_pairs(pairs, work, conduct, RunLog(None), kept):
            pass

    return run


def steps_of_selection(n: int, p: int = 500) -> Callable[[], Any]:
    """Every screening before the penalised model, on two readings of every case."""
    outcome, predictors, _ = follow_up(n)
    values = many_features(n, p)
    values[:, : WEIGHTS.size] = predictors
    again = values + np.random.default_rng(n + 2).normal(0.0, 0.3, values.shape)
    names = tuple(f"f{j}" for j in range(p))
    features = FeatureSet("simulated", names, values, raters={"b": again}, first_rater="a")
    settings = ChainSettings(relevance="cox-score", relevance_p=0.05)

    def run() -> None:
        found = agreements(features, settings.icc_form)
        funnel = Funnel(features, settings.winsorise)
        for step in STEPS:
            result = step(Training(funnel, found, outcome, settings))
            if result is not None:
                funnel.pour(result)

    return run


def report(n: int) -> Callable[[], Any]:
    """The page, its tables and figures, of a study of clinical variables."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    outcome, predictors, _ = follow_up(n)
    table = pd.DataFrame(predictors, columns=[f"x{j}" for j in range(WEIGHTS.size)])
    table.insert(0, "case", np.arange(n))
    table["years"], table["event"] = outcome.time, outcome.event.astype(int)
    table.to_csv(folder / "clinical.csv", index=False)
    variables = "\n".join(f"x{j} = {{}}" for j in range(WEIGHTS.size))
    (folder / "study.toml").write_text(STUDY.format(variables=variables))
    facts = Study.from_toml(folder / "study.toml").run(workers=1, formats=()).facts
    return lambda: write_report(
        facts, folder / "results" / "pictures", folder / "results", formats=("html",), workers=1
    )


STUDY = """
[study]
title = "A registry"
[data]
table = "clinical.csv"
columns = {{ case = "case", time = "years", event = "event" }}
[outcome]
event = "event"
unit = "years"
horizons = [3]
[clinical]
{variables}
[validation]
repeats = 1
folds = 3
bootstraps = 0
permutations = 0
interval_bootstraps = 50
"""


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
        "extraction, 40 features of a region": extraction,
        "selection before the LASSO, 500 features": steps_of_selection,
        "report, 5 clinical variables": report,
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


class Memory:
    """This process's own memory, looked at fifty times a second: files' pages are the system's."""

    def __enter__(self) -> Memory:
        self.before = self.peak = self.now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            self.peak = max(self.peak, self.now())

    @staticmethod
    def now() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("RssAnon")).split()[1])


def main() -> None:
    if len(sys.argv) == 1:
        print(*measures(), sep="\n")
        return
    name, n = sys.argv[1], int(sys.argv[2])
    make = measures()[name]
    make(300)()  # kernels are compiled, or read from where they are kept
    run = make(n)
    with Memory() as memory:
        start, cpu = time.perf_counter(), time.process_time()
        run()
        seconds, processor = time.perf_counter() - start, time.process_time() - cpu
    added = memory.peak - memory.before
    print(json.dumps({"seconds": seconds, "processor": processor, "added": added}))


if __name__ == "__main__":
    main()
