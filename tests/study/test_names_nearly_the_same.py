"""Names that a typist writes in two ways: said by row, and refused where a side stands twice."""

from __future__ import annotations

import pandas as pd
import pytest

from study.small_study import SmallStudy, write_clinical_study
from trephine.cohort.reading.cell_text import folded_name, loose_name
from trephine.errors import StudyProblemsError
from trephine.study import Study


@pytest.mark.parametrize(
    "other",
    ["h 01", "Ｈ ０１", "H  01", "H\u00a001", "H\u200b 01", "Н 01"],
    ids=["capitals", "width", "blanks", "no-break", "unseen", "Cyrillic"],
)
def test_what_is_changed_by_chance_is_folded_away(other: str) -> None:
    assert folded_name(other) == folded_name("H 01")
    assert folded_name("H 02") != folded_name("H 01")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("7", "007"),
        ("7", "7.0"),
        ("A–7", "A-7"),
        ("Li Wei", "LiWei"),
        ("0", "00"),
        ("PA0002", "PAOO02"),
        ("P10", "P1O"),
    ],
)
def test_zeros_blanks_and_dashes_are_folded_loosely(one: str, other: str) -> None:
    assert loose_name(one) == loose_name(other)
    assert loose_name("10") != loose_name("100")
    assert loose_name("Otto") == "otto"
    assert loose_name("P1L") != loose_name("P11")
    assert loose_name("A-1 2") != loose_name("A-13")


@pytest.fixture
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return write_clinical_study(tmp_path_factory.mktemp("names"))


def _column(study: SmallStudy, role: str) -> tuple[pd.DataFrame, str]:
    table = study.table()
    return table, str(table.columns[{"case": 0}[role]])


def test_two_ways_to_write_a_case_are_said_by_row_and_taken_as_two(study: SmallStudy) -> None:
    table, case = _column(study, "case")
    table.loc[7, case] = str(table.loc[2, case]).lower()
    table.loc[9, case] = " " + str(table.loc[4, case]).lower() + "\u3000"
    study.write(table)
    inputs = Study(study.toml).check()
    said = [remark for remark in inputs.remarks if "differ only in" in remark]
    assert len(said) == 1
    assert f"Column {case}, rows 4, 9; rows 6, 11: names that differ" in said[0]
    assert "taken as different cases" in said[0]
    assert str(table.loc[2, case]) not in said[0]
    assert len(inputs.case_ids) == len(set(inputs.case_ids)) == len(table)


def test_patients_and_centres_too(study: SmallStudy) -> None:
    table = study.table()
    n = len(table)
    table["who"] = [f"Patient {row // 2}" for row in range(n)]
    table["side"] = ["R", "L"] * (n // 2)
    table["clinic"] = ["North", "South", "north "] * (n // 3)
    table.loc[3, "who"] = "PATIENT 1"
    study.replace('case = "case"', 'case = "case", patient = "who", side = "side"')
    study.replace('event = "died" }', 'event = "died", centre = "clinic" }')
    study.write(table)
    said = "\n".join(Study(study.toml).check().remarks)
    assert "Column who, rows 4, 5: names that differ only" in said
    assert "taken as different patients, whom resampling may separate" in said
    assert "Column clinic, rows 2, 4, 5, 7, 8 and" in said
    assert "taken as different centres" in said
    table.loc[3, "side"] = "R"
    study.write(table)
    with pytest.raises(StudyProblemsError) as found:
        Study(study.toml).check()
    assert "rows 4, 5: expected each side of a patient once" in str(found.value)
    assert "differ only in capitals" in str(found.value)
