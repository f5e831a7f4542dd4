"""Sheets of OpenDocument spreadsheets (ods), cell by cell."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.cohort.reading.grid import Grid
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.marks import UNCALCULATED
from trephine.cohort.reading.numbers_shown import number_text, percent_text
from trephine.cohort.reading.package import Package

_NUMBERS = ("float", "percentage", "currency")


def read_sheets(package: Package, limits: TableLimits) -> dict[str, Grid]:
    """Read every sheet of a spreadsheet, in order."""
    handler = _SheetCollector(limits, package.name)
    package.parse("content.xml", handler)
    return handler.grids


class _SheetCollector:
    """Empty rows and cells are written as repeats of one; only cells with a text are kept."""

    def __init__(self, limits: TableLimits, name: str) -> None:
        self._limits, self._name = limits, name
        self.grids: dict[str, Grid] = {}
        self._grid = Grid(name, limits)
        self._row = self._column = 0
        self._row_repeats = self._n_cells = 0
        self._hidden_row = False
        self._style = ""
        self._struck_styles: set[str] = set()
        self._cells: list[tuple[int, int, str, bool]] = []
        self._spans: list[tuple[int, int, int]] = []
        self._attributes: dict[str, str] = {}
        self._lines: list[str] = []
        self._in_cell = self._in_line = False
        self._ignored = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in ("annotation", "tracked-changes", "shapes", "frame"):
            self._ignored += 1
        if self._ignored:
            return
        if name == "style":
            self._style = attributes.get("style:name", "")
        elif name == "text-properties" and _struck(attributes):
            self._struck_styles.add(self._style)
        elif name == "table":
            self._grid = Grid(self._name, self._limits)
            self.grids[attributes.get("table:name", str(len(self.grids) + 1))] = self._grid
            self._limits.check("sheets", self._name, len(self.grids))
            self._row = self._column = 0
        elif name == "table-column":
            repeats = _count(attributes, "table:number-columns-repeated")
            if attributes.get("table:visibility", "visible") != "visible":
                last = min(self._column + repeats, self._limits.columns)
                self._grid.hidden_columns |= set(range(self._column + 1, last + 1))
            self._column += repeats
        elif name == "table-row":
            self._row_repeats = _count(attributes, "table:number-rows-repeated")
            self._hidden_row = attributes.get("table:visibility", "visible") != "visible"
            self._column = 0
            self._cells, self._spans = [], []
        elif name in ("table-cell", "covered-table-cell"):
            self._attributes, self._lines, self._in_cell = dict(attributes), [], True
        elif name == "p" and self._in_cell:
            self._lines.append("")
            self._in_line = True
        elif name == "s" and self._in_line:
            self._lines[-1] += " " * min(_count(attributes, "text:c"), 1000)
            self._limits.check("cell_letters", self._name, len(self._lines[-1]))
        elif name in ("line-break", "tab") and self._in_line:
            self._lines[-1] += " "

    def text(self, text: str) -> None:
        if self._in_line and not self._ignored:
            self._lines[-1] += text
            self._limits.check("cell_letters", self._name, len(self._lines[-1]))

    def end(self, name: str) -> None:
        if name in ("annotation", "tracked-changes", "shapes", "frame"):
            self._ignored -= 1
        elif self._ignored:
            return
        elif name == "p":
            self._in_line = False
        elif name in ("table-cell", "covered-table-cell"):
            self._in_cell = False
            self._end_cell()
        elif name == "table-row":
            self._end_row()

    def _end_cell(self) -> None:
        repeats = _count(self._attributes, "table:number-columns-repeated")
        self._n_cells += 1
        self._limits.check("workbook_cells", self._name, self._n_cells)
        text = self._value()
        if text.strip():
            struck = self._attributes.get("table:style-name", "") in self._struck_styles
            self._cells.append((self._column + 1, repeats, text, struck))
        down = _count(self._attributes, "table:number-rows-spanned")
        right = _count(self._attributes, "table:number-columns-spanned")
        if down > 1 or right > 1:
            self._spans.append((self._column + 1, down, right))
        self._column += repeats

    def _end_row(self) -> None:
        if self._cells:
            self._limits.check("rows", self._name, self._row + self._row_repeats)
            self._n_cells += self._row_repeats * sum(repeats for _, repeats, _, _ in self._cells)
            self._limits.check("workbook_cells", self._name, self._n_cells)
        for row in range(self._row + 1, self._row + 1 + (self._row_repeats if self._cells else 0)):
            for first, repeats, text, struck in self._cells:
                self._limits.check("columns", self._name, first + repeats - 1)
                for column in range(first, first + repeats):
                    self._grid.set(row, column, text)
                    if struck:
                        self._grid.struck.add((row, column))
            if self._hidden_row:
                self._grid.hidden_rows.add(row)
        first_row = self._row + 1
        for column, down, right in self._spans:
            self._grid.ranges.append((first_row, column, first_row + down - 1, column + right - 1))
        self._row += self._row_repeats

    def _value(self) -> str:
        found = self._attributes
        shown = "\n".join(self._lines)
        kind = found.get("office:value-type", "")
        if kind in _NUMBERS and not shown.startswith(("#", "Err:")):
            text = found.get("office:value", "")
            try:
                number = float(text)
            except ValueError:
                return shown
            if kind == "percentage":
                return percent_text(number)
            # 007 is shown by a format; what is shown counts where it is that number.
            return shown if shown.isdecimal() and float(shown) == number else number_text(number)
        if kind == "date":
            return found.get("office:date-value", shown).replace("T", " ").removesuffix(" 00:00:00")
        if kind == "boolean":
            return found.get("office:boolean-value", shown).upper()
        if not shown and not kind and "table:formula" in found:
            return UNCALCULATED
        return shown


def _struck(attributes: Mapping[str, str]) -> bool:
    keys = ("style:text-line-through-style", "style:text-line-through-type")
    return any(attributes.get(key, "none") != "none" for key in keys)


def _count(attributes: Mapping[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 12 else 1
