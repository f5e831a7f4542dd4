"""Tables as people save them: every cell stays the text that was typed."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.cohort.clinical import read_clinical
from trephine.cohort.flow import count_flow
from trephine.cohort.schema import ClinicalVariable
from trephine.cohort.table import as_numbers, is_missing, read_table
from trephine.errors import StudyProblemsError

TEXT = "case,age\n007, 61 \n010,NA\n\n,\n"


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "tsv", "xlsx", "bom"])
def test_identifiers_stay_text_in_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"t.{'csv' if kind == 'bom' else kind}"
    if kind == "xlsx":
        frame = pd.DataFrame({"case": ["007", "010"], "age": ["61", "NA"]})
        frame.to_excel(path, index=False)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(TEXT.encode()))
    elif kind == "tsv":
        path.write_text(TEXT.replace(",", "\t"))
    else:
        path.write_text(TEXT, encoding="utf-8-sig" if kind == "bom" else "utf-8")
    table = read_table(path)
    assert list(table.columns) == ["case", "age"]
    assert list(table["case"]) == ["007", "010"]
    assert list(table["age"]) == ["61", "NA"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("table.csv", b"<html><table><tr><td>1</td></tr></table></html>", "found a web page"),
        ("table.csv", b'hip,time\n1,"3\n2,4\n', "found a quotation mark that is never closed"),
        ("table.csv", b"hip,time\n1,\x003\n", "found bytes that are not text"),
        ("table.csv", b"", "found an empty file"),
        ("table.xlsx", b"PK\x03\x04 cut short", "found a workbook that is cut short or damaged"),
        ("table.xlsx", b"hip,time\n1,2\n", "found a file that is not a workbook"),
        ("table.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "found a damaged xls workbook"),
        ("table.csv.gz", b"\x1f\x8b\x08\x00\x00\x00", "found a compressed file that is cut"),
    ],
)
def test_a_table_of_another_make_is_refused_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyProblemsError) as found:
        read_table(tmp_path / name)
    assert told in str(found.value)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_rows_are_counted_as_a_spreadsheet_counts_them_empty_ones_too(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"t.{kind}"
    cells = [["case", "age"], ["1", "61"], ["", ""], ["", ""], ["2", "old"], ["", ""]]
    if kind == "xlsx":
        pd.DataFrame(cells).replace("", None).to_excel(path, index=False, header=False)
    else:
        path.write_text("case,age\n1,61\n\n,\n2,old\n\n")
    table = read_table(path)
    assert table["case"].to_dict() == {2: "1", 5: "2"}
    _, problems = read_clinical(table, {"age": AGE}, path.name)
    assert [problem.where for problem in problems] == [f"{path.name}, row 5, column age"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_empty_row_above_the_column_names_is_passed_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    if kind == "xlsx":
        cells = [[None, None], ["case", "age"], ["1", "61"]]
        pd.DataFrame(cells).to_excel(path, index=False, header=False)
    else:
        path.write_text(",\ncase,age\n1,61\n")
    assert read_table(path)["age"].to_dict() == {3: "61"}


def test_a_column_name_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("case,age,age\n1,2,3\n")
    with pytest.raises(StudyProblemsError, match="column names once, found"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("text", ["", "case,age\n"])
def test_a_table_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(StudyProblemsError):
        read_table(tmp_path / "t.csv")


def test_a_sheet_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    pd.DataFrame({"case": ["1"]}).to_excel(tmp_path / "t.xlsx", index=False)
    with pytest.raises(StudyProblemsError, match="Hips"):
        read_table(tmp_path / "t.xlsx", "Hips")


def test_numbers_are_read_and_what_is_none_is_distinguished_from_what_is_missing() -> None:
    numbers, wrong = as_numbers(pd.Series(["1.5", "", "n/a", "?", "1,5", "inf", "-3e2", "x"]))
    assert numbers[[0, 6]].tolist() == [1.5, -300]
    assert np.isnan(numbers[[1, 2, 3]]).all()
    assert wrong == [4, 5, 7]


STAGE = ClinicalVariable(levels=("I", "II"), reference="II")
AGE = ClinicalVariable(unit="years", range=(18, 90))


def test_clinical_cells_become_codes_and_numbers() -> None:
    frame = pd.DataFrame({"stage": ["II", "I", "NA"], "age": ["61", "", "30.5"]})
    table, problems = read_clinical(frame, {"stage": STAGE, "age": AGE}, "t.csv")
    assert problems == []
    assert table.texts("stage") == ["II", "I", None]
    assert table.missing().tolist() == [False, True, True]
    assert STAGE.text_of(1.0) == STAGE.levels[1]


def test_a_level_named_none_is_a_level_and_not_missing() -> None:
    variable = ClinicalVariable(levels=("none", "some"))
    table, problems = read_clinical(
        pd.DataFrame({"pain": ["none", "some", ""]}), {"pain": variable}, "t.csv"
    )
    assert problems == []
    assert table.texts("pain") == ["none", "some", None]


def test_every_cell_that_does_not_fit_is_reported_with_its_row_and_column() -> None:
    frame = pd.DataFrame({"stage": ["III", "I"], "age": ["old", "12"]}, index=[2, 3])
    _, problems = read_clinical(frame, {"stage": STAGE, "age": AGE}, "t.csv")
    assert [problem.where for problem in problems] == [
        "t.csv, row 2, column stage",
        "t.csv, row 2, column age",
        "t.csv, row 3, column age",
    ]


def test_a_measure_is_computed_from_its_arcs_and_held_against_the_table() -> None:
    angle = ClinicalVariable(measure="combined_necrotic_angle", arcs=("a", "b"))
    frame = pd.DataFrame({"a": ["90", "100", ""], "b": ["73", "20", "5"], "x": ["163", "150", "9"]})
    frame.index = pd.RangeIndex(2, 5)
    table, problems = read_clinical(frame.rename(columns={"x": "angle"}), {"angle": angle}, "t")
    assert table.values("angle")[:2].tolist() == [163, 120]
    assert np.isnan(table.values("angle")[2])
    assert [(p.where, p.found) for p in problems] == [("t, row 3, column angle", "150")]


def test_a_case_is_left_out_once_under_the_first_reason() -> None:
    patients = ["p", "p", "q", "r"]
    first = np.array([True, False, True, False])
    second = np.array([True, True, False, False])
    flow, stay = count_flow(patients, [("no image", first), ("no follow-up", second)])
    assert [(e.reason, e.n_cases, e.n_patients) for e in flow.exclusions] == [
        ("no image", 2, 1),
        ("no follow-up", 1, 1),
    ]
    assert (flow.enrolled_cases, flow.analysed_cases, flow.analysed_patients) == (4, 1, 1)
    assert stay.tolist() == [False, False, False, True]


@given(st.lists(st.sampled_from(["1", "-2.5", "1e3", "NaN", "NA", "", "?", "inf", "1,5", "x"])))
def test_numbers_are_read_as_a_cell_at_a_time_reads_them(cells: list[str]) -> None:
    numbers, wrong = as_numbers(pd.Series(cells, dtype="str"))
    for place, cell in enumerate(cells):
        if is_missing(cell):
            assert np.isnan(numbers[place])
            assert place not in wrong
        elif cell in ("1", "-2.5", "1e3"):
            assert numbers[place] == float(cell)
            assert place not in wrong
        else:
            assert place in wrong


def test_one_cell_reads_as_it_does_in_a_column() -> None:
    rng = np.random.default_rng(3)
    cells = [repr(float(one)) for one in rng.normal(size=60) * 10.0 ** rng.integers(-12, 12, 60)]
    cells += [
        "007",
        "-3",
        "+4.",
        "1,5",
        "",
        "n/a",
        "inf",
        "nan",
        "1_0",
        "0x10",
        "１２",
        " 2",
        "1e400",
    ]
    for cell in cells:
        alone, wrong = as_numbers(pd.Series([cell], dtype=object))
        among, wrong_among = as_numbers(pd.Series([cell, "1.5"], dtype=object))
        assert np.array_equal(alone, among[:1], equal_nan=True), cell
        assert wrong == wrong_among, cell
