"""What the cells of a column seem to be: dates, numbers, sides, yes and no, names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from trephine.cohort.answers import NO, PLUS, YES
from trephine.cohort.cells import plain_text
from trephine.cohort.date_forms import DateOrder, candidates
from trephine.cohort.reading import cause_of
from trephine.cohort.sides import side_of
from trephine.cohort.table import as_numbers, is_missing
from trephine.study.draft.words import is_named
from trephine.types import FloatArray

# A share of cells from which on a column counts as being of a kind; `check` reports the rest.
MOSTLY = 0.9
# Meanings of codes that say that something was not seen.
_DENIED = re.compile(
    r"(no|not|none|non|without|absent|negative|free|kein\w*|nicht|ohne|sans|pas|sin|нет|без)\b"
    r"|(alive|living|survived|censor\w*|event.?free)\b|[未无無否删刪]|没有|生存|存活|없",
    re.IGNORECASE,
)
# Of the rows of a table, those that a column of names differs in at least.
_NAMING = 0.4


@dataclass(frozen=True)
class Look:
    """One column looked at.

    Attributes
    ----------
    name
        Of the column.
    cells
        All its texts; codes that a legend explains as what they mean.
    written
        The cells as the file has them.
    merged
        Places of the cells that a merged range covers; their text is the range's.
    strip, unit
        Words that were taken off its times, and the unit that they mean.
    codes
        What each code that the file's column holds means, where there is a legend.
    stated
        The unit that a row below the column names gives it.
    """

    name: str
    cells: tuple[str, ...]
    codes: Mapping[str, str] = field(default_factory=dict)
    written: frozenset[str] = frozenset()
    merged: frozenset[int] = frozenset()
    strip: tuple[str, ...] = ()
    unit: str = ""
    stated: str = ""

    @property
    def titled(self) -> str:
        """Its name, with the unit that stands below it in brackets."""
        return f"{self.name} ({self.stated})" if self.stated else self.name

    @classmethod
    def at(
        cls,
        frame: pd.DataFrame,
        name: str,
        codes: Mapping[str, str] | None = None,
        merged: frozenset[int] = frozenset(),
        unit: str = "",
    ) -> Look:
        """Look at a column of a text table, its codes read by a legend."""
        written = frozenset(frame[name])
        known = {code: meaning for code, meaning in (codes or {}).items() if code in written}
        cells = tuple(known.get(cell, cell) for cell in frame[name])
        return cls(name, cells, known, written, merged, stated=unit)

    def as_written(self, read: Mapping[str, str]) -> dict[str, str]:
        """Return what the file's cells mean, from what the texts mean that stand for them."""
        coded = {code: read.get(meaning, meaning) for code, meaning in self.codes.items()}
        others = {c: m for c, m in read.items() if c in self.written and c not in coded}
        return {cell: meaning for cell, meaning in {**coded, **others}.items() if cell != meaning}

    @cached_property
    def filled(self) -> list[str]:
        """The cells that hold a value; beside plus signs a minus is one."""
        known = [c for c in self.cells if not is_missing(c) and cause_of(c) is None]
        if known and {plain_text(cell) for cell in known} <= PLUS:
            own = {*known, "-", "–", "—"}
            return [cell for cell in self.cells if cell in own]
        return known

    @cached_property
    def broken(self) -> int:
        """How many cells are errors, uncalculated or merged."""
        return len(self.merged) + sum(cause_of(cell) is not None for cell in self.cells)

    @cached_property
    def values(self) -> set[str]:
        """Different values."""
        return set(self.filled)

    @cached_property
    def share(self) -> float:
        """Share of the cells that hold a value."""
        return len(self.filled) / max(len(self.cells), 1)

    @cached_property
    def numbers(self) -> FloatArray:
        """The cells as numbers, NaN where they are none."""
        return as_numbers(pd.Series(self.cells, dtype="str"))[0]

    @cached_property
    def is_numeric(self) -> bool:
        """Whether every filled cell is a number."""
        return bool(self.filled) and not as_numbers(pd.Series(self.filled, dtype="str"))[1]

    @cached_property
    def is_date(self) -> bool:
        """Whether nearly all cells are dates; bare day numbers only under a name that says so."""
        found = [candidates(cell) for cell in self.filled]
        dates = [c for c in found if c is not None and c.dates]
        if len(dates) < 2 or len(dates) < MOSTLY * len(self.filled):
            return False
        return not all(c.serial for c in dates) or is_named(self.name, "date")

    @cached_property
    def days(self) -> FloatArray:
        """Day numbers of dates in the order that most cells fit, NaN elsewhere."""
        found = [candidates(cell) for cell in self.cells]
        orders: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")

        def fits(order: DateOrder) -> int:
            today = date.today()
            days = [c.under(order) for c in found if c is not None]
            return sum(day is not None and day <= today for day in days)

        order = max(orders, key=fits)
        days = [c.under(order) if c is not None else None for c in found]
        return np.array([day.toordinal() if day else np.nan for day in days])

    @cached_property
    def is_side(self) -> bool:
        """Whether the cells are sides, both of them."""
        sides = [side_of(cell) for cell in self.filled]
        return set(filter(None, sides)) == {"R", "L"} and all(sides)

    @cached_property
    def flags(self) -> dict[str, str] | None:
        """What each cell means as 0 or 1; None if the cells are no such flags."""
        known = {"0": "0", "1": "1", **dict.fromkeys(YES, "1"), **dict.fromkeys(NO, "0")}
        known |= dict.fromkeys(("dead", "deceased", "died", "死亡", "tot", "décédé", "умер"), "1")
        known |= dict.fromkeys(("alive", "living", "生存", "存活", "lebt", "vivant", "жив"), "0")
        meant = {value: known.get(plain_text(value).casefold()) for value in self.values}
        if self.codes and None in meant.values():
            meant |= self._coded_flags() or {}
        if not meant or None in meant.values():
            return None
        return {value: str(meaning) for value, meaning in meant.items()}

    def _coded_flags(self) -> dict[str, str] | None:
        """Return which of a legend's two meanings is yes: the one that is not denied, or code 1."""
        meanings = list(dict.fromkeys(self.codes.values()))
        denied = [_DENIED.match(meaning) is not None for meaning in meanings]
        if len(meanings) == 2 and denied[0] != denied[1]:
            return {m: "0" if no else "1" for m, no in zip(meanings, denied, strict=True)}
        if set(self.codes) <= {"0", "1"}:
            return {meaning: code for code, meaning in self.codes.items()}
        return None

    @cached_property
    def names_rows(self) -> bool:
        """Whether the cells could name patients or cases: many values, no measurement."""
        if not self.filled or self.share < 1 or self.is_date:
            return False
        # Programs write 101.0 for the number of a patient.
        if any(re.fullmatch(r"[-+]?[0-9]*[.,](?!0+$)[0-9]+", cell) for cell in self.filled):
            return False
        return len(self.values) >= max(2, _NAMING * len(self.cells))

    @cached_property
    def counts_rows(self) -> bool:
        """Whether the cells count the rows, from 0 or 1."""
        if not self.is_numeric or len(self.filled) < 3 or self.share < 1:
            return False
        return bool(np.all(np.diff(self.numbers) == 1) and self.numbers[0] in (0, 1))

    @cached_property
    def is_serial(self) -> bool:
        """Whether the cells are whole numbers from 1000 that rise by row, as file numbers do."""
        if not self.is_numeric or self.share < 1 or len(self.values) < 0.5 * len(self.cells):
            return False
        whole = bool(np.all(self.numbers == np.round(self.numbers)) and self.numbers[0] >= 1000)
        return whole and len(self.values) > 10 and bool(np.all(np.diff(self.numbers) >= 0))
