"""Texts of a file that are no part of its table: titles, notes, legends, other sheets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from trephine.cohort.reading.grid import Grid, column_letters

# A sheet of more filled cells than this is another table rather than a legend.
_MOST_CELLS = 2000


@dataclass(frozen=True)
class SheetText:
    """One cell.

    Attributes
    ----------
    sheet
        Name of its sheet; None for a text table.
    row, column
        From 1.
    text
        Without outer blanks.
    """

    sheet: str | None
    row: int
    column: int
    text: str

    @property
    def place(self) -> str:
        """Where a reader finds it: ``cell H3``, ``cell A2 of sheet 'Codes'``."""
        cell = f"cell {column_letters(self.column)}{self.row}"
        return cell if self.sheet is None else f"{cell} of sheet {self.sheet!r}"


def texts_in(
    grid: Grid, sheet: str | None, rows: Collection[int] = (), columns: Collection[int] = ()
) -> tuple[SheetText, ...]:
    """Return the filled cells of a grid but those of its table; none of a very full sheet.

    Parameters
    ----------
    grid, sheet
        One sheet.
    rows, columns
        Numbers from 1 of the table's rows, the header's too, and of its named columns.
    """
    own_rows, own_columns = set(rows), set(columns)
    found = [
        SheetText(sheet, row, column, text)
        for row, cells in sorted(grid.rows.items())
        for column, cell in enumerate(cells, start=1)
        if (text := cell.strip()) and not (row in own_rows and column in own_columns)
    ]
    return tuple(found) if len(found) <= _MOST_CELLS else ()
