"""Cells that hold no value although they are not empty: errors, formulas, merged ranges.

They stay in the text table as marks, so that a column that is used refuses them by row and cause;
counted as missing, half of the cases would leave a study without a word.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# A formula whose result the file does not hold: a program wrote it and no spreadsheet opened it.
UNCALCULATED = "#FORMULA?"

# A cell covered by a merged range; the value of the range's first cell follows.
MERGED = "#MERGED:"

# What Excel, LibreOffice and their translations show where a formula fails.
_ERROR = re.compile(
    r"#(VALUE|REF|DIV/0|NAME|NUM|NULL|N/A|SPILL|CALC|FIELD|BLOCKED|CONNECT|UNKNOWN|BUSY|GETTING_DATA"
    r"|WERT|BEZUG|ZAHL|NV|VALEUR|VALOR|NOMBRE|NOM|NOME|¡VALOR|¡REF|¡DIV/0|¡NUM|¿NOMBRE|ЗНАЧ|ССЫЛКА)"
    r"[!?]?|Err:\d{3}|#{3,}",
    re.IGNORECASE,
)


class Cause(NamedTuple):
    """Why a cell holds no value; ``repair`` is the part of the advice that holds in any table."""

    found: str
    advice: str
    repair: str


def cause_of(cell: str) -> Cause | None:
    """Say why a cell holds no value that could be read; None for any other cell."""
    if not cell.startswith(("#", "Err:")):
        return None
    if cell.startswith(MERGED):
        repair = "Unmerge the cells and fill in each row"
        advice = (
            f"{repair}, or say in the study file that the value stands for all of them:"
            ' merged = "repeat"'
        )
        return Cause("a cell merged with another", advice, repair)
    if cell == UNCALCULATED:
        advice = "Open the workbook in a spreadsheet program, let it calculate, and save it"
        return Cause("a formula that was never calculated", advice, advice)
    if _ERROR.fullmatch(cell):
        advice = "Correct the formula in the table; an error is not a missing value"
        return Cause(f"the spreadsheet error {cell}", advice, advice)
    return None


def merged(value: str) -> str:
    """Return the mark of a cell that a merged range covers."""
    return MERGED + value
