"""Columns that are time and event by their names, though some of their cells do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trephine.cohort.answers import NO, YES
from trephine.cohort.cells import plain_number, plain_text
from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named

_MOST_WORDS = 6
_SEEN = re.compile(
    r"events?|fail(ed|ure)|collapsed?|relapsed?|recurr(ed|ence)|progress(ed|ion)|revised|revision"
    r"|dead|died|deceased|death|塌陷|复发|死亡|事件",
    re.IGNORECASE,
)
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
    odd = [cell for cell in look.filled if plain_number(f" {cell} ") is None]
    return (
        f"{look.name!r} seems to be the time, but {len(odd)} of its cells are no numbers, such as"
        f" {odd[0]!r}: check lists them. Or is it another column, or start and last (dates)?"
    )


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


def doubtful_event(look: Look) -> tuple[dict[str, str], str]:
    """Return what is guessed of such an event's cells, and what is to be asked."""
    meant = {cell: meaning for cell in sorted(look.values) if (meaning := _meaning(cell))}
    read = {cell: meaning for cell, meaning in meant.items() if cell != meaning}
    unknown = sorted(look.values - set(meant))
    told = [f"{cell!r} as {meaning}" for cell, meaning in read.items()]
    parts = [f"{' and '.join(map(repr, unknown))} must be given a meaning"] if unknown else []
    if told:
        parts.append(f"{', '.join(told)} is a guess")
    return read, (
        f"in {look.name!r}, {'; '.join(parts)}: under [data] read 1 is an event, 0 its absence at"
        " the end of follow-up (lost cases too), and a competing event is neither"
    )


def _meaning(cell: str) -> str:
    """Return 1, 0, or an empty text for a cell that says neither."""
    text = plain_text(cell).casefold()
    if text in ("0", "1"):
        return text
    if text in YES or _SEEN.fullmatch(text):
        return "1"
    return "0" if text in NO or _UNSEEN.match(text) else ""
