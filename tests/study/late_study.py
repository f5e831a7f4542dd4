"""A study whose cases came under observation late, with a known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from study.small_study import QUICK, SmallStudy

CASES = 160
EFFECTS = {"angle": 0.05, "stage": 0.7}

STUDY = """
[study]
title = "Collapse, in hips that were referred late"

[data]
table = "clinical.csv"
columns = { case = "hip", patient = "patient", time = "months", event = "collapse", entry = "came" }

[features]
table = "features.csv"
sets = { radiomics = { prefix = "r" } }

[outcome]
event = "collapse"
horizons = [24, 48]

[clinical]
angle = { unit = "degree" }
stage = { levels = ["I", "II"] }
"""


def late_table(seed: int = 5, cases: int = CASES) -> pd.DataFrame:
    """Make the table: half of the hips came up to 30 months after the diagnosis."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, str]] = []
    while len(rows) < cases:
        angle, stage = float(round(rng.normal(200, 15))), int(rng.integers(0, 2))
        ratio = np.exp(EFFECTS["angle"] * (angle - 200) + EFFECTS["stage"] * stage)
        time = 45 * (rng.exponential() / ratio) ** (1 / 1.3)
        entry = max(float(rng.uniform(-30, 30)), 0.0)
        end = entry + float(rng.uniform(12, 70))
        if time <= entry + 0.1:
            continue
        number = len(rows)
        rows.append(
            {
                "hip": f"h{number:03d}",
                "patient": f"p{number * 3 // 4:03d}",
                "months": f"{min(time, end):.2f}",
                "collapse": str(int(time <= end)),
                "came": f"{entry:.2f}" if entry else "",
                "angle": f"{angle:g}",
                "stage": ("I", "II")[stage],
            }
        )
    return pd.DataFrame(rows)


def write_late_study(folder: Path, seed: int = 5, more: str = "") -> SmallStudy:
    """Write it, with ten features of which the first follows the angle."""
    folder.mkdir(parents=True, exist_ok=True)
    study = SmallStudy(folder)
    table = late_table(seed)
    study.write(table)
    rng = np.random.default_rng(seed + 1)
    values = rng.normal(size=(len(table), 10))
    values[:, 0] += (table["angle"].astype(float) - 200) / 15
    features = pd.DataFrame(values.round(4), columns=[f"r{k}" for k in range(10)])
    features.insert(0, "hip", table["hip"])
    features.to_csv(folder / "features.csv", index=False)
    study.toml.write_text(STUDY + more + QUICK, encoding="utf-8")
    return study
