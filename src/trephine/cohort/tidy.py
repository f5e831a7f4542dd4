"""A hospital's table made into one row per case with a name, a side, a time and an event.

Everything that reads a table of cases goes through :func:`tidy_table`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from trephine.cohort.follow_up import DateRules, FollowUp, follow_up
from trephine.cohort.sides import side_of
from trephine.cohort.wide import LongTable, pair_columns, to_long
from trephine.errors import Problem
from trephine.types import FloatArray, TimeUnit


@dataclass(frozen=True)
class TidyRules:
    """What a study file says about its table's columns.

    Attributes
    ----------
    case, patient, side
        Columns, or None; without ``case``, a case is named by its patient and side.
    time, event
        Columns; unused where ``dates`` say it.
    dates
        Where follow-up comes from dates.
    unit
        Of the time that is counted from dates.
    spellings
        By side, how the columns of a wide table begin or end; empty for one row per case.
    operated
        Column, without its side, that says which sides of a wide table are cases.
    """

    case: str | None
    patient: str | None = None
    side: str | None = None
    time: str = "time"
    event: str = "event"
    dates: DateRules | None = None
    unit: TimeUnit = "months"
    spellings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    operated: str | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether the table is used as it stands."""
        return not self.spellings and self.dates is None and self.case is not None


@dataclass(frozen=True)
class Change:
    """One cell of the tidy table that differs from the file's.

    Attributes
    ----------
    row, column
        Of the file; the column is a new one's name where the file has none.
    before, after
        Texts of the cell.
    why
        In a few words.
    """

    row: int
    column: str
    before: str
    after: str
    why: str


@dataclass(frozen=True)
class TidyTable:
    """One row per case.

    Attributes
    ----------
    frame
        Text cells, indexed by the row of the file that each case comes from; both sides of a wide
        table's row share its number. Columns that were made stand first.
    case, patient, side, time, event
        Columns of the frame.
    problems, assumed
        What is wrong, and what was assumed, one sentence each.
    changes
        Every cell that was made or changed.
    """

    frame: pd.DataFrame
    case: str
    patient: str | None
    side: str | None
    time: str
    event: str
    problems: tuple[Problem, ...] = ()
    assumed: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def tidy_table(
    frame: pd.DataFrame, table: str, rules: TidyRules, today: date | None = None
) -> TidyTable:
    """Make one row per case of a table, as a study file says.

    Parameters
    ----------
    frame
        Text cells, indexed by their row in the file. All columns that ``rules`` name must be
        there (a wide table's without their side): see :func:`absent_names`.
    table
        File name, for problems.
    rules
        The study file's.
    today
        Later dates are refused; the machine's own date if None.
    """
    case = rules.case or "case"
    tidy = TidyTable(frame, case, rules.patient, rules.side, rules.time, rules.event)
    if rules.changes_nothing:
        return tidy
    long: LongTable | None = None
    if rules.spellings:
        start = rules.dates.start if rules.dates else None
        long, problems = to_long(
            frame, table, rules.spellings, operated=rules.operated, start=start
        )
        tidy = replace(tidy, problems=tuple(problems))
        if long is None or long.frame.empty:
            return tidy
        tidy = _with_sides(tidy, long)
    if rules.case is None or (long is not None and rules.case not in _sided(long)):
        tidy = _with_case_names(tidy, rules)
    if rules.dates is not None:
        sources = long.sources if long is not None else lambda name: [name] * len(tidy.frame)
        found = follow_up(tidy.frame, table, rules.dates, rules.unit, sources, today)
        tidy = _with_follow_up(tidy, rules, found)
    return tidy


