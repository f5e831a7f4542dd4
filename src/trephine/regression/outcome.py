"""What scikit-learn style estimators take: an outcome in several shapes, a design with names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trephine.errors import InputError
from trephine.types import FloatArray, Survival

_SHOWN = 8


def as_survival(y: Any) -> Survival:
    """Return an outcome given as `Survival`, structured array, or table with two columns.

    Parameters
    ----------
    y
        A `Survival`; or a structured array with one boolean field (the event) and one numeric
        field (the time), as scikit-survival's; or a DataFrame with columns ``time`` and
        ``event``.

    Raises
    ------
    InputError
        Anything else, or values that `Survival` refuses.
    """
    if isinstance(y, Survival):
        return y
    if isinstance(y, pd.DataFrame):
        if not {"time", "event"} <= set(y.columns):
            raise InputError(
                f"outcome: expected columns time and event, found {_listed(list(y.columns))}"
            )
        return Survival(y["time"].to_numpy(dtype=float), y["event"].to_numpy())
    fields = getattr(getattr(y, "dtype", None), "names", None)
    if fields is not None and len(fields) == 2:
        flags = [name for name in fields if y.dtype[name] == np.bool_]
        if len(flags) == 1:
            time = fields[1 - fields.index(flags[0])]
            return Survival(np.asarray(y[time], dtype=float), np.asarray(y[flags[0]]))
    raise InputError(
        "outcome: expected Survival(time, event), a structured array with one boolean and one"
        f" numeric field, or a table with columns time and event; found {type(y).__name__}"
    )


def as_design(X: Any, n: int) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the columns of a design as floats, with their names (x0, x1, ... where it has none).

    Parameters
    ----------
    X
        DataFrame, or array of shape (n, p), numeric and finite, p >= 1.
    n
        Cases that the outcome has.

    Raises
    ------
    InputError
        Another shape, columns that are not numbers, missing or infinite values (columns are
        named, rows counted from 0), or two columns of one name.
    """
    if isinstance(X, pd.DataFrame):
        names = tuple(str(name) for name in X.columns)
        words = [
            name
            for name, kind in zip(names, X.dtypes, strict=True)
            if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind))
        ]
        if words:
            raise InputError(
                f"design: expected numeric columns, found words or dates in {_listed(words)};"
                " code their levels as columns first (modelling.dummies.dummy_coding)"
            )
        values = X.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = np.asarray(X, dtype=np.float64)
        names = tuple(f"x{j}" for j in range(values.shape[1] if values.ndim == 2 else 0))
    if values.ndim != 2 or values.shape[0] != n or values.shape[1] == 0:
        raise InputError(f"design: expected {n} rows and at least one column, found {values.shape}")
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError(f"design: expected one column a name, found several of {_listed(twice)}")
    _refuse_missing(values, names)
    return values, names


def design_like(X: Any, names: Sequence[str]) -> FloatArray:
    """Return the columns ``names`` of new cases, shape (m, p).

    A DataFrame's columns are found by name, in any order; an array must have them all, in order.

    Raises
    ------
    InputError
        Columns that are missing (named), or as in `as_design`.
    """
    if isinstance(X, pd.DataFrame):
        by_name = X.set_axis([str(name) for name in X.columns], axis=1)
        missing = [name for name in names if name not in by_name.columns]
        if missing:
            raise InputError(
                f"design: expected the columns of the model, missing {_listed(missing)}"
            )
        X = by_name.loc[:, list(names)]
    values, _ = as_design(X, len(X))
    if values.shape[1] != len(names):
        raise InputError(
            f"design: expected {len(names)} columns ({_listed(names)}), found {values.shape[1]}"
        )
    return values


def _refuse_missing(values: FloatArray, names: Sequence[str]) -> None:
    bad = ~np.isfinite(values)
    if not bad.any():
        return
    columns = [name for name, flag in zip(names, np.any(bad, axis=0).tolist(), strict=True) if flag]
    rows = np.flatnonzero(bad.any(axis=1))
    raise InputError(
        f"design: expected finite values, found missing or infinite ones in column"
        f" {_listed(columns)}, row {rows[0]} and {rows.size - 1} more; impute or leave these"
        " cases out"
    )


def _listed(names: Sequence[Any] | npt.NDArray[Any]) -> str:
    """Return names for an error message, at most eight of them."""
    shown = ", ".join(repr(str(name)) for name in list(names)[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
