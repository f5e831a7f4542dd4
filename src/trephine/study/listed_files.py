"""A table that lists the files of cases or patients: its columns fill paths as the cases' do."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from trephine.cohort.cell_problems import marked_problems
from trephine.cohort.table import read_table
from trephine.errors import Problem, StudyProblemsError
from trephine.plan.sections import DataSection
from trephine.types import BoolArray


def with_listed(
    frame: pd.DataFrame, data: DataSection, needed: BoolArray
) -> tuple[pd.DataFrame, list[str], list[Problem], list[str]]:
    """Add the columns of ``[data] manifest`` to a study's table.

    The columns that both tables have say which row is whose, by their whole cells.

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
    assert data.manifest is not None
    listed = read_table(data.manifest)
    name = data.manifest.name
    keys = [column for column in listed.columns if column in frame.columns]
    added = [column for column in listed.columns if column not in keys]
    if not keys or not added:
        expected = f"columns of {data.table.name} that say whose files they are, and columns of"
        found = f"columns {list(map(str, listed.columns))}"
        raise StudyProblemsError([Problem(f"{name}, row 1", f"{expected} paths", found)])
    rows_of: dict[tuple[str, ...], list[int]] = {}
    for number, *cells in listed[keys].itertuples(name=None):
        rows_of.setdefault(tuple(cells), []).append(int(number))
    own = list(frame[keys].itertuples(index=False, name=None))
    problems = [
        problem
        for column in listed.columns
        for problem in marked_problems(listed[column], name, "a name or a path")
    ]
    problems += _twice(rows_of.values(), name, keys)
    unlisted = [
        int(number)
        for number, key, is_needed in zip(frame.index, own, needed, strict=True)
        if is_needed and key not in rows_of
    ]
    if unlisted:
        expected = f"cells that are in the same column of {name}"
        advice = "Add a row there, written as in the table"
        column = ", ".join(keys)
        problems.append(
            Problem.of_cells(data.table.name, unlisted, column, expected, "none", advice)
        )
    joined = frame.copy()
    for column in added:
        paths = dict(zip(map(int, listed.index), map(str, listed[column]), strict=True))
        joined[column] = [paths[rows_of[key][0]] if key in rows_of else "" for key in own]
    strangers = sum(len(rows) for key, rows in rows_of.items() if key not in set(own))
    belong = "row of {} belongs" if strangers == 1 else "rows of {} belong"
    remarks = [f"{strangers} {belong.format(name)} to no row of the table."] if strangers else []
    return joined, added, problems, remarks


def _twice(rows: Iterable[list[int]], name: str, keys: list[str]) -> list[Problem]:
    several = [numbers for numbers in rows if len(numbers) > 1]
    return [
        Problem.of_cells(
            name,
            numbers,
            ", ".join(keys),
            "one row for each case or patient",
            f"{len(numbers)} for one",
            "Keep the row of the image to be analysed, and remove the others",
        )
        for numbers in several
    ]
