"""Tables in files: every format prints the same, and no text becomes a formula."""

import csv
import sys

import pytest
from openpyxl import load_workbook

from report.made_tables import table
from trephine.errors import InputError, MissingExtraError
from trephine.report import write_report
from trephine.report.checklists import fill_checklists
from trephine.report.figures.catalogue import make_plates
from trephine.report.tables import LONGEST_SIGNATURE, make_tables
from trephine.report.tables.table import Row, Table
from trephine.report.tables.writers import write_csv, write_xlsx
from trephine.report.trace import plain
from trephine.report.wording import columns_of


def test_csv_prints_what_the_page_prints(facts, tmp_path):
    made = make_tables(facts)
    for path, source in zip(write_csv(made, tmp_path), made, strict=True):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == [plain(cell) for cell in source.header]
        assert len(rows) == len(source.rows) + 1
        assert all(len(row) == len(source.header) for row in rows)


def test_xlsx_keeps_lone_numbers_as_numbers(facts, tmp_path):
    book = load_workbook(write_xlsx(make_tables(facts), tmp_path / "tables.xlsx"))
    sheet = next(sheet for sheet in book if "selection-audit" in sheet.title)
    row = next(row for row in sheet.iter_rows(values_only=True) if row[0] == "z-score")
    assert row[2:4] == (926, 926)
    assert len(book.sheetnames) == len(make_tables(facts))


def test_the_document_holds_every_table_and_figure(light, pictures_folder, tmp_path):
    docx = pytest.importorskip("docx")
    path, _ = write_report(light, pictures_folder, tmp_path, formats=["docx"])
    document = docx.Document(str(path))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for made in make_tables(light):
        assert plain(made.title) in text
    assert len(document.tables) == len(make_tables(light)) + len(fill_checklists(light))
    assert len(document.inline_shapes) == len(make_plates(light, pictures_folder))
    assert light.study.simulated_note in text
    assert "Research use only" in text


