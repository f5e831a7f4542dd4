"""What a sheet shows and its values do not: struck cells, percentages, sums, repeated headers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from trephine.cohort.reading import TableLimits, read_source
from trephine.cohort.reading.cell_text import alike, without_unseen
from trephine.cohort.reading.notes import sums_below
from trephine.cohort.reading.numbers_shown import shown
from trephine.errors import StudyProblemsError

ROWS = [["id", "age", "area"], *([f"H{k}", 40 + k, 0.05 * k] for k in range(1, 7))]


def sheet_of(rows: list[list[object]]) -> tuple[openpyxl.Workbook, Worksheet]:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    return book, sheet


def test_rows_and_cells_that_are_struck_through_are_named(tmp_path: Path) -> None:
    book, sheet = sheet_of([list(row) for row in ROWS])
    for place in ("A3", "B3", "C3", "B5"):
        sheet[place].font = Font(strike=True)
    sheet["B6"].font = Font(strike=False)
    sheet["A7"] = CellRichText("H", TextBlock(InlineFont(strike=True), "5"), "6")
    book.save(tmp_path / "t.xlsx")
    source = read_source(tmp_path / "t.xlsx")
    assert source.assumed == (
        "Row 3 is struck through in the sheet, and read all the same: delete what is no case.",
        "Cells that are struck through were read all the same, columns 'age', 'id': rows 5 and 7.",
    )
    assert len(source.frame) == 6


def test_struck_cells_of_an_ods_sheet_are_named(tmp_path: Path) -> None:
    line = '<style:text-properties style:text-line-through-style="solid"/>'
    cells = [["id", "age"], ["H1", "41"], ["H2", "42"], ["H3", "43"]]
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f"<table:table-cell{' table:style-name=' + chr(34) + 'ce1' + chr(34) if k == 2 else ''}"
            f' office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for k, row in enumerate(cells)
    )
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("style", "style"), ("table", "table"),
                            ("text", "text"))
    )  # fmt: skip
    content = (
        f"<office:document-content {names}><office:automatic-styles>"
        f'<style:style style:name="ce1" style:family="table-cell">{line}</style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="a">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("content.xml", content)
    source = read_source(tmp_path / "t.ods")
    assert list(source.frame["id"]) == ["H1", "H2", "H3"]
    assert "Row 3 is struck through in the sheet" in source.assumed[0]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.45, "0%", "45%"),
        (0.07, "0.00%", "7%"),
        (1 / 3, "0.0%;[Red]-0.0%", "33.33333333333333%"),
        (45.0, '0" %"', "45"),
        (45.0, "0\\%", "45"),
        (0.45, "0.00", "0.45"),
    ],
)
def test_a_percentage_is_read_as_the_sheet_shows_it(value: float, code: str, text: str) -> None:
    assert shown(value, code, False) == text


def test_a_column_half_in_percent_holds_one_kind_of_number(tmp_path: Path) -> None:
    book, sheet = sheet_of([list(row) for row in ROWS])
    for row in (2, 3, 4):
        sheet.cell(row, 3).number_format = "0%"
    for row in (5, 6, 7):
        sheet.cell(row, 3).value = 10 * row
    book.save(tmp_path / "t.xlsx")
    cells = list(read_source(tmp_path / "t.xlsx").frame["area"])
    assert cells == ["5%", "10%", "15%", "50", "60", "70"]


def test_a_header_that_stands_again_and_sums_without_a_word_are_no_cases(tmp_path: Path) -> None:
    rows = [[*map(str, row)] for row in ROWS]
    rows = [*rows[:4], rows[0], *rows[4:], ["", "43.5", "1.05"]]
    (tmp_path / "t.csv").write_text("\n".join(map(",".join, rows)))
    source = read_source(tmp_path / "t.csv")
    assert list(source.frame["id"]) == ["H1", "H2", "H3", "H4", "H5", "H6"]
    assert source.assumed == (
        "Row 5 repeats the column names: left out.",
        "Row 9 holds the sums or means of the rows above: left out.",
    )


def test_a_last_row_that_is_no_sum_stays_a_row() -> None:
    cells = {2: ["a", "1", "4"], 3: ["b", "2", "5"], 4: ["c", "3", "6"]}
    assert sums_below(cells | {5: ["", "6", "15"]}, [2, 3, 4, 5]) == [5]
    assert sums_below(cells | {5: ["", "2.0", "5.0"]}, [2, 3, 4, 5]) == [5]
    assert sums_below(cells | {5: ["", "6", "16"]}, [2, 3, 4, 5]) == []
    assert sums_below(cells | {5: ["d", "6", "15"]}, [2, 3, 4, 5]) == []
    assert sums_below(cells | {5: ["", "6"]}, [2, 3, 4, 5]) == []


def test_names_reach_down_through_three_rows_of_headers(tmp_path: Path) -> None:
    book, sheet = sheet_of(
        [
            ["Patient", "Right", "", "", "", "Left", "", "", ""],
            ["", "before", "", "after", "", "before", "", "after", ""],
            ["", *["age", "area"] * 4],
            *([f"P{k}", *range(k, k + 8)] for k in range(4)),
        ]
    )
    for cells in ("A1:A3", "B1:E1", "F1:I1", "B2:C2", "D2:E2", "F2:G2", "H2:I2"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "t.xlsx")
    names = list(read_source(tmp_path / "t.xlsx").frame.columns)
    assert names[:3] == ["Patient", "Right before age", "Right before area"]
    assert names[-1] == "Left after area"
    assert len(set(names)) == 9


def test_a_cell_guarded_from_the_spreadsheet_is_what_it_guards(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('id,age\n="007","=""41"""\n="008",42\n')
    frame = read_source(tmp_path / "t.csv").frame
    assert list(frame["id"]) == ["007", "008"]
    assert list(frame["age"]) == ["41", "42"]


