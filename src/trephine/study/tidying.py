"""A study's table, read and made into one row a case as its plan says."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from trephine.cohort.reading import SourceTable, read_source
from trephine.cohort.tidy import Change, absent_names, tidy_table
from trephine.errors import Problem, StudyProblemsError
from trephine.plan.sections import StudyPlan


@dataclass(frozen=True)
class StudyTable:
    """A study's table with one row a case.

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
    """

    plan: StudyPlan
    frame: pd.DataFrame
    source: SourceTable
    remarks: tuple[str, ...]
    changes: tuple[Change, ...] = ()


def read_study_table(plan: StudyPlan) -> tuple[StudyTable, list[Problem]]:
    """Read the table of a plan and make it one row a case.

    Raises
    ------
    StudyProblemsError
        If the file cannot be read, or lacks a column that the plan names.
    """
    data = plan.data
    source = read_source(data.table, data.sheet)
    name = data.table.name
    rules = data.tidy_rules(plan.outcome.unit)
    if rules.changes_nothing:
        return StudyTable(plan, source.frame, source, source.assumed), []
    columns = list(source.frame.columns)
    absent = absent_names(columns, rules)
    if absent:
        raise StudyProblemsError(
            [
                Problem(
                    f"{name}, row {source.header_row}",
                    f"a column {column!r}",
                    f"columns {columns[:20]}",
                    f"Name the right column under [data] columns.{key}",
                )
                for key, column in absent.items()
            ]
        )
    tidy = tidy_table(source.frame, name, rules)
    if tidy.frame is source.frame:  # the sides could not be told apart
        raise StudyProblemsError(tidy.problems)
    named = {
        "case": tidy.case,
        "patient": tidy.patient,
        "side": tidy.side,
        "time": tidy.time,
        "event": tidy.event,
        "centre": data.columns.centre,
    }
    columns_of = data.columns.__class__(**{k: v for k, v in named.items() if v is not None})
    plan = plan.model_copy(update={"data": data.model_copy(update={"columns": columns_of})})
    remarks = (*source.assumed, *tidy.assumed)
    return StudyTable(plan, tidy.frame, source, remarks, tidy.changes), list(tidy.problems)
