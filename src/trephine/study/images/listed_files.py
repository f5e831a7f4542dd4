"""A table that lists the files of cases or patients: its columns fill paths as the cases' do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from trephine.choices import Side
from trephine.cohort.cell_problems import marked_problems
from trephine.cohort.sides import side_of
from trephine.cohort.table import is_missing, read_table
from trephine.errors import Problem, StudyProblemsError
from trephine.plan.data_section import DataSection
from trephine.study.images.file_sides import apart, side_of_file
from trephine.types import BoolArray

_Key = tuple[str, ...]


@dataclass
class _List:
    """A list of files: rows by what its key columns hold, and the columns of paths.

    Attributes
    ----------
    rows_of
        Row numbers by key.
    sided
        By key and column, the row of each side's file, where a key has one file of each.
    """

    name: str
    keys: list[str]
    added: list[str]
    frame: pd.DataFrame
    rows_of: dict[_Key, list[int]] = field(default_factory=dict)
    sided: dict[tuple[_Key, str], dict[Side, int]] = field(default_factory=dict)

    def path(self, key: _Key, column: str, side: str | None) -> str:
        """Return what a case's cell of a column is; empty for a case that is not listed."""
        rows = self.rows_of.get(key)
        if rows is None:
            return ""
        of_side = self.sided.get((key, column))
        number = rows[0]
        if of_side is not None and (own := side_of(side or "")) is not None:
            number = of_side[own]
        return str(self.frame.loc[number, column])


def with_listed(
    frame: pd.DataFrame, data: DataSection, needed: BoolArray
) -> tuple[pd.DataFrame, list[str], list[Problem], list[str]]:
    """Add the columns of ``[data] manifest`` to a study's table.

    The columns that both tables have say which row is whose, by their whole cells; sides by what
    they mean. Where the list has no column of sides and two files for one key, one of each side by
    their DICOM headers or names, each case gets its side's.

    Parameters
    ----------
    frame
        Text cells, indexed by row number.
    data
        The plan's section.
    needed
        Rows that must be listed, shape (n,).

    Returns
    -------
    tuple
        The table with more columns, their names, problems and remarks.

    Raises
    ------
    StudyProblemsError
        If the list cannot be read.
    """
    listed = _read(frame, data)
    own = _keys(frame, listed.keys, data)
    sides = list(frame[data.columns.side]) if data.columns.side else [None] * len(frame)
    problems = [
        problem
        for column in listed.frame.columns
        for problem in marked_problems(listed.frame[column], listed.name, "a name or a path")
    ]
    remarks: list[str] = []
    if data.columns.side is not None and data.columns.side not in listed.keys:
        remarks += _part_by_side(listed, data)
    problems += _twice(listed)
    unlisted = [
        int(number)
        for number, key, is_needed in zip(frame.index, own, needed, strict=True)
        if is_needed and key not in listed.rows_of
    ]
    if unlisted:
        expected = f"cells that are in the same column of {listed.name}"
        advice = "Add a row there, written as in the table"
        where = (data.table.name, unlisted, ", ".join(listed.keys))
        problems.append(Problem.of_cells(*where, expected, "none", advice))
    joined = frame.copy()
    for column in listed.added:
        cells = [listed.path(key, column, side) for key, side in zip(own, sides, strict=True)]
        joined[column] = cells
    strangers = sum(len(rows) for key, rows in listed.rows_of.items() if key not in set(own))
    belong = "row of {} belongs" if strangers == 1 else "rows of {} belong"
    if strangers:
        remarks.append(f"{strangers} {belong.format(listed.name)} to no row of the table.")
    return joined, listed.added, problems, remarks


def _read(frame: pd.DataFrame, data: DataSection) -> _List:
    assert data.manifest is not None
    table = read_table(data.manifest)
    name = data.manifest.name
    keys = [column for column in table.columns if column in frame.columns]
    added = [column for column in table.columns if column not in keys]
    if not keys or not added:
        expected = f"columns of {data.table.name} that say whose files they are, and columns of"
        found = f"columns {list(map(str, table.columns))}"
        raise StudyProblemsError([Problem(f"{name}, row 1", f"{expected} paths", found)])
    listed = _List(name, keys, added, table)
    for number, key in zip(table.index, _keys(table, keys, data), strict=True):
        listed.rows_of.setdefault(key, []).append(int(number))
    return listed


def _keys(frame: pd.DataFrame, keys: list[str], data: DataSection) -> list[_Key]:
    """Return what the key columns hold, by row; R for a right side however it is written."""
    side = data.columns.side
    columns = [
        [side_of(cell) or cell for cell in frame[key]] if key == side else list(frame[key])
        for key in keys
    ]
    return list(zip(*columns, strict=True))


def _part_by_side(listed: _List, data: DataSection) -> list[str]:
    """Say which rows of one key are which side's, where headers or names do."""
    parted = 0
    for key, rows in listed.rows_of.items():
        if len(rows) != 2:
            continue
        own = {column: _sides_of(listed, rows, column, data) for column in listed.added}
        # A column that names no side goes by the row's, as another column has it.
        known = [sides for sides in own.values() if apart(sides)]
        if not known:
            continue
        for column, sides in own.items():
            chosen = sides if apart(sides) else known[0]
            listed.sided[key, column] = {
                side: row for side, row in zip(chosen, rows, strict=True) if side is not None
            }
        parted += 1
    if not parted:
        return []
    return [
        f"{listed.name} has no column {data.columns.side!r} and two rows for {parted} of its"
        " entries: DICOM Laterality, or R and L in the files' names, says which is the"
        " right side's."
    ]


def _sides_of(
    listed: _List, rows: Sequence[int], column: str, data: DataSection
) -> list[Side | None]:
    """Return the sides of a column's files, which lie where the plan's pattern puts them."""
    patterns = [data.image or "", *data.raters.values(), *data.repeats.values()]
    pattern = next((one for one in patterns if f"{{{column}}}" in one), "")
    paths = [str(listed.frame.loc[row, column]) for row in rows]
    return [
        None
        if is_missing(path) or not pattern
        else side_of_file(Path(pattern.replace(f"{{{column}}}", path)), path)
        for path in paths
    ]


def _twice(listed: _List) -> list[Problem]:
    parted = {key for key, _ in listed.sided}
    several = [rows for key, rows in listed.rows_of.items() if len(rows) > 1 and key not in parted]
    return [
        Problem.of_cells(
            listed.name,
            numbers,
            ", ".join(listed.keys),
            "one row for each case or patient",
            f"{len(numbers)} for one",
            "Keep the row of the image to be analysed, and remove the others; of images of one side"
            " each, name the side in a column called as in the table",
        )
        for numbers in several
    ]
