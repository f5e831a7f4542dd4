"""A row between the column names and the first case: units, or the names in other words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# What stands in such a row: units of measurement, time and frequency, or ways of writing.
_UNIT = re.compile(
    r"years?|yrs?|y|months?|mo|mths?|weeks?|wks?|days?|hours?|hrs?|h|min(utes)?|s|sec(onds)?"
    r"|[cdkmµμn]?m|[cmdk]?m(\^?[23]|[²³])|[cdmµμ]?[lL]|[kmµμnp]?g|[kKMG]?Hz|°|deg(rees?)?|°?C"
    r"|%|‰|percent|kg/m(\^?2|²)|[mµμnp]?mol/l|[mµμnp]?g/[dm]?l|i?u/[dm]?l|mm ?hg|bpm|hu"
    r"|(x|×)? ?10\^?[0-9⁰-⁹]+/l|/[µμ]l|points?|score|index|ratio|n|no\.?|count"
    r"|jahre?|monate?|tage?|ans?|années?|mois|jours?|años?|meses|días?|anni|mesi|giorni"
    r"|岁|歲|歳|才|年|月|个月|個月|ヶ月|天|日|厘米|毫米|公斤|千克|克|分|度|лет|мес|дн|세|개월|일",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[01] ?[/=] ?[01]|yes ?/ ?no|y ?/ ?n|j ?/ ?n|m ?/ ?f|f ?/ ?m|r ?/ ?l|l ?/ ?r|text|code"
    r"|(d{1,2}|t{1,2}|m{1,2}|y{2,4}|j{2,4})([./-](d{1,2}|t{1,2}|m{1,2}|y{2,4}|j{2,4})){2}"
    r"|[-–—/]+|n/?a",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[(\[（【]\s*([^()\[\]（）【】]{1,20}?)\s*[)\]）】]")
_NUMBER = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?")
_WORD = re.compile(r"[^\W\d_]{2}|[\u3400-\u9fff]")
# A row of names fills so many cells, over so many columns of numbers, above so many rows.
_FEWEST_NAMES = 3
_FEWEST_COLUMNS = 2
_FEWEST_ROWS = 5
_NUMERIC = 0.9
# Rows below that are looked at for numbers.
_SAMPLE = 20


def units_in(row: Sequence[str], below: Sequence[Sequence[str]]) -> Mapping[int, str] | None:
    """Return the unit of each column that has one, from 0; None if the row holds no units.

    Each filled cell must be a unit, something in brackets, or a way of writing such as M/F; one at
    least must be a unit of more than a letter or in brackets, over a column of numbers.

    Parameters
    ----------
    row
        Cells of the row below the column names.
    below
        Cells of the rows after it.
    """
    filled = {place: text for place, cell in enumerate(row) if (text := cell.strip())}
    units: dict[int, str] = {}
    sure = False
    for place, text in filled.items():
        bracketed = _BRACKETS.fullmatch(text)
        bare = bracketed[1] if bracketed else text
        if _UNIT.fullmatch(bare) or (bracketed and not _CODE.fullmatch(bare)):
            units[place] = bare
            told = bracketed is not None or len(bare) > 1 or not bare.isascii() or bare == "%"
            sure |= told and _holds_numbers(place, below)
        elif not _CODE.fullmatch(bare):
            return None
    return units if sure else None


def _holds_numbers(place: int, below: Sequence[Sequence[str]]) -> bool:
    cells = [row[place].strip() for row in below[:_SAMPLE] if place < len(row)]
    filled = [cell for cell in cells if cell]
    return bool(filled) and 2 * sum(map(bool, map(_NUMBER.match, filled))) >= len(filled)


def names_again(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether a row holds names again, in another language or as labels.

    All its cells are words, over two columns of numbers at least, and none stands below in its
    own column.

    Parameters
    ----------
    row
        Cells of the row below the column names.
    below
        Cells of the rows after it.
    """
    filled = {place: text for place, cell in enumerate(row) if (text := cell.strip())}
    if len(filled) < _FEWEST_NAMES or any(not _WORD.search(text) for text in filled.values()):
        return False
    over_numbers = 0
    for place, text in filled.items():
        cells = [other[place].strip() for other in below if place < len(other)]
        cells = [cell for cell in cells if cell]
        if text in cells or not cells:
            return False
        numeric = sum(_NUMBER.fullmatch(cell) is not None for cell in cells)
        over_numbers += numeric >= _NUMERIC * len(cells)
    return over_numbers >= _FEWEST_COLUMNS and len(below) >= _FEWEST_ROWS
