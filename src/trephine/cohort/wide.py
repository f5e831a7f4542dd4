"""From one row per patient, with columns for each side, to one row per case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trephine.cohort.answers import NO, YES
from trephine.cohort.reading import cause_of
from trephine.cohort.table import is_missing
from trephine.errors import Problem
from trephine.types import BoolArray

# What stands in a column that says whether a side was operated on.
OPERATED = YES | {"1", "x", "op", "done"}
NOT_OPERATED = NO | {"0"}


@dataclass(frozen=True)
class SidedColumn:
    """One quantity that is written in a column for each side.

    Attributes
    ----------
    name
        Without the side.
    of
        Column of the table by side.
    """

    name: str
    of: Mapping[str, str]


@dataclass(frozen=True)
class LongTable:
    """A wide table made long.

    Attributes
    ----------
    frame
        One row per case, indexed by the row of its patient in the file, right before left.
    sides
        R or L of each case.
    sided
        The quantities that had a column for each side.
    left_out
        Row of the file and side of each side that is no case.
    assumed
        What was assumed, one sentence each.
    """

    frame: pd.DataFrame
    sides: tuple[str, ...]
    sided: tuple[SidedColumn, ...]
    left_out: tuple[tuple[int, str], ...]
    assumed: tuple[str, ...]

    def sources(self, name: str) -> list[str]:
        """Return the file's column of each case's cell, shape (n,)."""
        of = next((column.of for column in self.sided if column.name == name), {})
        return [of.get(side, name) for side in self.sides]


def pair_columns(
    names: Sequence[str], spellings: Mapping[str, Sequence[str]]
) -> tuple[SidedColumn, ...]:
    """Find the columns that differ only in the side that their name begins or ends with.

    Parameters
    ----------
    names
        Columns of the table.
    spellings
        By side, how column names begin or end with it; the spellings of the sides go together in
        their order.
    """
    right, left = ([text.casefold() for text in spellings[side]] for side in ("R", "L"))
    known = {name.casefold(): name for name in names}
    found: dict[str, SidedColumn] = {}
    for name in names:
        low = name.casefold()
        for one, other in zip(right, left, strict=False):
            rest = name[len(one) :] if low.startswith(one) else ""
            twin = known.get(other + low[len(one) :]) if rest else None
            if twin is None and low.endswith(one) and len(name) > len(one):
                rest = name[: -len(one)]
                twin = known.get(low[: -len(one)] + other)
            if rest.strip() and twin is not None and twin != name:
                found.setdefault(name, SidedColumn(_trimmed(rest), {"R": name, "L": twin}))
    return tuple(found.values())


def _trimmed(rest: str) -> str:
    return rest.strip().strip("_-.:/").strip()


def to_long(
    frame: pd.DataFrame,
    table: str,
    spellings: Mapping[str, Sequence[str]],
    *,
    operated: str | None = None,
    start: str | None = None,
) -> tuple[LongTable | None, list[Problem]]:
    """Make one row per case of one row per patient.

    A side is a case where the column ``operated`` says so. Without that column: where the side
    has a date of its own to start from, if it is a column of each side; else where any of the
    side's columns is filled.

    Parameters
    ----------
    frame
        Text cells, one row per patient, indexed by their row in the file.
    table
        File name, for problems.
    spellings
        As :func:`pair_columns`.
    operated, start
        Names without the side.

    Returns
    -------
    The long table, None where the columns do not fit, and problems.
    """
    sided = pair_columns(list(frame.columns), spellings)
    problems = _misfits(frame, table, spellings, sided)
    by_name = {column.name: column for column in sided}
    if operated is not None and operated not in by_name:
        expected = f"a column of each side for operated = {operated!r}"
        problems.append(Problem(f"{table}, column names", expected, f"{list(by_name)}"))
    if problems:
        return None, problems
    keep, rule, more = _kept(frame, table, sided, operated, start)
    problems += more
    if not problems and not any(kept.any() for kept in keep.values()):
        problems.append(Problem(f"{table}", "at least one side that is a case", f"none ({rule})"))
    return _long(frame, sided, keep, rule), problems


def _kept(
    frame: pd.DataFrame,
    table: str,
    sided: Sequence[SidedColumn],
    operated: str | None,
    start: str | None,
) -> tuple[dict[str, BoolArray], str, list[Problem]]:
    """Return which sides are cases, the rule for those that are not, and problems."""
    by_name = {column.name: column for column in sided}
    keep: dict[str, BoolArray] = {}
    problems: list[Problem] = []
    rule = "all columns of the side empty"
    for side in ("R", "L"):
        if operated is not None:
            keep[side], more = _said(frame[by_name[operated].of[side]], table)
            problems += more
            rule = f"not marked in {operated!r}"
        elif start is not None and start in by_name:
            keep[side] = _filled(frame[by_name[start].of[side]])
            rule = f"no {start!r}"
        else:
            columns = [column.of[side] for column in sided]
            keep[side] = np.any([_filled(frame[column]) for column in columns], axis=0)
    return keep, rule, problems


def _misfits(
    frame: pd.DataFrame,
    table: str,
    spellings: Mapping[str, Sequence[str]],
    sided: Sequence[SidedColumn],
) -> list[Problem]:
    where = f"{table}, column names"
    if not sided:
        written = " and ".join(repr(text) for texts in spellings.values() for text in texts)
        found = f"none among {list(frame.columns)[:20]}"
        return [Problem(where, f"columns in pairs that begin or end with {written}", found)]
    names = [column.name for column in sided]
    taken = {column for pair in sided for column in pair.of.values()}
    shared = set(frame.columns) - taken
    problems = []
    for name in dict.fromkeys(names):
        if names.count(name) > 1 or name in shared:
            advice = "Rename one of them in the table"
            problems.append(
                Problem(where, f"{name!r} once, without its side", "it several times", advice)
            )
    return problems


def _filled(column: pd.Series) -> BoolArray:
    return ~column.map(is_missing).to_numpy(dtype=np.bool_)


def _said(column: pd.Series, table: str) -> tuple[BoolArray, list[Problem]]:
    """Read a column of yes and no; an empty cell is no."""
    keep = np.zeros(len(column), dtype=np.bool_)
    problems = []
    for place, cell in enumerate(column):
        word = cell.casefold()
        keep[place] = word in OPERATED
        if word not in OPERATED and word not in NOT_OPERATED and not is_missing(cell):
            cause = cause_of(cell)
            found, advice = repr(cell), "Mark operated sides with yes or 1"
            if cause is not None:
                found, advice = cause.found, cause.advice
            where = (table, (int(column.index[place]),), str(column.name))
            problems.append(Problem.of_cells(*where, "yes, no or an empty cell", found, advice))
    return keep, problems


def _long(
    frame: pd.DataFrame, sided: Sequence[SidedColumn], keep: Mapping[str, BoolArray], rule: str
) -> LongTable:
    places = [
        (place, side) for place in range(len(frame)) for side in ("R", "L") if keep[side][place]
    ]
    rows = [place for place, _ in places]
    sides = tuple(side for _, side in places)
    of_pair = {pair: column for column in sided for pair in column.of.values()}
    cells: dict[str, list[str]] = {}
    for name in frame.columns:
        column = of_pair.get(name)
        if column is None:
            cells[name] = [frame[name].iloc[row] for row in rows]
        elif column.name not in cells:
            both = {side: list(frame[column.of[side]]) for side in ("R", "L")}
            cells[column.name] = [both[side][row] for row, side in places]
    numbers = [int(number) for number in frame.index]
    long = pd.DataFrame(cells, index=[numbers[row] for row in rows], dtype=object).astype("str")
    left_out = tuple(
        (numbers[place], side)
        for place in range(len(frame))
        for side in ("R", "L")
        if not keep[side][place]
    )
    n_none = int(np.sum(~(keep["R"] | keep["L"])))
    assumed = [
        f"One row per patient became one row per side: {len(frame)} rows, {len(long)} cases;"
        f" {len(left_out)} sides left out ({rule})."
    ]
    if n_none:
        assumed.append(f"{n_none} rows have no side that is a case.")
    return LongTable(long, sides, tuple(sided), left_out, tuple(assumed))
