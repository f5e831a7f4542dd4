"""What a reader of a sheet should know of its cells: hidden, struck through, short rows."""

from __future__ import annotations

from collections.abc import Sequence

from trephine.cohort.reading.cell_text import clean_name
from trephine.cohort.reading.grid import Grid, runs
from trephine.cohort.reading.header import Extent

_SHOWN = 5


def remarks_on(grid: Grid, extent: Extent, named: Sequence[int]) -> list[str]:
    """Return what was read although a person may not see it so, one sentence each.

    Parameters
    ----------
    grid, extent
        The sheet, and where its table lies.
    named
        Columns that have a name, from 0.
    """
    return [
        *_short_rows(grid, extent, named),
        *_hidden(grid, extent, named),
        *_struck(grid, extent, named),
    ]


def broken_names(grid: Grid, extent: Extent) -> list[str]:
    """Say which column names had line breaks."""
    cells = grid.rows.get(extent.header, [])
    broken = [clean_name(cell) for cell in cells if clean_name(cell) != cell.strip()]
    if not broken:
        return []
    return [f"Line breaks in column names were read as blanks: {_listed(broken)}."]


def _short_rows(grid: Grid, extent: Extent, named: Sequence[int]) -> list[str]:
    """Say which rows of a text table end before its last named column."""
    if not grid.is_text:
        return []
    short = [row for row in extent.rows if len(grid.rows[row]) <= max(named, default=0)]
    if not short:
        return []
    where = runs(short).capitalize()
    verb = "ends" if len(short) == 1 else "end"
    return [f"{where} {verb} before the last column; the missing cells were read as empty."]


def _hidden(grid: Grid, extent: Extent, named: Sequence[int]) -> list[str]:
    said = []
    rows = sorted(grid.hidden_rows & set(extent.rows))
    if rows:
        where = runs(rows).capitalize()
        verb = "is" if len(rows) == 1 else "are"
        said.append(f"{where} {verb} hidden or filtered out in the sheet, and read all the same.")
    columns = [extent.names[place] for place in named if place + 1 in grid.hidden_columns]
    if columns:
        said.append(f"Hidden columns were read: {_listed(columns)}.")
    return said


def _struck(grid: Grid, extent: Extent, named: Sequence[int]) -> list[str]:
    """Say what is struck through: a person may have taken the case, or the value, back."""
    cells = {row: [place + 1 for place in named if grid.get(row, place + 1)] for row in extent.rows}
    struck = {row: [c for c in cells[row] if (row, c) in grid.struck] for row in extent.rows}
    whole = [row for row in extent.rows if struck[row] and struck[row] == cells[row]]
    said = []
    if whole:
        where, verb = runs(whole).capitalize(), "is" if len(whole) == 1 else "are"
        said.append(
            f"{where} {verb} struck through in the sheet, and read all the same: delete what is"
            " no case."
        )
    rest = [(row, c) for row in extent.rows if row not in set(whole) for c in struck[row]]
    if rest:
        columns = dict.fromkeys(extent.names[column - 1] for _, column in rest)
        noun = "column" if len(columns) == 1 else "columns"
        said.append(
            f"Cells that are struck through were read all the same, {noun}"
            f" {_listed(list(columns))}: {runs([row for row, _ in rest])}."
        )
    return said


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more
