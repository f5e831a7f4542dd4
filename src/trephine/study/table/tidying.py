"""A study's table, read and made into one row per case as its plan says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from trephine.cohort.cell_problems import absent_column
from trephine.cohort.cells import CellReading, apply_readings
from trephine.cohort.reading import MERGED, UNCALCULATED, SourceTable, read_source
from trephine.cohort.table import find_column
from trephine.cohort.tidy import Change, TidyRules, absent_names, tidy_table
from trephine.cohort.wide import pair_columns
from trephine.errors import Problem, StudyProblemsError
from trephine.plan.sections import StudyPlan
from trephine.study.table.measures import with_measures

_NAME_IT = "Name the right column under [data] columns."


@dataclass(frozen=True)
class StudyTable:
    """A study's table with one row per case.

    Attributes
    ----------
    plan
        Its ``data.columns`` name columns of ``frame``.
    frame
        Text cells, indexed by their row in the file.
    source
        The table as it was read.
    remarks
        What was assumed, one sentence each.
    changes
        Cells that were made or changed.
    roles
        Columns of the file to the role that the study file gives them.
    spellings
        By side, how the columns of a wide table begin or end; empty for one row per case.
    """

    plan: StudyPlan
    frame: pd.DataFrame
    source: SourceTable
    remarks: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_study_table(plan: StudyPlan) -> tuple[StudyTable, list[Problem]]:
    """Read the table of a plan, make it one row per case, and add a rater's measures to it.

    Raises
    ------
    StudyProblemsError
        If a file cannot be read, or lacks a column that the plan names.
    """
    table, problems = _own_table(plan)
    try:
        measures = with_measures(table.frame, table.plan)
    except StudyProblemsError as error:
        raise StudyProblemsError([*problems, *error.problems]) from None
    remarks = (*table.remarks, *measures.remarks)
    return replace(table, frame=measures.frame, remarks=remarks), problems


def _own_table(plan: StudyPlan) -> tuple[StudyTable, list[Problem]]:
    data = plan.data
    source = read_source(data.table, data.sheet, encoding=data.encoding)
    rules = data.tidy_rules(plan.outcome.unit)
    readings = _for_both_sides(data.read, list(source.frame.columns), rules)
    frame, later = _as_the_plan_reads(source.frame, readings)
    name = data.table.name
    if rules.changes_nothing:
        read = _changed(source.frame, frame, readings)
        table = StudyTable(plan, frame, source, source.assumed, read, _roles(plan))
        return table, _unread(later, frame, name)
    columns = list(source.frame.columns)
    absent = absent_names(columns, rules)
    if absent:
        raise StudyProblemsError(
            [
                absent_column(name, source.header_row, column, columns, _NAME_IT + key)
                for key, column in absent.items()
            ]
        )
    tidy = tidy_table(frame, name, rules)
    if tidy.frame is frame:  # the sides could not be separated
        raise StudyProblemsError(tidy.problems)
    named = {
        "case": tidy.case,
        "patient": tidy.patient,
        "side": tidy.side,
        "time": tidy.time,
        "event": tidy.event,
        "entry": tidy.entry or data.columns.entry,
        "last_intact": tidy.last_intact,
        "first_seen": tidy.first_seen,
        "centre": data.columns.centre,
    }
    # Made of visits, a time and an event stand beside them, as no study file may have it.
    given: dict[str, Any] = {k: v for k, v in named.items() if v is not None}
    columns_of = data.columns.model_construct(**given)
    plan_of = plan.model_copy(update={"data": data.with_columns(columns_of)})
    remarks = (*source.assumed, *tidy.assumed)
    long, later = _as_the_plan_reads(tidy.frame, later)
    problems = [*tidy.problems, *_unread(later, long, name)]
    read = (*_changed(source.frame, frame, readings), *_changed(tidy.frame, long, data.read))
    changes = (*read, *tidy.changes)
    roles, spellings = _roles(plan), data.columns.spellings
    return StudyTable(plan_of, long, source, remarks, changes, roles, spellings), problems


def _for_both_sides(
    readings: Mapping[str, CellReading], columns: list[str], rules: TidyRules
) -> dict[str, CellReading]:
    """Return readings with those of a name without its side given to the columns of both sides."""
    pairs = pair_columns(columns, rules.spellings) if rules.spellings else ()
    own = {pair.name: list(pair.of.values()) for pair in pairs}
    return {column: how for name, how in readings.items() for column in own.get(name, [name])}


def _as_the_plan_reads(
    frame: pd.DataFrame, readings: Mapping[str, CellReading]
) -> tuple[pd.DataFrame, dict[str, CellReading]]:
    """Return a table with its cells read as the plan says, and readings of columns it lacks.

    What is left is read once the table has one row per case, or is a name that there is not.
    """
    named = {column: find_column(frame, column) for column in readings}
    here = {found: readings[column] for column, found in named.items() if found is not None}
    later = {column: readings[column] for column, found in named.items() if found is None}
    return apply_readings(frame, here), later


def _changed(
    before: pd.DataFrame, after: pd.DataFrame, readings: Mapping[str, CellReading]
) -> tuple[Change, ...]:
    """Return the cells that the plan's readings changed."""
    columns = [c for c in (find_column(before, name) for name in readings) if c is not None]
    return tuple(
        Change(int(row), column, shown(old), new, "as [data] read says")
        for column in dict.fromkeys(columns)
        for row, old, new in zip(before.index, before[column], after[column], strict=True)
        if old != new
    )


def shown(cell: str) -> str:
    """Return a cell as the file shows it: those that a merged range covers are empty there."""
    return "" if cell.startswith(MERGED) or cell == UNCALCULATED else cell


def _unread(later: Mapping[str, CellReading], frame: pd.DataFrame, name: str) -> list[Problem]:
    use = "for [data] read"
    return [absent_column(name, None, column, frame.columns, use=use) for column in later]


def _roles(plan: StudyPlan) -> dict[str, str]:
    """Return the columns that the plan gives a role in the study, with the role."""
    named = plan.data.columns.model_dump()
    return {column: role for role, column in named.items() if isinstance(column, str)}
