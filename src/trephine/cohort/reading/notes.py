"""Rows below a table that are no cases: notes, totals, sums without a word."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

# What a row below a table begins with.
_NOTE = re.compile(
    r"\W*((grand\s+|sub)?totals?|sum|mean|average|avg|median|min(imum)?|max(imum)?|sd|std|range|"
    r"count|notes?|remarks?|comments?|source|legend|abbreviations?|gesamt|summe|mittelwert|"
    r"anmerkung(en)?|hinweis|somme|moyenne|remarques?|promedio|notas?|media|"
    r"合计|总计|總計|小计|共计|平均(值|数)?|均值|中位数|标准差|备注|備註|注|说明|注释|計|合計|注記|"
    r"합계|평균|비고|итого|среднее|примечани[ея])(\W|$|\s|[:：])",
    re.IGNORECASE,
)
# Cells of a row that must be the sums, or the means, of their columns for it to be no case.
_FEWEST_SUMS = 2
# Rows of cases beside which a row of one cell can be a heading.
_FEWEST_CASES = 5


def notes_below(filled: dict[int, list[str]], body: list[int], width: int) -> list[int]:
    """Return the rows below the table, looked for from the end upwards."""
    notes: list[int] = []
    for place in range(len(body) - 1, 0, -1):
        row, cells = body[place], filled[body[place]]
        alone = row - body[place - 1] > 1
        single = len(cells) == 1 and width > 2 and (alone or _is_sentence(cells[0]))
        if not (single or (width > 1 and _begins_note(cells, width))):
            break
        notes.append(row)
    return notes


def _begins_note(cells: list[str], width: int) -> bool:
    """Say whether a row begins with such a word alone, or with it and is half empty.

    A case may be called "SD-12", or Max Miller: its row is filled as the others are.
    """
    word = _NOTE.match(cells[0])
    if word is None:
        return False
    rest = cells[0][word.end() :].strip(" :：.()")
    return not rest or 2 * len(cells) <= width


def _is_sentence(text: str) -> bool:
    return len(text.split()) > 3 or ":" in text or "：" in text or text.startswith(("*", "†", "※"))


def sums_below(rows: Mapping[int, Sequence[str]], body: Sequence[int]) -> list[int]:
    """Return the last row where it sums up the others without a word: a spreadsheet's sums.

    Its first cell is empty, those above it are filled, and each number in it, two at least, is
    the sum or, to its digits, the mean of its column.

    Parameters
    ----------
    rows
        Text cells by row.
    body
        Rows below the column names, notes left out.
    """
    if len(body) < 3:
        return []
    *above, last = body
    first = next((place for place, cell in enumerate(rows[above[0]]) if cell.strip()), 0)
    cells = [cell.strip() for cell in rows[last]]
    if cells[first : first + 1] not in ([], [""]) or not all(_at(rows[r], first) for r in above):
        return []
    filled = [place for place, cell in enumerate(cells) if cell]
    summed = [_sums(cells[place], [_at(rows[row], place) for row in above]) for place in filled]
    return [last] if len(filled) >= _FEWEST_SUMS and all(summed) else []


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place].strip() if place < len(cells) else ""


def _sums(cell: str, column: Sequence[str]) -> bool:
    try:
        found, values = float(cell), np.array([float(text) for text in column if text])
    except ValueError:
        return False
    if values.size < 2 or not np.isfinite(found):
        return False
    digits = len(cell.partition(".")[2])
    half = 0.5 * 10.0**-digits * (1 + 1e-9)
    total = abs(float(values.sum()) - found) <= max(half, 1e-9 * abs(found))
    return total or abs(float(values.mean()) - found) <= half


def headings_between(rows: Mapping[int, Sequence[str]], body: Sequence[int]) -> list[int]:
    """Return rows among the cases that hold the heading of a group of them, and nothing else.

    Such a row fills its first cell alone, with words that are built as no name of a case is: "Group
    A: drilled" among H001 and H002.

    Parameters
    ----------
    rows
        Text cells by row.
    body
        Rows below the column names, notes left out.
    """
    alone, full = [], []
    for row in body:
        filled = [place for place, cell in enumerate(rows[row]) if cell.strip()]
        if filled == [0]:
            alone.append(row)
        elif len(filled) > 1:
            full.append(row)
    if not alone or len(full) < _FEWEST_CASES:
        return []
    built = {_built(_at(rows[row], 0)) for row in full}
    return [
        row for row in alone if " " in (shape := _built(_at(rows[row], 0))) and shape not in built
    ]


def _built(text: str) -> str:
    """Return how a name is built: a for letters, 9 for digits."""
    return re.sub(r"[0-9]+", "9", re.sub(r"[^\W\d_]+", "a", text.strip()))
