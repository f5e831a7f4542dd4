"""What the penalised Cox model is fitted to: checked columns, standardised and sorted by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.columns import all_finite, blocks, roomy
from trephine.errors import InputError, ModelError
from trephine.survival.late_outcome import entry_of
from trephine.survival.path_order import glmnet_order
from trephine.survival.path_risk import RiskSets, order_by_time, risk_of_rows
from trephine.types import BoolArray, FloatArray, IntArray, Survival

Standardise = Literal["fold", "none"]
TiedCensoring = Literal["at risk", "glmnet"]
NAMES_TOLD = 5
SMALLEST_RELATIVE_SPREAD = 1e-13  # below it a column is constant but for rounding


@dataclass(frozen=True)
class CoxData:
    """Checked columns and outcome of n cases, sorted by time.

    Attributes
    ----------
    columns
        Shape (p, n), one row for each column of X; C-contiguous.
    survival
        In the same order.
    order
        Shape (n,), the rows of X in this order.
    names
        Of the p columns.
    """

    columns: FloatArray
    survival: Survival
    order: IntArray
    names: tuple[str, ...]


@dataclass(frozen=True)
class Design:
    """Centred and, where asked for, standardised columns with their risk sets.

    Attributes
    ----------
    columns
        Shape (p, n); a column that is constant among these cases is 0 throughout.
    risk
        Risk sets of the n cases.
    centre, scale
        Shape (p,): mean, and standard deviation with 1/n (1 where not standardised).
    """

    columns: FloatArray
    risk: RiskSets
    centre: FloatArray
    scale: FloatArray


def column_names(X: Any) -> tuple[str, ...]:
    """Return the names of a data frame's columns, "column 0" and so on for an array."""
    names = getattr(X, "columns", None)
    if names is not None:
        return tuple(str(name) for name in names)
    return tuple(f"column {j}" for j in range(np.shape(X)[1]))


def told(names: tuple[str, ...], which: npt.NDArray[np.intp]) -> str:
    """Return the first few of the names at ``which``, with the count of the rest."""
    text = ", ".join(names[j] for j in which[:NAMES_TOLD])
    return text if which.size <= NAMES_TOLD else f"{text} and {which.size - NAMES_TOLD} more"


def check_columns(X: npt.ArrayLike) -> tuple[FloatArray, tuple[str, ...]]:
    """Return X as floats (n, p) with its names.

    Raises
    ------
    InputError
        Not two-dimensional, no columns, or values that are missing or infinite: columns are named.
    """
    if np.ndim(X) != 2 or np.shape(X)[1] == 0:
        raise InputError(f"X: expected shape (cases, columns), found {np.shape(X)}")
    names = column_names(X)
    try:
        values = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"X: expected numbers in every column; {error}") from error
    odd = np.flatnonzero(~all_finite(values))
    if odd.size:
        raise InputError(
            f"X: expected finite values, found missing or infinite ones in {told(names, odd)};"
            " impute or drop these columns"
        )
    return values, names


def check_outcome(survival: Survival, whose: str = "") -> None:
    """Raise ``ModelError`` where there is nothing to learn from: no events, or all at one time."""
    seen = survival.time[survival.event]
    if seen.size == 0:
        raise ModelError(
            f"{whose}expected events, found none among {len(survival)} cases", kind="no events"
        )
    if seen.min() == seen.max():
        raise ModelError(
            f"{whose}expected events at two times at least, found all {seen.size} at"
            f" {survival.when(seen[0])}",
            kind="no information",
        )


def cox_data(X: npt.ArrayLike, survival: Survival) -> CoxData:
    """Check X (n, p) and the outcome, and sort the cases by time.

    Raises
    ------
    InputError
        Missing or infinite values, another number of rows than the outcome, constant columns.
    ModelError
        No events, or all events at one time.
    """
    values, names = check_columns(X)
    if values.shape[0] != len(survival):
        raise InputError(f"X: expected {len(survival)} rows, one per case, found {values.shape[0]}")
    check_outcome(survival)
    order = order_by_time(survival.time)
    columns = roomy((len(names), order.size))
    for part in blocks(*values.shape):
        columns[part] = values[:, part][order].T
    constant = np.flatnonzero(_is_constant(columns))
    if constant.size:
        raise InputError(
            f"X: expected columns that vary, found one value throughout in {told(names, constant)};"
            " drop these columns"
        )
    return CoxData(columns, survival.take(order), order, names)


@njit(cache=True)
def _is_constant(columns: FloatArray) -> BoolArray:
    constant = np.empty(columns.shape[0], np.bool_)
    for j in range(columns.shape[0]):
        low, high = columns[j].min(), columns[j].max()
        constant[j] = high - low <= SMALLEST_RELATIVE_SPREAD * max(abs(low), abs(high))
    return constant


@njit(cache=True)
def _standardised(
    columns: FloatArray, rows: IntArray, unit_variance: bool, out: FloatArray
) -> tuple[FloatArray, FloatArray]:
    p, n = out.shape
    centre = np.empty(p)
    scale = np.ones(p)
    for j in range(p):
        total = 0.0
        largest = 0.0
        for i in range(n):
            out[j, i] = columns[j, rows[i]]
            total += out[j, i]
            largest = max(largest, abs(out[j, i]))
        centre[j] = total / n
        square = 0.0
        for i in range(n):
            out[j, i] -= centre[j]
            square += out[j, i] * out[j, i]
        deviation = np.sqrt(square / n)
        if deviation <= SMALLEST_RELATIVE_SPREAD * largest:
            out[j] = 0.0
        elif unit_variance:
            scale[j] = deviation
            for i in range(n):
                out[j, i] /= deviation
    return centre, scale


def in_risk_order(
    data: CoxData, rows: IntArray, tied_censoring: TiedCensoring
) -> tuple[IntArray, RiskSets]:
    """Return the cases ``rows`` (increasing positions in ``data``) as their risk sets need them."""
    if tied_censoring == "at risk":
        return rows, risk_of_rows(data.survival, rows)[0]
    if entry_of(data.survival) is not None:
        raise InputError(
            "tied_censoring: expected 'at risk' where cases came under observation late, found"
            " 'glmnet'"
        )
    time, event = data.survival.time, data.survival.event
    as_given = rows[np.argsort(data.order[rows])]
    order, risk = glmnet_order(time[as_given], event[as_given])
    return as_given[order], risk


def design_of(
    data: CoxData, rows: IntArray, standardise: Standardise, tied_censoring: TiedCensoring
) -> Design:
    """Centre and scale the columns over the cases ``rows`` (increasing positions in ``data``)."""
    rows, risk = in_risk_order(data, rows, tied_censoring)
    columns = roomy((data.columns.shape[0], rows.size))
    centre, scale = _standardised(data.columns, rows, standardise == "fold", columns)
    return Design(columns, risk, centre, scale)
