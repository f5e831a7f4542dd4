"""Columns that hold dates in parts, or without a day: neither a time nor a variable."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from trephine.study.draft.values import Look
from trephine.study.draft.words import is_named

_PART = re.compile(
    r"(?P<before>.*?)[\s_.(-]*(?P<part>year|month|day|yyyy|mm|dd|jahr|monat|tag|年份?|月份?|日)[)]?"
    r"|(?P<first>year|month|day)[\s_.-]+(?:of[\s_.-]+)?(?P<after>.+)",
    re.IGNORECASE,
)
_KINDS = {
    **dict.fromkeys(("year", "yyyy", "jahr", "年", "年份"), "year"),
    **dict.fromkeys(("month", "mm", "monat", "月", "月份"), "month"),
    **dict.fromkeys(("day", "dd", "tag", "日"), "day"),
}
_RANGES = {"year": (1900, 2100), "month": (1, 12), "day": (1, 31)}
_NO_DAY = re.compile(r"(19|20)\d\d[-./年]\s*\d{1,2}\s*月?|\d{1,2}[-./](19|20)\d\d")
_FEWEST = 3


def dates_to_join(looks: Mapping[str, Look]) -> tuple[list[str], list[str]]:
    """Return the columns that are parts of a date, and what is to be asked of such dates.

    Parts are a year and a month at least, named alike but for the part, of numbers that can be it.
    Dates without a day are asked about too.
    """
    parts = _parts(looks.values())
    columns = sorted(column for of_one in parts.values() for column in of_one.values())
    return columns, _questions(parts, looks.values())


def _parts(looks: Iterable[Look]) -> dict[str, dict[str, str]]:
    """Return what dates in several columns are of, to part, to column."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for look in looks:
        match = _PART.fullmatch(look.name.strip())
        if match is None or not look.is_numeric:
            continue
        kind = _KINDS[(match["part"] or match["first"]).lower()]
        low, high = _RANGES[kind]
        known = look.numbers[np.isfinite(look.numbers)]
        if known.size and ((known >= low) & (known <= high) & (known == np.floor(known))).all():
            found[(match["before"] or match["after"] or "").strip().lower()][kind] = look.name
    return {stem: parts for stem, parts in found.items() if {"year", "month"} <= set(parts)}


def _questions(parts: Mapping[str, Mapping[str, str]], looks: Iterable[Look]) -> list[str]:
    asked = [
        f"{' and '.join(map(repr, columns.values()))} are parts of one date: bring them into one"
        " column, as 2021-10-23"
        for columns in parts.values()
    ]
    for look in looks:
        named = any(is_named(look.name, kind) for kind in ("date", "start", "last"))
        if not named or len(look.values) < _FEWEST:
            continue
        if all(_NO_DAY.fullmatch(cell) for cell in look.filled):
            example = look.filled[0]
            asked.append(
                f"{look.name!r} holds months such as {example!r}, without a day: write dates, such"
                " as the 15th of the month"
            )
    return asked
