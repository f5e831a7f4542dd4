"""Sheets of xlsx and xlsm workbooks, cell by cell, with what a value alone does not show."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.cohort.reading.grid import Grid, cell_number
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.marks import UNCALCULATED
from trephine.cohort.reading.numbers_shown import shown
from trephine.cohort.reading.package import Package
from trephine.cohort.reading.xlsx_book import Runs, Workbook, is_on, whole

_BOOLEANS = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}


def read_sheet(package: Package, book: Workbook, sheet: str, limits: TableLimits) -> Grid:
    """Read one sheet of an open workbook."""
    handler = _Cells(book, limits, package.name)
    package.parse(book.sheets[sheet], handler)
    return handler.grid


class _Cells(Runs):
    """The cells of a sheet; empty ones, however far they are styled, count but are not kept."""

    def __init__(self, book: Workbook, limits: TableLimits, name: str) -> None:
        super().__init__()
        self._book, self._limits, self._name = book, limits, name
        self.grid = Grid(name, limits)
        self._row = self._column = self._n_rows = 0
        self._kind = self._style = ""
        self._has_formula = self._has_strike = self._in_value = self._in_aid = False
        self._letters = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.run(name, attributes)
        if name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t"):
            self._in_value = not self._in_aid
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._begin_row(attributes)
        elif name == "rPh":
            self._in_aid = True
        elif name == "dimension":
            self.grid.stated = cell_number(attributes.get("ref", "").rpartition(":")[2]) or (0, 0)
        elif name == "strike" and is_on(attributes):
            self._has_strike = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = whole(attributes.get("min")), whole(attributes.get("max"))
            self.grid.hidden_columns |= set(range(first, min(last, self._limits.columns) + 1))
        elif name == "mergeCell":
            first_cell, _, last_cell = attributes.get("ref", "").partition(":")
            corner, end = cell_number(first_cell), cell_number(last_cell)
            if corner and end:
                self._limits.check("cells", self._name, len(self.grid.ranges))
                self.grid.ranges.append((*corner, *end))

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        self._row = whole(attributes.get("r")) or self._row + 1
        self._column = 0
        self._n_rows += 1
        self.grid.check(self._n_rows, 0)
        if attributes.get("hidden") in ("1", "true"):
            self.grid.hidden_rows.add(self._row)

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        place = cell_number(attributes.get("r", ""))
        if place is not None:
            self._row, self._column = place
        else:
            self._column += 1
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._has_formula = self._has_strike = False
        self.begin()
        self._letters = 0
        self._book.n_cells += 1
        if self._book.n_cells % 1024 == 0:
            self._limits.check("workbook_cells", self._name, self._book.n_cells)

    def text(self, text: str) -> None:
        if self._in_value:
            self._letters += len(text)
            self._limits.check("cell_letters", self._name, self._letters)
            self.add(text)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._in_value = False
        elif name == "rPh":
            self._in_aid = False
        elif name == "c":
            text = self._value("".join(self._parts))
            if text.strip():
                self.grid.set(self._row, self._column, text)
                if self._is_struck("".join(self._parts)):
                    self.grid.struck.add((self._row, self._column))

    def _is_struck(self, index: str) -> bool:
        in_part = self._kind == "s" and whole(index) in self._book.struck_strings
        return in_part or self._has_strike or whole(self._style) in self._book.struck_styles

    def _value(self, text: str) -> str:
        if not text:
            return UNCALCULATED if self._has_formula and self._kind != "str" else ""
        if self._kind == "s":
            index = whole(text)
            return self._book.strings[index] if index < len(self._book.strings) else ""
        if self._kind == "b":
            return _BOOLEANS.get(text.strip(), text)
        if self._kind == "d":
            return text.replace("T", " ").removesuffix(" 00:00:00")
        if self._kind != "n":
            return text
        try:
            number = float(text)
        except ValueError:
            return text
        style = whole(self._style)
        code = self._book.formats[style] if style < len(self._book.formats) else "General"
        return shown(number, code, self._book.from_1904)
