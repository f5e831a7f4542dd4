"""Reading a table as text, so that an identifier such as 007 stays what it is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.cohort.cells import plain_number
from trephine.cohort.reading import read_source
from trephine.cohort.reading.cell_text import clean_name
from trephine.types import FloatArray

# What people write where they have no value.
MISSING = frozenset(
    {"", "na", "n/a", "n.a.", "nan", "null", "none", ".", "?", "-", "--", "---", "–", "—", "'--"}
)

_PLAIN = re.compile(r"[+-]?[0-9]{1,17}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")


def read_table(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Read a table as text, for callers who need not know what was assumed.

    Raises
    ------
    StudyProblemsError
        As :func:`trephine.cohort.reading.read_source`.
    """
    return read_source(path, sheet).frame


def is_missing(cell: str) -> bool:
    """Say whether a cell holds no value."""
    return cell.lower() in MISSING


def one_plain_number(column: pd.Series) -> FloatArray | None:
    """Return a column of one cell, as of a new case, if that is a plain number; else None.

    The same number as pandas reads, in a tenth of the time.
    """
    if len(column) == 1 and _PLAIN.fullmatch(cell := str(column.iloc[0])):
        return np.array([float(cell)])
    return None


def as_numbers(column: pd.Series) -> tuple[FloatArray, list[int]]:
    """Return a text column as numbers, NaN where missing, and the rows that hold no number.

    Rows are 0-based positions in the column. A decimal comma is not guessed at: "1,5" is no
    number. Full-width digits and a Unicode minus are those of any number.
    """
    if (plain := one_plain_number(column)) is not None:
        return plain, []
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    # No mark of a missing value reads as a number: only the other cells are looked at one by one.
    odd = np.flatnonzero(~np.isfinite(numbers))
    if not odd.size:
        return numbers, []
    cells = column.iloc[odd].to_numpy(dtype=object)
    missing = np.fromiter(map(is_missing, cells), dtype=bool, count=odd.size)
    numbers = numbers.copy()
    numbers[odd[missing]] = np.nan
    wrong = odd[~missing].tolist()
    respelt = {p: float(t) for p in wrong if (t := plain_number(column.iloc[p])) is not None}
    for place, number in respelt.items():
        numbers[place] = number
    return numbers, [p for p in wrong if not np.isfinite(respelt.get(p, np.nan))]


def find_column(frame: pd.DataFrame, name: str) -> str | None:
    """Return the column that a plan names, line breaks in its name read as blanks; or None."""
    for wanted in (name, clean_name(name)):
        if wanted in frame.columns:
            return wanted
    return None
