"""A new case typed as the study's own table has it: wide, with words of its own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cli.command import Command
from study.small_study import SmallStudy, write_clinical_study
from trephine.cohort.cells import CellReading
from trephine.errors import InputError, StudyProblemsError
from trephine.study import Study
from trephine.study.inputs import read_study
from trephine.study.locked.case_row import case_row
from trephine.study.locked.context import TableContext

WIDE = TableContext(
    sides={"R": ("R ",), "L": ("L ",)}, read={"stage": CellReading(read={"1": "I"})}
)
LONG = TableContext(sides={}, read={})


def row(path: Path, **cells: str) -> Path:
    pd.DataFrame([{name.replace("_", " "): cell for name, cell in cells.items()}]).to_csv(
        path, index=False
    )
    return path


def test_a_wide_row_gives_the_columns_of_its_side_read_as_the_study_reads_them(
    tmp_path: Path,
) -> None:
    path = row(tmp_path / "c.csv", age="50", R_stage="1", L_stage="II", R_area="12", L_area="30")
    right, left = (case_row(path, WIDE, side).iloc[0].to_dict() for side in ("R", "L"))
    assert right == {"age": "50", "stage": "I", "area": "12"}
    assert left == {"age": "50", "stage": "II", "area": "30"}
    with pytest.raises(InputError, match=r"expected R or L \(--side\), as the row has columns for"):
        case_row(path, WIDE, None)


def test_a_long_row_is_read_as_before_and_several_rows_are_refused(tmp_path: Path) -> None:
    path = row(tmp_path / "c.csv", age="50", stage="1")
    assert case_row(path, WIDE, None).iloc[0].to_dict() == {"age": "50", "stage": "I"}
    assert case_row(path, LONG, "R").iloc[0].to_dict() == {"age": "50", "stage": "1"}
    path.write_text("age,stage\n50,I\n60,I\n")
    with pytest.raises(StudyProblemsError, match="one row below the header, found 2 rows"):
        case_row(path, WIDE, "R")


@pytest.fixture
def wide_study(tmp_path: Path) -> SmallStudy:
    study = write_clinical_study(tmp_path / "study")
    table = study.table()
    right, left = (table.iloc[start::2].reset_index(drop=True) for start in (0, 1))
    wide = pd.DataFrame({"patient": [f"P{number}" for number in range(30)], "age": right["age"]})
    for word, side in (("R", right), ("L", left)):
        for name in ("months", "died", "stage"):
            wide[f"{word} {name}"] = side[name]
    study.write(wide)
    study.replace("[selection]\n", '[selection]\nclinical = "all"\n')
    study.replace('case = "case"', 'patient = "patient", sides = { R = "R ", L = "L " }')
    return study


def test_predict_takes_the_study_s_own_wide_row(trephine: Command, wide_study: SmallStudy) -> None:
    assert read_study(wide_study.toml).spellings == {"R": ("R ",), "L": ("L ",)}
    Study.from_toml(wide_study.toml).run(formats=())
    table = wide_study.table()
    wide_study.write(table.iloc[[4]], "wide.csv")
    said = []
    for side in ("R", "L"):
        long = {"age": table["age"][4], "stage": table[f"{side} stage"][4]}
        pd.DataFrame([long]).to_csv(wide_study.folder / "long.csv", index=False)
        for name in ("wide", "long"):
            clinical = wide_study.folder / f"{name}.csv"
            given = ("--clinical", clinical, "--side", side)
            one = trephine("predict", wide_study.results / "model", *given)
            assert one.code == 0, one.err
            said.append(one.out)
    assert said[0] == said[1]
    assert said[2] == said[3]
    without = trephine(
        "predict", wide_study.results / "model", "--clinical", wide_study.folder / "wide.csv"
    )
    assert without.code == 2
    assert "expected R or L (--side), as the row has columns for both sides, found none" in (
        without.err
    )
