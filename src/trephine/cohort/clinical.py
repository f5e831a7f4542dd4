"""Clinical variables from a text table: every cell that does not fit is reported."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

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
from trephine.cohort.reading_keys import LOCKED, CellKeys
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.cohort.table import as_numbers, find_column, is_missing
from trephine.errors import Problem, either
from trephine.types import FloatArray, IntArray


def read_clinical(
    frame: pd.DataFrame,
    variables: Mapping[str, ClinicalVariable],
    name: str,
    locked: bool = False,
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
    locked
        Whether how cells are read can no longer be said, as for a new case of a locked model.

    Returns
    -------
    The typed table (missing where a cell did not fit) and every problem found.
    """
    problems: list[Problem] = []
    columns: dict[str, FloatArray | IntArray] = {}
    for key, variable in variables.items():
        keys = LOCKED if locked else CellKeys(f"[clinical] {key}")
        if variable.arcs is not None:
            columns[key] = _measured(key, variable, frame, name, problems, locked)
        elif (column := _column(key, variable, frame, name, problems)) is None:
            columns[key] = np.full(len(frame), np.nan)
        elif variable.categorical:
            columns[key] = _codes(variable, column, name, problems, keys)
        else:
            columns[key] = _numbers(variable, column, name, problems, keys)
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
        column = find_column(frame, variable.column_of(key)) if variable.arcs is None else None
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
    column = find_column(frame, variable.column_of(key))
    if column is None:
        use = f"for clinical variable {key}"
        problems.append(absent_column(name, None, variable.column_of(key), frame.columns, use=use))
        return None
    numbers = not variable.categorical
    return read_column(frame[column], variable, variable.unit if numbers else "", numbers)


def _codes(
    variable: ClinicalVariable,
    column: pd.Series,
    name: str,
    problems: list[Problem],
    keys: CellKeys,
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
    advice = keys.advice(
        "read",
        "Correct it, or say what it means under KEY: read = { CELL = LEVEL }",
        "Write one of the levels that the model knows",
    )
    expected = either(variable.levels)
    problems += value_problems(column, wrong, name, expected, advice, keys)
    return codes


def _numbers(
    variable: ClinicalVariable,
    column: pd.Series,
    name: str,
    problems: list[Problem],
    keys: CellKeys,
) -> FloatArray:
    numbers, wrong = as_numbers(column)
    problems += number_problems(column, wrong, name, "a number", keys)
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
    locked: bool,
) -> FloatArray:
    """Compute a femoral-head measure from its arcs, and hold the table's own value against it."""
    assert variable.arcs is not None
    arcs: list[FloatArray] = []
    for arc in variable.arcs:
        alone = _alone(arc)
        column = _column(arc, alone, frame, name, problems)
        if column is None:
            return np.full(len(frame), np.nan)
        keys = LOCKED if locked else CellKeys(f'[data.read."{arc}"]')
        arcs.append(_numbers(alone, column, name, problems, keys))
    stated = variable.column_of(key)
    columns = FemoralHeadColumns(
        coronal_arc=variable.arcs[0],
        axial_arc=variable.arcs[1],
        **{_COLUMN_OF[variable.measure or ""]: stated if stated in frame.columns else None},
    )
    found = check_femoral_head(frame, columns)
    problems += [one.in_table(name) for one in found]
    possible = np.all([(arc >= 0) & (arc <= LARGEST_ARC_DEGREE) for arc in arcs], axis=0)
    values = np.full(len(frame), np.nan)
    values[possible] = measured_by_arcs(variable, arcs[0][possible], arcs[1][possible])
    return values


def measured_by_arcs(
    variable: ClinicalVariable, coronal: FloatArray, axial: FloatArray
) -> FloatArray:
    """Return a femoral-head measure of arcs in degrees, each 0 to 180."""
    return _COMPUTE[variable.measure or ""](coronal, axial)


@cache
def _alone(column: str) -> ClinicalVariable:
    """Return a measurement that is read from a column as it stands."""
    return ClinicalVariable(column=column)


_COMPUTE = {
    "combined_necrotic_angle": combined_necrotic_angle,
    "necrosis_degree_index": necrosis_degree_index,
}
_COLUMN_OF = {"combined_necrotic_angle": "combined_angle", "necrosis_degree_index": "index"}
