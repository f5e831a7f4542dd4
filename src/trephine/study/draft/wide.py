"""A sheet with one row per patient is recognised by its columns that come in pairs, R and L."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from trephine.choices import Side
from trephine.cohort.sides import side_of
from trephine.cohort.wide import NOT_OPERATED, OPERATED, pair_columns
from trephine.study.draft.values import Look

_NEUTRAL_WORDS = "hip side knee femur head hüfte hanche cadera 髋 髋关节 侧 股"
_NEUTRAL = frozenset(_NEUTRAL_WORDS.split())
_OPERATED = re.compile(
    r"(^|[\W_])(op|ops|done|included|treated)([\W_]|$)|operat|surg|手术|手術|入组|eingriff|opér|cirug"
    r"|операц|수술",
    re.IGNORECASE,
)
# One pair may be chance; two are a sheet with a side in its names.
_FEWEST_PAIRS = 2


@dataclass(frozen=True)
class WideSheet:
    """How a sheet with one row per patient is to be read.

    Attributes
    ----------
    spellings
        By side, how its columns begin or end.
    operated
        Column without its side that marks the sides that are cases, or None.
    pairs
        Names without their side.
    """

    spellings: dict[str, tuple[str, ...]]
    operated: str | None
    pairs: tuple[str, ...]


def find_wide(frame: pd.DataFrame) -> WideSheet | None:
    """Return how a sheet's columns pair up; None for one row per case."""
    spellings = _spellings([str(name) for name in frame.columns])
    if not spellings["R"]:
        return None
    pairs = pair_columns(list(frame.columns), spellings)
    if len(pairs) < _FEWEST_PAIRS:
        return None
    operated = None
    for pair in pairs:
        looks = [Look.at(frame, column) for column in pair.of.values()]
        marks = {value.casefold() for look in looks for value in look.values}
        if (
            marks
            and marks <= OPERATED | NOT_OPERATED
            and marks & OPERATED
            and _OPERATED.search(pair.name)
        ):
            operated = pair.name
            break
    return WideSheet(spellings, operated, tuple(pair.name for pair in pairs))


def _spellings(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[tuple[str, str], None] = {}
    for place in ("begin", "end"):
        parts: dict[tuple[Side, str], str] = {}
        for name in names:
            for side, affix, rest in _cuts(name, place):
                # The longest affix that is a side leaves the barest rest.
                parts.setdefault((side, rest.casefold()), affix)
        for (side, rest), affix in parts.items():
            other = parts.get(("L", rest))
            if side == "R" and other is not None:
                found[affix, other] = None
    return {"R": tuple(right for right, _ in found), "L": tuple(left for _, left in found)}


def _cuts(name: str, place: str) -> list[tuple[Side, str, str]]:
    """Return the ways to cut a side off a name's beginning or end, the longest side first."""
    cuts = []
    for length in range(len(name) - 1, 0, -1):
        affix, rest = (
            (name[:length], name[length:]) if place == "begin" else (name[-length:], name[:-length])
        )
        side = _side_in(affix)
        bounded = affix[-1 if place == "begin" else 0]
        touching = rest[0 if place == "begin" else -1]
        # A Latin word must end where the side ends: L is no side in "Length".
        if side is None or (_latin(bounded) and _latin(touching)):
            continue
        if touching.isspace() or touching in "_-./:":  # belongs to the side
            continue
        cuts.append((side, affix, rest))
    return cuts


def _latin(letter: str) -> bool:
    return letter.isalnum() and letter < "\u2e80"


def _side_in(affix: str) -> Side | None:
    words = [word for word in re.split(r"[\W_]+", affix.casefold()) if word]
    sides = {side_of(word) for word in words if word not in _NEUTRAL}
    return sides.pop() if len(sides) == 1 else None
