"""Prediction from a landmark on: the same study as a table that was cut there by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.small_study import JUDGED_ONCE
from trephine.errors import PlanError, StudyProblemsError
from trephine.report.methods.data import about_participants
from trephine.report.trace import Trace, plain
from trephine.study import Study
from trephine.study.locked import predict_case, validate_bundle
from trephine.study.run import StudyResult

PLAN = """
[study]
title = "From a visit on"
[data]
table = "{table}"
columns = {{ case = "case", time = "time", event = "event" }}
[outcome]
horizons = [12, 24]
{more}
[clinical]
age = {{ unit = "years" }}
depth = {{ unit = "mm" }}
[selection]
clinical = "all"
"""


def write_study(folder: Path, table: pd.DataFrame, more: str = "") -> Path:
    table.to_csv(folder / "table.csv", index=False)
    (folder / "study.toml").write_text(PLAN.format(table="table.csv", more=more) + JUDGED_ONCE)
    return folder / "study.toml"


def cohort(n: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    age, depth = rng.normal(50, 8, n).round(1), rng.normal(3, 1, n).round(1)
    time = rng.exponential(size=n) * 40 / np.exp(0.05 * (age - 50) + 0.5 * (depth - 3))
    censored = rng.uniform(2, 60, n)
    return pd.DataFrame(
        {
            "case": [f"{row:03d}" for row in range(n)],
            # Whole and half months: a landmark cuts through ties, and differences are exact.
            "time": np.ceil(np.minimum(time, censored) * 2) / 2,
            "event": (time <= censored).astype(int),
            "age": age,
            "depth": depth,
        }
    )


def run(folder: Path, table: pd.DataFrame, more: str = "") -> StudyResult:
    folder.mkdir(exist_ok=True)
    return Study.from_toml(write_study(folder, table, more)).run(workers=1, formats=())


@pytest.fixture(scope="module")
def landmark(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return run(tmp_path_factory.mktemp("landmark"), cohort(), "landmark = 6")


def test_a_landmark_is_a_table_cut_there_by_hand(landmark: StudyResult, tmp_path: Path) -> None:
    table = cohort()
    cut = table[table["time"] > 6].assign(time=lambda one: one["time"] - 6)
    by_hand = run(tmp_path, cut)
    assert landmark.facts.performance == by_hand.facts.performance
    assert landmark.facts.models == by_hand.facts.models
    assert landmark.facts.calibration == by_hand.facts.calibration
    assert landmark.facts.survival == by_hand.facts.survival


def test_the_flow_counts_whom_it_leaves_out(landmark: StudyResult) -> None:
    table, flow = cohort(), landmark.facts.flow
    gone = table[table["time"] <= 6]
    assert (gone["time"] == 6).any()
    counted = {row.reason: row.cases for row in flow.exclusions}
    assert counted["Event by the landmark, 6 months"] == int(gone["event"].sum())
    assert counted["Follow-up ended by the landmark, 6 months"] == int((gone["event"] == 0).sum())
    assert flow.analysed.cases == len(table) - len(gone)


def test_report_bundle_and_prediction_say_from_when_times_count(landmark: StudyResult) -> None:
    assert landmark.facts.study.outcome_name == "event-free survival from 6 months on"
    said = " ".join(map(plain, about_participants(Trace.start(landmark.facts))))
    assert "Time is counted from a landmark, 6 months after the start of follow-up" in said
    assert landmark.bundle is not None
    found = predict_case(landmark.bundle, {"age": 50, "depth": 3})
    assert any("horizons count from the landmark, 6 months" in one for one in found.warnings)
    assert found.outcome == "event-free survival from 6 months on"


def test_outside_cases_are_cut_at_the_model_s_landmark(
    landmark: StudyResult, tmp_path: Path
) -> None:
    assert landmark.bundle is not None
    plan = write_study(tmp_path, cohort(), "landmark = 3")
    with pytest.raises(PlanError, match=r"expected 6, as the model has, found 3"):
        validate_bundle(landmark.bundle, plan, workers=1, formats=())
    plan = write_study(tmp_path, cohort())
    found = validate_bundle(landmark.bundle, plan, workers=1, formats=())
    assert found.facts.flow.analysed.cases == landmark.facts.flow.analysed.cases


def test_competing_events_before_the_landmark_count_as_events(tmp_path: Path) -> None:
    table = cohort()
    early = np.flatnonzero((table["time"] <= 6) & (table["event"] == 0))
    table.loc[early[:2], "event"] = 2
    late = np.flatnonzero((table["time"] > 6) & (table["event"] == 0))
    table.loc[late[:20], "event"] = 2
    plan = write_study(tmp_path, table, "landmark = 6\ncompeting = { death = 2 }")
    flow = Study.from_toml(plan).check().flow
    counted = {row.reason: row.n_cases for row in flow.exclusions}
    gone = table[table["time"] <= 6]
    assert counted["Event by the landmark, 6 months"] == int((gone["event"] > 0).sum())


def test_who_had_the_event_before_needs_no_features(tmp_path: Path) -> None:
    """What is measured at the visit of the landmark does not exist for them."""
    table = cohort()
    features = pd.DataFrame({"case": table["case"], "f1": np.arange(len(table)) % 7})
    later = table["time"] > 6
    features[later].to_csv(tmp_path / "features.csv", index=False)
    plan = write_study(tmp_path, table, "landmark = 6")
    plan.write_text(plan.read_text() + '[features]\ntable = "features.csv"\n')
    checked = Study.from_toml(plan).check()
    assert checked.flow.analysed_cases == int(later.sum())
    assert not any("No value in feature set" in one.reason for one in checked.flow.exclusions)
    plan.write_text(plan.read_text().replace("landmark = 6", ""))
    with pytest.raises(StudyProblemsError, match="no such rows"):
        Study.from_toml(plan).check()


@pytest.mark.parametrize("landmark_at", ["0", "-3", '"six"'])
def test_a_landmark_that_is_none_is_refused(landmark_at: str, tmp_path: Path) -> None:
    plan = write_study(tmp_path, cohort(), f"landmark = {landmark_at}")
    with pytest.raises(StudyProblemsError, match=r"outcome\.landmark"):
        Study.from_toml(plan).check()


def test_too_late_a_landmark_is_refused_with_what_to_do(tmp_path: Path) -> None:
    plan = write_study(tmp_path, cohort(), "landmark = 59")
    with pytest.raises(StudyProblemsError, match="earlier"):
        Study.from_toml(plan).check()
