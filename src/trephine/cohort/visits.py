"""Between which visits an event happened, from a table: the last one without it, the first with it.

Both are times after the start, or dates beside the date of the start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from trephine.cohort.cell_problems import number_problems
from trephine.cohort.dates import DateColumn, DateReading
from trephine.cohort.follow_up import DAYS
from trephine.cohort.reading_keys import CellKeys
from trephine.cohort.table import as_numbers
from trephine.errors import Problem
from trephine.types import BoolArray, FloatArray, TimeUnit


@dataclass(frozen=True)
class VisitRules(DateReading):
    """Which columns hold the visits.

    Attributes
    ----------
    last_intact, first_seen
        The last visit without the event, and the first with it; empty where it was never seen.
    start
        The date from which follow-up counts, where both are dates; None where they are times.
    """

    last_intact: str
    first_seen: str
    start: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(filter(None, (self.start, self.last_intact, self.first_seen)))


@dataclass(frozen=True)
class Visits:
    """The visits of n cases.

    Attributes
    ----------
    low, high
        After the start, in the outcome's unit, shape (n,). ``high`` is NaN where the event was
        never seen; both are where nothing is known.
    problems, assumed
        What is wrong, and what was assumed, one sentence each.
    dates
        The dates by column; empty where the cells are times.
    """

    low: FloatArray
    high: FloatArray
    problems: tuple[Problem, ...]
    assumed: tuple[str, ...]
    dates: Mapping[str, DateColumn] = field(default_factory=dict)


@dataclass(frozen=True)
class _TableCells:
    """Where cells of the table come from, for problems."""

    table: str
    rows: Sequence[int]
    sources: Callable[[str], Sequence[str]]

    def problems(
        self, column: str, wrong: BoolArray, expected: str, found: str, advice: str
    ) -> list[Problem]:
        """Return one problem for each column of the file that holds wrong cells."""
        own = self.sources(column)
        places: dict[str, list[int]] = {}
        for place in np.flatnonzero(wrong).tolist():
            places.setdefault(own[place], []).append(self.rows[place])
        return [
            Problem.of_cells(self.table, rows, name, expected, found, advice)
            for name, rows in places.items()
        ]


def read_visits(
    frame: pd.DataFrame,
    table: str,
    rules: VisitRules,
    unit: TimeUnit,
    sources: Callable[[str], Sequence[str]],
    today: date | None = None,
) -> Visits:
    """Return between which visits each event happened.

    An event without a visit before it happened after the start. A case with neither visit has no
    outcome.

    Parameters
    ----------
    frame
        Text cells, one row per case, indexed by their row in the file.
    table
        File name, for problems.
    rules, unit
        The study file's.
    sources
        The file's column of each case's cell in a column, for problems.
    today
        Later dates are refused; the machine's own date if None.
    """
    cells = _TableCells(table, [int(row) for row in frame.index], sources)
    if rules.start is None:
        dates: dict[str, DateColumn] = {}
        low, high, problems = _numbers(frame, table, rules)
    else:
        dates = rules.read(frame, rules.columns, table, sources, today)
        low, high, problems = _since_start(dates, rules, unit, cells)
    # Of cells that could not be read nothing more is said.
    problems += _order(low, high, rules, cells)
    alone = np.isnan(low) & np.isfinite(high)
    assumed = [sentence for column in dates.values() for sentence in column.assumed]
    assumed.append(
        f"An event lies after {rules.last_intact!r} and by {rules.first_seen!r}; an empty"
        f" {rules.first_seen!r} means that it was not seen by {rules.last_intact!r}."
    )
    if alone.any():
        assumed.append(
            f"{int(alone.sum())} with the event have no {rules.last_intact!r}: it lies between the"
            " start and the visit at which it was seen."
        )
    if rules.start is not None:
        days = "" if unit == "days" else f", in {unit} of {DAYS[unit]:g} days"
        assumed.append(f"Visits are counted from {rules.start!r}{days}.")
    return Visits(np.where(alone, 0.0, low), high, tuple(problems), tuple(assumed), dates)


def _numbers(
    frame: pd.DataFrame, table: str, rules: VisitRules
) -> tuple[FloatArray, FloatArray, list[Problem]]:
    found: list[FloatArray] = []
    problems: list[Problem] = []
    for column in (rules.last_intact, rules.first_seen):
        values, wrong = as_numbers(frame[column])
        keys = CellKeys(f'[data.read."{column}"]')
        problems += number_problems(frame[column], wrong, table, "a time as a number", keys)
        found.append(np.where(np.isfinite(values), values, np.nan))
    return found[0], found[1], problems


def _since_start(
    dates: Mapping[str, DateColumn], rules: VisitRules, unit: TimeUnit, cells: _TableCells
) -> tuple[FloatArray, FloatArray, list[Problem]]:
    assert rules.start is not None
    start = dates[rules.start].days
    problems = [problem for column in dates.values() for problem in column.problems]
    found: list[FloatArray] = []
    for column in (rules.last_intact, rules.first_seen):
        found.append((dates[column].days - start) / DAYS[unit])
        problems += cells.problems(
            rules.start,
            np.isnan(start) & np.isfinite(dates[column].days),
            f"a date, since {column!r} has one",
            "an empty cell",
            "Enter when follow-up began",
        )
    return found[0], found[1], problems


def _order(
    low: FloatArray, high: FloatArray, rules: VisitRules, cells: _TableCells
) -> list[Problem]:
    """Refuse visits before the start, out of order, or none after it."""
    first, second = rules.last_intact, rules.first_seen
    with np.errstate(invalid="ignore"):
        return [
            *cells.problems(first, low < 0, "a visit after the start", "one before it", _CORRECT),
            *cells.problems(
                second, high <= 0, "a visit after the start", "none after it", _CORRECT
            ),
            *cells.problems(
                second,
                (high < low) & (high > 0),
                f"a visit on or after that of {first!r}, the last without the event",
                "one before it",
                "Correct one of the two; are the columns exchanged?",
            ),
            *cells.problems(
                first,
                (low == 0) & np.isnan(high),
                "a visit after the start, since the event was not seen",
                "none after it",
                "A case needs a visit after the start; leave both empty to leave the case out",
            ),
        ]


_CORRECT = "Correct it, or the start"
