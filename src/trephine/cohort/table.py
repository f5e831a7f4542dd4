"""Reading a table as text, so that an identifier such as 007 stays what it is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.errors import Problem, StudyProblemsError
from trephine.types import FloatArray

# What people write where they have no value.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "?", "-"})


def read_table(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Read a CSV (also compressed), TSV or Excel table; every cell is text, stripped.

    Returns
    -------
    One row a case, indexed by its row in the file as a spreadsheet counts them (the header is
    row 1); empty rows are left out, and counted.

    Raises
    ------
    StudyProblemsError
        If the file is missing, unreadable, empty, or has a column name twice.
    """
    name = path.name
    if not path.exists():
        raise StudyProblemsError([Problem(str(path), "a table", "no such file")])
    try:
        frame = _read(path, sheet)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, ImportError) as error:
        advice = "Save it as CSV in UTF-8 with commas between columns, or as xlsx without password"
        problem = Problem(name, "a CSV or xlsx table", str(error).splitlines()[0], advice)
        raise StudyProblemsError([problem]) from None
    header = [str(cell).strip() for cell in frame.iloc[0]] if len(frame) else []
    if header and not any(header):
        advice = "Delete what stands above the row of column names"
        problem = Problem(f"{name}, row 1", "column names", "an empty row", advice)
        raise StudyProblemsError([problem])
    if len(header) == 1 and ";" in header[0]:
        advice = "Save it with commas, and points for decimals, or as xlsx"
        problem = Problem(f"{name}, row 1", "commas between columns", "semicolons", advice)
        raise StudyProblemsError([problem])
    twice = sorted({column for column in header if header.count(column) > 1 and column})
    if twice:
        raise StudyProblemsError([Problem(f"{name}, row 1", "column names once", f"{twice}")])
    body: pd.DataFrame = frame.iloc[1:].set_axis(range(2, len(frame) + 1))
    body.columns = pd.Index(header)
    body = body.apply(lambda column: column.str.strip())
    body = body[~(body == "").all(axis=1)]
    if body.empty:
        raise StudyProblemsError([Problem(name, "one row a case", "no rows")])
    return body


def _read(path: Path, sheet: str | None) -> pd.DataFrame:
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        # Without keep_default_na a level "None" would become an empty cell, in xlsx only.
        cells: pd.DataFrame = pd.read_excel(
            path, sheet_name=sheet or 0, header=None, dtype=str, keep_default_na=False
        )
        return cells.fillna("").astype(str)
    separator = "\t" if ".tsv" in path.suffixes else ","
    frame: pd.DataFrame = pd.read_csv(
        path,
        sep=separator,
        header=None,
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        low_memory=False,
        skip_blank_lines=False,
    )
    return frame.fillna("")


def is_missing(cell: str) -> bool:
    """Say whether a cell holds no value."""
    return cell.lower() in MISSING


def as_numbers(column: pd.Series) -> tuple[FloatArray, list[int]]:
    """Return a text column as numbers, NaN where missing, and the rows that hold no number.

    Rows are 0-based positions in the column. A decimal comma is not guessed at: "1,5" is no
    number.
    """
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    missing = column.map(is_missing).to_numpy(dtype=bool)
    wrong = np.flatnonzero(~missing & ~np.isfinite(numbers))
    return np.where(missing, np.nan, numbers), wrong.tolist()
