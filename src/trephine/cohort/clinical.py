"""Clinical variables from a text table: every cell that does not fit is reported."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trephine.cohort.cell_problems import absent_column, number_problems, value_problems
from trephine.cohort.cells import read_column
from trephine.cohort.femoral_head import (
    LARGEST_ARC_DEGREE,
    combined_necrotic_angle,
    necrosis_degree_index,
)
from trephine.cohort.femoral_head_check import FemoralHeadColumns, check_femoral_head
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.cohort.table import as_numbers, find_column, is_missing
from trephine.errors import Problem, either
from trephine.types import FloatArray, IntArray


def read_clinical(
    frame: pd.DataFrame, variables: Mapping[str, ClinicalVariable], name: str
) -> tuple[ClinicalTable, list[Problem]]:
    """Type the clinical columns of a table.

    Parameters
    ----------
    frame
        Text cells, one row per case, indexed by their row in the file.
    variables
        The plan's clinical section.
    name
        Of the table's file, for problems.

    Returns
    -------
    The typed table (missing where a cell did not fit) and every problem found.
    """
    problems: list[Problem] = []
    columns: dict[str, FloatArray | IntArray] = {}
    for key, variable in variables.items():
        if variable.measure is not None:
            columns[key] = _measured(key, variable, frame, name, problems)
        elif (column := _column(key, variable, frame, name, problems)) is None:
            columns[key] = np.full(len(frame), np.nan)
        elif variable.categorical:
            columns[key] = _codes(key, variable, column, name, problems)
        else:
            columns[key] = _numbers(variable, column, name, problems, f"[clinical] {key}")
    for key, variable in variables.items():
        if variable.categorical and columns[key].dtype != np.int64:
            columns[key] = np.full(len(frame), -1, dtype=np.int64)
    # Two measures may share an arc, and then find the same fault in it.
    return ClinicalTable(variables, columns, len(frame)), list(dict.fromkeys(problems))


def cells_as_read(frame: pd.DataFrame, variables: Mapping[str, ClinicalVariable]) -> pd.DataFrame:
    """Return a table whose clinical columns hold what the plan says that their cells mean.

    Parameters
    ----------
    frame
        Text cells, one row per case.
    variables
        The plan's clinical section; where two read one column, the first does.
    """
    read: dict[str, pd.Series] = {}
    for key, variable in variables.items():
        column = find_column(frame, variable.column or key) if variable.measure is None else None
        if column is not None and column not in read:
            numbers = not variable.categorical
            unit = variable.unit if numbers else ""
            read[column] = read_column(frame[column], variable, unit, numbers)
    return frame.assign(**read) if read else frame


def _column(
    key: str,
    variable: ClinicalVariable,
    frame: pd.DataFrame,
    name: str,
    problems: list[Problem],
) -> pd.Series | None:
    column = find_column(frame, variable.column or key)
    if column is None:
        use = f"for clinical variable {key}"
        problems.append(absent_column(name, None, variable.column or key, frame.columns, use=use))
        return None
    numbers = not variable.categorical
    return read_column(frame[column], variable, variable.unit if numbers else "", numbers)


def _codes(
    key: str,
    variable: ClinicalVariable,
    column: pd.Series,
    name: str,
    problems: list[Problem],
) -> IntArray:
    code = {level: index for index, level in enumerate(variable.levels)}
    codes = np.full(len(column), -1, dtype=np.int64)
    wrong: list[int] = []
    for row, cell in enumerate(column):
        if is_missing(cell) and cell not in code:
            continue
        if cell in code:
            codes[row] = code[cell]
        else:
            wrong.append(row)
    advice = f"Correct it, or say what it means under [clinical] {key}: read = {{ CELL = LEVEL }}"
    expected = either(variable.levels)
    problems += value_problems(column, wrong, name, expected, advice)
    return codes


def _numbers(
    variable: ClinicalVariable, column: pd.Series, name: str, problems: list[Problem], key: str
) -> FloatArray:
    numbers, wrong = as_numbers(column)
    problems += number_problems(column, wrong, name, "a number", key)
    if variable.range is not None:
        low, high = variable.range
        with np.errstate(invalid="ignore"):
            outside = np.flatnonzero((numbers < low) | (numbers > high))
        for row in outside.tolist():
            cells = (name, [int(column.index[row])], str(column.name))
            problems.append(Problem.of_cells(*cells, f"{low:g} to {high:g}", f"{numbers[row]:g}"))
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _measured(
    key: str,
    variable: ClinicalVariable,
    frame: pd.DataFrame,
    name: str,
    problems: list[Problem],
) -> FloatArray:
    """Compute a femoral-head measure from its arcs, and hold the table's own value against it."""
    assert variable.arcs is not None
    arcs: list[FloatArray] = []
    for arc in variable.arcs:
        column = _column(arc, ClinicalVariable(column=arc), frame, name, problems)
        if column is None:
            return np.full(len(frame), np.nan)
        key_of = f'[data.read."{arc}"]'
        arcs.append(_numbers(ClinicalVariable(column=arc), column, name, problems, key_of))
    stated = variable.column or key
    columns = FemoralHeadColumns(
        coronal_arc=variable.arcs[0],
        axial_arc=variable.arcs[1],
        **{_COLUMN_OF[variable.measure or ""]: stated if stated in frame.columns else None},
    )
    found = check_femoral_head(frame, columns)
    problems += [one.in_table(name) for one in found]
    possible = np.all([(arc >= 0) & (arc <= LARGEST_ARC_DEGREE) for arc in arcs], axis=0)
    values = np.full(len(frame), np.nan)
    values[possible] = _COMPUTE[variable.measure or ""](arcs[0][possible], arcs[1][possible])
    return values


_COMPUTE = {
    "combined_necrotic_angle": combined_necrotic_angle,
    "necrosis_degree_index": necrosis_degree_index,
}
_COLUMN_OF = {"combined_necrotic_angle": "combined_angle", "necrosis_degree_index": "index"}
