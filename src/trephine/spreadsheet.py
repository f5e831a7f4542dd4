"""Texts and tables that a spreadsheet opens as they stand, and never runs as formulas."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from trephine.writing import whole_file

if TYPE_CHECKING:  # takes a second to import: the report's tables do without
    import pandas as pd

_NUMBER = r"[+-]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?%?"
_WHOLE_NUMBER = re.compile(_NUMBER, re.ASCII)
# As the report prints estimates: +0.12 (+0.02 to +0.21). Nothing of it can be computed.
_ESTIMATE = re.compile(
    rf"{_NUMBER} \({_NUMBER.replace('+-', '+−-')}(?: to |–|, ){_NUMBER.replace('+-', '+−-')}\)",
    re.ASCII,
)
# Where the list separator is another one, a spreadsheet parts a text here and reads on.
_PARTED = re.compile(r"([;\t\r\n])")


def safe_cell(text: str) -> str:
    """Return a text for a cell of a CSV file that no spreadsheet takes for a formula.

    What begins with = + - @ (in any width, behind any blanks or invisible characters), with a tab
    or with a line end gets an apostrophe in front, unless it is wholly a number. The same holds
    behind each semicolon, tab and line end inside, where some countries' spreadsheets part cells.

    Notes
    -----
    The signs are those of the OWASP page on CSV injection.
    """
    first, *others = _PARTED.split(text)
    for place in range(1, len(others), 2):
        if is_formula(others[place]):
            others[place] = "'" + others[place]
    return ("'" if is_formula(text) else "") + first + "".join(others)


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet might compute a text instead of showing it."""
    if text.startswith(("\t", "\r", "\n")):
        return True
    if _WHOLE_NUMBER.fullmatch(text) or _ESTIMATE.fullmatch(text):
        return False
    for character in text:
        if character.isspace() or unicodedata.category(character) in ("Cc", "Cf"):
            continue
        # NFKC: the full-width and small forms of a sign are read as the sign.
        return unicodedata.normalize("NFKC", character) in ("=", "+", "-", "@")
    return False


def safe_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts, names of columns and names of rows are all safe cells."""
    made = frame.copy(deep=False)
    for place in range(made.shape[1]):
        column = made.iloc[:, place]
        if not _holds_numbers(column):
            made.isetitem(place, column.map(_safe, na_action="ignore").to_numpy())
    made.columns = made.columns.map(_safe)
    made.columns.name = frame.columns.name
    if not _holds_numbers(made.index):
        made.index = made.index.map(_safe)
    made.index.name = _safe(frame.index.name)
    return made


def write_csv_table(
    frame: pd.DataFrame,
    path: Path,
    *,
    row_names: bool = False,
    float_format: str | None = None,
) -> None:
    """Write a table as a CSV file that is safe to open with a spreadsheet.

    Parameters
    ----------
    frame, path
        What, and where. UTF-8, lines end with a line feed on every system.
    row_names
        Whether the frame's index becomes the first column.
    float_format
        As for ``pandas.DataFrame.to_csv``; floats read back equal by default.
    """
    text = csv_text(frame, row_names=row_names, float_format=float_format)
    with whole_file(path) as draft:
        draft.write_bytes(text.encode())


def csv_text(
    frame: pd.DataFrame, *, row_names: bool = False, float_format: str | None = None
) -> str:
    """Return a table as the text that :func:`write_csv_table` writes."""
    text: str = safe_table(frame).to_csv(
        index=row_names, float_format=float_format, lineterminator="\n"
    )
    return text


def _holds_numbers(values: pd.Series | pd.Index) -> bool:
    return values.dtype.kind in "biufcmM"


def _safe(value: object) -> object:
    return safe_cell(value) if isinstance(value, str) else value
