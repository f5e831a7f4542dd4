"""A new case's features that are given as values: a table of one row, or numbers by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trephine.choices import DecimalSign
from trephine.cohort.cell_problems import absent_column, number_problems
from trephine.cohort.cells import CellReading, read_column
from trephine.cohort.reading_keys import LOCKED
from trephine.cohort.table import as_numbers, find_column
from trephine.errors import StudyProblemsError
from trephine.modelling.cases import FeatureSet
from trephine.study.locked.case_row import Given, name_of, one_row


def given_features(
    given: Given,
    name: str,
    needed: Sequence[str],
    also: Sequence[str],
    decimal: DecimalSign | None,
) -> FeatureSet:
    """Return a case's features of one set, and those of ``also`` that its table has.

    Parameters
    ----------
    given
        A table of one row, or values by name.
    name
        Of the set.
    needed, also
        Features that must be there, and those that may.
    decimal
        Sign of the study's own table, where it states one.

    Raises
    ------
    StudyProblemsError
        If one is missing, or no number.
    """
    if decimal is None and (typed := _typed(given, needed, also)) is not None:
        return FeatureSet(name, tuple(typed), np.array([list(typed.values())], dtype=np.float64))
    frame, file = one_row(given), name_of(given)
    if decimal is not None:
        frame = frame.apply(read_column, how=CellReading(decimal=decimal))
    columns = {wanted: find_column(frame, wanted) for wanted in needed}
    for further in also:
        if further not in columns and find_column(frame, further) is not None:
            columns[further] = find_column(frame, further)
    problems = [
        absent_column(file, None, wanted, frame.columns, use=f"of {name}")
        for wanted, column in columns.items()
        if column is None
    ]
    values = []
    for column in filter(None, columns.values()):
        numbers, wrong = as_numbers(frame[column])
        values.append(numbers[0])
        problems += number_problems(frame[column], wrong, file, "a number", LOCKED)
    if problems:
        raise StudyProblemsError(problems)
    return FeatureSet(name, tuple(columns), np.array(values).reshape(1, -1))


def _typed(given: Given, needed: Sequence[str], also: Sequence[str]) -> dict[str, float] | None:
    """Return features that a program gave as numbers; None where anything has to be read.

    A table of one row takes a server ten times as long.
    """
    if isinstance(given, Path) or any(name not in given for name in needed):
        return None
    wanted = dict.fromkeys([*needed, *(name for name in also if name in given)])
    found = {}
    for name in wanted:
        value = given[name]
        if value is None:
            value = np.nan
        if type(value) is not float or np.isinf(value):
            return None
        found[name] = value
    return found