def test_invisible_letters_round_a_cell_are_taken_off_and_those_within_are_kept() -> None:
    assert without_unseen(" \u200b\u00a0H1\u200b \u200b") == "H1"
    assert without_unseen("\u200b") == ""
    assert without_unseen("H\u200b1") == "H\u200b1"
    assert alike("\u0406\u0406") == alike("II") == alike("\u2161")


def test_all_bounds_that_a_table_breaks_are_reported_at_once_with_numbers_that_suffice(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,a,b\n" + "1,2,3\n" * 300)
    with pytest.raises(StudyProblemsError) as error:
        read_source(path, limits=TableLimits(rows=200, columns=2, cells=100))
    told = [problem.expected for problem in error.value.problems]
    assert told == ["at most 200 rows", "at most 2 columns", "at most 100 cells"]
    assert "rows = 301 " in str(error.value)
    read_source(path, limits=TableLimits(rows=301, columns=3, cells=903))


def test_a_raised_digit_of_a_rich_text_stays_raised(tmp_path: Path) -> None:
    """23 with a footnote's 1 is no 231; a unit's exponent is a digit as it was."""
    raised = InlineFont(vertAlign="superscript")
    book, sheet = sheet_of([["id", "x", "y"], ["H1", 1, 2], ["H2", 3, 4]])
    sheet["B2"] = CellRichText("23", TextBlock(raised, "1"))
    sheet["B3"] = CellRichText("kg/m", TextBlock(raised, "2"))
    sheet["C1"] = CellRichText("WBC 10", TextBlock(raised, "9"), "/L")
    sheet["C3"] = CellRichText(TextBlock(raised, "7"), "5")
    book.save(tmp_path / "t.xlsx")
    frame = read_source(tmp_path / "t.xlsx").frame
    assert list(frame.columns) == ["id", "x", "WBC 10⁹/L"]
    assert list(frame["x"]) == ["23¹", "kg/m2"]
    assert list(frame.iloc[:, 2]) == ["2", "75"]


UNITS = [
    ["", "(years)", "kg/m2", "months", "0/1", ""],
    ["", "[Jahre]", "", "Monate", "-", "M/F"],
    ["", "岁", "", "月", "0/1", ""],
    ["-", "(a)", "(kg·m⁻²)", "(mo)", "(0 = no)", "-"],
]


@pytest.mark.parametrize("units", UNITS)
def test_a_row_of_units_below_the_names_is_no_case(tmp_path: Path, units: list[str]) -> None:
    names = ["id", "age", "bmi", "follow-up", "event", "sex"]
    rows = [[f"H{k}", 40 + k, 20.5 + k, 3 * k, k % 2, "MF"[k % 2]] for k in range(1, 9)]
    book, _ = sheet_of([names, units, *rows])
    book.save(tmp_path / "t.xlsx")
    source = read_source(tmp_path / "t.xlsx")
    assert list(source.frame.index) == list(range(3, 11))
    assert any(s.startswith("Row 2 holds units, not a case: left out (") for s in source.assumed)
    assert source.units["age"] == units[1].strip("()[]")


@pytest.mark.parametrize(
    "first",
    [
        ["m", "41", "20.5", "3", "0", "M"],  # a case whose name is a unit's
        ["", "", "", "12", "1", ""],
        ["H0", "years", "20.5", "3", "0", "M"],
        ["m", "", "", "", "", "s"],
        ["", "", "", "", "", "(note)"],
    ],
)
def test_a_case_is_no_row_of_units(tmp_path: Path, first: list[str]) -> None:
    names = ["id", "age", "bmi", "follow-up", "event", "sex"]
    rows = [[f"H{k}", 40 + k, 20.5 + k, 3 * k, k % 2, "MF"[k % 2]] for k in range(1, 9)]
    book, _ = sheet_of([names, first, *rows])
    book.save(tmp_path / "t.xlsx")
    assert next(iter(read_source(tmp_path / "t.xlsx").frame.index)) == 2


def test_a_second_row_of_names_is_no_case(tmp_path: Path) -> None:
    names = ["id", "age", "bmi", "sex"]
    rows = [[f"H{k}", 40 + k, 20.5 + k, "MF"[k % 2]] for k in range(1, 9)]
    for number, second in enumerate(
        (["编号", "年龄", "体重指数", "性别"], ["Hip", "Age at surgery", "Body mass", "Sex"])
    ):
        book, _ = sheet_of([names, second, *rows])
        book.save(tmp_path / f"{number}.xlsx")
        source = read_source(tmp_path / f"{number}.xlsx")
        assert list(source.frame.index) == list(range(3, 11))
        told = "Row 2 holds the column names in other words, no case: left out."
        assert told in source.assumed


@pytest.mark.parametrize(
    "first",
    [["H0", "41", "unknown", "M"], ["H0", "unknown", "unknown", "M"], ["Ho", "forty", "fat", "F"]],
)
def test_a_case_of_words_is_no_second_row_of_names(tmp_path: Path, first: list[str]) -> None:
    rows = [[f"H{k}", 40 + k, 20.5 + k, "MF"[k % 2]] for k in range(1, 9)]
    book, _ = sheet_of([["id", "age", "bmi", "sex"], first, *rows])
    book.save(tmp_path / "t.xlsx")
    assert next(iter(read_source(tmp_path / "t.xlsx").frame.index)) == 2


def test_headings_of_groups_among_the_cases_are_no_cases(tmp_path: Path) -> None:
    rows = [[f"H{k}", 40 + k, 0.5] for k in range(1, 13)]
    heads = [["Group A: drilled"], ["Group B"]]
    book, _ = sheet_of([ROWS[0], heads[0], *rows[:6], heads[1], *rows[6:]])
    book.save(tmp_path / "t.xlsx")
    source = read_source(tmp_path / "t.xlsx")
    assert [row for row in (2, 9) if row in source.frame.index] == []
    assert len(source.frame) == 12
    assert "Rows 2 and 9 hold the heading of a group only: left out." in source.assumed


def test_a_case_of_which_nothing_is_known_but_its_name_stays(tmp_path: Path) -> None:
    rows = [[f"Li Wei{k}", 40 + k, 0.5] for k in range(1, 9)]
    book, _ = sheet_of([ROWS[0], *rows[:4], ["Li Wei99"], *rows[4:]])
    book.save(tmp_path / "t.xlsx")
    assert len(read_source(tmp_path / "t.xlsx").frame) == 9


def test_apostrophes_that_make_text_of_numbers_are_taken_off(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "id,age,seen,city,plain\n"
        + "".join(
            f"'00{k},{chr(39) if k % 2 else ''}4{k},'2020-01-0{k},'s-Gravenhage,x'y\n"
            for k in range(1, 7)
        )
        + "'007,47,,Delft,x\n",
        encoding="utf-8",
    )
    source = read_source(tmp_path / "t.csv")
    assert list(source.frame["id"]) == [f"00{k}" for k in range(1, 8)]
    assert list(source.frame["age"]) == [f"4{k}" for k in range(1, 8)]
    assert list(source.frame["seen"][:2]) == ["2020-01-01", "2020-01-02"]
    assert list(source.frame["city"])[:1] == ["'s-Gravenhage"]
    assert source.assumed == (
        "Apostrophes before cells were taken off: columns 'id', 'age', 'seen'.",
    )
