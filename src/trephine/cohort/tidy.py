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
from trephine.cohort.made_columns import (
    Change as Change,
)
from trephine.cohort.made_columns import free_name, made_cells, number_texts, with_dates, with_first
from trephine.cohort.sides import side_of
from trephine.cohort.visits import VisitRules, Visits, read_visits
from trephine.cohort.wide import LongTable, pair_columns, to_long
from trephine.errors import Problem
from trephine.types import TimeUnit


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
    visits
        Where the event lies between two visits, which then say time and event.
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
    visits: VisitRules | None = None
    unit: TimeUnit = "months"
    spellings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    operated: str | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether the table is used as it stands."""
        made = self.spellings or self.dates is not None or self.visits is not None
        return not made and self.case is not None


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
    last_intact, first_seen
        Columns of the visits between which events lie, as times; None where times are known.
    entry
        Column that was made of dates on which cases came under observation, as times; else None.
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
    last_intact: str | None = None
    first_seen: str | None = None
    entry: str | None = None
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
        start = _start(rules)
        long, problems = to_long(
            frame, table, rules.spellings, operated=rules.operated, start=start
        )
        tidy = replace(tidy, problems=tuple(problems))
        if long is None or long.frame.empty:
            return tidy
        tidy = _with_sides(tidy, long)
    if rules.case is None or (long is not None and rules.case not in _sided(long)):
        tidy = _with_case_names(tidy, rules)
    sources = long.sources if long is not None else lambda name: [name] * len(tidy.frame)
    if rules.dates is not None:
        found = follow_up(tidy.frame, table, rules.dates, rules.unit, sources, today)
        tidy = _with_follow_up(tidy, rules, found)
    if rules.visits is not None:
        visits = read_visits(tidy.frame, table, rules.visits, rules.unit, sources, today)
        tidy = _with_visits(tidy, visits)
    return tidy


def _start(rules: TidyRules) -> str | None:
    """Return the column of the day on which follow-up begins."""
    if rules.dates is not None:
        return rules.dates.start
    return rules.visits.start if rules.visits is not None else None


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
            "entry": rules.dates.entry,
        }
    elif rules.visits is not None:
        visits = rules.visits
        named |= {
            "start": visits.start,
            "last_intact": visits.last_intact,
            "first_seen": visits.first_seen,
        }
    else:
        named["time"] = rules.time
    if rules.visits is None and (rules.dates is None or rules.dates.event_date is None):
        named["event"] = rules.event
    named["operated"] = rules.operated
    return {key: name for key, name in named.items() if name is not None and name not in known}


def _sided(long: LongTable) -> set[str]:
    return {column.name for column in long.sided}


def _with_sides(tidy: TidyTable, long: LongTable) -> TidyTable:
    name = free_name(long.frame, "side")
    changes = made_cells(long.frame, name, long.sides, "from the columns of this side")
    changes += [
        Change(row, name, side, "", "side left out: no case") for row, side in long.left_out
    ]
    return replace(
        tidy,
        frame=with_first(long.frame, name, long.sides),
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
    case = free_name(frame, "case")
    said = f"Each case is named by its {patient!r} and its side."
    return replace(
        tidy,
        frame=with_first(frame, case, cells),
        case=case,
        patient=patient,
        assumed=(*tidy.assumed, said),
        changes=(*tidy.changes, *made_cells(frame, case, cells, "the patient's name and the side")),
    )


def _with_visits(tidy: TidyTable, found: Visits) -> TidyTable:
    """Add the visits as times, and the event with the last time that is known of each case."""
    frame, changes = with_dates(tidy.frame, found.dates)
    seen = np.isfinite(found.high)
    known = seen | np.isfinite(found.low)
    cells = {
        "last_intact": (found.low, "the last visit without the event"),
        "first_seen": (found.high, "the first visit with the event"),
        "event": (
            np.where(known, seen.astype(np.float64), np.nan),
            "whether a visit has the event",
        ),
        "time": (np.where(seen, found.high, found.low), "the last visit that is known"),
    }
    names: dict[str, str] = {}
    for role, (values, why) in cells.items():
        names[role] = free_name(frame, role)
        texts = number_texts(values)
        changes += made_cells(frame, names[role], texts, why)
        frame = with_first(frame, names[role], texts)
    return replace(
        tidy,
        frame=frame,
        **names,
        problems=(*tidy.problems, *found.problems),
        assumed=(*tidy.assumed, *found.assumed),
        changes=(*tidy.changes, *changes),
    )


def _with_follow_up(tidy: TidyTable, rules: TidyRules, found: FollowUp) -> TidyTable:
    frame, changes = with_dates(tidy.frame, found.dates)
    event = rules.event
    if found.event is not None:
        event = free_name(frame, "event")
        cells = number_texts(found.event)
        why = f"whether {rules.dates.event_date!r} has a date" if rules.dates else ""
        changes += made_cells(frame, event, cells, why)
        frame = with_first(frame, event, cells)
    entry = None
    if found.entry is not None:
        entry = free_name(frame, "entry")
        cells = number_texts(found.entry)
        changes += made_cells(frame, entry, cells, f"{rules.unit} from the start to the entry")
        frame = with_first(frame, entry, cells)
    time = free_name(frame, "time")
    cells = number_texts(found.time)
    changes += made_cells(frame, time, cells, f"{rules.unit} between the dates")
    return replace(
        tidy,
        frame=with_first(frame, time, cells),
        time=time,
        event=event,
        entry=entry,
        problems=(*tidy.problems, *found.problems),
        assumed=(*tidy.assumed, *found.assumed),
        changes=(*tidy.changes, *changes),
    )
