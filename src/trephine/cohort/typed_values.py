"""Clinical values that a program gave as numbers and levels: nothing of them has to be read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trephine.cohort.clinical import measured_by_arcs
from trephine.cohort.femoral_head import LARGEST_ARC_DEGREE
from trephine.cohort.schema import ClinicalTable, ClinicalVariable
from trephine.types import FloatArray, IntArray


def typed_clinical(
    values: Mapping[str, object], variables: Mapping[str, ClinicalVariable]
) -> ClinicalTable | None:
    """Return one case's clinical values, as `read_clinical` types a row of them.

    A server is asked often, and a table of one row takes it ten times as long.

    Parameters
    ----------
    values
        By column: numbers, levels, or None where missing.
    variables
        That are read.

    Returns
    -------
    None where anything is left to a reader: a text that is no level, a number outside its range, a
    column by another name, words of the plan on how cells are read.
    """
    columns: dict[str, FloatArray | IntArray] = {}
    for key, variable in variables.items():
        found = _value(key, variable, values)
        if found is None:
            return None
        if variable.categorical:
            columns[key] = np.array([found], dtype=np.int64)
        else:
            columns[key] = np.array([found], dtype=np.float64)
    return ClinicalTable(variables, columns, 1)


def _value(
    key: str, variable: ClinicalVariable, values: Mapping[str, object]
) -> float | int | None:
    """Return a value as a table holds it; None where it has to be read."""
    column = variable.column_of(key)
    if variable.arcs is not None:
        arcs = [_number(values.get(arc), (0.0, LARGEST_ARC_DEGREE)) for arc in variable.arcs]
        # A measure that the case states beside its arcs is held against them.
        if column in values or None in arcs:
            return None
        return float(measured_by_arcs(variable, *(np.array([arc]) for arc in arcs))[0])
    reading = (variable.read, variable.strip, variable.decimal, variable.thousands)
    if column not in values or any(reading):
        return None
    given = values[column]
    if variable.categorical:
        if given is None:
            return -1
        known = isinstance(given, str) and given in variable.levels
        return variable.levels.index(str(given)) if known else None
    return float("nan") if given is None else _number(given, variable.range)


def _number(given: object, bounds: tuple[float, float] | None) -> float | None:
    """Return a number within its range; None for anything else."""
    if type(given) not in (int, float):
        return None
    assert isinstance(given, int | float)
    low, high = bounds or (-np.inf, np.inf)
    # Beyond these a text of it might be read as another number.
    return float(given) if abs(given) < 1e15 and low <= given <= high else None