def test_a_document_without_its_part_says_what_to_install(
    facts, pictures_folder, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(MissingExtraError, match=r"trephine\[docx\]"):
        write_report(facts, pictures_folder, tmp_path, formats=["html", "docx"])
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused(facts, pictures_folder, tmp_path):
    with pytest.raises(InputError, match="expected formats among html"):
        write_report(facts, pictures_folder, tmp_path, formats=["odt"])


def test_a_report_is_rebuilt_from_facts_alone(light, pictures_folder, tmp_path):
    first = write_report(light, pictures_folder, tmp_path / "a", formats=["html", "csv"])
    second = write_report(light, pictures_folder, tmp_path / "b", formats=["html", "csv"])
    assert first[0].name == "report.html"
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_long_signature_is_cut_on_the_page_and_whole_in_the_files(facts):
    part = facts.selection[0]
    long = part.model_copy(update={"selected": part.selected * 5})
    ridge = facts.model_copy(update={"selection": (long,)})
    shown, whole = (
        next(t for t in make_tables(ridge, shorten=shorten) if "selected" in t.slug)
        for shorten in (True, False)
    )
    assert len(shown.rows) == 1 + LONGEST_SIGNATURE
    assert "The largest weights" in plain(shown.rows[0].cells[0])
    assert len(whole.rows) == 1 + len(long.selected)


def test_the_files_list_every_feature_of_a_long_signature(light, pictures_folder, tmp_path):
    part = light.selection[0]
    long = part.model_copy(update={"selected": part.selected * 5})
    ridge = light.model_copy(update={"selection": (long,)})
    write_report(ridge, pictures_folder, tmp_path, formats=["csv", "xlsx"])
    text = (tmp_path / "tables" / "table-selected-features.csv").read_text("utf-8-sig")
    assert len(list(csv.reader(text.splitlines()))) == 2 + len(long.selected)
    book = load_workbook(tmp_path / "tables" / "tables.xlsx")
    sheet = next(sheet for sheet in book if "selected-features" in sheet.title)
    names = [row[0] for row in sheet.iter_rows(min_row=5, values_only=True)]
    assert names[: len(long.selected)] == [feature.name for feature in long.selected]


@pytest.fixture
def dangerous(facts):
    """Table 1 with texts that a spreadsheet would compute."""
    variable = next(v for v in facts.table1.variables if len(v.levels) > 1)
    names = ("=1+1", "@SUM(A1)", *(level.level for level in variable.levels[2:]))
    levels = tuple(
        level.model_copy(update={"level": name})
        for level, name in zip(variable.levels, names, strict=True)
    )
    changed = variable.model_copy(update={"label": "-cmd|' /C calc'!A0", "levels": levels})
    table1 = facts.table1.model_copy(update={"variables": (changed,)})
    return table(facts.model_copy(update={"table1": table1}), "table-1-baseline")


def test_no_text_becomes_a_formula_in_a_workbook(dangerous, tmp_path):
    book = load_workbook(write_xlsx([dangerous], tmp_path / "tables.xlsx"))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert "=1+1" in [cell.value for cell in cells]
    assert all(cell.data_type != "f" for cell in cells)


def test_a_csv_hands_no_formula_to_a_spreadsheet_and_leaves_signed_numbers(
    dangerous, facts, tmp_path
):
    made = [dangerous, table(facts, "table-s1-reclassification")]
    first, second = (
        [cell for row in csv.reader(path.read_text("utf-8-sig").splitlines()) for cell in row]
        for path in write_csv(made, tmp_path)
    )
    assert "'=1+1" in first
    assert "'@SUM(A1)" in first
    assert not any(cell.startswith(("=", "@", "-cmd")) for cell in first)
    assert any(cell.startswith("+0.") for cell in second)


def test_a_workbook_shows_every_number_and_wraps_what_is_long(facts, tmp_path):
    """Weights stood as "###" in a column too narrow for six decimals; rules were cut off."""
    tables = make_tables(facts)
    book = load_workbook(write_xlsx(tables, tmp_path / "tables.xlsx"))
    for made, sheet in zip(tables, book.worksheets, strict=True):
        for number, row in enumerate(made.rows, start=4):
            for column, text in enumerate(row.cells, start=1):
                if row.kind == "group":
                    continue
                cell = sheet.cell(number, column)
                width = sheet.column_dimensions[cell.column_letter].width
                indent = 2 * cell.alignment.indent
                assert columns_of(max(plain(text).split() or [""], key=len)) + indent < width
                fits = columns_of(plain(text)) + indent < width
                assert cell.font.name == sheet["A1"].font.name
                assert fits or cell.alignment.wrap_text, (made.slug, plain(text))
                if isinstance(cell.value, float) and cell.number_format.startswith("+"):
                    shown = cell.number_format.split(";")[0]
                    assert len(shown) <= len(plain(text)), (made.slug, plain(text))
        headings = [k for k, row in enumerate(made.rows, start=4) if row.kind == "group"]
        spans = {str(one) for one in sheet.merged_cells.ranges}
        last = sheet.cell(3, len(made.header)).column_letter
        assert all(f"A{k}:{last}{k}" in spans for k in headings)


def test_a_row_of_a_workbook_is_as_high_as_its_longest_text(tmp_path):
    """LibreOffice does not find it out, and prints the second line over the next row."""
    long = "of features with a correlation above 0.9 the one with the smallest mean stays in"
    rows = (
        Row((("correlation",), (long,), ("107",), ("1 left out by it",))),
        Row((("z",), ("",), ("9",), ("",))),
    )
    header = (("Step",), ("Rule",), ("Out",), ("Removed",))
    made = Table("table-made", "selection", "", ("Made",), header, rows)
    sheet = load_workbook(write_xlsx([made], tmp_path / "t.xlsx")).worksheets[0]
    assert sheet.row_dimensions[4].height == 30.0
    assert sheet.row_dimensions[5].height is None
    # A number that ends at a column's right does not run into the words of the next.
    assert [sheet.cell(4, column).alignment.indent for column in (2, 3, 4)] == [1, 0, 1]
