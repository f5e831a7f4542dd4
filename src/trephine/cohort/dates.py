"""Dates as people write them; what could be two dates is asked, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from trephine.choices import SerialsFrom
from trephine.cohort.date_forms import Candidates, DateOrder, candidates
from trephine.cohort.reading import cause_of
from trephine.cohort.table import is_missing
from trephine.errors import Problem
from trephine.types import FloatArray

FIRST_YEAR = 1900
# Cells that a problem shows.
_SHOWN = 2
_BUDDHIST = 543
_ERA = (
    "Other years of the column have three digits, as in the Republic of China: write it as"
    " 民國99年5月6日, or as 2010-05-06"
)
FIX = "Write it as year-month-day, such as 2021-10-23"

_WORDS: dict[DateOrder, str] = {
    "ymd": "year, month, day",
    "dmy": "day, month, year",
    "mdy": "month, day, year",
}


@dataclass(frozen=True)
class DateColumn:
    """One column of dates.

    Attributes
    ----------
    days
        Day number of each cell (proleptic Gregorian ordinal), NaN where empty or refused,
        shape (n,).
    problems
        Cells that are no date, or that could be two.
    assumed
        How cells that could be read in several ways were read, one sentence each.
    """

    days: FloatArray
    problems: tuple[Problem, ...]
    assumed: tuple[str, ...]

    def texts(self) -> list[str]:
        """Return the dates as year-month-day, empty where there is none."""
        return [date.fromordinal(int(day)).isoformat() if day > 0 else "" for day in self.days]


@dataclass(frozen=True, kw_only=True)
class DateReading:
    """How columns of dates are read.

    Attributes
    ----------
    order
        Settles dates that could be read in two ways, for all columns or by column.
    serials
        Year from which bare day numbers count.
    """

    order: DateOrder | dict[str, DateOrder] | None = None
    serials: SerialsFrom = 1900

    def read(
        self,
        frame: pd.DataFrame,
        columns: Sequence[str],
        table: str,
        sources: Callable[[str], Sequence[str]],
        today: date | None = None,
    ) -> dict[str, DateColumn]:
        """Return columns of dates; arguments as `trephine.cohort.follow_up.follow_up`."""
        rows = [int(row) for row in frame.index]
        return {
            column: read_dates(
                list(frame[column]),
                rows,
                table,
                sources(column),
                order=self.order.get(column) if isinstance(self.order, dict) else self.order,
                serials=self.serials,
                today=today,
            )
            for column in columns
        }


def read_dates(
    cells: Sequence[str],
    rows: Sequence[int],
    table: str,
    columns: Sequence[str],
    *,
    order: DateOrder | None = None,
    serials: SerialsFrom = 1900,
    today: date | None = None,
) -> DateColumn:
    """Read a column of dates.

    The order of day and month is taken from the column: cells such as 23/10/2021 leave no choice,
    and the others follow them unless two cells contradict each other; no date is taken to be in the
    future. Two-digit years from 70 are
    19.., others 20.. (as POSIX has it). A bare number of five digits is a day number of Excel.

    Parameters
    ----------
    cells
        Texts, length n.
    rows, columns
        Row number and column name of each cell in the file, for problems, length n.
    table
        File name, for problems.
    order
        What settles cells that could be read in two ways; taken from the column if None.
    serials
        Year from which the workbook counts its day numbers.
    today
        Later dates are refused; the machine's own date if None.
    """
    read = _ColumnReading(table, tuple(rows), tuple(columns))
    found: dict[int, Candidates] = {}
    for place, cell in enumerate(cells):
        if not is_missing(cell):
            read.note(place, cell, candidates(cell, serials), found)
    last = (today or date.today()).toordinal()
    settled = order or read.decide(found, last)
    days = np.full(len(cells), np.nan)
    undecided: dict[str, list[int]] = {}
    republic = any(options.republic for options in found.values())
    for place, options in found.items():
        day = options.under(settled)
        if republic and options.short_year:
            read.refuse(place, "a year whose calendar is known", repr(cells[place]), _ERA)
        elif day is None and settled is None:
            undecided.setdefault(columns[place], []).append(place)
        elif day is None:
            assert settled is not None
            read.refuse(place, f"a date as {_WORDS[settled]}", repr(cells[place]), FIX)
        elif day.year < FIRST_YEAR:
            read.refuse(place, f"a year from {FIRST_YEAR}", repr(cells[place]), FIX)
        elif day.toordinal() > last:
            read.refuse_future(place, day, cells[place], last)
        else:
            days[place] = day.toordinal()
    read.ask_order(undecided, found, cells)
    read.group()
    read.say(found, settled, order, serials)
    return DateColumn(days, tuple(read.problems), tuple(read.assumed))


class _ColumnReading:
    """Problems and assumptions of one column as it is read."""

    def __init__(self, table: str, rows: tuple[int, ...], columns: tuple[str, ...]) -> None:
        self._table, self._rows, self._columns = table, rows, columns
        self.problems: list[Problem] = []
        self._refused: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
        self.assumed: list[str] = []

    @property
    def name(self) -> str:
        """The column, or the columns of both sides."""
        return " and ".join(repr(column) for column in dict.fromkeys(self._columns))

    def refuse(self, place: int, expected: str, found: str, advice: str) -> None:
        key = (self._columns[place], expected, advice)
        self._refused.setdefault(key, []).append((self._rows[place], found))

    def refuse_future(self, place: int, day: date, cell: str, last: int) -> None:
        """Refuse a date that is to come; one that is centuries away counts from another year."""
        thai = day.toordinal() - last > 365 * (_BUDDHIST - 100)
        advice = f"In years of the Buddhist era? Take {_BUDDHIST} off" if thai else "Correct it"
        self.refuse(place, "a date that is past", f"{day} ({cell!r})", advice)

    def group(self) -> None:
        """List what was refused: cells of one column and one cause are one problem."""
        grouped = []
        for (column, expected, advice), cells in self._refused.items():
            different = list(dict.fromkeys(found for _, found in cells))
            shown = " and ".join(different[:_SHOWN])
            text = shown if len(different) == 1 else f"{len(different)} texts such as {shown}"
            rows = [row for row, _ in cells]
            grouped.append(Problem.of_cells(self._table, rows, column, expected, text, advice))
        self.problems = [*grouped, *self.problems]

    def note(
        self,
        place: int,
        cell: str,
        options: Candidates | None,
        found: dict[int, Candidates],
    ) -> None:
        cause = cause_of(cell)
        if cause is not None:
            self.refuse(place, "a date", cause.found, cause.advice)
        elif options is None:
            self.refuse(place, "a date", repr(cell), f"{FIX}, or leave it empty")
        elif not options.dates:
            self.refuse(place, "a day that there is", repr(cell), FIX)
        else:
            found[place] = options

    def decide(self, found: dict[int, Candidates], last: int) -> DateOrder | None:
        """Return the order that all cells with a choice of orders allow, if it is one.

        An order under which a cell lies in the future is not allowed: 30.06.17 was not in 2030.
        """
        orders = [
            {order for order, day in options.dates.items() if day.toordinal() <= last}
            for options in found.values()
            if options.ordered
        ]
        common = set.intersection(*orders) if orders else set()
        return next(iter(common)) if len(common) == 1 else None

    def ask_order(
        self,
        undecided: dict[str, list[int]],
        found: dict[int, Candidates],
        cells: Sequence[str],
    ) -> None:
        """Ask once per column how its cells are to be read that could be two dates."""
        for column, places in undecided.items():
            options = found[places[0]].dates
            choice = " or ".join(sorted({day.isoformat() for day in options.values()}))
            keys = sorted({key for place in places for key in found[place].dates})
            shown = " or ".join(f'"{key}"' for key in keys)
            example = f"{cells[places[0]]!r}, which could be {choice}"
            advice = f"Say which in the study file: [data] date_order = {shown}"
            rows = [self._rows[place] for place in places]
            text = example if len(places) == 1 else f"dates such as {example}"
            self.problems.append(
                Problem.of_cells(self._table, rows, column, "one date", text, advice)
            )

    def say(
        self,
        found: dict[int, Candidates],
        settled: DateOrder | None,
        given: DateOrder | None,
        serials: int,
    ) -> None:
        if self.problems:
            return
        chosen = sum(len(set(options.dates.values())) > 1 for options in found.values())
        if chosen and settled is not None and given is None:
            self.assumed.append(
                f"Dates in {self.name} were read as {_WORDS[settled]}: no cell fits another order."
            )
        if any(options.short_year for options in found.values()):
            self.assumed.append(
                f"Two-digit years in {self.name}: 00 to 69 were read as 2000 to 2069, 70 to 99 as"
                " 1970 to 1999."
            )
        if any(options.republic for options in found.values()):
            self.assumed.append(
                f"Years of three digits in {self.name} were read as those of the Republic of China:"
                " 110 is 2021."
            )
        if any(options.serial for options in found.values()):
            self.assumed.append(
                f"Bare numbers in {self.name} were read as Excel's day numbers, counted from"
                f" {serials}."
            )
