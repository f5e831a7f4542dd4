"""A rater's table of measures beside a study's: clinical values by case and side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trephine.annotation.reading import FINISHED
from trephine.cohort.cell_problems import absent_column
from trephine.cohort.sides import side_of
from trephine.cohort.table import read_table
from trephine.errors import Problem, StudyProblemsError
from trephine.plan.columns_section import Columns
from trephine.plan.sections import StudyPlan

_CASE, _SIDE, _STATE = "case", "side", "state"
_NOT_MEASURES = (_CASE, _SIDE, _STATE)


@dataclass(frozen=True)
class Measures:
    """A table with the columns of a rater's measures.

    Attributes
    ----------
    frame
        The study's table; a hip that the rater has not finished has empty cells.
    remarks
        How many hips were found, one sentence.
    """

    frame: pd.DataFrame
    remarks: tuple[str, ...] = ()


def with_measures(frame: pd.DataFrame, plan: StudyPlan) -> Measures:
    """Add the columns of the first rater's measures to a study's table.

    Parameters
    ----------
    frame
        Text cells, one row per case, with the columns that the plan names.
    plan
        Of the study, after its table was made one row per case.

    Raises
    ------
    StudyProblemsError
        If the measures cannot be read, belong to none of the cases or twice to one, or those
        that are needed are in the table itself too.
    """
    if not plan.data.measures:
        return Measures(frame)
    rater, path = next(iter(plan.data.measures.items()))
    table = read_measures(path, rater)
    names = [str(one) for one in table.columns if one not in _NOT_MEASURES]
    _refuse(table, names, frame, path, plan)
    names = [name for name in names if name not in frame.columns]
    columns = plan.data.columns
    hips = _by_hip(table, path, columns.side is not None)
    keys = [_keys(frame, columns, place) for place in range(len(frame))]
    found = [next((hips[key] for key in own if key in hips), None) for own in keys]
    if not any(number is not None for number in found):
        raise StudyProblemsError(
            [
                Problem(
                    path.name,
                    f"cases, or patients and sides, of {plan.data.table.name} in {_CASE!r} and"
                    f" {_SIDE!r}",
                    "none of them",
                    "Cases are named after the images: give images the names of cases or patients,"
                    " or correct the column",
                )
            ]
        )
    done = {
        int(number)
        for number in table.index
        if _STATE not in table.columns or table.loc[number, _STATE] in FINISHED
    }
    added = {
        name: ["" if at is None or at not in done else str(table.loc[at, name]) for at in found]
        for name in names
    }
    more = pd.DataFrame(added, index=frame.index, dtype="str")
    remark = _remark(rater, found, done, len(table))
    return Measures(pd.concat([frame, more], axis=1), (remark,))


def read_measures(path: Path, rater: str) -> pd.DataFrame:
    """Read a rater's table of measures, text cells.

    Raises
    ------
    StudyProblemsError
        If it cannot be read, or names no cases and sides.
    """
    try:
        table = read_table(path)
    except StudyProblemsError:
        if path.is_file():
            raise
        advice = f"Measure with `trephine annotate study.toml --rater {rater}`, or correct the path"
        problem = Problem(path.name, f"the table of rater {rater}'s measures", "no file", advice)
        raise StudyProblemsError([problem]) from None
    lacking = [name for name in (_CASE, _SIDE) if name not in table.columns]
    if lacking:
        raise StudyProblemsError(
            [absent_column(path.name, 1, name, table.columns) for name in lacking]
        )
    return table


def _refuse(
    table: pd.DataFrame, names: list[str], frame: pd.DataFrame, path: Path, plan: StudyPlan
) -> None:
    """Refuse measures that are asked for and are not there, or in both tables."""
    needed = {
        key: variable.column_of(key) for key, variable in plan.clinical.items() if variable.is_drawn
    }
    problems = [
        absent_column(path.name, 1, column, table.columns, use=f"for clinical variable {key}")
        for key, column in needed.items()
        if column not in names
    ]
    own = plan.data.table.name
    problems += [
        Problem.of_cells(
            own, (), name, "measures in one table", f"the same column in {path.name}", _RENAME
        )
        for name in dict.fromkeys(needed.values())
        if name in frame.columns and name in names
    ]
    if problems:
        raise StudyProblemsError(problems)


_RENAME = "Rename it in one of them"


def _by_hip(table: pd.DataFrame, path: Path, sided: bool) -> dict[tuple[str, str], int]:
    """Return the row of each case and side; of a study without sides, of each case."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, case, side in zip(table.index, table[_CASE], table[_SIDE], strict=True):
        rows[case, (side_of(side) or "") if sided else ""].append(int(number))
    twice = [number for numbers in rows.values() if len(numbers) > 1 for number in numbers]
    if twice:
        expected = f"one row for each case{' and side' if sided else ''}"
        raise StudyProblemsError([Problem.of_cells(path.name, twice, "", expected, "several")])
    return {key: numbers[0] for key, numbers in rows.items()}


def _keys(frame: pd.DataFrame, columns: Columns, place: int) -> Iterable[tuple[str, str]]:
    """Yield how a table of measures may name a row's hip, the closest first."""
    side = side_of(frame[columns.side].iloc[place]) or "" if columns.side is not None else ""
    for column in (columns.case, columns.patient):
        if column is not None and column in frame.columns:
            name = str(frame[column].iloc[place])
            yield name, side
            # A row without a side is its case's, not one of a patient's two hips.
            if side and column == columns.case:
                yield name, ""


def _remark(rater: str, found: list[int | None], done: set[int], count: int) -> str:
    there = [number for number in found if number is not None]
    finished = sum(number in done for number in there)
    text = f"Measures of rater {rater} are there for {finished} of {len(found)} cases"
    if len(there) > finished:
        text += f"; {len(there) - finished} that are not finished count as missing"
    strangers = count - len(set(there))
    if strangers:
        rows = "row belongs" if strangers == 1 else "rows belong"
        text += f"; {strangers} {rows} to no case"
    return text + "."
