"""A sheet as it lies in its file: rows of text cells with their numbers, before any is named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.marks import merged

# In a workbook longer texts count as more cells: every one is looked through several times.
_LETTERS_A_CELL = 8


@dataclass
class Grid:
    """The cells of one sheet.

    Attributes
    ----------
    name, limits
        File name for messages, and the bounds that hold while cells are put in.
    rows
        Row number, as a spreadsheet counts from 1, to text cells; rows differ in length.
    hidden_rows, hidden_columns
        Numbers from 1.
    stated
        Rows and columns that the file says it has, or that were counted before cells are put in:
        with them all bounds that it breaks are reported at once.
    struck
        Row and column, from 1, of cells that are struck through, in whole or in part.
    ranges
        Merged ranges: first row, first column, last row, last column, from 1.
    said
        What was assumed in reading it, one sentence each.
    is_text
        Whether the file is separated text.
    decimal_comma
        Whether the file's kind (semicolons between columns) goes with decimal commas.
    """

    name: str
    limits: TableLimits
    rows: dict[int, list[str]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    struck: set[tuple[int, int]] = field(default_factory=set)
    ranges: list[tuple[int, int, int, int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    is_text: bool = False
    decimal_comma: bool = False
    stated: tuple[int, int] = (0, 0)
    _size: int = 0
    _letters: int = 0

    def set(self, row: int, column: int, text: str) -> None:
        """Put a text in a cell (numbers from 1), within the bounds."""
        self.check(row, column)
        self.limits.check("cell_letters", self.name, len(text))
        cells = self.rows.setdefault(row, [])
        if len(cells) < column:
            self._grow(column - len(cells))
            cells.extend([""] * (column - len(cells)))
        cells[column - 1] = text
        self._weigh(len(text))

    def put_row(self, row: int, cells: list[str]) -> None:
        """Put a whole row, within the bounds."""
        self.check(row, len(cells))
        self._grow(len(cells))
        self.rows[row] = cells

    def _grow(self, by: int) -> None:
        self._size += by
        if self._size > self.limits.cells:
            self._refuse(0, 0)

    def _weigh(self, letters: int) -> None:
        """Count a text of a workbook, which may stand there once and be shared by every cell."""
        self._letters += letters
        if self._letters > _LETTERS_A_CELL * self.limits.cells and not self.is_text:
            self.limits.check("cells", self.name, self._letters // _LETTERS_A_CELL)

    def check(self, row: int, column: int) -> None:
        """Refuse a cell, or a row of so many cells, beyond the bounds."""
        if row > self.limits.rows or column > self.limits.columns:
            self._refuse(row, column)

    def _refuse(self, row: int, column: int) -> None:
        rows, columns = max(row, self.stated[0]), max(column, self.stated[1])
        size = max(self._size, rows * columns)
        found = {"rows": rows, "columns": columns, "cells": size}
        self.limits.check_all(self.name, found)

    def get(self, row: int, column: int) -> str:
        """Return a cell's text, empty where there is none."""
        cells = self.rows.get(row, [])
        return cells[column - 1] if column <= len(cells) else ""

    def fill_ranges(self, header: int) -> None:
        """Mark the cells below the header that a merged range covers with the range's value."""
        visited = 0
        for first, left, last, right in self.ranges:
            value = self.get(first, left)
            if not value or last <= header:
                continue
            covered = range(max(first, header + 1), last + 1)
            fewer, other = sorted((covered, self.rows), key=len)
            visited += len(fewer)
            self.limits.check("cells", self.name, visited)
            inside = [row for row in fewer if row in other]
            visited += len(inside) * (right - left + 1)
            self.limits.check("cells", self.name, visited)
            for row in inside:
                for column in range(left, right + 1):
                    if (row, column) != (first, left):
                        self.set(row, column, merged(value))


def column_letters(column: int) -> str:
    """Return a column's name in a spreadsheet: 1 is A, 27 is AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,10})")


def cell_number(reference: str) -> tuple[int, int] | None:
    """Return row and column, from 1, of a reference such as B12; None where it is none."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column


def runs(numbers: set[int] | list[int]) -> str:
    """Return "row 4" or "rows 4 to 9 and 12", the runs of some row numbers in words."""
    ordered = sorted(set(numbers))
    parts: list[str] = []
    start = 0
    for stop in range(1, len(ordered) + 1):
        if stop == len(ordered) or ordered[stop] != ordered[stop - 1] + 1:
            first, last = ordered[start], ordered[stop - 1]
            parts.append(str(first) if first == last else f"{first} to {last}")
            start = stop
    shown = parts[:4]
    more = len(parts) - len(shown)
    if more:
        text = ", ".join(shown) + f" and {more} more places"
    else:
        text = " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
    return f"{'row' if len(ordered) == 1 else 'rows'} {text}"
