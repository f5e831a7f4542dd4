"""Columns that are time and event by their names, though some of their cells do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from math import isfinite

import numpy as np

from trephine.cohort.answers import NO, YES
from trephine.cohort.cells import plain_number, plain_text
from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named

_MOST_WORDS = 6
_MOST = 0.9
# Excel's day 1, and as many days as follow-up in any unit has.
_DAY_ONE = date(1899, 12, 30).toordinal()
_MOST_DAYS = 10_000
_SEEN = re.compile(
    r"events?|fail(ed|ure)|collapsed?|relapsed?|recurr(ed|ence)|progress(ed|ion)|revised|revision"
    r"|dead|died|deceased|death|塌陷|复发|死亡|事件",
    re.IGNORECASE,
)
_DEATH = re.compile(r"dead|died|deceased|death|死亡", re.IGNORECASE)
_CODED = re.compile(r"([01])\s*[:=)]\s*([^\W\d].*)")
_UNSEEN = re.compile(
    r"(lost|ltfu|l2fu|withdr|drop.?out|dropped|censor|event.?free|disease.?free|alive|living|none"
    r"|no\W|without|end of (study|follow)|删失|失访|存活|无)",
    re.IGNORECASE,
)


def nearly_time(looks: Iterable[Look]) -> Look | None:
    """Return a column of times by its name, of whose cells some are no numbers; None without."""
    for look in looks:
        named = is_named(look.name, "time") and not is_named(look.name, "before")
        if not named or look.is_date or look.is_numeric or is_named(look.name, "age"):
            continue
        digits = sum(any(letter.isdigit() for letter in cell) for cell in look.filled)
        if len(look.values) > _MOST_WORDS and 2 * digits >= len(look.filled):
            return look
    return None


def doubtful_time(look: Look) -> str:
    """Return what is to be asked of such a time."""
    odd = [cell for cell in look.filled if not _is_number(cell)]
    return (
        f"{look.name!r} seems to be the time, but {len(odd)} of its cells are no numbers, such as"
        f" {odd[0]!r}: check lists them. Or is it another column, or start and last (dates)?"
    )


def _is_number(cell: str) -> bool:
    number = plain_number(f" {cell} ")
    return number is not None and isfinite(float(number))


def dated_time(looks: Iterable[Look]) -> str | None:
    """Return what is to be asked of times that a spreadsheet shows as dates; None without."""
    for look in looks:
        if not look.is_date or not is_named(look.name, "time") or is_named(look.name, "date"):
            continue
        known = look.days[np.isfinite(look.days)]
        if known.size and known.min() >= _DAY_ONE and known.max() < _DAY_ONE + _MOST_DAYS:
            return (
                f"{look.name!r} holds dates from 1900 on: are they numbers, such as months, that"
                " the spreadsheet shows as dates? Set the column's format to a number there"
            )
    return None


def two_columns(looks: Sequence[Look]) -> str:
    """Return what is to be asked where the time stands in one of two columns; empty otherwise.

    Registries give the days to death of the dead, and those to the last visit of all others.
    """
    for first, second in combinations(looks, 2):
        one, other = np.isfinite(first.numbers), np.isfinite(second.numbers)
        if one.any() and other.any() and not (one & other).any() and (one | other).mean() > _MOST:
            return (
                f"the time stands in {first.name!r} for some rows and in {second.name!r} for the"
                " others: bring both into one column"
            )
    return ""


def nearly_event(looks: Iterable[Look]) -> Look | None:
    """Return a column of the event by its name, whose words are not all known; None without."""
    for look in looks:
        named = is_named(look.name, "event") and not is_named(look.name, "before")
        if not named or look.is_date or is_named(look.name, "censored"):
            continue
        known = {_meaning(cell) for cell in look.values}
        if 2 <= len(look.values) <= _MOST_WORDS and known & {"0", "1"}:
            return look
    return None


def competing_events(look: Look) -> dict[str, tuple[str, ...]]:
    """Return the cells of an event column that seem to mean competing events, by the event's name.

    A death among other events that were seen competes with them; of a number beside 0 and 1 nobody
    but a person knows what it is, and its name is empty.
    """
    seen = [cell for cell in sorted(look.values) if _meaning(cell) == "1"]
    deaths = [cell for cell in seen if _DEATH.fullmatch(plain_text(cell))]
    found = {}
    if 0 < len(deaths) < len(seen):
        codes = [code for code, meaning in look.codes.items() if meaning in deaths]
        found["death"] = tuple(codes or deaths)
    numbers = sorted(cell for cell in look.values if cell.isdecimal() and not _meaning(cell))
    if numbers and {"0", "1"} <= look.values:
        found[""] = tuple(numbers)
    return found


def doubtful_event(look: Look) -> tuple[dict[str, str], str]:
    """Return what is guessed of such an event's cells, and what is to be asked."""
    others = competing_events(look)
    apart = {cell for cells in others.values() for cell in cells}
    meant = {
        cell: meaning
        for cell in sorted(look.values)
        if (meaning := _meaning(cell)) and cell not in apart
    }
    read = {cell: meaning for cell, meaning in meant.items() if cell != meaning}
    named = {cell for name, cells in others.items() if name for cell in cells}
    unknown = sorted(look.values - set(meant) - named)
    told = [f"{cell!r} as {meaning}" for cell, meaning in read.items()]
    parts = [f"{' and '.join(map(repr, unknown))} must be given a meaning"] if unknown else []
    if told:
        parts.append(f"{', '.join(told)} is a guess")
    if named:
        parts.append(f"{' and '.join(map(repr, sorted(named)))} as a competing event is a guess")
    return read, (
        f"in {look.name!r}, {'; '.join(parts)}: under [data] read 1 is an event, 0 its absence at"
        " the end of follow-up (lost cases too), and a competing event is neither: it has its name"
        " under [outcome] competing"
    )


def _meaning(cell: str) -> str:
    """Return 1, 0, or an empty text for a cell that says neither."""
    text = plain_text(cell).casefold()
    if text in ("0", "1"):
        return text
    if (coded := _CODED.fullmatch(text)) is not None:
        # A code with its word, as registries write it: where the two disagree nobody knows.
        word = _meaning(coded[2])
        return coded[1] if word in ("", coded[1]) else ""
    if text in YES or _SEEN.fullmatch(text):
        return "1"
    return "0" if text in NO or _UNSEEN.match(text) else ""
