"""A new case's row of values, from the study's own table or typed as its plan reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.cells import apply_readings
from trephine.cohort.table import read_table
from trephine.cohort.wide import pair_columns
from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.study.locked.context import TableContext

# A table with one row, or values by the name of their column.
Given = Path | Mapping[str, object]


def name_of(given: Given) -> str:
    """Return what messages call a table, or values that come from no file."""
    return given.name if isinstance(given, Path) else "the values of the case"


def one_row(given: Given) -> pd.DataFrame:
    """Read a table of one row, as text; or values as such a row would hold them.

    Raises
    ------
    StudyProblemsError
        If it has another number of rows.
    """
    if not isinstance(given, Path):
        cells = ["" if _absent(value) else str(value) for value in given.values()]
        # As objects in one block, names too: otherwise a server makes and asks for columns longer
        # than all the rest takes.
        row = np.array(cells, dtype=object).reshape(1, -1)
        names = pd.Index(list(given), dtype=object)
        return pd.DataFrame(row, index=[1], columns=names, dtype=object)
    frame = read_table(given)
    if len(frame) != 1:
        problem = Problem(given.name, "one row below the header", f"{len(frame)} rows")
        raise StudyProblemsError([problem])
    return frame


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def case_row(given: Given, table: TableContext, side: str | None) -> pd.DataFrame:
    """Read one case's values; a patient's row with columns for both sides gives its side's.

    Parameters
    ----------
    given
        Table with one row, or values by column.
    table
        How the study read its own.
    side
        R, L or None.

    Raises
    ------
    StudyProblemsError
        If there is another number of rows.
    InputError
        If the row has columns for both sides, and no side is given.
    """
    frame, readings = one_row(given), table.read
    now = {name: how for name, how in readings.items() if name in frame.columns}
    frame = _of_side(apply_readings(frame, now), table.sides, side)
    return apply_readings(frame, {n: how for n, how in readings.items() if n not in now})


def _of_side(
    frame: pd.DataFrame, spellings: Mapping[str, tuple[str, ...]], side: str | None
) -> pd.DataFrame:
    """Return a wide row's columns of one side under their names without it."""
    pairs = pair_columns(list(frame.columns), spellings) if spellings else ()
    if not pairs:
        return frame
    if side not in ("R", "L"):
        raise InputError(
            f"side: expected R or L (--side), as the row has columns for both sides, found"
            f" {'none' if side is None else repr(side)}"
        )
    own = {pair.of[side]: pair.name for pair in pairs if pair.name not in frame.columns}
    both = {column for pair in pairs for column in pair.of.values()}
    return frame.drop(columns=list(both - set(own))).rename(columns=own)
