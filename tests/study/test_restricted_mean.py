"""Mean event-free time in a study: plan key, facts, table, and crossing hazards that it sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.small_study import JUDGED_ONCE
from trephine.errors import StudyProblemsError
from trephine.report.tables.restricted_mean import restricted_mean_table
from trephine.report.trace import Trace, plain
from trephine.study import Study
from trephine.study.locked import validate_bundle
from trephine.study.run import StudyResult
from trephine.survival.kaplan_meier import kaplan_meier

PLAN = """
[study]
title = "Crossing hazards"
[data]
table = "table.csv"
columns = { case = "case", patient = "person", time = "time", event = "event" }
[outcome]
horizons = [12, 24]
[clinical]
age = { unit = "years" }
operation = { levels = ["core", "graft"] }
[selection]
clinical = "all"
"""
PLAN += JUDGED_ONCE + "restricted_mean = true\n"


def write_study(folder: Path, plan: str = PLAN, n: int = 240) -> pd.DataFrame:
    """Grafts fail early or never, cores late: curves that cross, with a hazard ratio near 1."""
    rng = np.random.default_rng(6)
    graft = np.arange(n) % 2 == 0
    age = rng.normal(50, 8, n).round(1)
    early = rng.random(n) < 0.4
    of_graft = np.where(early, rng.exponential(4, n), rng.exponential(120, n))
    time = np.where(graft, of_graft, rng.weibull(3, n) * 30) * np.exp(-0.02 * (age - 50))
    censored = rng.uniform(20, 60, n)
    table = pd.DataFrame(
        {
            "case": [f"{row:03d}" for row in range(n)],
            "person": np.arange(n) // 2,
            "time": np.minimum(time, censored).round(2) + 0.1,
            "event": (time <= censored).astype(int),
            "age": age,
            "operation": np.where(graft, "graft", "core"),
        }
    )
    table.to_csv(folder / "table.csv", index=False)
    (folder / "study.toml").write_text(plan)
    return table


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    folder = tmp_path_factory.mktemp("crossing")
    write_study(folder)
    return Study.from_toml(folder / "study.toml").run(workers=1, formats=())


def test_levels_are_compared_by_time_beside_their_hazard_ratio(study: StudyResult) -> None:
    operation = study.facts.restricted_means[0]
    table = pd.read_csv(study.folder.parent / "table.csv")
    assert (operation.label, operation.horizon) == ("Operation", 24)
    core, graft = operation.groups
    assert (core.name, graft.name, core.difference, core.ratio) == ("core", "graft", None, None)
    for group in operation.groups:
        own = table[table["operation"] == group.name]
        assert (group.n, group.events) == (len(own), int(own["event"].sum()))
        by_hand = kaplan_meier(own["time"], own["event"]).restricted_mean(24.0).value
        assert group.mean.value == pytest.approx(by_hand)
    assert graft.difference is not None
    assert graft.difference.value is not None
    assert graft.difference.value < -3
    assert operation.hazards_p is not None
    assert operation.hazards_p < 0.001


def test_risk_groups_are_compared_as_their_protocol_judges_them(study: StudyResult) -> None:
    found = {(one.protocol, one.kind) for one in study.facts.restricted_means if one.protocol}
    assert found == {("published", "apparent"), ("sound", "nested cross-validated")}


def test_the_table_shows_what_changes(study: StudyResult) -> None:
    table = restricted_mean_table(Trace.start(study.facts))
    assert table is not None
    text = [[plain(cell) for cell in row.cells] for row in table.rows]
    assert text[0][0] == "Operation; proportional hazards: p < 0.001"
    assert text[2][0] == "graft"
    assert all(cell != "–" for cell in text[2])
    assert any(row[0].startswith("Risk groups of Clinical, ") for row in text)


def test_a_validation_has_the_same_comparison(study: StudyResult, tmp_path: Path) -> None:
    assert study.bundle is not None
    write_study(tmp_path)
    found = validate_bundle(study.bundle, tmp_path / "study.toml", workers=1, formats=()).facts
    assert found.restricted_means[0] == study.facts.restricted_means[0]
    assert [one.kind for one in found.restricted_means] == [None, "external"]


def test_without_the_key_nothing_is_compared_and_competing_events_are_refused(
    tmp_path: Path,
) -> None:
    competing = PLAN.replace("horizons =", "competing = { death = 2 }\nhorizons =")
    write_study(tmp_path, competing)
    with pytest.raises(StudyProblemsError, match=r"validation\.restricted_mean"):
        Study.from_toml(tmp_path / "study.toml").check()
