"""Feature sets that come ready-made in a table."""

from __future__ import annotations

import pandas as pd

from trephine.cohort.table import as_numbers, read_table
from trephine.errors import Problem, StudyProblemsError
from trephine.modelling.cases import FeatureSet
from trephine.plan.sections import FeatureSetByPrefix, StudyPlan
from trephine.study.outcome import TableRows

DEFAULT_SET = "features"


def read_feature_sets(
    plan: StudyPlan, rows: TableRows
) -> tuple[dict[str, FeatureSet], list[Problem]]:
    """Read ``[features]``, its rows brought into the order of the study's table.

    Where features and outcome stand in one table, the columns that the plan gives another role
    are not features. An outcome column in a table of its own is refused, and so is any column
    that repeats the outcome's values: a model would learn the answer.
    """
    assert plan.features is not None
    name = plan.features.table.name
    case = plan.features.case or plan.data.columns.case
    try:
        frame = read_table(plan.features.table)
    except StudyProblemsError as error:
        return {}, list(error.problems)
    if case not in frame.columns:
        found = f"columns {list(frame.columns[:20])}"
        return {}, [Problem(f"{name}, row 1", f"a column {case!r}", found, "Set [features] case")]
    problems = _case_problems(frame, case, rows, name)
    chosen, more = _choose_columns(frame, case, plan)
    problems += more
    if problems:
        return {}, problems
    ordered = frame.set_index(case).reindex(list(rows.case_ids), fill_value="")
    sets: dict[str, FeatureSet] = {}
    for set_name, columns in chosen.items():
        sets[set_name], more = _read_set(set_name, ordered[columns], frame[case], name)
        problems += more
        problems += _outcome_repeated(sets[set_name], rows, name)
    return sets, problems


def _case_problems(frame: pd.DataFrame, case: str, rows: TableRows, name: str) -> list[Problem]:
    problems = []
    twice = int(frame[case].duplicated().sum())
    if twice:
        problems.append(Problem(f"{name}, column {case}", "each case once", f"{twice} repeated"))
    known = set(frame[case])
    lacking = rows.without_outcome.tolist()
    for row, case_id, left_out in zip(rows.numbers, rows.case_ids, lacking, strict=True):
        # A case that is left out for want of an outcome needs no features either.
        if case_id not in known and not left_out:
            where = f"{name}, column {case}"
            expected = f"the case of row {row} of the study's table"
            problems.append(Problem(where, expected, "no such row"))
    return problems


def _choose_columns(
    frame: pd.DataFrame, case: str, plan: StudyPlan
) -> tuple[dict[str, list[str]], list[Problem]]:
    assert plan.features is not None
    name = plan.features.table.name
    columns = plan.data.columns
    outcome = {columns.time, columns.event}
    roles = {column for column in columns.model_dump().values() if column}
    for key, variable in plan.clinical.items():
        roles |= {variable.column or key, *(variable.arcs or ())}
    same_table = plan.features.table == plan.data.table
    # Who a patient is, and where, is no feature in any table; an outcome there is told below.
    other = roles if same_table else {columns.patient, columns.side, columns.centre}
    candidates = [c for c in frame.columns if c != case and c not in other]
    if not plan.features.sets:
        chosen = {DEFAULT_SET: candidates}
    else:
        chosen = {}
        for set_name, rule in plan.features.sets.items():
            if isinstance(rule, FeatureSetByPrefix):
                chosen[set_name] = [c for c in candidates if c.startswith(rule.prefix)]
            else:
                chosen[set_name] = list(rule)
    problems = []
    for set_name, members in chosen.items():
        where = f"{name}, feature set {set_name}"
        if not members:
            problems.append(Problem(where, "at least one column", "none"))
        if absent := [c for c in members if c not in frame.columns]:
            problems.append(Problem(where, "columns of the table", f"{absent[:5]}"))
        if leaked := [c for c in members if c in outcome]:
            advice = "The outcome must not be among the features: remove the column, or list sets"
            problems.append(Problem(where, "features only", f"outcome columns {leaked}", advice))
    return chosen, problems


def _read_set(
    set_name: str, frame: pd.DataFrame, case: pd.Series, name: str
) -> tuple[FeatureSet, list[Problem]]:
    numbers = {}
    problems = []
    row_of = {case_id: row for row, case_id in case.items()}
    for column in frame.columns:
        numbers[column], wrong = as_numbers(frame[column])
        for row in wrong:
            where = f"{name}, row {row_of[frame.index[row]]}, column {column}"
            problems.append(Problem(where, "a number", repr(frame[column].iloc[row])))
    values = pd.DataFrame(numbers).to_numpy(dtype=float)
    return FeatureSet(set_name, tuple(frame.columns), values), problems


def _outcome_repeated(features: FeatureSet, rows: TableRows, name: str) -> list[Problem]:
    problems = []
    known = ~rows.without_outcome
    for role, outcome in (("time", rows.time), ("event", rows.event)):
        same = (features.values[known] == outcome[known, None]).all(axis=0)
        for column in (n for n, is_same in zip(features.names, same, strict=True) if is_same):
            where = f"{name}, column {column}"
            found = f"the values of the outcome's {role}"
            problems.append(Problem(where, "a feature", found, "Remove the column"))
    return problems
