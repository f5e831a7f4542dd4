"""Decimal commas of files whose kind goes with them: semicolons between columns."""

from __future__ import annotations

import re

import pandas as pd

_COMMA = re.compile(r"[-+]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+),[0-9]+(?:[eE][-+]?[0-9]+)?")
# 1,234 may be one thousand; 0,123 and 12,5 may not.
_EITHER = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}")
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?:\.[0-9]{3})+")


def with_points(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Write decimal commas as points where a table leaves no doubt that they are such.

    That is so where some cell of the table is a number with a comma that cannot part thousands. A
    column that holds numbers such as 1.234 beside commas stays as it is, and is refused where a
    number is needed.

    Returns
    -------
    The frame, and a sentence that names the columns.
    """
    commas = {
        place: numbers
        for place, column in enumerate(frame.columns)
        if (numbers := [cell for cell in frame[column] if "," in cell and _COMMA.fullmatch(cell)])
    }
    if all(_EITHER.fullmatch(cell) for numbers in commas.values() for cell in numbers):
        return frame, []
    changed = []
    frame = frame.copy()
    for place in commas:
        column = frame.columns[place]
        cells = list(frame[column])
        if any(_GROUPED.fullmatch(cell) for cell in cells):
            continue
        frame[column] = [
            cell.replace(".", "").replace(",", ".") if _COMMA.fullmatch(cell) else cell
            for cell in cells
        ]
        changed.append(str(column))
    if not changed:
        return frame, []
    shown = ", ".join(map(repr, changed[:5]))
    more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
    noun = "column" if len(changed) == 1 else "columns"
    return frame, [f"Commas in numbers were read as decimal commas: {noun} {shown}{more}."]
