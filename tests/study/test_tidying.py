"""A study reads a table of one row per patient and of dates as it reads any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import StudyProblemsError
from trephine.study.inputs import read_study

STUDY = """
[data]
table = "t.csv"
columns = { patient = "no", start = "op", last = "last", event_date = "seen", sides = SIDES }
MORE
[clinical]
age = {}
REST
"""
SIDES = '{ R = "R ", L = "L " }'


def wide(n: int = 24) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"no": [f"p{k}" for k in range(n)], "op": "2018-01-01"})
    frame["last"] = "2021-06-01"
    frame["age"] = rng.integers(30, 60, n)
    for side in "RL":
        months = rng.integers(1, 12, n)
        frame[f"{side} seen"] = [f"2019-{m:02d}-15" if k % 2 else "" for k, m in enumerate(months)]
        for number in range(3):
            frame[f"{side} f{number}"] = rng.normal(size=n).round(3)
    return frame


def study(folder: Path, frame: pd.DataFrame, more: str = "", rest: str = "") -> Path:
    frame.to_csv(folder / "t.csv", index=False)
    text = STUDY.replace("SIDES", SIDES).replace("MORE", more).replace("REST", rest)
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


def test_features_that_stand_in_the_wide_table_go_with_their_side(tmp_path: Path) -> None:
    frame = wide()
    rest = '[features]\ntable = "t.csv"\nsets = { f = ["f0", "f1", "f2"] }'
    inputs = read_study(study(tmp_path, frame, rest=rest))
    assert len(inputs.case_ids) == 48
    values = inputs.features["f"].values
    for place, case in enumerate(inputs.case_ids):
        patient, side = case.split("-")
        row = frame[frame["no"] == patient].iloc[0]
        assert values[place].tolist() == [row[f"{side} f{k}"] for k in range(3)]


def test_words_in_a_column_of_each_side_are_read_before_its_dates(tmp_path: Path) -> None:
    frame = wide()
    frame["R seen"] = frame["R seen"].replace("", "not seen")
    with pytest.raises(StudyProblemsError, match="expected a date, found 'not seen'"):
        read_study(study(tmp_path, frame))
    inputs = read_study(study(tmp_path, frame, 'read = { seen = { "not seen" = "" } }'))
    assert int(inputs.survival.event.sum()) == 24


def test_a_study_says_how_its_table_was_read(tmp_path: Path) -> None:
    remarks = " ".join(read_study(study(tmp_path, wide())).remarks)
    assert "24 rows, 48 cases" in remarks
    assert "in months of 30.4375 days" in remarks


def test_open_dates_are_asked_once_with_all_their_rows(tmp_path: Path) -> None:
    frame = wide()
    frame["op"] = "02/01/2018"
    with pytest.raises(StudyProblemsError, match="date_order") as caught:
        read_study(study(tmp_path, frame))
    assert {problem.column for problem in caught.value.problems} == {"op"}
    inputs = read_study(study(tmp_path, frame, 'date_order = { op = "dmy" }'))
    assert len(inputs.case_ids) == 48


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ('{ patient = "no", start = "op" }', "start and last"),
        ('{ patient = "no", event_date = "seen" }', "event_date"),
        ('{ case = "no", time = "t", start = "op", last = "last" }', "either time"),
        ('{ case = "no", operated = "op" }', "operated"),
        ('{ side = "s", patient = "no", sides = { R = "R", L = "L" } }', "either side"),
        ('{ patient = "no", sides = { R = ["R", "x"], L = "L" } }', "as many"),
        ('{ sides = { R = "R", L = "L" } }', "patient"),
        ('{ patient = "no", start = "of", last = "last", sides = { R = "R ", L = "L " } }', "'op'"),
    ],
)
def test_columns_that_do_not_go_together_are_refused_in_words(
    tmp_path: Path, columns: str, told: str
) -> None:
    wide().to_csv(tmp_path / "t.csv", index=False)
    text = f'[data]\ntable = "t.csv"\ncolumns = {columns}\n'
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(StudyProblemsError, match=told):
        read_study(tmp_path / "study.toml")
