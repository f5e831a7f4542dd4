"""Treatment coding: a factor becomes one 0/1 column for each level but its reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trephine.errors import InputError


@dataclass(frozen=True)
class DummyCoding:
    """A design matrix that remembers which columns belong together.

    Attributes
    ----------
    matrix
        Numeric columns; a factor's are named ``variable=level``.
    groups
        Columns of each variable, in order.
    levels
        Levels of each factor, the reference first; numeric variables are not in it.
    """

    matrix: pd.DataFrame
    groups: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, tuple[Any, ...]]


def dummy_coding(
    table: pd.DataFrame,
    variables: Sequence[str] | None = None,
    *,
    references: Mapping[str, Any] | None = None,
) -> DummyCoding:
    """Code the factors of a table by their levels; keep numbers as they are.

    A factor is a column of dtype category, text or bool. The levels of a category keep their
    order; others are sorted. Levels that no row has are left out. Missing values stay missing
    in every column of their variable.

    Parameters
    ----------
    table
        Shape (n, ...).
    variables
        Columns to use; all where None.
    references
        Reference level of some factors; the first level elsewhere.

    Raises
    ------
    InputError
        Unknown variables, references that do not occur, or a factor of one level.
    """
    chosen = list(table.columns) if variables is None else list(variables)
    missing = [name for name in chosen if name not in table.columns]
    if missing:
        raise InputError(f"table: expected columns {missing}, found {list(table.columns)[:12]}")
    wanted = dict(references or {})
    columns: dict[str, pd.Series[float]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    levels: dict[str, tuple[Any, ...]] = {}
    for name in chosen:
        values = table[name]
        if not is_factor(values):
            columns[str(name)] = values.astype(float)
            groups[str(name)] = (str(name),)
            continue
        ordered = factor_levels(values, wanted.get(name))
        levels[str(name)] = ordered
        coded = {
            f"{name}={level}": (values == level).astype(float).where(values.notna())
            for level in ordered[1:]
        }
        columns |= coded
        groups[str(name)] = tuple(coded)
    return DummyCoding(pd.DataFrame(columns, index=table.index), groups, levels)


def is_factor(values: pd.Series[Any]) -> bool:
    """Say whether a column is coded by its levels: category, text or bool."""
    return pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values)


def factor_levels(values: pd.Series[Any], reference: Any = None) -> tuple[Any, ...]:
    """Return the levels that occur, the reference first.

    Raises
    ------
    InputError
        If the reference does not occur, or there is one level only.
    """
    present = values.dropna().unique().tolist()
    if isinstance(values.dtype, pd.CategoricalDtype):
        ordered = [level for level in values.cat.categories.tolist() if level in present]
    else:
        ordered = sorted(present)
    if len(ordered) < 2:
        raise InputError(f"{values.name}: expected at least two levels, found {ordered}")
    if reference is not None:
        if reference not in ordered:
            raise InputError(
                f"{values.name}: expected reference {reference!r} among the levels {ordered}"
            )
        ordered.remove(reference)
        ordered.insert(0, reference)
    return tuple(ordered)
