"""A study's table under pseudonyms: the same key as its images, so that they still fit."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.date_forms import candidates
from trephine.cohort.dates import read_dates
from trephine.cohort.table import find_column, is_missing, read_table
from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.imaging.deidentify import DeidentificationRow, PseudonymKey
from trephine.imaging.deidentify.dates import OLDEST_YEARS
from trephine.imaging.deidentify.target import write_whole
from trephine.paths import held_inside
from trephine.spreadsheet import csv_text
from trephine.study.pseudonyms.choices import TableChoices
from trephine.study.pseudonyms.masks import MASKS_NAME
from trephine.study.pseudonyms.secrets import (
    looks_like_age,
    secret_problems,
    sensitive_problems,
)

TABLE_NAME, IMAGE_COLUMN = "clinical.csv", "deidentified_image"

_SHORTEST_SOUGHT = 4


@dataclass(frozen=True)
class PseudonymisedTable:
    """A table read, checked and translated, not yet written.

    Attributes
    ----------
    frame
        The table under pseudonyms.
    names
        Pseudonym of each identifier.
    images
        Path of each row's image below the images' folder, as filled from the pattern.
    shifted
        Columns whose dates were moved.
    capped
        How many ages were set to 90.
    """

    frame: pd.DataFrame
    names: Mapping[str, str]
    images: tuple[str, ...]
    shifted: tuple[str, ...]
    capped: int


def read_study_table(path: Path, key: PseudonymKey, choices: TableChoices) -> PseudonymisedTable:
    """Read a table and replace what identifies.

    Parameters
    ----------
    path
        Any table that a study reads; never written to.
    key
        The images' own.
    choices
        Which columns identify.

    Raises
    ------
    StudyProblemsError
        With every problem: columns that are not there or look as if they identified, identifiers
        in other columns, dates that cannot be read.
    """
    frame = read_table(path, choices.sheet)
    table = path.name
    columns, problems = _found(frame, choices.columns, table, "--column")
    drop, more = _found(frame, choices.drop, table, "--drop")
    _, others = _found(frame, choices.keep, table, "--keep")
    problems += [*more, *others]
    if problems:
        raise StudyProblemsError(problems)
    images, problems = _filled(frame, choices.image, table)
    rest = frame.drop(columns=drop)
    columns = [column for column in columns if column in rest.columns]
    if not columns:
        raise InputError("--column: expected a column that is not dropped, found none")
    problems += _missing_patients(frame, columns[0], table)
    names = _pseudonyms(frame, columns, key)
    looked_at = [column for column in rest.columns if column not in columns]
    problems += sensitive_problems(rest, looked_at, choices.keep, table)
    made = rest.copy()
    shifted: list[str] = []
    for column in looked_at:
        if choices.dates == "shifted" and _is_dates(rest[column]):
            made[column], more = _moved(rest, column, rest[columns[0]], key, table)
            problems += more
            shifted.append(column)
    others_left = [column for column in looked_at if column not in shifted]
    problems += secret_problems(rest, others_left, _sought(names), choices, table)
    if problems:
        raise StudyProblemsError(problems)
    for column in columns:
        made[column] = [cell if is_missing(cell) else names[cell] for cell in rest[column]]
    capped = 0
    for column in filter(looks_like_age, others_left):
        made[column], count = _capped(rest[column])
        capped += count
    return PseudonymisedTable(made, names, images, tuple(shifted), capped)


def write_study_table(table: PseudonymisedTable, target: Path, images: Mapping[str, str]) -> int:
    """Write the table as CSV into the target folder; never over another.

    Parameters
    ----------
    images
        New path of each image, by its path below the source.

    Returns
    -------
    How many rows have their image; a column of its own names it, relative to ``target``.

    Raises
    ------
    InputError
        If there is one already.
    """
    frame, found = table.frame, 0
    if table.images:
        new = [images.get(path, "") for path in table.images]
        found = sum(1 for path in new if path)
        frame = frame.assign(**{IMAGE_COLUMN: new})
    check_absent(target)
    write_whole(target / TABLE_NAME, csv_text(frame).encode("utf-8"))
    return found


def new_images(
    source: Path, paths: Sequence[str], rows: Sequence[DeidentificationRow], key: PseudonymKey
) -> dict[str, str]:
    """Return the new path of each image that was written, by its path below the source.

    Paths that lead out of the source, and images that were refused, are left out.
    """
    by_source = {row.source: row.file for row in rows if row.file}
    found = {}
    for path in dict.fromkeys(paths):
        try:
            content = held_inside(path, source).read_bytes()
        except (OSError, InputError):
            continue
        new = by_source.get(key.fingerprint(content))
        if new:
            found[path] = new
    return found


def check_absent(target: Path) -> None:
    """Refuse a folder that holds a table or masks of an earlier run.

    Raises
    ------
    InputError
        If it does.
    """
    for name in (TABLE_NAME, MASKS_NAME):
        if (target / name).exists():
            raise InputError(
                f"output: expected a folder without {name}, found one; it is never overwritten,"
                " name a new folder"
            )


def _found(
    frame: pd.DataFrame, wanted: Sequence[str], table: str, option: str
) -> tuple[list[str], list[Problem]]:
    columns, problems = [], []
    for name in wanted:
        column = find_column(frame, name)
        if column is None:
            there = ", ".join(map(str, frame.columns))
            problems.append(Problem(option, f"a column of {table}", repr(name), f"It has {there}"))
        else:
            columns.append(column)
    return list(dict.fromkeys(columns)), problems


def _filled(frame: pd.DataFrame, pattern: str, table: str) -> tuple[tuple[str, ...], list[Problem]]:
    if not pattern:
        return (), []
    fields = re.findall(r"\{([^{}]+)\}", pattern)
    absent = [field for field in fields if field not in frame.columns]
    if absent or not fields:
        expected = f"columns of {table} in braces"
        return (), [Problem("--image", expected, ", ".join(absent) or "none")]
    return tuple(
        re.sub(r"\{([^{}]+)\}", lambda found, row=row: str(row[found[1]]), pattern)  # type: ignore[misc]
        for _, row in frame.iterrows()
    ), []


def _missing_patients(frame: pd.DataFrame, column: str, table: str) -> list[Problem]:
    rows = [int(str(row)) for row, cell in frame[column].items() if is_missing(cell)]
    if not rows:
        return []
    return [Problem.of_cells(table, rows, column, "a patient in each row", "none", "Fill it in")]


def _pseudonyms(frame: pd.DataFrame, columns: Sequence[str], key: PseudonymKey) -> dict[str, str]:
    cells = {cell for column in columns for cell in frame[column] if not is_missing(cell)}
    return {cell: key.patient(cell) for cell in sorted(cells)}


def _sought(names: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names if len(name) >= _SHORTEST_SOUGHT)


def _is_dates(column: pd.Series) -> bool:
    """Say whether a column holds dates and nothing else."""
    cells = [cell for cell in column if not is_missing(cell)]
    read = [candidates(cell) for cell in cells]
    if not cells or any(found is None for found in read):
        return False
    return any(not found.serial for found in read if found is not None)


def _moved(
    frame: pd.DataFrame, column: str, patients: pd.Series, key: PseudonymKey, table: str
) -> tuple[list[str], list[Problem]]:
    """Return dates moved by each patient's own number of days, as ISO 8601."""
    cells = list(frame[column])
    rows = [int(row) for row in frame.index]
    read = read_dates(cells, rows, table, [column] * len(cells))
    moved = [
        "" if np.isnan(day) else _iso(int(day) - key.days_back(patient))
        for day, patient in zip(read.days, patients, strict=True)
    ]
    return moved, list(read.problems)


def _iso(day: int) -> str:
    return datetime.date.fromordinal(day).isoformat()


def _capped(column: pd.Series) -> tuple[list[str], int]:
    cells, count = [], 0
    for cell in column:
        number = pd.to_numeric(cell, errors="coerce")
        over = bool(number > OLDEST_YEARS - 1) and not is_missing(cell)
        cells.append(str(OLDEST_YEARS) if over and number != OLDEST_YEARS else cell)
        count += over and number != OLDEST_YEARS
    return cells, count
