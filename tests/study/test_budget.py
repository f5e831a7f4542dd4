"""The budget of parameters: what a plan's fullest model may fit, against the events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.small_study import NOT_RESAMPLED
from trephine.evaluation.sample_size import sample_size
from trephine.study import Study

PLAN = """
[study]
title = "Budget"
[data]
table = "table.csv"
columns = { case = "case", time = "time", event = "event" }
[outcome]
horizons = [12, 24]
[clinical]
age = { unit = "years", spline = 4 }
size = { unit = "mm" }
stage = { levels = ["I", "II", "III", "IV"] }
[selection]
clinical = "all"
"""
PLAN += NOT_RESAMPLED


def write_study(folder: Path, n: int, plan: str = PLAN) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "case": [f"{row:03d}" for row in range(n)],
            "time": rng.uniform(1, 60, n).round(1),
            "event": np.arange(n) % 4 == 0,
            "age": rng.normal(50, 9, n).round(1),
            "size": rng.normal(20, 4, n).round(1),
            # Nobody is at IV: that level costs nothing.
            "stage": rng.choice(["I", "II", "III"], n),
        }
    ).astype({"event": int})
    table.to_csv(folder / "table.csv", index=False)
    (folder / "study.toml").write_text(plan)
    return table


def said(folder: Path) -> list[str]:
    remarks = Study.from_toml(folder / "study.toml").check().remarks
    return [one for one in remarks if one.startswith("The fullest model may fit")]


def test_splines_and_levels_cost_what_they_fit(tmp_path: Path) -> None:
    table = write_study(tmp_path, 200)
    (remark,) = said(tmp_path)
    assert "6 parameters (Age 3, Size 1, Stage 2) to 50 events, 8.3 per parameter" in remark
    needed = sample_size(
        6,
        event_rate=50 / table["time"].sum(),
        mean_follow_up=table["time"].mean(),
        horizon=24.0,
    )
    assert f"ask for {needed.n:,} cases ({needed.events:,} events)" in remark


def test_enough_events_need_no_word(tmp_path: Path) -> None:
    write_study(tmp_path, 240)
    assert said(tmp_path) == []


@pytest.mark.parametrize("n", [236, 240])
def test_ten_events_for_each_parameter_are_the_bound(n: int, tmp_path: Path) -> None:
    write_study(tmp_path, n)
    assert bool(said(tmp_path)) == (n // 4 < 60)


def test_a_signature_costs_one(tmp_path: Path) -> None:
    features = '[features]\ntable = "features.csv"\n'
    table = write_study(tmp_path, 200, PLAN + features)
    rng = np.random.default_rng(5)
    values = pd.DataFrame(rng.normal(size=(200, 3)), columns=["f1", "f2", "f3"])
    values.insert(0, "case", table["case"])
    values.to_csv(tmp_path / "features.csv", index=False)
    (remark,) = said(tmp_path)
    assert "7 parameters (Age 3, Size 1, Stage 2, features signature 1)" in remark


def test_the_report_counts_a_spline_s_columns_too(tmp_path: Path) -> None:
    write_study(tmp_path, 200)
    facts = Study.from_toml(tmp_path / "study.toml").run(workers=1, formats=()).facts
    assert facts.sample_size is not None
    rows = {row.model: row.parameters for row in facts.sample_size.rows}
    assert rows == {"Clinical variables (candidate parameters)": 6}
