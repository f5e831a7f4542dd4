"""Seconds for bootstraps of the whole recipe: selection, clinical choice and four models."""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from simulated_features import study
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.modelling.cases import Cases, FeatureSet
from trephine.modelling.protocols import PROTOCOLS
from trephine.validation.bootstrap_optimism import bootstrap_validation
from trephine.validation.tasks import Running

RADIOMICS, DEEP = 1562, 512
MODELS = (
    ("Clinical", ("clinical",)),
    ("Radiomics", ("radiomics", "clinical")),
    ("DL", ("deep", "clinical")),
    ("DLRC", ("radiomics", "deep", "clinical")),
)
SETTINGS = tuple(protocol.recipe(MODELS) for protocol in PROTOCOLS.values())
TARGET = 1000


def cases() -> Cases:
    """The paper's size: 212 hips, 1562 + 512 features read by two raters, twelve variables."""
    drawn, _ = study("dense", RADIOMICS + DEEP, 1, 10)
    values = drawn.features["radiomics"].values
    rng = np.random.default_rng(2)
    features = {}
    for name, part in (("radiomics", values[:, :RADIOMICS]), ("deep", values[:, RADIOMICS:])):
        names = tuple(f"{name} {j}" for j in range(part.shape[1]))
        again = part + 0.3 * part.std(axis=0) * rng.standard_normal(part.shape)
        features[name] = FeatureSet(name, names, part, raters={"b": again}, first_rater="a")
    n = len(drawn)
    variables = {f"measure {j}": ClinicalVariable(unit="mm") for j in range(6)}
    variables |= {f"grade {j}": ClinicalVariable(levels=("I", "II", "III")) for j in range(6)}
    columns = {
        name: rng.integers(0, 3, n) if variable.categorical else rng.normal(50, 10, n)
        for name, variable in variables.items()
    }
    return replace(drawn, features=features, clinical=ClinicalTable(variables, columns, n))


def processor_seconds() -> float:
    """Processor time of this process and of the workers that have ended."""
    own, ended = (
        resource.getrusage(resource.RUSAGE_SELF),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def main() -> None:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstraps", type=int, default=TARGET)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=here / "results" / "pipeline.md")
    given = parser.parse_args()
    study_cases = cases()
    rows = []
    for settings in SETTINGS:
        bootstraps = given.bootstraps
        # Twice, so that starting the workers drops out of the difference.
        seconds = []
        for count in (4, 4 + bootstraps):
            start = time.perf_counter(), processor_seconds()
            bootstrap_validation(
                study_cases,
                settings,
                [36.0, 60.0],
                bootstraps=count,
                seed=3,
                running=Running(given.workers),
            )
            seconds.append((time.perf_counter() - start[0], processor_seconds() - start[1]))
        wall, processor = (after - before for before, after in zip(*seconds, strict=True))
        rows.append(
            f"| {settings.protocol} | {bootstraps} | {wall:.1f} | {processor / bootstraps:.3f}"
            f" | {wall / bootstraps * TARGET / 60:.1f}"
            f" | {processor / bootstraps * TARGET / 60 / given.workers:.1f} |"
        )
        print(rows[-1], flush=True)
    text = (
        "# Bootstraps of the whole recipe\n\n"
        f"212 hips, {RADIOMICS} + {DEEP} features of two raters, twelve clinical variables, four"
        f" models, all indices at two horizons; {given.workers} workers. Selection, signatures,"
        " clinical choice and models are refitted in each. Made by"
        " `benchmarks/bench_pipeline.py`.\n\n"
        "Wall time is of the machine as it was; where others used it too, processor time over the"
        " workers is what a quiet one would need.\n\n"
        "| Protocol | Bootstraps run | Wall seconds | Processor seconds each"
        f" | Minutes for {TARGET}, wall | Minutes for {TARGET}, processor / workers |\n"
        "|---|---|---|---|---|---|\n"
    )
    given.out.write_text(text + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
