"""Who the cases are and what became of them, from the study's table."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from trephine.cohort.cell_problems import (
    absent_column,
    number_problems,
    value_problems,
)
from trephine.cohort.event_codes import EventCodes
from trephine.cohort.reading import cause_of
from trephine.cohort.reading_keys import CellKeys, quoted, with_key
from trephine.cohort.sides import side_of
from trephine.cohort.table import as_numbers, find_column, is_missing
from trephine.errors import Problem
from trephine.plan.columns_section import Columns
from trephine.plan.sections import StudyPlan
from trephine.study.table.entries import read_entries
from trephine.types import BoolArray, FloatArray, IntArray

# Below this a model cannot be fitted in any way worth reading.
FEWEST_EVENTS = 10

# A long number as a spreadsheet saves it: two patients may share what is left of theirs.
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,}", re.IGNORECASE)

# Of more cases that stand several times, one line says how many.
_MANY_AGAIN = 5


@dataclass(frozen=True)
class TableRows:
    """The roles of a study table's columns, one row per case.

    Attributes
    ----------
    numbers
        Row of each case in the file, as a spreadsheet counts.
    case_ids, patient_ids
        As written; identifiers never leave the results folder's own tables.
    sides
        R, L or None.
    time, event
        Shape (n,); NaN where not recorded. Of ``event``, 1 is the event that is predicted.
    centres
        Centre names, or None without a centre column.
    kind
        Shape (n,): 0 and 1 as ``event``, from 2 on competing events in the plan's order, whose
        ``event`` is 0; NaN where not recorded.
    landmark
        From which on is predicted; None from the start.
    low, high
        Shape (n,): the visits between which an event lies, ``high`` infinite where it was not seen;
        empty where times are known.
    entry
        Shape (n,): when each came under observation, 0 for those that did at the start; empty where
        no column says it.
    """

    numbers: tuple[int, ...]
    case_ids: tuple[str, ...]
    patient_ids: tuple[str, ...]
    sides: tuple[str | None, ...]
    time: FloatArray
    event: FloatArray
    centres: tuple[str, ...] | None
    kind: FloatArray = field(default_factory=lambda: np.empty(0))
    landmark: float | None = None
    low: FloatArray = field(default_factory=lambda: np.empty(0))
    high: FloatArray = field(default_factory=lambda: np.empty(0))
    entry: FloatArray = field(default_factory=lambda: np.empty(0))

    @property
    def without_outcome(self) -> BoolArray:
        """Cases whose time or event was not recorded, shape (n,)."""
        return np.isnan(self.time) | np.isnan(self.event)

    @property
    def unneeded(self) -> BoolArray:
        """Cases that are left out whatever else they lack: files, features, clinical values."""
        if self.landmark is None:
            return self.without_outcome
        return self.without_outcome | (self.time <= self.landmark)


def read_rows(
    frame: pd.DataFrame, plan: StudyPlan, header_row: int = 1
) -> tuple[TableRows | None, list[Problem]]:
    """Read cases, patients, sides and outcome; None where a needed column is missing."""
    name = plan.data.table.name
    columns = _named(plan.data.columns, frame)
    problems = _missing_columns(frame, columns, name, header_row)
    if problems:
        return None, problems
    case_ids = tuple(frame[columns.case])
    patient_ids = tuple(frame[columns.patient]) if columns.patient else case_ids
    problems += _name_problems(frame, columns, name)
    sides = _sides(frame, columns, name, problems)
    if columns.side:
        problems += _same_side_twice(frame, patient_ids, sides, name)
    time = _times(frame, columns.time, name, problems)
    kind = _events(frame, columns.event, name, plan.outcome.codes, problems)
    event = np.where(kind > 1, 0.0, kind)
    known = np.isfinite(time) & np.isfinite(event)
    n_events = int(np.sum(event[known] == 1))
    # Of unreadable times or events the number of events says nothing.
    if not any(problem.column in (columns.time, columns.event) for problem in problems):
        problems += _too_few_events(n_events, name, columns.event)
        problems += _never_seen(kind, plan, name, columns.event)
    centres = tuple(frame[columns.centre]) if columns.centre else None
    numbers = tuple(frame.index)
    low, high = _visits(frame, columns)
    entry = read_entries(frame, columns, time, name, problems)
    rows = TableRows(
        numbers, case_ids, patient_ids, sides, time, event, centres, kind, plan.outcome.landmark,
        low, high, entry,
    )  # fmt: skip
    return rows, problems


def codes(names: tuple[str, ...]) -> IntArray:
    """Return a code for each name; equal names share one, in order of first appearance."""
    order: dict[str, int] = {}
    return np.array([order.setdefault(name, len(order)) for name in names], dtype=np.int64)


def _named(columns: Columns, frame: pd.DataFrame) -> Columns:
    """Return the roles with the names that the frame has, line breaks in them read as blanks."""
    update = {
        role: find_column(frame, column) or column
        for role, column in columns.model_dump().items()
        if isinstance(column, str)
    }
    return columns.model_copy(update=update)


def _missing_columns(
    frame: pd.DataFrame, columns: Columns, name: str, header_row: int
) -> list[Problem]:
    problems = []
    for role, column in columns.model_dump().items():
        if isinstance(column, str) and column not in frame.columns:
            advice = f"Name the right column under [data] columns.{role}"
            problems.append(absent_column(name, header_row, column, frame.columns, advice))
    return problems


def _name_problems(frame: pd.DataFrame, columns: Columns, name: str) -> list[Problem]:
    problems = []
    for column in filter(None, (columns.case, columns.patient, columns.centre)):
        cells = frame[column]
        empty = [int(row) for row in frame.index[cells == ""]]
        if empty:
            problems.append(Problem.of_cells(name, empty, column, "a name", "an empty cell"))
        marked = [place for place, cell in enumerate(cells) if cause_of(cell) is not None]
        problems += _by_key(value_problems(cells, marked, name, "a name"))
        cut = [int(row) for row in frame.index[cells.str.fullmatch(_SCIENTIFIC)]]
        if cut:
            found = "a number such as 1.2E+11, of which the spreadsheet kept the first digits alone"
            advice = "Set the column to text in the spreadsheet, and enter the whole numbers again"
            problems.append(Problem.of_cells(name, cut, column, "a name", found, advice))
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, case in zip(frame.index, frame[columns.case], strict=True):
        if case and cause_of(case) is None:
            rows_of[case].append(row)
    again = [rows for rows in rows_of.values() if len(rows) > 1]
    if len(again) > _MANY_AGAIN:
        advice = "Name a column that has a name of its own in each row, or remove the copies"
        found = f"{len(again)} cases several times"
        rows = sorted(row for rows in again for row in rows)
        return [
            *problems,
            Problem.of_cells(name, rows, columns.case, "each case once", found, advice),
        ]
    for rows in again:
        found, advice = (
            f"one case {len(rows)} times",
            "Give each case its own name, or remove the copies",
        )
        problems.append(Problem.of_cells(name, rows, columns.case, "each case once", found, advice))
    return problems


def _by_key(problems: list[Problem]) -> list[Problem]:
    """Return problems whose advice on merged cells names the key of the study file."""
    return [replace(p, advice=with_key(p.advice, p.column)) for p in problems]


def _sides(
    frame: pd.DataFrame, columns: Columns, name: str, problems: list[Problem]
) -> tuple[str | None, ...]:
    if columns.side is None:
        return (None,) * len(frame)
    cells = frame[columns.side]
    sides = tuple(side_of(cell) for cell in cells)
    wrong = [place for place, side in enumerate(sides) if side is None]
    advice = (
        f'Say what it means under [data]: read = {{ "{columns.side}" = {{ CELL = "R or L" }} }}'
    )
    problems += _by_key(value_problems(cells, wrong, name, "R or L", advice))
    return sides


def _same_side_twice(
    frame: pd.DataFrame, patient_ids: tuple[str, ...], sides: tuple[str | None, ...], name: str
) -> list[Problem]:
    rows_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, patient, side in zip(frame.index, patient_ids, sides, strict=True):
        if side is not None:
            rows_of[patient, side].append(row)
    again = [rows for rows in rows_of.values() if len(rows) > 1]
    expected = "each side of a patient once"
    advice = "Remove the copies, or correct the side or the patient of these rows"
    if len(again) > _MANY_AGAIN:
        rows = sorted(row for rows in again for row in rows)
        found = f"sides of {len(again)} patients several times"
        return [Problem.of_cells(name, rows, "", expected, found, advice)]
    return [
        Problem.of_cells(name, rows, "", expected, f"one side {len(rows)} times", advice)
        for rows in again
    ]


def _times(frame: pd.DataFrame, column: str, name: str, problems: list[Problem]) -> FloatArray:
    time, wrong = as_numbers(frame[column])
    problems += number_problems(
        frame[column], wrong, name, "a time as a number", CellKeys(f'[data.read."{column}"]')
    )
    for row in np.flatnonzero(np.isfinite(time) & (time <= 0)).tolist():
        cells = (name, [int(frame.index[row])], column)
        advice = "A case needs some follow-up after the start"
        problems.append(Problem.of_cells(*cells, "a time > 0", f"{time[row]:g}", advice))
    return np.where(np.isfinite(time), time, np.nan)


def _visits(frame: pd.DataFrame, columns: Columns) -> tuple[FloatArray, FloatArray]:
    """Return the visits between which events lie, which were checked when they were made times."""
    if columns.last_intact is None or columns.first_seen is None:
        return np.empty(0), np.empty(0)
    low, high = (as_numbers(frame[name])[0] for name in (columns.last_intact, columns.first_seen))
    return low, np.where(np.isnan(high), np.inf, high)


def _events(
    frame: pd.DataFrame, column: str, name: str, codes: EventCodes, problems: list[Problem]
) -> FloatArray:
    """Return 0, 1 or the kind of a competing event; NaN where not recorded."""
    if codes.plain:
        return _yes_or_no(frame, column, name, problems)
    cells = frame[column]
    kind = codes.kinds(cells.tolist())
    missing = cells.map(is_missing).to_numpy(dtype=bool)
    odd = np.flatnonzero(np.isnan(kind) & ~missing).tolist()
    advice = (
        "Name each event under [outcome] competing, and the one that is predicted as event_code;"
        f" or say what a cell means {_read_key(column, 'CELL = ' + quoted('0'))}"
    )
    problems += value_problems(cells, odd, name, codes.listed(), advice)
    return kind


def _never_seen(kind: FloatArray, plan: StudyPlan, name: str, column: str) -> list[Problem]:
    """Refuse competing events that no row has: a code is wrong, or the table lost them."""
    found = []
    for code, (event, own) in enumerate(plan.outcome.codes.competing.items(), start=2):
        if not (kind == code).any():
            expected = f"{' or '.join(own)} ({event}) in some rows, as [outcome] competing has it"
            advice = "Correct the code, or leave the event out of [outcome] competing"
            found.append(Problem.of_cells(name, (), column, expected, "it in none", advice))
    return found


def _yes_or_no(frame: pd.DataFrame, column: str, name: str, problems: list[Problem]) -> FloatArray:
    cells = frame[column]
    event, wrong = as_numbers(cells)
    known = np.isin(event, (0.0, 1.0))
    missing = cells.map(is_missing).to_numpy(dtype=bool)
    odd = sorted(set(wrong) | set(np.flatnonzero(~known & ~missing).tolist()))
    words = [cell for cell in dict.fromkeys(cells.iloc[odd]) if cause_of(cell) is None]
    example = ", ".join(f'{quoted(cell)} = "0 or 1"' for cell in words[:3])
    advice = (
        f"Say what each means {_read_key(column, example)}; 1 is an event, 0 its absence at the end"
        " of follow-up. A competing event, such as death, is neither: counted as 0, it makes"
        " predicted risks too high; name it, [outcome] competing = { death = 2 }"
    )
    problems += value_problems(cells, odd, name, "0 or 1", advice)
    if not odd and missing.any() and known.any() and not (event[known] == 0).any():
        rows = [int(row) for row in frame.index[missing]]
        marks = sorted(set(cells[missing]))
        key = _read_key(column, ", ".join(f'{quoted(mark)} = "0"' for mark in marks))
        shown = " and ".join(repr(mark) for mark in marks if mark)
        what, means = ("empty cells", "empty") if marks == [""] else (f"cells with {shown}", shown)
        if len(marks) > 1 and "" in marks:
            what = f"empty cells and {what}"
        advice = f"Does {means} mean that no event was seen? Then say so {key}"
        found = f"only 1 and {what}"
        problems.append(Problem.of_cells(name, rows, column, "0 or 1", found, advice))
    return np.where(known, event, np.nan)


def _read_key(column: str, example: str) -> str:
    return f'under [data]: read = {{ "{column}" = {{ {example} }} }}'


def _too_few_events(n_events: int, name: str, column: str) -> list[Problem]:
    cells = (name, (), column, f"at least {FEWEST_EVENTS} events")
    if n_events == 0:
        return [Problem.of_cells(*cells, "no event at all")]
    if n_events < FEWEST_EVENTS:
        advice = "A prognostic model from so few events would mean nothing; follow up longer"
        return [Problem.of_cells(*cells, f"{n_events}", advice)]
    return []
