"""``trephine new`` on a table with more outcomes than the study's: none of them may predict."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.visits_study import visits_table
from trephine.study.draft.drafting import draft_study

N = 40
RNG = np.random.default_rng(1)
BASE = pd.DataFrame(
    {
        "hip_id": [f"H{k:02d}" for k in range(N)],
        "months": [f"{value:.1f}" for value in RNG.exponential(30, N) + 1],
        "collapse": [str(int(value)) for value in RNG.random(N) < 0.5],
    }
)


def drafted(folder: Path, **columns: list[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the study file drafted for a table with more columns, and what was found."""
    BASE.assign(**columns).to_csv(folder / "t.csv", index=False)
    draft = draft_study(folder)
    return tomllib.loads(draft.text), draft.found


@pytest.mark.parametrize("name", ["TTP", "PFI", "DSS", "TTE", "FU", "F/U (m)", "duration", "mRFS"])
def test_abbreviated_second_times_are_no_predictors(tmp_path: Path, name: str) -> None:
    """They came last in the table, behind the study's own time."""
    cells = [f"{float(cell) * 0.6:.1f}" for cell in BASE["months"]]
    plan, _ = drafted(tmp_path, **{name: cells})
    assert plan["data"]["columns"]["time"] == "months"
    assert name not in plan.get("clinical", {})


@pytest.mark.parametrize(
    "name",
    [
        "PFI",
        "OS",
        "THA",
        "converted to THA",
        "vital",
        "状态",
        "转归",
        "DOD",
        "new lesion at follow-up",
    ],
)
def test_abbreviated_second_events_are_no_predictors(tmp_path: Path, name: str) -> None:
    cells = [str((k * 7) % 3 % 2) for k in range(N)]
    plan, _ = drafted(tmp_path, **{name: cells})
    assert plan["data"]["columns"]["event"] == "collapse"
    assert name not in plan.get("clinical", {})


@pytest.mark.parametrize(
    "name", ["symptom duration", "duration of pain", "previous THA", "marital status", "HTA"]
)
def test_what_was_known_before_stays_a_predictor(tmp_path: Path, name: str) -> None:
    cells = (
        [str(k * 11 % 17) for k in range(N)] if "dur" in name else [str(k % 2) for k in range(N)]
    )
    plan, found = drafted(tmp_path, **{name: cells})
    assert name in plan["clinical"], found


def test_columns_of_visits_are_the_outcome_and_neither_predicts(tmp_path: Path) -> None:
    table = visits_table().rename(columns={"intact": "last_intact", "collapsed": "first_seen"})
    table.to_csv(tmp_path / "t.csv", index=False)
    plan = tomllib.loads(draft_study(tmp_path).text)
    columns = plan["data"]["columns"]
    assert (columns["last_intact"], columns["first_seen"]) == ("last_intact", "first_seen")
    assert not {"time", "event"} & set(columns)
    assert set(plan["clinical"]) == {"angle", "stage"}
