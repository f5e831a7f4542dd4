"""Reading a table of cases as people keep it, and saying what was assumed."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from trephine.cohort.reading import ods_file, xls_file, xlsx_book, xlsx_file
from trephine.cohort.reading.apostrophes import without_apostrophes
from trephine.cohort.reading.beside import SheetText, texts_in
from trephine.cohort.reading.cell_text import without_unseen
from trephine.cohort.reading.decimals import with_points
from trephine.cohort.reading.foreign import FIRST_BYTES, foreign
from trephine.cohort.reading.grid import Grid
from trephine.cohort.reading.header import Extent, find_table, nameless
from trephine.cohort.reading.limits import TableLimits
from trephine.cohort.reading.package import Package, refusal
from trephine.cohort.reading.sheet_remarks import broken_names, remarks_on
from trephine.cohort.reading.text_file import read_text_table
from trephine.errors import Problem, StudyProblemsError

# Sheets beside the table that are looked through for what its codes mean.
_MOST_SHEETS = 20

_AS_XLSX = "Open it in a spreadsheet program and save it as xlsx, without a password"


@dataclass(frozen=True)
class SourceTable:
    """A table as text, and what was assumed in reading it.

    Attributes
    ----------
    frame
        One row per case: text cells, stripped, indexed by their row in the file as a spreadsheet
        counts. Cells that hold no value although they are not empty are marks (see ``marks``).
    assumed
        One sentence for each thing assumed.
    header_row
        Row of the column names.
    sheet
        Name of the sheet that was read, or None.
    sheets
        Names of all sheets.
    beside
        Filled cells of its sheet that are no part of the table.
    units
        By column, where a row below the names holds them.
    """

    frame: pd.DataFrame
    assumed: tuple[str, ...]
    header_row: int
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    beside: tuple[SheetText, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)


def read_source(
    path: Path,
    sheet: str | None = None,
    limits: TableLimits | None = None,
    encoding: str | None = None,
) -> SourceTable:
    """Read a table: CSV and its kin (also .gz), xlsx, xlsm, xls, ods or Parquet.

    Parameters
    ----------
    path
        Of the file. Its content says what it is, not its name.
    sheet
        Name of a workbook's sheet; by default the first visible one that holds a table.
    limits
        Bounds that hold before anything is parsed; the defaults, raised by the operator's
        environment, if None.
    encoding
        Of a text table; found by a stated rule if None.

    Raises
    ------
    StudyProblemsError
        If the file is missing, unreadable, too large or without cases, or has a name twice.
    """
    bounds = limits or TableLimits.in_force()
    _regular(path, bounds)
    with path.open("rb") as file:
        first = file.read(max(FIRST_BYTES, 8))
    if first.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        with _opened(path, bounds) as book:
            grid, chosen, sheets = _chosen(path.name, book.names, book.hidden, sheet, book.read)
        return _source(path.name, grid, chosen, sheets)
    if first.startswith(b"PAR1"):
        from trephine.cohort.reading.parquet_apart import read_parquet

        grid, extent = read_parquet(path, bounds)
        return _source(path.name, grid, None, (), extent)
    if not first:
        raise refusal(path.name, "an empty file", "Save the table again")
    if path.suffix.lower() in (".xlsx", ".xlsm", ".ods", ".parquet"):
        kind = "Parquet table" if path.suffix.lower() == ".parquet" else "workbook"
        advice = "Write it again" if kind == "Parquet table" else _AS_XLSX
        raise refusal(path.name, f"a file that is not a {kind}, or cut short", advice)
    if (other := foreign(path, first)) is not None:
        raise refusal(path.name, *other)
    return _source(path.name, read_text_table(path, bounds, encoding), None, ())


def texts_of_sheets(
    path: Path, sheets: Sequence[str], limits: TableLimits | None = None
) -> tuple[SheetText, ...]:
    """Return the filled cells of some sheets of a workbook that was read; none of full ones.

    Parameters
    ----------
    path, sheets
        Of the workbook, and names of its sheets.
    limits
        As :func:`read_source`.
    """
    found: list[SheetText] = []
    with _opened(path, limits or TableLimits.in_force()) as book:
        for sheet in sheets[:_MOST_SHEETS]:
            found += texts_in(book.read(sheet), sheet)
    return tuple(found)


def _regular(path: Path, limits: TableLimits) -> None:
    try:
        info = path.stat()
    except FileNotFoundError:
        raise StudyProblemsError([Problem(str(path), "a table", "no such file")]) from None
    except (OSError, ValueError):
        found = "a file that cannot be opened"
        raise StudyProblemsError([Problem(str(path), "a table", found)]) from None
    if not stat.S_ISREG(info.st_mode):
        found = "a folder" if stat.S_ISDIR(info.st_mode) else "something other than a regular file"
        raise StudyProblemsError([Problem(path.name, "a table", found)])
    limits.check("file_bytes", path.name, info.st_size)
    try:
        path.open("rb").close()
    except OSError:
        found = "a file that may not be read"
        raise StudyProblemsError([Problem(path.name, "a table", found)]) from None


@dataclass(frozen=True)
class _Opened:
    """A workbook that is open: names of its sheets, those hidden, and what reads one."""

    names: tuple[str, ...]
    hidden: set[str]
    read: Callable[[str], Grid]


@contextmanager
def _opened(path: Path, limits: TableLimits) -> Iterator[_Opened]:
    """Open a workbook once, however many of its sheets are read: the bounds count them together."""
    with path.open("rb") as file:
        is_package = file.read(2) == b"PK"
    if not is_package:
        old = xls_file.open_workbook(path, limits)
        yield _Opened(
            tuple(old.sheet_names()),
            set(),
            lambda name: xls_file.read_sheet(old, name, path.name, limits),
        )
        return
    package = Package(path, limits)
    try:
        yield _opened_package(package, limits)
    finally:
        package.close()


def _opened_package(package: Package, limits: TableLimits) -> _Opened:
    if "content.xml" in package.parts:
        grids = ods_file.read_sheets(package, limits)
        if not grids:
            raise refusal(package.name, "a document without a table", _AS_XLSX)
        return _Opened(tuple(grids), set(), grids.__getitem__)
    if "xl/workbook.bin" in package.parts:
        raise refusal(package.name, "a binary workbook (xlsb)", _AS_XLSX)
    book = xlsx_book.open_workbook(package, limits)
    if not book.sheets and (other := foreign(Path(package.name), b"PK", package.parts)) is not None:
        raise refusal(package.name, *other)
    if not book.sheets:
        raise refusal(package.name, "a zip file that is not a workbook", _AS_XLSX)
    return _Opened(
        tuple(book.sheets),
        book.hidden,
        lambda name: xlsx_file.read_sheet(package, book, name, limits),
    )


def _chosen(
    name: str,
    sheets: tuple[str, ...],
    hidden: set[str],
    asked: str | None,
    read: Callable[[str], Grid],
) -> tuple[Grid, str, tuple[str, ...]]:
    """Read the sheet asked for, or the first visible one with two rows and two columns."""
    if asked is not None:
        if asked not in sheets:
            listed = ", ".join(repr(sheet) for sheet in sheets[:20])
            problem = Problem(name, f"a sheet {asked!r}", f"sheets {listed}")
            raise StudyProblemsError([problem])
        return read(asked), asked, sheets
    visible = [sheet for sheet in sheets if sheet not in hidden] or list(sheets)
    chosen, grid = visible[0], read(visible[0])
    for sheet in visible[1:]:
        if _holds_table(grid):
            break
        following = read(sheet)
        if _holds_table(following):
            chosen, grid = sheet, following
    if len(sheets) > 1:
        place = sheets.index(chosen) + 1
        grid.said.append(
            f"Sheet {chosen!r}, number {place} of {len(sheets)}, was read; another is named by"
            " [data] sheet."
        )
    return grid, chosen, sheets


def _holds_table(grid: Grid) -> bool:
    full = [cells for cells in grid.rows.values() if sum(map(bool, cells)) > 1]
    return len(full) > 1


def _source(
    name: str,
    grid: Grid,
    sheet: str | None,
    sheets: tuple[str, ...],
    extent: Extent | None = None,
) -> SourceTable:
    extent = extent or find_table(grid)
    if extent is None:
        raise StudyProblemsError([Problem(name, "one row per case", "no rows")])
    named, said = nameless(extent, grid)
    names = [extent.names[place] for place in named]
    _once(name, extent.header, names)
    _within(name, grid, extent)
    if not extent.rows or not names:
        raise StudyProblemsError([Problem(name, "one row per case", "no rows")])
    cells = {
        column: [without_unseen(grid.get(row, place + 1)) for row in extent.rows]
        for place, column in zip(named, names, strict=True)
    }
    frame = pd.DataFrame(cells, index=list(extent.rows), dtype=object, columns=names)
    frame = frame.astype("str")
    frame = frame[~(frame == "").all(axis=1)]
    if frame.empty:
        raise StudyProblemsError([Problem(name, "one row per case", "no rows")])
    frame, marks = without_apostrophes(frame)
    frame, commas = with_points(frame) if grid.decimal_comma else (frame, [])
    assumed = [
        *grid.said,
        *extent.said,
        *broken_names(grid, extent),
        *said,
        *remarks_on(grid, extent, named),
        *marks,
        *commas,
    ]
    own = texts_in(grid, sheet, {extent.header, *extent.rows}, [place + 1 for place in named])
    units = {extent.names[place]: unit for place, unit in extent.units.items() if place in named}
    return SourceTable(frame, tuple(assumed), extent.header, sheet, sheets, own, units)


def _once(name: str, row: int, names: list[str]) -> None:
    twice = sorted(column for column, number in Counter(names).items() if number > 1)
    if twice:
        advice = "Give each column a name of its own"
        half = len(names) // 2
        if len(twice) > 2 and names[:half] == names[half:]:
            advice = "If two tables stand side by side, put one below the other"
        problem = Problem(f"{name}, row {row}", "column names once", f"{twice[:10]}", advice)
        raise StudyProblemsError([problem])


def _within(name: str, grid: Grid, extent: Extent) -> None:
    """Refuse rows of a text table with more cells than there are columns.

    A separator within a cell, a decimal comma above all, moves every later cell to the right; so
    does a first column for which the header has no place, as R writes row names.
    """
    if not grid.is_text:
        return
    width = len(extent.names)
    last = max((place + 1 for place, column in enumerate(extent.names) if column), default=0)
    longer = [
        row
        for row in extent.rows
        if len(grid.rows[row]) > width and any(cell.strip() for cell in grid.rows[row][width:])
    ]
    if longer:
        widest = max(len(grid.rows[row]) for row in longer)
        advice = (
            "Look for separators within cells (decimal commas?), and put such cells in quotes; or"
            " for a first column without a name"
        )
        found = f"{widest} cells"
        raise StudyProblemsError(
            [
                Problem.of_cells(
                    name, longer, "", f"{last} cells, as row {extent.header} has", found, advice
                )
            ]
        )
