"""A study of a table in which patients die before their hip collapses, with a known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from study.small_study import QUICK, SmallStudy

CASES = 150
PATIENTS = 100

_STUDY = """
[study]
title = "Collapse, and death before it"

[data]
table = "clinical.csv"
columns = { case = "hip", patient = "patient", time = "months", event = "status" }

[outcome]
event = "collapse"
competing = { death = 2, replacement = [3, 4] }
horizons = [12, 24]

[clinical]
age = { unit = "years" }
stage = { levels = ["I", "II", "IIIA"] }
"""


def write_competing_study(folder: Path, seed: int = 5) -> SmallStudy:
    """Write it: the late stages collapse, the old die, and some hips are replaced."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    patient = np.sort(np.concatenate([np.arange(PATIENTS), rng.choice(PATIENTS, CASES - PATIENTS)]))
    age = rng.normal(60, 10, PATIENTS).round(1)[patient]
    stage = rng.integers(0, 3, CASES)
    rates = np.column_stack(
        [
            0.015 * np.exp(0.7 * (stage - 1)),
            0.015 * np.exp(0.08 * (age - 60)),
            np.full(CASES, 0.003),
        ]
    )
    times = rng.exponential(1 / rates)
    end = rng.uniform(12, 60, CASES)
    first = times.argmin(axis=1)
    status = np.where(times.min(axis=1) > end, 0, first + 1)
    status = np.where((status == 3) & (np.arange(CASES) % 2 == 0), 4, status)
    table = pd.DataFrame(
        {
            "hip": [f"h{k:03d}" for k in range(CASES)],
            "patient": [f"p{k:03d}" for k in patient],
            "months": [f"{t:.3f}" for t in np.minimum(times.min(axis=1), end) + 0.001],
            "status": status.astype(str),
            "age": [f"{a:.1f}" for a in age],
            "stage": [("I", "II", "IIIA")[k] for k in stage],
        }
    )
    study = SmallStudy(folder)
    study.write(table)
    study.toml.write_text(_STUDY + QUICK, encoding="utf-8")
    return study
