"""Which columns seem to hold follow-up and event: numbers and flags, or dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import cast

import numpy as np

from trephine.cohort.follow_up import DAYS
from trephine.study.draft.drafted import (
    DraftedOutcome,
    between_visits,
    horizons_for,
    unit_of,
    with_entry,
)
from trephine.study.draft.nearly import (
    competing_events,
    dated_time,
    doubtful_event,
    doubtful_time,
    nearly_event,
    nearly_time,
    two_columns,
)
from trephine.study.draft.numbers import asked_marks
from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named, unit_named
from trephine.types import FloatArray, TimeUnit

# A date that nearly every row has is the start's or the last visit's; an event's is sparser.
_DENSE = 0.9
# Rows in which the last visit must follow the start.
_FOLLOWS = 0.95
# Share of negative numbers from which on a column is no time.
_NEGATIVE = 0.1


def find_outcome(looks: Mapping[str, Look]) -> DraftedOutcome:
    """Find follow-up and event: whole columns of numbers first, then dates, else what there is."""
    found = with_entry(_found(looks), looks)
    look = looks.get(found.columns.get("event", ""))
    if look is None or look.flags is not None:
        return found
    return replace(found, competing=competing_events(look))


def _found(looks: Mapping[str, Look]) -> DraftedOutcome:
    visits = between_visits(looks)
    if visits is not None:
        return visits
    times = [look for look in looks.values() if _is_time(look)]
    whole = [look for look in times if not look.broken and look.share >= _DENSE]
    dates = _dates([look for look in looks.values() if _is_visit(look)])
    flag = _flag(looks, next(iter([*whole, *times]), None)) or nearly_event(looks.values())
    named = frozenset(look.name for look in times)
    if whole and (flag is not None or "event_date" not in dates):
        return _from_numbers(whole[0], flag, named)
    if {"start", "last"} <= set(dates):
        return _from_dates(dates, None if "event_date" in dates else flag, named)
    if times:
        found = _from_numbers(times[0], flag, named)
        parted = two_columns(times)
        if not parted:
            return found
        # Either alone would be a study of those with the event, or of those without.
        columns = {role: name for role, name in found.columns.items() if role != "time"}
        return replace(found, columns=columns, unsure=(parted, *found.unsure))
    return _without_time(looks, flag, named)


def _without_time(
    looks: Mapping[str, Look], flag: Look | None, named: frozenset[str]
) -> DraftedOutcome:
    """Return what is known where no column is a time as it stands, and what is to be asked."""
    question = "which column is the time (or start and last, columns of dates)?"
    columns, why, read, asked = _event_columns(flag)
    unit: TimeUnit = "months"
    if (near := nearly_time(looks.values())) is not None:
        columns, why = {"time": near.name, **columns}, {"time": "its name", **why}
        question = doubtful_time(near)
        unit = cast("TimeUnit", unit_named(near.titled) or unit)
    elif (dated := dated_time(looks.values())) is not None:
        question = dated
    questions, ends = (question, *asked), horizons_for(np.empty(0), unit)
    return DraftedOutcome(columns, why, read, {}, questions, unit, ends, times=named)


def _is_time(look: Look) -> bool:
    if not is_named(look.name, "time") or look.is_date or not look.is_numeric:
        return False
    if is_named(look.name, "before") or _is_age(look.name):
        return False
    known = look.numbers[np.isfinite(look.numbers)]
    # Of a few negative times check gives the rows.
    return len(np.unique(known)) > 2 and float(np.mean(known < 0)) < _NEGATIVE


def _is_age(name: str) -> bool:
    return is_named(name, "age") and not is_named(name, "last")


def _is_visit(look: Look) -> bool:
    return look.is_date and not is_named(look.name, "birth")


def _dates(looks: Sequence[Look]) -> dict[str, Look]:
    """Return start, last and event by names, and by what follows what."""
    dense = [look for look in looks if look.share >= _DENSE]
    found: dict[str, Look] = {}
    pairs = [
        (a, b)
        for a in dense
        for b in dense
        if a is not b and _follows(a, b) and not is_named(a.name, "event")
    ]
    if pairs:
        start, last = max(pairs, key=lambda pair: _fit(*pair))
        found = {"start": start, "last": last}
        sparse = [look for look in looks if look.share < _DENSE and look not in (start, last)]
        sparse = [look for look in sparse if _follows(start, look) and _follows(look, last)]
        named = [look for look in sparse if is_named(look.name, "event")]
        if named or len(sparse) == 1:
            found["event_date"] = (named or sparse)[0]
    return found


def _follows(first: Look, second: Look) -> bool:
    both = np.isfinite(first.days) & np.isfinite(second.days)
    if not both.any():
        return False
    gap = (second.days - first.days)[both]
    return bool(np.mean(gap >= 0) >= _FOLLOWS and np.mean(gap > 0) > 0.5)


def _fit(start: Look, last: Look) -> tuple[int, float]:
    names = is_named(start.name, "start") + is_named(last.name, "last")
    names -= is_named(last.name, "event")
    return names, float(np.nanmean(last.days) - np.nanmean(start.days))


def _flag(looks: Mapping[str, Look], time: Look | None) -> Look | None:
    """Return the column that says whether the event was seen; an event's before a censoring's."""
    able = [
        look
        for look in looks.values()
        if not look.is_date
        and look.values
        and (look.flags is not None or look.values == {"1", "2"})
    ]
    events = [k for k in able if is_named(k.name, "event") and not is_named(k.name, "before")]
    events = [k for k in events if not is_named(k.name, "censored")]
    censored = [k for k in able if is_named(k.name, "censored")]
    own = time.name if time is not None else ""

    def near(look: Look) -> tuple[bool, int]:
        both = len(set((look.flags or {}).values())) == 2
        pairs = zip(look.name, own, strict=False)
        return both, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(events, key=near) if events else next(iter(censored), None)


def _event_columns(
    flag: Look | None,
) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, str]], tuple[str, ...]]:
    """Return the event's column, its reason, how it is read, and questions."""
    if flag is None:
        return {}, {}, {}, ("which column is the event?",)
    columns, why = {"event": flag.name}, {"event": "its name and values"}
    if flag.flags is None and flag.values != {"1", "2"}:
        guessed, question = doubtful_event(flag)
        return columns, {"event": "its name"}, {flag.name: guessed} if guessed else {}, (question,)
    if flag.flags is None:
        question = f"in {flag.name!r}, which of 1 and 2 is the event? Say so under [data] read"
        return columns, why, {flag.name: {"1": "", "2": ""}}, (question,)
    if is_named(flag.name, "censored") and not flag.codes:
        why["event"] = "1 seems to mean censored, so 0 is read as the event: is that so?"
        turned = {cell: str(1 - int(value)) for cell, value in flag.flags.items()}
        return columns, why, {flag.name: turned}, ()
    read = {cell: value for cell, value in flag.flags.items() if cell != value}
    if flag.codes:
        why["event"] = "its name, and the legend of its codes"
        read = flag.as_written(read)
    asked: tuple[str, ...] = ()
    if set(flag.flags.values()) == {"1"} and flag.share < 1:
        asked = (
            f"in {flag.name!r}, does an empty cell mean that no event was seen? If so, put"
            ' "" = "0" under [data] read',
        )
        read = dict(flag.flags)
    return columns, why, {flag.name: read} if read else {}, asked


