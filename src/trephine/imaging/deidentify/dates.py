"""Dates moved by whole days, and age from dates, in DICOM's own notations."""

from __future__ import annotations

import datetime
import re

from trephine.choices import Times

_DATE = re.compile(r"^(\d{4})[.\-/]?(\d{2})[.\-/]?(\d{2})$")
_DATE_TIME = re.compile(r"^(\d{4})(\d{2})(\d{2})(\d{2}[\d.]*)?([+-]\d{4})?$")
_HOUR = re.compile(r"^([01]\d|2[0-3])[\d:.]*$")
_AGE = re.compile(r"^\s*(\d{1,3})([DWMY])\s*$")
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}


# Above this age the year itself identifies (the limit of HIPAA's safe harbour).
OLDEST_YEARS = 90


def shift_date(text: str, days_back: int) -> str:
    """Return a DA value moved back; "" where it is no full date."""
    date = parse_date(text)
    if date is None:
        return ""
    try:
        return f"{date - datetime.timedelta(days=days_back):%Y%m%d}".zfill(8)
    except OverflowError:
        return ""


def shift_date_time(text: str, days_back: int, times: Times) -> str:
    """Return a DT value moved back, without its zone; "" where the day is missing."""
    found = _DATE_TIME.match(text.strip())
    if found is None:
        return ""
    moved = shift_date("".join(found.group(1, 2, 3)), days_back)
    return moved + time_of_day(found[4] or "", times) if moved else ""


def time_of_day(text: str, times: Times) -> str:
    """Return what stays of a TM value: its hour, or nothing."""
    found = _HOUR.match(text.strip())
    return found[1] if found is not None and times == "hour" else ""


def parse_date(text: str) -> datetime.date | None:
    """Return the date behind ``19970430`` or the older ``1997.04.30``; None for anything else."""
    found = _DATE.match(text.strip())
    if found is None:
        return None
    try:
        return datetime.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def age_years(age: str, birth: str, study: str) -> str:
    """Return the age as DICOM writes it in years, ``042Y``; "" where it is unknown.

    Parameters
    ----------
    age
        Patient's Age (0010,1010), in days, weeks, months or years; it goes before the dates.
    birth, study
        DA values, used where there is no age.

    Notes
    -----
    Ages of 90 and above all become ``090Y``.
    """
    found = _AGE.match(age)
    if found is not None:
        years = int(int(found[1]) * _DAYS[found[2]] / _DAYS["Y"] + 1e-9)
    else:
        born, seen = parse_date(birth), parse_date(study)
        if born is None or seen is None or seen < born:
            return ""
        years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return f"{min(years, OLDEST_YEARS):03d}Y"
