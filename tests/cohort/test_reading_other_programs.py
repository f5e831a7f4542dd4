"""Text tables as R, SPSS and cBioPortal write them, and two tables in one sheet."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohort.table_files import refused, text, workbook
from trephine.cohort.reading import read_source
from trephine.cohort.reading.text_file import find_separator


def test_lines_that_begin_with_a_hash_above_the_names_are_left_out_and_said(
    tmp_path: Path,
) -> None:
    """Their words became cases, and "#Patient Identifier" the column of names."""
    head = "#Patient\tAge\n#STRING\tNUMBER\n#1\t1\n"
    path = text(tmp_path / "t.txt", head + "PATIENT_ID\tAGE\nP1\t40\nP2\t50\n")
    source = read_source(path)
    assert list(source.frame.columns) == ["PATIENT_ID", "AGE"]
    assert list(source.frame.AGE) == ["40", "50"]
    assert list(source.frame.index) == [5, 6]
    assert "Rows 1 to 3 begin with # and were left out." in source.assumed


@pytest.mark.parametrize("content", ["#,age\n1,40\n2,50\n", "#id,age\nA,40\nB,50\n"])
def test_names_of_columns_may_begin_with_a_hash(tmp_path: Path, content: str) -> None:
    frame = read_source(text(tmp_path / "t.csv", content)).frame
    assert list(frame.columns)[1] == "age"
    assert list(frame.age) == ["40", "50"]


def test_columns_parted_by_blanks_are_read_and_said(tmp_path: Path) -> None:
    """As R's write.table and SPSS write them: the whole line was one column's name."""
    lines = ["id   age  stage", 'H1    40  "stage one"', "H2     5  II", " H3   50  III "]
    source = read_source(text(tmp_path / "t.txt", "\n".join(lines)))
    assert source.frame.to_numpy().tolist() == [
        ["H1", "40", "stage one"],
        ["H2", "5", "II"],
        ["H3", "50", "III"],
    ]
    assert "Columns are separated by blanks." in source.assumed


def test_names_of_rows_without_a_name_above_are_refused_between_blanks_too(
    tmp_path: Path,
) -> None:
    path = text(tmp_path / "t.txt", '"age" "stage" "sex"\n"1" 40 "I" "M"\n"2" 50 "II" "F"\n')
    assert "a first column without a name" in refused(path)


@given(st.lists(st.text("ab", min_size=1, max_size=9), min_size=3, max_size=6))
def test_sentences_are_never_taken_for_columns(lines: list[str]) -> None:
    sentences = [f"{line} and {'more ' * place}" for place, line in enumerate(lines)]
    assert find_separator("\n".join(sentences), [".csv"]) == ","


def test_a_second_table_below_in_another_order_is_refused(tmp_path: Path) -> None:
    """Its columns were read under the names of the first table's."""
    rows = [["id", "age", "stage"], ["H1", 40, "I"], ["H2", 50, "II"]]
    turned = [["id", "stage", "age"], ["H3", "I", 60]]
    said = refused(workbook(tmp_path / "t.xlsx", [*rows, [], *turned]))
    assert "row 5: expected one table, its columns in one order" in said
    same = [*rows, [], rows[0], ["H3", 60, "I"]]
    assert len(read_source(workbook(tmp_path / "s.xlsx", same)).frame) == 3


def test_two_tables_side_by_side_are_named_as_such(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    names = ["id", "age", "stage"]
    for row in ([*names, None, *names], ["H1", 40, "I", None, "H3", 60, "II"]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "t.xlsx")
    assert "If two tables stand side by side" in refused(tmp_path / "t.xlsx")
