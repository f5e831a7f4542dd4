"""A study whose event is seen at visits, with a known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from study.small_study import QUICK, SmallStudy

CASES = 150
PATIENTS = 110
EFFECTS = {"angle": 0.05, "stage": 0.7}

_STUDY = """
[study]
title = "Collapse, seen at visits"

[data]
table = "clinical.csv"
columns = { case = "hip", patient = "patient", last_intact = "intact", first_seen = "collapsed" }

[outcome]
event = "collapse"
horizons = [24, 48]

[clinical]
angle = { unit = "degree" }
stage = { levels = ["I", "II"] }
"""


def visits_table(seed: int = 5, cases: int = CASES, every: float = 12.0) -> pd.DataFrame:
    """Make the table: visits a year or so apart, some of them missed."""
    rng = np.random.default_rng(seed)
    patients = max(2, cases * PATIENTS // CASES)
    patient = np.sort(np.concatenate([np.arange(patients), rng.choice(patients, cases - patients)]))
    angle = rng.normal(200, 15, cases).round(0)
    stage = rng.integers(0, 2, cases)
    ratio = np.exp(EFFECTS["angle"] * (angle - 200) + EFFECTS["stage"] * stage)
    time = 45 * (rng.exponential(size=cases) / ratio) ** (1 / 1.3)
    intact, seen = [], []
    for one in time:
        visits = np.cumsum(rng.uniform(0.7 * every, 1.3 * every, 12)).round(1)
        visits = visits[visits <= max(rng.uniform(30, 90), visits[0])]
        after = np.flatnonzero(visits >= one)
        first = after[0] if after.size else visits.size
        intact.append(f"{visits[first - 1]:g}" if first else "")
        seen.append(f"{visits[first]:g}" if after.size else "")
    return pd.DataFrame(
        {
            "hip": [f"h{k:03d}" for k in range(cases)],
            "patient": [f"p{k:03d}" for k in patient],
            "intact": intact,
            "collapsed": seen,
            "angle": [f"{a:g}" for a in angle],
            "stage": [("I", "II")[k] for k in stage],
        }
    )


def write_visits_study(folder: Path, seed: int = 5, more: str = "") -> SmallStudy:
    """Write it."""
    folder.mkdir(parents=True, exist_ok=True)
    study = SmallStudy(folder)
    study.write(visits_table(seed))
    study.toml.write_text(_STUDY + more + QUICK, encoding="utf-8")
    return study