def absent_names(columns: Sequence[str], rules: TidyRules) -> dict[str, str]:
    """Return the columns that rules name and a table lacks, by their key in the study file."""
    pairs = pair_columns(columns, rules.spellings) if rules.spellings else ()
    known = {*columns, *(pair.name for pair in pairs)}
    known -= {column for pair in pairs for column in pair.of.values()}
    named = {"case": rules.case, "patient": rules.patient, "side": rules.side}
    if rules.dates is not None:
        named |= {
            "start": rules.dates.start,
            "last": rules.dates.last,
            "event_date": rules.dates.event_date,
        }
    else:
        named["time"] = rules.time
    if rules.dates is None or rules.dates.event_date is None:
        named["event"] = rules.event
    named["operated"] = rules.operated
    return {key: name for key, name in named.items() if name is not None and name not in known}


def _sided(long: LongTable) -> set[str]:
    return {column.name for column in long.sided}


def _free(frame: pd.DataFrame, name: str) -> str:
    """Return a name that no column has."""
    while name in frame.columns:
        name += "_made"
    return name


def _first(frame: pd.DataFrame, name: str, cells: Sequence[str]) -> pd.DataFrame:
    column = pd.Series(list(cells), index=frame.index, name=name, dtype="str")
    return pd.concat([column, frame], axis=1)


def _made(frame: pd.DataFrame, name: str, cells: Sequence[str], why: str) -> list[Change]:
    rows = [int(row) for row in frame.index]
    return [Change(row, name, "", cell, why) for row, cell in zip(rows, cells, strict=True)]


def _with_sides(tidy: TidyTable, long: LongTable) -> TidyTable:
    name = _free(long.frame, "side")
    changes = _made(long.frame, name, long.sides, "from the columns of this side")
    changes += [
        Change(row, name, side, "", "side left out: no case") for row, side in long.left_out
    ]
    return replace(
        tidy,
        frame=_first(long.frame, name, long.sides),
        side=name,
        assumed=(*tidy.assumed, *long.assumed),
        changes=(*tidy.changes, *changes),
    )


def _with_case_names(tidy: TidyTable, rules: TidyRules) -> TidyTable:
    """Name each case by its patient and its side."""
    frame = tidy.frame
    patient = rules.patient or rules.case
    assert patient is not None
    assert tidy.side is not None
    # A row without its patient is refused later; its case needs no second problem.
    names = [cell or f"row {row}" for cell, row in zip(frame[patient], frame.index, strict=True)]
    sides = [side_of(cell) or cell for cell in frame[tidy.side]]
    cells = [f"{name}-{side}" for name, side in zip(names, sides, strict=True)]
    case = _free(frame, "case")
    said = f"Each case is named by its {patient!r} and its side."
    return replace(
        tidy,
        frame=_first(frame, case, cells),
        case=case,
        patient=patient,
        assumed=(*tidy.assumed, said),
        changes=(*tidy.changes, *_made(frame, case, cells, "the patient's name and the side")),
    )


def _with_follow_up(tidy: TidyTable, rules: TidyRules, found: FollowUp) -> TidyTable:
    frame = tidy.frame.copy()
    changes: list[Change] = []
    for column, dates in found.dates.items():
        written = list(frame[column])
        texts = dates.texts()
        frame[column] = pd.Series(texts, index=frame.index, dtype="str")
        for row, before, after in zip(frame.index, written, texts, strict=True):
            if after and before != after:
                changes.append(
                    Change(int(row), column, before, after, "the date as year-month-day")
                )
    event = rules.event
    if found.event is not None:
        event = _free(frame, "event")
        cells = _texts(found.event)
        why = f"whether {rules.dates.event_date!r} has a date" if rules.dates else ""
        changes += _made(frame, event, cells, why)
        frame = _first(frame, event, cells)
    time = _free(frame, "time")
    cells = _texts(found.time)
    changes += _made(frame, time, cells, f"{rules.unit} between the dates")
    return replace(
        tidy,
        frame=_first(frame, time, cells),
        time=time,
        event=event,
        problems=(*tidy.problems, *found.problems),
        assumed=(*tidy.assumed, *found.assumed),
        changes=(*tidy.changes, *changes),
    )


def _texts(values: FloatArray) -> list[str]:
    """Return numbers in digits that read back to the same value, empty where unknown."""
    return ["" if np.isnan(value) else _digits(float(value)) for value in values]


def _digits(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
