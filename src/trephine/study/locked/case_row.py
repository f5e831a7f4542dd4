"""A new case's row of values, from the study's own table or typed as its plan reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from trephine.cohort.cells import CellReading, apply_readings
from trephine.cohort.table import read_table
from trephine.cohort.wide import pair_columns
from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.plan.sections import StudyPlan


def table_settings(plan: StudyPlan, spellings: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return what a model keeps of how its study's table was read.

    Parameters
    ----------
    plan
        Of the study.
    spellings
        By side, how the columns of its wide table begin or end; empty for one row a case.
    """
    return {
        "sides": {side: list(texts) for side, texts in spellings.items()},
        "read": {column: how.model_dump(mode="json") for column, how in plan.data.read.items()},
    }


def one_row(path: Path) -> pd.DataFrame:
    """Read a table of one row, as text.

    Raises
    ------
    StudyProblemsError
        If it has another number of rows.
    """
    frame = read_table(path)
    if len(frame) != 1:
        problem = Problem(path.name, "one row below the header", f"{len(frame)} rows")
        raise StudyProblemsError([problem])
    return frame


def case_row(path: Path, table: Mapping[str, Any], side: str | None) -> pd.DataFrame:
    """Read one case's values; a patient's row with columns for both sides gives its side's.

    Parameters
    ----------
    path
        Table with one row.
    table
        As `table_settings`; empty for models of before it was kept.
    side
        R, L or None.

    Raises
    ------
    StudyProblemsError
        If there is another number of rows.
    InputError
        If the row has columns for both sides, and no side is given.
    """
    frame = one_row(path)
    readings = {name: CellReading(**how) for name, how in table.get("read", {}).items()}
    now = {name: how for name, how in readings.items() if name in frame.columns}
    frame = _of_side(apply_readings(frame, now), table.get("sides", {}), side)
    return apply_readings(frame, {n: how for n, how in readings.items() if n not in now})


def _of_side(
    frame: pd.DataFrame, spellings: Mapping[str, list[str]], side: str | None
) -> pd.DataFrame:
    """Return a wide row's columns of one side under their names without it."""
    pairs = pair_columns(list(frame.columns), spellings) if spellings else ()
    if not pairs:
        return frame
    if side not in ("R", "L"):
        raise InputError(
            f"side: expected R or L (--side), as the row has columns for both sides, found {side!r}"
        )
    own = {pair.of[side]: pair.name for pair in pairs if pair.name not in frame.columns}
    both = {column for pair in pairs for column in pair.of.values()}
    return frame.drop(columns=list(both - set(own))).rename(columns=own)