def _from_numbers(time: Look, flag: Look | None, times: frozenset[str]) -> DraftedOutcome:
    columns, why, read, asked = _event_columns(flag)
    known = time.numbers[np.isfinite(time.numbers)]
    if doubt := asked_marks(time.strip):
        asked = (*asked, f"in {time.name!r}, {doubt}")
    unit = cast("TimeUnit", time.unit) if time.unit else unit_of(time.titled, known)
    return DraftedOutcome(
        {"time": time.name, **columns},
        {"time": "its name and its numbers", **why},
        read,
        {time.name: time.strip} if time.strip else {},
        asked,
        unit,
        horizons_for(known, unit),
        times,
        time.numbers,
        _flags(flag),
    )


def _from_dates(
    dates: Mapping[str, Look], flag: Look | None, times: frozenset[str]
) -> DraftedOutcome:
    columns = {role: look.name for role, look in dates.items()}
    why = {
        "start": "dates that come first",
        "last": f"dates that follow those in {columns['start']!r}",
        "event_date": "dates in between, empty where there was no event",
    }
    read: dict[str, dict[str, str]] = {}
    asked: tuple[str, ...] = ()
    start, last = dates["start"].days, dates["last"].days
    event = _flags(flag)
    end = last
    if "event_date" in dates:
        seen = dates["event_date"].days
        event = np.isfinite(seen).astype(np.float64)
        end = np.where(np.isfinite(seen), seen, last)
    else:
        more, reasons, read, asked = _event_columns(flag)
        columns |= more
        why |= reasons
    months = (end - start) / DAYS["months"]
    known = months[np.isfinite(months)]
    reasons = {role: why[role] for role in columns}
    return DraftedOutcome(
        columns,
        reasons,
        read,
        {},
        asked,
        "months",
        horizons_for(known, "months"),
        times,
        months,
        event,
    )


def _flags(flag: Look | None) -> FloatArray:
    if flag is None or flag.flags is None:
        return np.empty(0)
    return np.array([float(flag.flags.get(cell, "nan")) for cell in flag.cells])
