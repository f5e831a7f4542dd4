"""Cells mean what the study file says, a stranger's cell is refused, alike ones in one line."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trephine.cohort.cell_problems import absent_column, nearest, number_problems
from trephine.cohort.cells import CellReading, apply_readings, plain_number, read_column
from trephine.cohort.clinical import read_clinical
from trephine.cohort.joined_problems import MOST_LINES
from trephine.cohort.reading_keys import FEATURES, CellKeys
from trephine.cohort.schema import ClinicalVariable
from trephine.cohort.table import as_numbers
from trephine.errors import Problem


def read(variable: ClinicalVariable, *cells: str) -> tuple[list[object], list[Problem]]:
    frame = pd.DataFrame({"x": list(cells)}, index=range(2, len(cells) + 2))
    table, problems = read_clinical(frame, {"x": variable}, "t.csv")
    return (table.texts("x") if variable.categorical else table.values("x").tolist()), problems


def test_words_are_recoded_whole_and_the_rest_is_refused_in_one_line_a_word() -> None:
    sex = ClinicalVariable.model_validate(
        {"levels": ["M", "F"], "read": {"男": "M", "1": "M", "unknown": ""}}
    )
    texts, problems = read(sex, "M", "男", "1", "unknown", "女", "女", "男性", "")
    assert texts == ["M", "M", "M", None, None, None, None, None]
    assert [(p.rows, p.found) for p in problems] == [((6, 7), "'女'"), ((8,), "'男性'")]
    assert '[clinical] x: read = { "女" = LEVEL }' in problems[0].advice


def test_meanings_are_levels_or_empty_and_levels_take_no_units() -> None:
    with pytest.raises(ValidationError, match="expected meanings among"):
        ClinicalVariable(levels=("M", "F"), read={"男": "male"})
    with pytest.raises(ValidationError, match="none for a variable with levels"):
        ClinicalVariable(levels=("M", "F"), decimal=",")


def test_the_unit_of_a_variable_is_taken_off_its_numbers_and_ranges_hold_after() -> None:
    bmi = ClinicalVariable(unit="kg/m2", range=(10, 60))
    values, problems = read(bmi, "23.7 kg/m2", "23.7kg/m²", "24", "237 kg/m2")
    assert values == [23.7, 23.7, 24, 237]
    assert [(p.rows, p.expected, p.found) for p in problems] == [((5,), "10 to 60", "237")]


def test_nothing_is_read_into_a_number_that_the_study_file_does_not_ask_for() -> None:
    strange = ["45岁", "46岁", "23,7", "24,1", "٧٢", "१२", ">60", "1_000", "0x10", "1 234", "inf"]
    _, problems = read(ClinicalVariable(unit="years"), *strange)
    assert sorted(row for p in problems for row in p.rows) == list(range(2, 13))
    told = {p.rows: (p.found, p.advice) for p in problems}
    assert told[2, 3] == (
        "a number with '岁'",
        'If the column is in 岁, set strip = ["岁"] under [clinical] x; if not, bring the value to'
        " the column's unit",
    )
    assert told[4, 5][0] == "a comma in the number, as in '23,7'"
    assert told[6, 7][0] == "digits of another script, as in '٧٢'"
    advice = 'Say which number it stands for: read = { ">60" = NUMBER } under [clinical] x'
    assert told[8,] == ("'>60'", advice)
    assert "or set decimal" in told[11,][1]
    advice = 'Correct it, or say what it means: read = { "0x10" = NUMBER } under [clinical] x'
    assert told[10,] == ("'0x10'", advice)


def test_full_width_digits_and_a_minus_of_any_kind_are_those_of_a_number() -> None:
    values, problems = read(ClinicalVariable(), "７２．５", "\u22123", "–1.5", "－4", "1–5", "– 2")
    assert values[:4] == [72.5, -3, -1.5, -4]
    assert [(p.rows, p.found) for p in problems] == [((6,), "'1–5'"), ((7,), "'– 2'")]


def test_thousands_are_parted_by_the_sign_that_the_study_file_names() -> None:
    asked = ClinicalVariable(thousands=",")
    assert read(asked, "1,234", "12,345.5", "1,234,567", "900")[0] == [1234, 12345.5, 1234567, 900]
    assert [p.rows for p in read(asked, "12,5", "1,2345", "1,234")[1]] == [(2, 3)]
    assert read(ClinicalVariable(thousands="."), "1.234", "1.234,5", "0,5")[0] == [
        1234,
        1234.5,
        0.5,
    ]
    (problem,) = read(ClinicalVariable(), "1,234", "2,345")[1]
    assert 'thousands = ","' in problem.advice
    assert 'decimal = ","' in problem.advice
    with pytest.raises(ValidationError, match="another sign than decimal"):
        ClinicalVariable(decimal=",", thousands=",")


def test_units_and_decimal_commas_are_read_where_asked() -> None:
    asked = ClinicalVariable(strip=("岁", "约"), decimal=",")
    cells = ["45岁", "约 46 岁", "23,7", "1.234,5", "1 234,5", "25.25", "７２", "\u22123,5", "7e2"]
    values, problems = read(asked, *cells)
    assert problems == []
    assert values == [45, 46, 23.7, 1234.5, 1234.5, 25.25, 72, -3.5, 700]


@pytest.mark.parametrize(("cell", "decimal"), [("1.234", ","), ("12.500", ","), ("1,234", ".")])
def test_a_number_that_may_be_a_thousand_is_refused(cell: str, decimal: str) -> None:
    _, problems = read(ClinicalVariable.model_validate({"decimal": decimal}), cell)
    if decimal == ",":  # as it stands, a point is a decimal point: nothing was decided
        assert plain_number(cell, (), ",") is None
    else:
        assert len(problems) == 1


@given(number=st.floats(-1e12, 1e12), unit=st.sampled_from(["", " mm", "岁", "kg/m2"]))
def test_any_number_written_with_a_comma_and_a_unit_reads_back(number: float, unit: str) -> None:
    written = f"{number:.2f}".replace(".", ",") + unit
    read_back = plain_number(written, tuple(filter(None, [unit.strip()])), ",")
    assert read_back is not None
    assert float(read_back) == float(f"{number:.2f}")


def test_marks_are_problems_with_a_cause_and_merged_cells_repeat_where_asked() -> None:
    cause = ClinicalVariable(levels=("fall", "gout"))
    cells = ["fall", "#MERGED:fall", "#MERGED:fall", "#N/A"]
    texts, problems = read(cause, *cells)
    assert texts == ["fall", None, None, None]
    assert [(p.rows, p.found) for p in problems] == [
        ((3, 4), "a cell merged with another"),
        ((5,), "the spreadsheet error #N/A"),
    ]
    repeated = cause.model_copy(update={"merged": "repeat"})
    assert read(repeated, *cells[:3]) == (["fall"] * 3, [])


def test_a_column_of_many_strange_words_takes_a_few_lines() -> None:
    _, problems = read(ClinicalVariable(levels=("a", "b")), *(f"w{k}" for k in range(40)))
    assert len(problems) == MOST_LINES + 1
    assert problems[-1].found == "32 other texts, such as 'w8' and 'w9'"
    assert len(problems[-1].rows) == 32


def test_how_cells_are_read_travels_with_a_variable() -> None:
    variable = ClinicalVariable(unit="kg", decimal=",", strip=("kg",), read={"?": ""})
    assert ClinicalVariable(**variable.model_dump(mode="json")) == variable


def test_columns_of_data_take_words_alone_or_every_key() -> None:
    frame = pd.DataFrame({"side": ["右", "左"], "months": ["3,5", "x"], "other": ["右", "1"]})
    readings = {
        "side": CellReading.of({"右": "R", "左": "L"}),
        "months": CellReading.of({"decimal": ",", "read": {"x": ""}}),
    }
    read = apply_readings(frame, readings)
    assert read.to_numpy().tolist() == [["R", "3.5", "右"], ["L", "", "1"]]


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("age", "Age"), ("follow_up", "Follow up"), ("stge", "stage"), ("quark", "")],
)
def test_the_nearest_column_is_offered(wanted: str, near: str) -> None:
    columns = ["hip", "Age", "Follow up", "stage"]
    assert nearest(wanted, columns) == near
    advice = absent_column("t.csv", 1, wanted, columns).advice
    assert advice == (f"Did you mean {near!r}?" if near else "")


def test_a_line_break_in_a_column_of_the_plan_is_a_blank() -> None:
    frame = pd.DataFrame({"age (years)": ["61"]})
    table, problems = read_clinical(
        frame, {"age": ClinicalVariable(column="age\n(years)")}, "t.csv"
    )
    assert problems == []
    assert table.values("age").tolist() == [61]


@pytest.mark.parametrize("cell", ["23²", "23 ¹", "12①", "7⒈", "10⁹", "1½", "23₂"])
def test_a_raised_digit_behind_a_number_is_none_of_its_digits(cell: str) -> None:
    assert plain_number(cell) is None
    numbers, wrong = as_numbers(pd.Series(["5", cell]))
    assert (numbers[0], wrong) == (5.0, [1])


def test_a_unit_with_a_raised_digit_is_the_unit() -> None:
    assert plain_number("23 kg/m²", ("kg/m2",)) == "23"
    assert plain_number("4 cm²", ("cm²",)) == "4"


@pytest.mark.parametrize(
    ("cell", "mark"),
    [("23*", "*"), ("4.5†", "†"), ("23 ‡", "‡"), ("23**", "**"), ("23¹", "¹"), ("12①", "①")],
)
def test_a_footnote_behind_a_number_is_named_with_how_to_read_it(cell: str, mark: str) -> None:
    column = pd.Series([cell, "5", cell], index=[2, 3, 4], name="age")
    (problem,) = number_problems(column, [0, 2], "t.csv", "a number", CellKeys("[clinical] age"))
    assert f"a number with the mark {mark}" in problem.found
    assert f'strip = ["{mark}"] under [clinical] age' in problem.advice
    assert f'read = {{ "{cell}" = NUMBER }}' in problem.advice
    stripped = read_column(column, CellReading(strip=(mark,)))
    number = cell.removesuffix(mark).strip()
    assert stripped.tolist() == [number, "5", number]


def test_a_raised_mark_is_taken_off_where_it_is_raised_and_nowhere_else() -> None:
    how = CellReading(strip=("¹", "①"))
    found = read_column(pd.Series(["231¹", "121", "11①", "1"]), how)
    assert found.tolist() == ["231", "121", "11", "1"]


@pytest.mark.parametrize(
    ("cell", "found", "advice"),
    [
        ("9.2+", "a plus behind the number", "a time that is censored"),
        ("23·5", "another sign for the decimal point", "Write points"),
        ("4O", "a letter in the number", "O meant for 0"),
        ("l2", "a letter in the number", "O meant for 0"),
        ("1 234", "blanks between thousands", "Take the blanks out"),
        ("1900-01-10", "a date", "format to a number"),
        ("1900-01-10 02:24:00", "a date", "format to a number"),
        ("10:24", "a time of day", "format to a number"),
    ],
)
def test_a_number_that_is_written_oddly_is_called_so(cell: str, found: str, advice: str) -> None:
    column = pd.Series([cell, cell], index=[2, 3], name="months")
    (problem,) = number_problems(column, [0, 1], "t.csv", "a number", CellKeys("[data] months"))
    assert found in problem.found
    assert advice in problem.advice


@pytest.mark.parametrize("cell", ["1,234", "2.5 mm", "23*", "<0.5", "5+", "unknown"])
def test_advice_names_no_key_that_the_section_lacks(cell: str) -> None:
    """[features] has decimal alone: "strip = ... under [features]" was refused when it was set."""
    column = pd.Series([cell], index=[2], name="gene_0")
    (problem,) = number_problems(column, [0], "t.csv", "a number", FEATURES)
    assert problem.advice
    assert not {"strip", "read", "thousands"} & set(problem.advice.replace("=", " ").split())
    (problem,) = number_problems(column, [0], "t.csv", "a number", CellKeys("[clinical] x"))
    assert "under [clinical] x" in problem.advice


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("1y10m", "1y10m is 22 months"),
        ("2 years 3 months", "1y10m is 22 months"),
        ("5'10\"", "1y10m is 22 months"),
        ("20-30", "Write one"),
        ("23±1", "Write one"),
        ("~24", "Write the number alone"),
        ("ca. 24", "Write the number alone"),
        ("2024-05-03", "If the spreadsheet made it of a number such as 3/5"),
    ],
)
def test_what_is_more_or_less_than_one_number_is_never_stripped_to_one(
    cell: str, advice: str
) -> None:
    """Of 1y10m the unit was called "y10m", and taking that off left 1."""
    column = pd.Series([cell], index=[2], name="x")
    (problem,) = number_problems(column, [0], "t.csv", "a number", CellKeys("[clinical] x"))
    assert advice in problem.advice
    assert "strip" not in problem.advice
