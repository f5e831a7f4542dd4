"""Who the cases are and what became of them, from the study's table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trephine.cohort.sides import side_of
from trephine.cohort.table import as_numbers, is_missing
from trephine.errors import Problem
from trephine.plan.sections import Columns, StudyPlan
from trephine.types import BoolArray, FloatArray, IntArray

# Below this a model cannot be fitted in any way worth reading.
FEWEST_EVENTS = 10


@dataclass(frozen=True)
class TableRows:
    """The roles of a study table's columns, a row a case.

    Attributes
    ----------
    numbers
        Row of each case in the file, as a spreadsheet counts.
    case_ids, patient_ids
        As written; identifiers never leave the results folder's own tables.
    sides
        R, L or None.
    time, event
        Shape (n,); NaN where not recorded.
    centres
        Centre names, or None without a centre column.
    """

    numbers: tuple[int, ...]
    case_ids: tuple[str, ...]
    patient_ids: tuple[str, ...]
    sides: tuple[str | None, ...]
    time: FloatArray
    event: FloatArray
    centres: tuple[str, ...] | None

    @property
    def without_outcome(self) -> BoolArray:
        """Cases whose time or event was not recorded, shape (n,)."""
        return np.isnan(self.time) | np.isnan(self.event)


def read_rows(frame: pd.DataFrame, plan: StudyPlan) -> tuple[TableRows | None, list[Problem]]:
    """Read cases, patients, sides and outcome; None where a needed column is missing."""
    name = plan.data.table.name
    columns = plan.data.columns
    problems = _missing_columns(frame, columns, name)
    if problems:
        return None, problems
    case_ids = tuple(frame[columns.case])
    patient_ids = tuple(frame[columns.patient]) if columns.patient else case_ids
    problems += _name_problems(frame, columns, name)
    sides = _sides(frame, columns, name, problems)
    if columns.side:
        problems += _same_side_twice(frame, patient_ids, sides, name)
    time = _times(frame, columns.time, name, problems)
    event = _events(frame, columns.event, name, problems)
    known = np.isfinite(time) & np.isfinite(event)
    n_events = int(np.sum(event[known] == 1))
    if not any(problem.where.endswith(f"column {columns.event}") for problem in problems):
        problems += _too_few_events(n_events, name, columns.event)
    centres = tuple(frame[columns.centre]) if columns.centre else None
    numbers = tuple(frame.index)
    return TableRows(numbers, case_ids, patient_ids, sides, time, event, centres), problems


def codes(names: tuple[str, ...]) -> IntArray:
    """Return a code for each name; equal names share one, in order of first appearance."""
    order: dict[str, int] = {}
    return np.array([order.setdefault(name, len(order)) for name in names], dtype=np.int64)


def _missing_columns(frame: pd.DataFrame, columns: Columns, name: str) -> list[Problem]:
    problems = []
    for role, column in columns.model_dump().items():
        if column is not None and column not in frame.columns:
            found = f"columns {list(frame.columns[:20])}"
            advice = f"Name the right column under [data] columns.{role}"
            problems.append(Problem(f"{name}, row 1", f"a column {column!r}", found, advice))
    return problems


def _name_problems(frame: pd.DataFrame, columns: Columns, name: str) -> list[Problem]:
    problems = []
    for column in filter(None, (columns.case, columns.patient, columns.centre)):
        for row in np.flatnonzero(frame[column] == "").tolist():
            where = f"{name}, row {frame.index[row]}, column {column}"
            problems.append(Problem(where, "a name", "an empty cell"))
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, case in zip(frame.index, frame[columns.case], strict=True):
        if case:
            rows_of[case].append(row)
    for rows in rows_of.values():
        if len(rows) > 1:
            where = f"{name}, rows {', '.join(map(str, rows))}, column {columns.case}"
            advice = "Give each case its own name, or remove the copies"
            problems.append(Problem(where, "each case once", f"one case {len(rows)} times", advice))
    return problems


def _sides(
    frame: pd.DataFrame, columns: Columns, name: str, problems: list[Problem]
) -> tuple[str | None, ...]:
    if columns.side is None:
        return (None,) * len(frame)
    sides: list[str | None] = []
    for row, cell in enumerate(frame[columns.side]):
        side = side_of(cell)
        if side is None:
            where = f"{name}, row {frame.index[row]}, column {columns.side}"
            problems.append(Problem(where, "R or L", repr(cell)))
        sides.append(side)
    return tuple(sides)


def _same_side_twice(
    frame: pd.DataFrame, patient_ids: tuple[str, ...], sides: tuple[str | None, ...], name: str
) -> list[Problem]:
    rows_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, patient, side in zip(frame.index, patient_ids, sides, strict=True):
        if side is not None:
            rows_of[patient, side].append(row)
    return [
        Problem(
            f"{name}, rows {', '.join(map(str, rows))}",
            "each side of a patient once",
            f"one side {len(rows)} times",
        )
        for rows in rows_of.values()
        if len(rows) > 1
    ]


def _times(frame: pd.DataFrame, column: str, name: str, problems: list[Problem]) -> FloatArray:
    time, wrong = as_numbers(frame[column])
    for row in wrong:
        where = f"{name}, row {frame.index[row]}, column {column}"
        problems.append(Problem(where, "a time as a number", repr(frame[column].iloc[row])))
    for row in np.flatnonzero(np.isfinite(time) & (time <= 0)).tolist():
        where = f"{name}, row {frame.index[row]}, column {column}"
        advice = "A case needs some follow-up after the start"
        problems.append(Problem(where, "a time > 0", f"{time[row]:g}", advice))
    return np.where(np.isfinite(time), time, np.nan)


def _events(frame: pd.DataFrame, column: str, name: str, problems: list[Problem]) -> FloatArray:
    event, wrong = as_numbers(frame[column])
    odd = set(wrong) | set(np.flatnonzero(~np.isin(event, (0.0, 1.0))).tolist())
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row in sorted(odd):
        cell = frame[column].iloc[row]
        if not is_missing(cell):
            rows_of[cell].append(int(frame.index[row]))
    # A column of yes and no is one problem a word, not one a row.
    for cell, rows in rows_of.items():
        advice = "Recode: 1 where the event was seen, 0 where follow-up ended without it"
        problems.append(Problem.of_cells(name, rows, column, "0 or 1", repr(cell), advice))
    return np.where(np.isin(event, (0.0, 1.0)), event, np.nan)


def _too_few_events(n_events: int, name: str, column: str) -> list[Problem]:
    where = f"{name}, column {column}"
    if n_events == 0:
        return [Problem(where, f"at least {FEWEST_EVENTS} events", "no event at all")]
    if n_events < FEWEST_EVENTS:
        advice = "A prognostic model from so few events would mean nothing; follow up longer"
        return [Problem(where, f"at least {FEWEST_EVENTS} events", f"{n_events}", advice)]
    return []
