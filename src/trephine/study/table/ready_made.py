"""Feature sets that come ready-made in a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from trephine.cohort.cell_problems import absent_column, number_problems
from trephine.cohort.cells import CellReading, read_column
from trephine.cohort.reading import cause_of, read_source
from trephine.cohort.reading_keys import FEATURES
from trephine.cohort.table import as_numbers, find_column, is_missing
from trephine.errors import Problem, StudyProblemsError, named_rows
from trephine.modelling.cases import FeatureSet
from trephine.plan.features_sections import FeatureSetByPrefix
from trephine.plan.sections import StudyPlan
from trephine.study.table.outcome import TableRows
from trephine.study.table.suspects import (
    is_identifier,
    is_outcome_name,
    is_programs_own,
    is_row_number,
    is_second_time,
    repeats_outcome,
)

DEFAULT_SET = "features"
_TURN = (
    "The names of the cases stand above the columns: turn the table (copy it, and paste it"
    " transposed)"
)
_ONE_ROW = "Bring all features of a case into one row, each in a column of its own"
_DATE_NAME = re.compile(r"(19|20)\d\d-\d\d-\d\d( .*)?|\d{1,2}-[A-Z][a-z]{2}")

# What no set may name either.
_REFUSED = ("numbers of rows", "an identifier", "the name of another outcome")


def read_feature_sets(
    plan: StudyPlan, rows: TableRows, own: pd.DataFrame
) -> tuple[dict[str, FeatureSet], list[Problem], list[str]]:
    """Read ``[features]``, its rows put into the order of the study's table.

    Where features and outcome stand in one table, the columns that the plan gives another role
    are not features. An outcome column in a table of its own is refused, and so is any column
    that repeats the outcome's values or order: a model would learn the answer. Row numbers,
    identifiers, other outcomes, diagnostics of PyRadiomics and columns of words are left out where
    no set names them, and refused where one does.

    Parameters
    ----------
    plan, rows
        The study's.
    own
        The study's table with one row per case, which is taken where the features stand in it.

    Returns
    -------
    The sets by name, every problem, and what was assumed, one sentence each.
    """
    assert plan.features is not None
    name = plan.features.table.name
    case = plan.features.case or plan.data.columns.case
    try:
        source = read_source(plan.features.table, plan.features.sheet)
    except StudyProblemsError as error:
        return {}, list(error.problems), []
    same_table = plan.features.table == plan.data.table
    frame = own if same_table and plan.features.sheet == plan.data.sheet else source.frame
    said = [] if same_table else [f"{name}: {sentence}" for sentence in source.assumed]
    column = find_column(frame, case)
    if column is None:
        turned = len(set(rows.case_ids) & set(frame.columns)) > len(rows.case_ids) / 2
        advice = _TURN if turned else "Set [features] case"
        absent = absent_column(name, source.header_row, case, frame.columns, advice)
        return {}, [absent], said
    if plan.features.decimal is not None:
        how = CellReading(decimal=plan.features.decimal)
        others = [c for c in frame.columns if c != column]
        frame = frame.assign(**{c: read_column(frame[c], how) for c in others})
    problems = _case_problems(frame, column, rows, name)
    chosen, more, left_out = _choose_columns(frame, column, plan)
    said += [f"{name}: {sentence}" for sentence in (*left_out, *_dates_as_names(chosen))]
    problems += more
    sets: dict[str, FeatureSet] = {}
    refused = {problem.column for problem in problems}
    for set_name, members in chosen.items():
        columns = [c for c in members if c in frame.columns and c not in refused]
        sets[set_name], more = _read_set(set_name, frame[[column, *columns]], column, rows, name)
        problems += more
        if not more:
            problems += _outcome_repeated(sets[set_name], rows, name)
    return sets, problems, said


def _dates_as_names(chosen: Mapping[str, Sequence[str]]) -> list[str]:
    """Report names of features that a spreadsheet turned into dates."""
    dates = [name for names in chosen.values() for name in names if _DATE_NAME.fullmatch(name)]
    if not dates:
        return []
    shown = ", ".join(repr(name) for name in dates[:5])
    return [
        f"features named by a date ({shown}): a spreadsheet makes dates of names such as MARCH1 or"
        " SEPT2. Name them anew."
    ]


def _case_problems(frame: pd.DataFrame, case: str, rows: TableRows, name: str) -> list[Problem]:
    problems = []
    again = frame[case].duplicated(keep=False) & (frame[case] != "")
    if again.any():
        numbers = [int(row) for row in frame.index[again]]
        cells = (name, numbers, case)
        problems.append(Problem.of_cells(*cells, "each case once", "a case again", _ONE_ROW))
    known = set(frame[case])
    lacking = rows.unneeded.tolist()
    absent = [
        (row, case_id)
        for row, case_id, left_out in zip(rows.numbers, rows.case_ids, lacking, strict=True)
        # A case that is left out for want of an outcome, or by the landmark, needs no features.
        if case_id not in known and not left_out
    ]
    if absent:
        numbers = [row for row, _ in absent]
        noun = "case" if len(absent) == 1 else "cases"
        expected = f"the {noun} of {named_rows(numbers)} of the study's table"
        hint = _lost_zeros([case_id for _, case_id in absent], known)
        where = f"{name}, column {case}"
        found = "no such row" if len(absent) == 1 else "no such rows"
        problems.append(Problem(where, expected, found, hint, table=name, column=case))
    return problems


def _lost_zeros(absent: list[str], known: set[str]) -> str:
    """Say that names differ in zeros or decimals only, as 007 does from 7 and 7.0."""

    def bare(name: str) -> str:
        return re.sub(r"\.0+$", "", name).lstrip("0")

    alike = {bare(name) for name in known}
    if all(bare(name) in alike for name in absent):
        return (
            "They are the same but for leading zeros or a final .0: a spreadsheet took the names"
            " for numbers; write them alike in both tables"
        )
    folded = {name.casefold() for name in known}
    if all(name.casefold() in folded for name in absent):
        return "They are the same but for capitals: write them alike in both tables"
    return ""


def _choose_columns(
    frame: pd.DataFrame, case: str, plan: StudyPlan
) -> tuple[dict[str, list[str]], list[Problem], list[str]]:
    assert plan.features is not None
    columns = plan.data.columns
    roles = {column for column in columns.model_dump().values() if isinstance(column, str)}
    for key, variable in plan.clinical.items():
        roles |= {variable.column_of(key), *(variable.arcs or ())}
    same_table = plan.features.table == plan.data.table
    # Who a patient is, and where, is no feature in any table; an outcome there is listed below.
    other = roles if same_table else {columns.patient, columns.side, columns.centre}
    candidates = [c for c in frame.columns if c != case and c not in other]
    if not plan.features.sets:
        reasons = {c: reason for c in candidates if (reason := _no_feature(frame[c], plan))}
        chosen = {DEFAULT_SET: [c for c in candidates if c not in reasons]}
        return chosen, _set_problems(chosen, frame, plan), _left_out(reasons)
    chosen = {}
    for set_name, rule in plan.features.sets.items():
        if isinstance(rule, FeatureSetByPrefix):
            chosen[set_name] = [c for c in candidates if c.startswith(rule.prefix)]
        else:
            chosen[set_name] = [find_column(frame, c) or c for c in rule]
    return chosen, _set_problems(chosen, frame, plan), []


def _set_problems(
    chosen: dict[str, list[str]], frame: pd.DataFrame, plan: StudyPlan
) -> list[Problem]:
    assert plan.features is not None
    name = plan.features.table.name
    outcome = {plan.data.columns.time, plan.data.columns.event}
    problems = []
    for set_name, members in chosen.items():
        where = f"{name}, feature set {set_name}"
        if not members:
            problems.append(Problem(where, "at least one column", "none"))
        for column in [c for c in members if c not in frame.columns][:5]:
            absent = absent_column(name, None, column, frame.columns, use=f"for set {set_name}")
            problems.append(absent)
        if leaked := [c for c in members if c in outcome]:
            advice = "The outcome must not be among the features: remove the column, or list sets"
            problems.append(Problem(where, "features only", f"outcome columns {leaked}", advice))
        for column in members:
            if column in outcome or column not in frame.columns:
                continue
            reason = _no_feature(frame[column], plan) if plan.features.sets else ""
            if reason in _REFUSED:
                cells = (name, (), column)
                problems.append(Problem.of_cells(*cells, "a feature", reason, "Remove the column"))
    return problems


def _no_feature(column: pd.Series, plan: StudyPlan) -> str:
    """Return why a column is no feature unless someone says so; empty for most."""
    name = str(column.name)
    if name in (plan.data.columns.time, plan.data.columns.event):
        return ""  # refused in words of its own
    if name.startswith("diagnostics_"):
        return "diagnostics of PyRadiomics"
    if is_programs_own(name):
        return "columns that a program made of others"
    if is_outcome_name(name):
        return "the name of another outcome"
    # Once: pandas makes each cell anew as it is asked for.
    cells = column.to_numpy(dtype=object).tolist()
    if is_row_number(name, cells):
        return "numbers of rows"
    if is_identifier(name, cells):
        return "an identifier"
    if not all(is_missing(cell) or any(map(str.isalpha, cell)) for cell in cells):
        return ""
    known = [cell for cell in cells if not is_missing(cell)]
    if known:
        marked = any(cause_of(cell) is not None for cell in known)
        wrong = as_numbers(pd.Series(known, dtype=object))[1]
        if len(wrong) == len(known) and not marked:
            return "words, not numbers"
    return ""


def _left_out(reasons: dict[str, str]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for column, reason in reasons.items():
        by_reason.setdefault(reason, []).append(column)
    sentences = []
    for reason, columns in by_reason.items():
        shown = ", ".join(map(repr, columns[:5]))
        more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
        noun = "column" if len(columns) == 1 else "columns"
        sentences.append(f"not taken for features, {reason}: {noun} {shown}{more}.")
    return sentences


def _read_set(
    set_name: str, frame: pd.DataFrame, case: str, rows: TableRows, name: str
) -> tuple[FeatureSet, list[Problem]]:
    """Return a set in the order of the study's cases, and the cells of those that are no number."""
    names = tuple(str(column) for column in frame.columns if column != case)
    place_of = {case_id: place for place, case_id in enumerate(frame[case])}
    places = np.array([place_of.get(case_id, -1) for case_id in rows.case_ids], dtype=np.int64)
    values = np.full((len(places), len(names)), np.nan)
    here = places >= 0
    problems: list[Problem] = []
    for number, column in enumerate(names):
        read, wrong = as_numbers(frame[column])
        values[here, number] = read[places[here]]
        used = [place for place in wrong if place in set(places[here].tolist())]
        if used:
            words = len(used) == len(read) and _is_wordy(frame[column])
            problems += number_problems(
                frame[column], used, name, "a number", FEATURES, show=not words
            )
    return FeatureSet(set_name, names, values), problems


def _is_wordy(column: pd.Series) -> bool:
    return all(cell[:1].isalpha() or "/" in cell for cell in column)


def _outcome_repeated(features: FeatureSet, rows: TableRows, name: str) -> list[Problem]:
    problems = []
    known = ~rows.without_outcome
    for column, values in zip(features.names, features.values.T, strict=True):
        found = repeats_outcome(values, rows.time, rows.event, known)
        if not found and is_second_time(values, rows.time, known):
            found = "another follow-up time: often the outcome's own, and never longer"
        if found:
            cells = (name, (), column)
            problems.append(Problem.of_cells(*cells, "a feature", found, "Remove the column"))
    return problems
