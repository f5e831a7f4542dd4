"""Hazards that are not proportional, in a study: plan key, facts, table, changing effects."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.small_study import JUDGED_ONCE
from trephine.errors import PlanError, StudyProblemsError
from trephine.report.tables.changing_hazards import relaxed_table
from trephine.report.trace import Trace, plain
from trephine.study import Study
from trephine.study.run import StudyResult

PLAN = """
[study]
title = "An effect that wears off"
[data]
table = "table.csv"
columns = { case = "case", patient = "person", time = "time", event = "event" }
[outcome]
horizons = [12, 24]
[clinical]
age = { unit = "years" }
operation = { levels = ["core", "graft"] }
dose = { unit = "mg" }
[selection]
clinical = "all"
"""
HAZARDS = 'hazards = { operation = "stratify", age = "log time", dose = 10 }\n'


def write_study(folder: Path, hazards: str = HAZARDS) -> Path:
    """The dose doubles the hazard for ten months, and then no more."""
    rng = np.random.default_rng(6)
    n = 300
    dose, age = rng.normal(0, 1, n).round(2), rng.normal(50, 8, n).round(1)
    graft = rng.integers(0, 2, n)
    risk = rng.exponential(size=n) * np.exp(-0.03 * (age - 50))
    early = 0.04 * np.exp(0.9 * dose)
    time = np.where(risk < 10 * early, risk / early, 10 + (risk - 10 * early) / 0.04)
    censored = rng.uniform(15, 60, n)
    pd.DataFrame(
        {
            "case": [f"{row:03d}" for row in range(n)],
            "person": np.arange(n) // 2,
            "time": np.minimum(time, censored).round(2) + 0.01,
            "event": (time <= censored).astype(int),
            "age": age,
            "operation": np.where(graft == 1, "graft", "core"),
            "dose": dose,
        }
    ).to_csv(folder / "table.csv", index=False)
    (folder / "study.toml").write_text(PLAN + JUDGED_ONCE + hazards)
    return folder / "study.toml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    study = write_study(tmp_path_factory.mktemp("hazards"))
    return Study.from_toml(study).run(workers=1, formats=())


def test_an_effect_that_wears_off_is_seen(ran: StudyResult) -> None:
    found = {(one.protocol, one.how): one for one in ran.facts.relaxed_hazards}
    step = found["sound", "step"]
    assert step.early_time == 10
    dose = next(term for term in step.terms if term.late is not None)
    assert dose.label.startswith("Dose")
    assert dose.late is not None
    for at, truth in ((dose.early, np.exp(0.9)), (dose.late, 1.0)):
        assert at.low is not None
        assert at.high is not None
        assert at.low < truth < at.high
    assert dose.early.value is not None
    assert dose.constant.value is not None
    assert dose.late.value is not None
    assert dose.late.value < dose.constant.value < dose.early.value
    assert dose.change_p is not None
    assert dose.change_p < 0.001
    others = [term for term in step.terms if term.late is None]
    assert len(others) == 2


def test_a_stratified_variable_has_no_ratio(ran: StudyResult) -> None:
    every = {(one.protocol, one.how): one for one in ran.facts.relaxed_hazards}
    found = every["sound", "stratified"]
    assert not found.note
    assert all("Operation" not in term.label for term in found.terms)
    assert all(term.late is None for term in found.terms)


def test_the_table_says_what_changes(ran: StudyResult) -> None:
    table = relaxed_table(Trace.start(ran.facts))
    assert table is not None
    said = " | ".join(plain(cell) for row in table.rows for cell in row.cells)
    assert "Dose up to 10 months and after" in said
    assert "Operation stratified" in said
    assert "Age with log time, at " in said
    assert relaxed_table(Trace.start(ran.facts.model_copy(update={"relaxed_hazards": ()}))) is None


def test_what_is_not_relaxed_has_its_note_and_no_empty_heading(ran: StudyResult) -> None:
    table = relaxed_table(Trace.start(ran.facts))
    assert table is not None
    absent = {(one.protocol, one.how) for one in ran.facts.relaxed_hazards if not one.terms}
    assert ("published", "stratified") in absent
    kinds = [row.kind for row in table.rows]
    assert ("group", "group") not in set(pairwise(kinds))
    assert kinds[-1] != "group"
    assert any("it is not in the model" in plain(note) for note in table.notes)


@pytest.mark.parametrize(
    ("hazards", "expected"),
    [
        ('hazards = { height = "stratify" }\n', "among"),
        ('hazards = { age = "stratify" }\n', "levels"),
        ("hazards = { age = -3 }\n", "a time > 0"),
    ],
)
def test_what_cannot_be_relaxed_is_refused(tmp_path: Path, hazards: str, expected: str) -> None:
    study = write_study(tmp_path, hazards)
    with pytest.raises((PlanError, StudyProblemsError), match=expected):
        Study.from_toml(study).run(workers=1, formats=())
