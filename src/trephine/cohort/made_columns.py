"""Columns that are made beside a table's own, and the list of every cell that this made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trephine.cohort.dates import DateColumn
from trephine.types import FloatArray


@dataclass(frozen=True)
class Change:
    """One cell of the tidy table that differs from the file's.

    Attributes
    ----------
    row, column
        Of the file; the column is a new one's name where the file has none.
    before, after
        Texts of the cell.
    why
        In a few words.
    """

    row: int
    column: str
    before: str
    after: str
    why: str


def free_name(frame: pd.DataFrame, name: str) -> str:
    """Return a name that no column has."""
    while name in frame.columns:
        name += "_made"
    return name


def with_first(frame: pd.DataFrame, name: str, cells: Sequence[str]) -> pd.DataFrame:
    """Return a table with one more column before the others."""
    column = pd.Series(list(cells), index=frame.index, name=name, dtype="str")
    return pd.concat([column, frame], axis=1)


def made_cells(frame: pd.DataFrame, name: str, cells: Sequence[str], why: str) -> list[Change]:
    """Return each cell of a made column as a change."""
    rows = [int(row) for row in frame.index]
    return [Change(row, name, "", cell, why) for row, cell in zip(rows, cells, strict=True)]


def with_dates(
    table: pd.DataFrame, columns: Mapping[str, DateColumn]
) -> tuple[pd.DataFrame, list[Change]]:
    """Return a table with its dates as year-month-day, and the cells that this changed."""
    frame = table.copy()
    changes: list[Change] = []
    for column, dates in columns.items():
        written = list(frame[column])
        texts = dates.texts()
        frame[column] = pd.Series(texts, index=frame.index, dtype="str")
        for row, before, after in zip(frame.index, written, texts, strict=True):
            if after and before != after:
                changes.append(
                    Change(int(row), column, before, after, "the date as year-month-day")
                )
    return frame, changes


def number_texts(values: FloatArray) -> list[str]:
    """Return numbers in digits that read back to the same value, empty where unknown."""
    return ["" if np.isnan(value) else _digits(float(value)) for value in values]


def _digits(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
