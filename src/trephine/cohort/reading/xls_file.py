"""Sheets of xls workbooks (Excel 97 to 2003), read by xlrd."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import xlrd

from trephine.cohort.reading.grid import Grid
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.numbers_shown import shown
from trephine.cohort.reading.package import refusal
from trephine.cohort.reading.xls_records import sifted
from trephine.errors import StudyProblemsError


def open_workbook(path: Path, limits: TableLimits) -> Any:
    """Open a workbook; its sheets are read on demand.

    Raises
    ------
    StudyProblemsError
        If it is damaged, protected by a password, of a kind that xlrd does not read, or beyond
        the bounds.
    """
    limits.check("old_file_bytes", path.name, path.stat().st_size)
    try:
        book = xlrd.open_workbook(
            file_contents=sifted(path.read_bytes(), path.name, limits),
            formatting_info=True,
            on_demand=True,
            ragged_rows=True,
            logfile=io.StringIO(),
        )
    except StudyProblemsError:
        raise
    # The reader meets damaged bytes with whatever error they lead to.
    except Exception as error:
        told = str(error).lower()
        if "encrypt" in told or "password" in told:
            raise refusal(path.name, "a workbook with a password") from None
        advice = "Open it in a spreadsheet program and save it as xlsx, without a password"
        found = "a damaged xls workbook, or an xlsx with a password"
        raise refusal(path.name, found, advice) from None
    limits.check("sheets", path.name, book.nsheets)
    return book


def read_sheet(book: Any, sheet: str, name: str, limits: TableLimits) -> Grid:
    """Read one sheet.

    Raises
    ------
    StudyProblemsError
        If its cells are damaged or beyond the bounds.
    """
    try:
        found = book.sheet_by_name(sheet)
    except Exception:
        raise refusal(name, "a damaged xls workbook") from None
    grid = Grid(name, limits, stated=(found.nrows, found.ncols))
    grid.check(found.nrows, found.ncols)
    for row in range(found.nrows):
        for column, cell in enumerate(found.row(row)):
            text = _text(book, cell)
            if text.strip():
                grid.set(row + 1, column + 1, text)
                if _is_struck(book, cell):
                    grid.struck.add((row + 1, column + 1))
    grid.hidden_rows = {row + 1 for row, info in found.rowinfo_map.items() if info.hidden}
    grid.hidden_columns = {column + 1 for column, info in found.colinfo_map.items() if info.hidden}
    for first, after, left, beyond in found.merged_cells:
        grid.ranges.append((first + 1, left + 1, after, beyond))
    return grid


def _is_struck(book: Any, cell: Any) -> bool:
    if cell.xf_index is None or not 0 <= cell.xf_index < len(book.xf_list):
        return False
    font = book.xf_list[cell.xf_index].font_index
    return 0 <= font < len(book.font_list) and bool(book.font_list[font].struck_out)


def _text(book: Any, cell: Any) -> str:
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        known = 0 <= cell.xf_index < len(book.xf_list)
        form = book.format_map.get(book.xf_list[cell.xf_index].format_key) if known else None
        form_text = "General" if form is None else form.format_str
        return shown(float(cell.value), form_text, book.datemode == 1)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#VALUE!"))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    return str(cell.value)
