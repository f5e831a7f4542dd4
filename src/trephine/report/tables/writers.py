"""Tables as CSV and XLSX files."""

from __future__ import annotations

import csv
import math
import re
import textwrap
from collections.abc import Container, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from trephine.report.tables.table import Row, Table
from trephine.report.trace import Text, plain
from trephine.report.wording import columns_of
from trephine.spreadsheet import is_formula, safe_cell
from trephine.writing import whole_file

_NUMBER_FORMATS = {
    "count": "#,##0", "0": "0", "1": "0.0", "2": "0.00", "3": "0.000", "4": "0.0000",
    "signed2": "+0.00;-0.00;0.00", "signed3": "+0.000;-0.000;0.000", "share": "0.0%",
    "plain": "General",
}  # fmt: skip
# In letters: of a column, beyond which its text is wrapped; and of a table, for its notes.
_WIDEST, _NARROWEST_TABLE = 60.0, 70.0
_TYPE, _INDENT = "Calibri", 2
_LINE = 15.0  # points
_A_WORD = re.compile(r"[^\W\d_]{2,}")


def write_csv(tables: Sequence[Table], folder: Path) -> tuple[Path, ...]:
    """Write one CSV a table, UTF-8 with a mark that Excel needs, as printed in the report.

    Texts that a spreadsheet would run as formulas, such as a level called =1+1, get an apostrophe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for table in tables:
        path = folder / f"{table.slug}.csv"
        with whole_file(path) as draft, draft.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([safe_cell(plain(cell)) for cell in table.header])
            for row in table.rows:
                cells = [safe_cell(plain(cell)) for cell in row.cells]
                writer.writerow(cells + [""] * (len(table.header) - len(cells)))
        paths.append(path)
    return tuple(paths)


def write_xlsx(tables: Sequence[Table], path: Path) -> Path:
    """Write all tables into one workbook, a sheet each; lone numbers stay numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    book.remove(book.active)
    for number, table in enumerate(tables, start=1):
        name = table.slug.removeprefix("table-")[:27]
        _fill(book.create_sheet(f"{number} {name}"), table)
    with whole_file(path) as draft:
        book.save(draft)
    return path


def _fill(sheet: Worksheet, table: Table) -> None:
    rule = Border(bottom=Side(style="thin"))
    title = f"{table.number}. {plain(table.title)}" if table.number else plain(table.title)
    _put(sheet, 1, 1, title).font = Font(_TYPE, size=12, bold=True)
    columns = range(1, len(table.header) + 1)
    worded = {column for column in columns if _has_words(table, column)}
    for column, header in zip(columns, table.header, strict=True):
        cell = _put(sheet, 3, column, plain(header))
        cell.font, cell.border = Font(_TYPE, bold=True), rule
        side = "left" if column == 1 or column in worded else "right"
        gap = int(column > 1 and side == "left")
        cell.alignment = Alignment(wrap_text=True, vertical="bottom", horizontal=side, indent=gap)
    widths = [
        _column_width(table, column) + _INDENT * (column > 1 and column in worded)
        for column in columns
    ]
    widths[0] += max(_NARROWEST_TABLE - sum(widths), 0.0)
    for number, row in enumerate(table.rows, start=4):
        _fill_row(sheet, number, row, worded)
        if row.kind == "group":
            _span(sheet, number, len(widths), plain(row.cells[0]), sum(widths), _LINE)
        elif (needed := _lines(row, widths, worded)) > 1:
            sheet.row_dimensions[number].height = _LINE * needed
    for column, width in zip(columns, widths, strict=True):
        sheet.column_dimensions[get_column_letter(column)].width = width
    lines = [
        len(textwrap.wrap(plain(cell), int(width) - 1))
        for cell, width in zip(table.header, widths, strict=True)
    ]
    sheet.row_dimensions[3].height = _LINE * max(lines)
    _add_notes(sheet, table, sum(widths))
    sheet.freeze_panes = "B4"
    _set_print(sheet)


def _column_width(table: Table, column: int) -> float:
    """Return the width that holds every cell, and the longest word of the header, in letters."""
    texts = [
        " " * 2 * _INDENT * (row.kind == "level" and column == 1) + plain(row.cells[column - 1])
        for row in table.rows
        if row.kind != "group"
    ]
    words = plain(table.header[column - 1]).split()
    longest = max([columns_of(text) for text in texts] + [columns_of(w) + 1 for w in words] + [6])
    return min(longest + 2.0, _WIDEST)


def _lines(row: Row, widths: Sequence[float], worded: Container[int]) -> int:
    """Return how many lines a row takes; a program that opens the file need not find out."""
    wrapped = [
        len(textwrap.wrap(plain(cell), int(width) - (2 if column == 1 else 2 + _INDENT)))
        for column, (cell, width) in enumerate(zip(row.cells, widths, strict=False), start=1)
        if column == 1 or column in worded
    ]
    return max(wrapped, default=1)


def _has_words(table: Table, column: int) -> bool:
    """Say whether a column holds phrases, which read from the left, and not numbers."""
    texts = [plain(row.cells[column - 1]) for row in table.rows if row.kind != "group"]
    return any(len(_A_WORD.findall(text)) > 2 for text in texts)


def _add_notes(sheet: Worksheet, table: Table, width: float) -> None:
    """Write each note across the table, in as many lines as it needs there."""
    first = len(table.rows) + 5
    for row, note in enumerate(table.notes, start=first):
        text = plain(note)
        cell = _put(sheet, row, 1, text)
        cell.font = Font(_TYPE, size=9, italic=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        _span(sheet, row, len(table.header), text, width, 12.5)


def _span(sheet: Worksheet, row: int, columns: int, text: str, width: float, line: float) -> None:
    """Let a text go across the whole table, in lines of so many points."""
    if columns > 1:
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)
    sheet.row_dimensions[row].height = line * math.ceil(columns_of(text) / max(width, 1.0))


def _set_print(sheet: Worksheet) -> None:
    """Print a table as wide as one page that lies on its side, its header on every page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "3:3"


def _put(sheet: Worksheet, row: int, column: int, value: str | float) -> Cell:
    """Write a number, or a text that stays one whatever it begins with."""
    cell = sheet.cell(row, column, value)
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = is_formula(value)
    return cell


def _fill_row(sheet: Worksheet, number: int, row: Row, worded: Container[int]) -> None:
    for column, text in enumerate(row.cells, start=1):
        value, form = _value(text)
        cell = _put(sheet, number, column, value)
        if form:
            cell.number_format = form
        top = {"vertical": "top", "wrap_text": column == 1 or column in worded}
        if row.kind == "group":
            cell.font = Font(_TYPE, bold=True)
            cell.alignment = Alignment(horizontal="left", **top)
        elif column == 1:
            indent = _INDENT if row.kind == "level" else 0
            cell.alignment = Alignment(horizontal="left", indent=indent, **top)
        else:
            side, gap = ("left", 1) if column in worded else ("right", 0)
            cell.alignment = Alignment(horizontal=side, indent=gap, **top)


def _value(text: Text) -> tuple[str | float, str]:
    """Return a lone number with its format, or the text as printed."""
    if len(text) == 1 and not isinstance(text[0], str):
        part = text[0]
        if isinstance(part.raw, float) and part.form == "weight":
            places = "0" * len(part.text.partition(".")[2])
            return part.raw, f"+0.{places};-0.{places};0.{places}"
        if isinstance(part.raw, int | float) and part.form in _NUMBER_FORMATS:
            return part.raw, _NUMBER_FORMATS[part.form]
    return plain(text), ""
