"""Numbers of a workbook as people see them: 12 and not 12.0, dates as ISO text, 007, 45%."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

_ZEROS = re.compile(r"0{2,}")
_PLAIN = 1e15
# What a number format shows as it stands: texts in quotes, escaped letters, blanks and fillings.
_AS_IT_STANDS = re.compile(r'"[^"]*"|[\\_*].|\[[^\]]*\]')
# A longer code is none that Excel takes, and patterns would be sought in it for minutes.
_LONGEST_CODE = 255
# Before March 1900 Excel's serials run one day late: it holds 1900 for a leap year.
_LEAP = 60


def number_text(number: float) -> str:
    """Return a number in the shortest digits that give it back, whole ones without a point."""
    if number.is_integer() and abs(number) < _PLAIN:
        return str(int(number))
    return repr(number)


@lru_cache(maxsize=1024)  # a table has few formats and millions of cells
def is_date(code: str) -> bool:
    """Say whether a number format shows dates or times of day."""
    return bool(is_date_format(code))


@lru_cache(maxsize=1024)
def is_percentage(code: str) -> bool:
    """Say whether a number format shows a hundred times the value, and a percent sign."""
    return "%" in _AS_IT_STANDS.sub("", code)


def percent_text(number: float) -> str:
    """Return a share as a sheet shows it, in digits that give it back: 0.07 is 7%."""
    return f"{number_text(float(Decimal(repr(number)) * 100))}%"


def builtin_format(number: int) -> str:
    """Return the code of a format that has a number only."""
    # 27 to 36 and 50 to 58 are dates in East Asian Excel, and general elsewhere.
    if 27 <= number <= 36 or 50 <= number <= 58:
        return "yyyy-mm-dd"
    return str(BUILTIN_FORMATS.get(number, "General"))


def shown(number: float, code: str, from_1904: bool) -> str:
    """Return a cell's number as its format shows it, as far as that bears on its meaning."""
    if len(code) > _LONGEST_CODE:
        return number_text(number)
    if is_date(code):
        return date_text(number, from_1904)
    # A column typed half as 45 and half as 45% holds 45 and 0.45: read alike, one would be wrong.
    if is_percentage(code):
        return percent_text(number)
    if _ZEROS.fullmatch(code) and number.is_integer() and 0 <= number < _PLAIN:
        return str(int(number)).zfill(len(code))
    return number_text(number)


def date_text(serial: float, from_1904: bool) -> str:
    """Return a spreadsheet's serial number as an ISO date, with the time where there is one."""
    if not 0 <= serial < 2_958_466:  # the year 9999
        return number_text(serial)
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
    if not from_1904 and serial < _LEAP:
        start += timedelta(days=1)
    moment = start + timedelta(seconds=round(serial * 86_400))
    if serial < 1:
        return moment.strftime("%H:%M:%S")
    if (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return moment.date().isoformat()
    return moment.isoformat(sep=" ")
