"""The ways in which people write a date, and which dates a text could be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from trephine.choices import SerialsFrom

DateOrder = Literal["ymd", "dmy", "mdy"]

# Two-digit years below this are 20.., from it on 19.., as POSIX has it.
_PIVOT = 70
# Day numbers of Excel that can be meant: 1927 to 2100. Excel counts a 29 February 1900.
_SERIALS = range(10_000, 73_051)
_EPOCHS = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}

_TIME = re.compile(
    r"(?<=\d)(T|\s+)\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AP]\.?M\.?)?(Z|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(\d{1,4})\s*([-./\s])\s*(\d{1,2})\s*\2\s*(\d{1,4})\.?")
_EAST = re.compile(
    r"(?P<era>昭和|平成|令和|民[国國])?\s*(?P<y>\d{1,4}|元)\s*[年년]\s*(?P<m>\d{1,2})\s*[月월]"
    r"\s*(?P<d>\d{1,2})\s*([日号號일])?"
)
_ERA = re.compile(
    r"(?P<era>[SHR]|昭和|平成|令和)\s*(?P<y>\d{1,2}|元)\s*([-./])\s*(?P<m>\d{1,2})\s*\3"
    r"\s*(?P<d>\d{1,2})"
)
_ERAS = {"昭和": 1925, "平成": 1988, "令和": 2018, "民国": 1911, "民國": 1911}
_ERAS |= {"S": 1925, "H": 1988, "R": 2018}
# Years of three digits that can be meant: 2011 to 2061.
_REPUBLIC = range(100, 151)
_WHOLE = re.compile(r"\d{8}")
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|º|ª)?\.?[\s\-/.]*(?:de\s+)?([^\W\d_]+)\.?[\s\-/.,]*(?:de[l]?\s+)?"
    r"(\d{4}|'?\d{2})\s*(?:г\.?|года)?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    r"([^\W\d_]+)\.?[\s\-/.]*(\d{1,2})(?:st|nd|rd|th)?[\s\-/.,]+(\d{4}|'?\d{2})", re.IGNORECASE
)
_YEAR_FIRST = re.compile(r"(\d{4})[\s\-/.,]*([^\W\d_]+)\.?[\s\-/.,]*(\d{1,2})", re.IGNORECASE)

# First letters by which the months are known in English, German, French, Spanish, Italian,
# Portuguese, Dutch and Russian, without accents.
_MONTHS = {
    1: "jan jän januar janv enero ene gen gennaio янв",
    2: "feb fev févr fevr febrero feb fevereiro фев",
    3: "mar mär mrz mars marzo mrt maart март мар",
    4: "apr avr abr апр",
    5: "may mai mayo mag maggio maio mei мая май",
    6: "jun juin giu июн",
    7: "jul juil lug июл",
    8: "aug août aou ago авг",
    9: "sep sept set сен",
    10: "oct okt ott out окт",
    11: "nov noi ноя",
    12: "dec dez déc dic дек",
}


@dataclass(frozen=True)
class Candidates:
    """The dates that one text could be.

    Attributes
    ----------
    dates
        By the order of its parts; empty if it looks like a date and is none in any order.
    ordered
        Whether the order of its parts is open; if not, every order gives the same date.
    short_year, serial, republic
        Whether the year has two digits, the text is a bare day number, or the year has three
        digits, as years of the Republic of China have (110 is 2021).
    """

    dates: Mapping[DateOrder, date]
    ordered: bool = False
    short_year: bool = False
    serial: bool = False
    republic: bool = False

    def under(self, order: DateOrder | None) -> date | None:
        """Return the date under an order of parts; without one, where all orders agree."""
        if self.ordered and order is not None:
            return self.dates.get(order)
        days = set(self.dates.values())
        return days.pop() if len(days) == 1 else None


def candidates(text: str, serials: SerialsFrom = 1900) -> Candidates | None:
    """Return which dates a text could be; None if it does not look like one."""
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = _TIME.sub("", plain).strip()
    if match := _EAST.fullmatch(plain) or _ERA.fullmatch(plain):
        return _eastern(match)
    if _WHOLE.fullmatch(plain):
        return _whole(plain)
    if match := _SERIAL.fullmatch(plain):
        number = int(match[1])
        if number not in _SERIALS:
            return None
        return _sure(_EPOCHS[serials] + timedelta(days=number), serial=True)
    if match := _NUMBERS.fullmatch(plain):
        return _numbers(match[1], match[3], match[4])
    return _named(plain)


def _sure(day: date | None, *, short_year: bool = False, serial: bool = False) -> Candidates:
    orders: dict[DateOrder, date] = dict.fromkeys(get_args(DateOrder), day) if day else {}
    return Candidates(orders, short_year=short_year, serial=serial)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _year(text: str) -> int:
    digits = text.lstrip("'")
    if len(digits) > 2:
        return int(digits)
    return int(digits) + (1900 if int(digits) >= _PIVOT else 2000)


def _numbers(first: str, second: str, third: str) -> Candidates | None:
    if len(first) == 4 and len(third) <= 2:
        return _sure(_day(int(first), int(second), int(third)))
    short = len(third) <= 2
    if int(first) in _REPUBLIC and short:
        return _of_republic(int(first), int(second), int(third))
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    orders: dict[DateOrder, date | None] = {
        "dmy": _day(_year(third), int(second), int(first)),
        "mdy": _day(_year(third), int(first), int(second)),
    }
    if short and len(first) == 2:
        orders["ymd"] = _day(_year(first), int(second), int(third))
    return _open(orders, short)


def _of_republic(year: int, month: int, day: int) -> Candidates:
    found = _day(year + _ERAS["民国"], month, day)
    return Candidates(dict.fromkeys(get_args(DateOrder), found) if found else {}, republic=True)


def _open(orders: Mapping[DateOrder, date | None], short_year: bool = False) -> Candidates:
    return Candidates({order: day for order, day in orders.items() if day}, True, short_year)


def _whole(digits: str) -> Candidates:
    """Read eight digits: 20211023, or 23102021; never both, since no month is 19 or 20."""
    if 1900 <= int(digits[:4]) < 2100 and int(digits[4:6]) <= 12:
        return _sure(_day(int(digits[:4]), int(digits[4:6]), int(digits[6:])))
    first, second, year = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if not 1900 <= year < 2100:
        return Candidates({})
    return _open({"dmy": _day(year, second, first), "mdy": _day(year, first, second)})


def _eastern(match: re.Match[str]) -> Candidates:
    era, text = match["era"], match["y"]
    year = 1 if text == "元" else int(text)
    if not era and year in _REPUBLIC:
        return _of_republic(year, int(match["m"]), int(match["d"]))
    if era:
        year += _ERAS[era]
    short = not era and len(text) <= 2
    whole = _year(text) if short and text != "元" else year
    return _sure(_day(whole, int(match["m"]), int(match["d"])), short_year=short)


def _named(text: str) -> Candidates | None:
    for pattern, (year, month, day) in (
        (_YEAR_FIRST, (1, 2, 3)),
        (_DAY_FIRST, (3, 2, 1)),
        (_MONTH_FIRST, (3, 1, 2)),
    ):
        match = pattern.fullmatch(text)
        number = _month(match[month]) if match else None
        if match and number:
            short = len(match[year].lstrip("'")) == 2
            return _sure(_day(_year(match[year]), number, int(match[day])), short_year=short)
    return None


def _bare(text: str) -> str:
    """Return a text in small letters without accents."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


_STEMS = {_bare(stem): number for number, stems in _MONTHS.items() for stem in stems.split()}


def _month(word: str) -> int | None:
    """Return the month that a word names by its first letters; None if it names none or two."""
    bare = _bare(word)
    # A whole name begins with its stem, of which the longest decides: juin is June, juil July.
    fits = [stem for stem in _STEMS if bare.startswith(stem)]
    return _STEMS[max(fits, key=len)] if fits else None
