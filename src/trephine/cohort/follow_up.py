"""Follow-up and event from the dates of a table: start, last visit, event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from trephine.cohort.dates import DateColumn, DateReading
from trephine.cohort.table import is_missing
from trephine.errors import Problem
from trephine.types import BoolArray, FloatArray, TimeUnit

# Days of one unit. A month is a twelfth of a Julian year of 365.25 days.
DAYS: dict[TimeUnit, float] = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}


@dataclass(frozen=True)
class DateRules(DateReading):
    """Which columns hold dates, and how they are read.

    Attributes
    ----------
    start, last
        Where follow-up begins, and the last visit.
    event_date
        When the event was seen, empty where it was not; None if another column says whether.
    entry
        When a case came under observation, empty where from the start; None if all did.
    """

    start: str
    last: str
    event_date: str | None = None
    entry: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of dates."""
        return tuple(filter(None, (self.start, self.last, self.event_date, self.entry)))


@dataclass(frozen=True)
class FollowUp:
    """Time and event of n cases, from dates.

    Attributes
    ----------
    time
        In the outcome's unit, shape (n,); NaN where it cannot be known.
    event
        1, 0, or NaN where no date is recorded, shape (n,); None if another column says it.
    dates
        The dates by column.
    problems, assumed
        As :class:`trephine.cohort.dates.DateColumn`.
    entry
        After the start, in the outcome's unit, shape (n,), below 0 where before it; NaN where the
        cell is empty. None where all cases were under observation from the start.
    """

    time: FloatArray
    event: FloatArray | None
    dates: dict[str, DateColumn]
    problems: tuple[Problem, ...]
    assumed: tuple[str, ...]
    entry: FloatArray | None = None


def follow_up(
    frame: pd.DataFrame,
    table: str,
    rules: DateRules,
    unit: TimeUnit,
    sources: Callable[[str], Sequence[str]],
    today: date | None = None,
) -> FollowUp:
    """Return the time from the start to the event, or to the last visit where there was none.

    An empty date of the event means that it had not happened by the last visit. Time is in whole
    days, divided by 30.4375 for months and by 365.25 for years.

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
    rows = [int(row) for row in frame.index]
    dates = rules.read(frame, rules.columns, table, sources, today)
    start, last = dates[rules.start].days, dates[rules.last].days
    seen = dates[rules.event_date].days if rules.event_date else np.full(len(frame), np.nan)
    problems = [problem for column in dates.values() for problem in column.problems]
    unknown = frame[rules.start].map(is_missing).to_numpy(dtype=np.bool_)
    _compare(_Comparison(table, rows, sources, problems), rules, dates, unknown)
    end = np.where(np.isfinite(seen), seen, last)
    time = (end - start) / DAYS[unit]
    time = np.where(time > 0, time, np.nan)  # others were refused above
    event = None
    if rules.event_date:
        event = np.where(np.isnan(time), np.nan, np.isfinite(seen).astype(np.float64))
    assumed = [sentence for column in dates.values() for sentence in column.assumed]
    assumed.append(_said(rules, unit))
    entry = None
    if rules.entry is not None:
        entry = (dates[rules.entry].days - start) / DAYS[unit]
    return FollowUp(time, event, dates, tuple(problems), tuple(dict.fromkeys(assumed)), entry)


def _compare(
    compare: _Comparison, rules: DateRules, dates: Mapping[str, DateColumn], unknown: BoolArray
) -> None:
    """Refuse dates that cannot follow each other so; ``unknown`` starts are empty."""
    start, last = dates[rules.start].days, dates[rules.last].days
    compare.refuse(rules.last, last < start, rules.start, "on or after", "before")
    if rules.event_date is None:
        compare.refuse(rules.last, last == start, rules.start, "after", "the same day as")
        return
    seen = dates[rules.event_date].days
    compare.refuse(rules.event_date, seen <= start, rules.start, "after", "not after")
    compare.refuse(rules.last, last < seen, rules.event_date, "on or after", "before")
    same = (last == start) & np.isnan(seen)
    compare.refuse(rules.last, same, rules.start, "after", "the same day as")
    compare.refuse_gaps(rules.start, np.isfinite(seen) & unknown, rules.event_date)


def _said(rules: DateRules, unit: TimeUnit) -> str:
    event = f"{rules.event_date!r} or, where that is empty, to " if rules.event_date else ""
    text = f"Follow-up is counted from {rules.start!r} to {event}{rules.last!r}"
    if unit == "days":
        return f"{text}, in days."
    return f"{text}, in {unit} of {DAYS[unit]:g} days."


class _Comparison:
    """Dates that cannot follow each other so, one problem a row."""

    def __init__(
        self,
        table: str,
        rows: Sequence[int],
        sources: Callable[[str], Sequence[str]],
        problems: list[Problem],
    ) -> None:
        self._table, self._rows, self._sources = table, rows, sources
        self._problems = problems

    def refuse(
        self,
        column: str,
        wrong: BoolArray,
        other: str,
        expected: str,
        found: str,
    ) -> None:
        """Refuse the cells of ``column`` that are ``wrong`` beside ``other``."""
        own, others = self._sources(column), self._sources(other)
        for place in np.flatnonzero(wrong).tolist():
            where = (self._table, (self._rows[place],), own[place])
            advice = "Correct one of the two dates"
            self._problems.append(
                Problem.of_cells(
                    *where,
                    f"a date {expected} that in {others[place]!r}",
                    f"one {found} it",
                    advice,
                )
            )

    def refuse_gaps(self, column: str, wrong: BoolArray, other: str) -> None:
        """Refuse empty cells of ``column`` beside a date in ``other``."""
        own, others = self._sources(column), self._sources(other)
        for place in np.flatnonzero(wrong).tolist():
            where = (self._table, (self._rows[place],), own[place])
            expected = f"a date, since {others[place]!r} has one"
            self._problems.append(Problem.of_cells(*where, expected, "an empty cell"))
