"""Impossible femoral-head measures in a clinical table, all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from trephine.cohort.femoral_head import (
    LARGEST_ARC_DEGREE,
    collapsed,
    index_limits,
    parse_arco,
    parse_jic,
)
from trephine.cohort.table import one_plain_number
from trephine.errors import MisfitError, Problem
from trephine.types import BoolArray, FloatArray, IntArray

Population = Literal["any", "before collapse"]

# Angles are read off a screen to a degree and typed in rounded.
_ROUNDING_DEGREE = 1.0
_ROUNDING_INDEX = 1.0


@dataclass(frozen=True)
class FemoralHeadColumns:
    """Which columns of the clinical table hold the femoral-head measures; None where absent.

    Attributes
    ----------
    arco, jic
        Stage and type.
    coronal_arc, axial_arc
        A and B, in degrees.
    combined_angle, index
        Combined necrotic angle (degrees) and necrosis degree index (0 to 100).
    """

    arco: str | None = None
    jic: str | None = None
    coronal_arc: str | None = None
    axial_arc: str | None = None
    combined_angle: str | None = None
    index: str | None = None


def check_femoral_head(
    table: pd.DataFrame, columns: FemoralHeadColumns, *, population: Population = "any"
) -> list[Problem]:
    """Return every impossible value among the femoral-head measures of a clinical table.

    Parameters
    ----------
    table
        One row per hip.
    columns
        Which columns hold what; absent ones are not checked.
    population
        "before collapse" also flags ARCO IIIB and IV, which cannot go on to collapse.

    Returns
    -------
    list of Problem
        Rows named as the table's index names them; empty where all is well.
    """
    rows = table.index.to_numpy()
    problems = list(_check_levels(table, columns, population))
    arcs = {
        name: _numbers(table, name)
        for name in (columns.coronal_arc, columns.axial_arc)
        if name is not None
    }
    for name, arc in arcs.items():
        problems += _outside(rows, arc, name, 0.0, LARGEST_ARC_DEGREE, "degrees")
    total = _numbers(table, columns.combined_angle)
    index = _numbers(table, columns.index)
    problems += _outside(
        rows, total, columns.combined_angle, 0.0, 2 * LARGEST_ARC_DEGREE, "degrees"
    )
    problems += _check_index(rows, index, columns.index, arcs)
    if len(arcs) == 2:
        problems += _check_derived(rows, columns, arcs, total, index)
    elif columns.combined_angle and columns.index:
        problems += _check_pair(rows, columns, total, index)
    return problems


def _check_levels(
    table: pd.DataFrame, columns: FemoralHeadColumns, population: Population
) -> Iterator[Problem]:
    for row, value in _present(table, columns.arco):
        try:
            stage = parse_arco(value)
        except MisfitError as error:
            yield _cell(columns.arco, row, error.expected, error.found)
            continue
        if population == "before collapse" and collapsed(stage):
            yield _cell(
                columns.arco,
                row,
                "a stage before collapse (I, II or IIIA)",
                stage,
                "Exclude the hip: it has reached the endpoint at baseline.",
            )
    for row, value in _present(table, columns.jic):
        try:
            parse_jic(value)
        except MisfitError as error:
            yield _cell(columns.jic, row, error.expected, error.found)


def _present(table: pd.DataFrame, name: str | None) -> Iterator[tuple[int, object]]:
    if name is not None:
        column = table[name].dropna()
        yield from zip(column.index, column, strict=True)


def _check_index(
    rows: IntArray, index: FloatArray, name: str | None, arcs: dict[str, FloatArray]
) -> Iterator[Problem]:
    over = int(np.count_nonzero(index > 100.0 + _ROUNDING_INDEX))
    product_scale = "The values look like A x B / 100; use (A/180)(B/180)100." if over else ""
    if len(arcs) == 2:
        coronal, axial = arcs.values()
        same = np.isclose(index, coronal * axial / 100.0, atol=_ROUNDING_INDEX)
        if over and not np.any(same[index > 100.0]):
            product_scale = "Compute it anew as (A/180)(B/180)100."
    yield from _outside(rows, index, name, 0.0, 100.0, "(index)", product_scale)


def _check_derived(
    rows: IntArray,
    columns: FemoralHeadColumns,
    arcs: dict[str, FloatArray],
    total: FloatArray,
    index: FloatArray,
) -> Iterator[Problem]:
    coronal, axial = arcs.values()
    possible = (np.minimum(coronal, axial) >= 0) & (
        np.maximum(coronal, axial) <= LARGEST_ARC_DEGREE
    )
    pairs = (
        (columns.combined_angle, total, coronal + axial, _ROUNDING_DEGREE, "A + B"),
        (
            columns.index, index, coronal * axial / LARGEST_ARC_DEGREE**2 * 100.0,
            _ROUNDING_INDEX, "(A/180)(B/180)100",
        ),
    )  # fmt: skip
    for name, given, computed, rounding, formula in pairs:
        if name is None:
            continue
        with np.errstate(invalid="ignore"):
            off = possible & (np.abs(given - computed) > rounding)
        for row in np.flatnonzero(off):
            yield _cell(name, rows[row], f"{formula} = {computed[row]:.1f}", f"{given[row]:g}")


def _check_pair(
    rows: IntArray, columns: FemoralHeadColumns, total: FloatArray, index: FloatArray
) -> Iterator[Problem]:
    smallest, largest = index_limits(total)
    with np.errstate(invalid="ignore"):
        off = (index < smallest - _ROUNDING_INDEX) | (index > largest + _ROUNDING_INDEX)
    plausible: BoolArray = (total >= 0) & (total <= 2 * LARGEST_ARC_DEGREE)
    for row in np.flatnonzero(off & plausible & (index >= 0) & (index <= 100)):
        yield _cell(
            columns.index,
            rows[row],
            f"{smallest[row]:.1f} to {largest[row]:.1f} at a combined angle of {total[row]:g}",
            f"{index[row]:g}",
            "Angle and index contradict each other.",
        )


def _outside(
    rows: IntArray,
    values: FloatArray,
    name: str | None,
    low: float,
    high: float,
    unit: str,
    advice: str = "",
) -> Iterator[Problem]:
    with np.errstate(invalid="ignore"):
        outside = np.flatnonzero((values < low) | (values > high))
    for position in outside:
        yield _cell(
            name,
            rows[position],
            f"{low:g} to {high:g} {unit}",
            f"{values[position]:g}",
            advice,
        )


def _numbers(table: pd.DataFrame, name: str | None) -> FloatArray:
    """Return a column as numbers; text is left to the table's own check and counts as missing."""
    if name is None:
        return np.full(len(table), np.nan)
    column = table[name]
    if (plain := one_plain_number(column)) is not None:
        return plain
    return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)


def _cell(name: str | None, row: int, expected: str, found: str, advice: str = "") -> Problem:
    return Problem.of_cells("", [int(row)], name or "", expected, found, advice)
