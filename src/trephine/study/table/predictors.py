"""Clinical variables that are no predictors are refused, however the plan came to name them."""

from __future__ import annotations

from collections.abc import Iterator

from trephine.cohort.schema import ClinicalTable
from trephine.cohort.table import find_column
from trephine.errors import Problem
from trephine.study.table.outcome import TableRows
from trephine.study.table.suspects import (
    is_identifier,
    is_outcome_name,
    is_programs_own,
    is_row_number,
    is_second_time,
    repeats_outcome,
)
from trephine.study.table.tidying import StudyTable

_REMOVE = "Remove it from [clinical]"


def refused_predictors(
    table: StudyTable, rows: TableRows, clinical: ClinicalTable
) -> list[Problem]:
    """Return a problem for each clinical variable that is an outcome, an identifier or a row count.

    Parameters
    ----------
    table
        The study's table, its cells read as the plan says, and the roles of its columns.
    rows
        Cases and outcome.
    clinical
        Typed values of the variables, in the table's order.
    """
    plan, frame = table.plan, table.frame
    name = plan.data.table.name
    problems = []
    for key, variable in plan.clinical.items():
        column = find_column(frame, variable.column_of(key))
        if variable.measure is not None or column is None:
            continue
        found = next(_suspicions(key, column, table, rows, clinical), None)
        if found is not None:
            told, advice = found
            expected = "a variable known when follow-up began"
            problems.append(Problem.of_cells(name, (), column, expected, told, advice))
    return problems


def _suspicions(
    key: str,
    column: str,
    table: StudyTable,
    rows: TableRows,
    clinical: ClinicalTable,
) -> Iterator[tuple[str, str]]:
    """Yield what speaks against a variable, what no word of the plan can excuse first."""
    role = _role(column, table)
    if role:
        yield f"the column of [data] columns.{role}", _REMOVE
    values = clinical.values(key)
    copy = repeats_outcome(values, rows.time, rows.event, ~rows.without_outcome)
    if copy:
        yield copy, _REMOVE
    if table.plan.clinical[key].known_at_start:
        return
    known = f"{key} = {{ known_at_start = true }}"
    excuse = f"{_REMOVE}; if it is a finding that was known at the start, say so: {known}"
    if is_row_number(column, table.frame[column]):
        yield "numbers of rows", excuse
    if is_identifier(column, table.frame[column]):
        yield "an identifier: nearly every case has a value of its own", excuse
    if is_second_time(values, rows.time, ~rows.without_outcome):
        yield "another follow-up time: often the outcome's own, and never longer", excuse
    if is_programs_own(column):
        yield "a column that a program made: a form's state, or what a model gave", excuse
    if is_outcome_name(column) or is_outcome_name(key):
        yield "the name of an outcome", excuse


def _role(column: str, table: StudyTable) -> str:
    """Return the role that a column has in the study, if one that no predictor can have."""
    named = table.plan.data.columns.model_dump()
    made = {name: role for role, name in named.items() if isinstance(name, str)}
    role = {**made, **table.roles}.get(column, "")
    return "" if role in ("side", "centre", "operated") else role
