"""A study's data as a person corrects them: the table's columns with their roles, and its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from trephine.errors import InputError, Problem, StudyProblemsError
from trephine.plan.reading import read_plan_so_far
from trephine.study.editing.column_look import look_at_columns, open_table
from trephine.study.editing.looks import DataLook
from trephine.study.editing.pattern_look import look_at_patterns
from trephine.study.editing.study_file import StudyText, columns_of, read_text
from trephine.study.image_plans import image_of, image_plans
from trephine.study.jobs.process import ProblemState, problem_state

ROWS_SHOWN = 8
_MOST_COLUMNS = 400


def look_at_data(path: Path, row: int = 0) -> DataLook:
    """Look at the data of a study.

    Parameters
    ----------
    path
        The study file.
    row
        Number of the row to show, as a spreadsheet counts; the first rows if there is none such.

    Raises
    ------
    InputError
        If the study file cannot be read.
    """
    file = read_text(path)
    problems: list[Problem] = []
    plan = None
    try:
        plan, more = read_plan_so_far(path)
        problems += more
    except StudyProblemsError as error:
        problems += error.problems
    look = DataLook(file, table=_table_of(file))
    try:
        look = _with_table(look, path.parent, row)
    except (InputError, OSError) as error:
        found = error.problems if isinstance(error, StudyProblemsError) else None
        problems += found or [Problem(look.table or "table", "one that can be read", str(error))]
    for key, alone in image_plans(plan).items() if plan is not None else ():
        seen, more = look_at_patterns(alone)
        patterns = [replace(one, name=image_of(key)) for one in seen]
        problems += [one for one in more if str(one) not in {str(known) for known in problems}]
        # The regions of one image have the same paths.
        further = tuple(one for one in patterns if one not in look.patterns)
        look = replace(look, patterns=(*look.patterns, *further))
    return _with_problems(look, problems)


def _table_of(file: StudyText) -> str:
    data = file.content.get("data")
    return Path(str(data.get("table", ""))).name if isinstance(data, dict) else ""


def _with_table(look: DataLook, folder: Path, row: int) -> DataLook:
    content = look.file.content
    opened = open_table(content, folder)
    if opened is None:
        return look
    source, frame = opened.source, opened.frame.iloc[:, :_MOST_COLUMNS]
    numbers = [int(number) for number in frame.index]
    start = max(0, numbers.index(row) - 2) if row in numbers else 0
    shown = frame.iloc[start : start + ROWS_SHOWN]
    return replace(
        look,
        sheet=source.sheet,
        sheets=source.sheets,
        rows=tuple(numbers[start : start + ROWS_SHOWN]),
        n_rows=len(numbers),
        first=numbers[0],
        columns=look_at_columns(opened, shown, content),
        wide=opened.wide,
        remarks=source.assumed,
    )


def _with_problems(look: DataLook, problems: list[Problem]) -> DataLook:
    """Return a look whose problems stand with the column that they are about, if with any."""
    names = {column.name for column in look.columns}
    of_columns: dict[str, list[ProblemState]] = {}
    others: list[ProblemState] = []
    for problem in problems:
        state = problem_state(problem)
        own = problem.column if problem.column in names else _variable_of(look, problem.where)
        (of_columns.setdefault(own, []) if own in names else others).append(state)
    columns = tuple(
        replace(one, problems=tuple(of_columns.get(one.name, ()))) for one in look.columns
    )
    return replace(look, columns=columns, problems=tuple(others))


def _variable_of(look: DataLook, where: str) -> str:
    """Return the column of the clinical variable that a problem of the plan names."""
    clinical = look.file.content.get("clinical")
    for key, variable in (clinical if isinstance(clinical, dict) else {}).items():
        if f"[clinical.{key}" in where:
            return columns_of(variable if isinstance(variable, dict) else {}, key)[0]
    return ""
