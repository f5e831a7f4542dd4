"""The apostrophe before a cell by which spreadsheets are made to take a number as text."""

from __future__ import annotations

import re

import pandas as pd

_NUMBER = re.compile(r"['’][-+]?[0-9][0-9.,:/ -]*")
_SIGNS = ("'", "’")


def without_apostrophes(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Take apostrophes off: before numbers and dates, and where every filled cell begins with one.

    A name such as 's-Gravenhage keeps its own.

    Returns
    -------
    The frame, and a sentence that names the columns.
    """
    changed: dict[str, list[str]] = {}
    for place, column in enumerate(frame.columns):
        cells = list(frame.iloc[:, place])
        if not any(cell.startswith(_SIGNS) for cell in cells):
            continue
        whole = all(cell.startswith(_SIGNS) for cell in cells if cell)
        read = [
            cell[1:] if cell.startswith(_SIGNS) and (whole or _NUMBER.fullmatch(cell)) else cell
            for cell in cells
        ]
        if read != cells:
            changed[str(column)] = read
    if not changed:
        return frame, []
    noun = "column" if len(changed) == 1 else "columns"
    shown = ", ".join(map(repr, list(changed)[:5]))
    more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
    told = f"Apostrophes before cells were taken off: {noun} {shown}{more}."
    return frame.assign(**changed), [told]
