"""How numbers, intervals, horizons and labels are put into words, everywhere alike."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from trephine.choices import Kind, ProtocolName
from trephine.types import TimeUnit, span_text

NumberForm = Literal[
    "count", "0", "1", "2", "3", "4", "p", "p =", "percent", "share", "plain", "signed2",
    "signed3", "weight", "text", "year horizon", "horizon",
]  # fmt: skip
"""How a number is printed.

``count`` with thousands separated; a digit for that many decimals; ``p`` to three decimals or below
"<0.001", ``p =`` with the sign between; ``percent`` for 0 to 100 with one decimal; ``share`` for
0 to 1 as a percentage; ``plain`` without trailing zeros; ``signed`` with a sign; ``text`` as it
stands; ``year horizon`` as in "3-year"; ``horizon`` as in "3 years"; ``weight`` as ``signed3``, or
to the first digit that is not 0.
"""

MISSING = "–"
"""Printed where a number could not be computed."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

_DAYS_A_YEAR = (365.0, 365.25)
_A_YEAR = {"weeks": (52.0,), "months": (12.0,), "years": (1.0,), "days": _DAYS_A_YEAR}


def show(value: float | str | None, form: NumberForm, unit: TimeUnit = "months") -> str:
    """Print one value in one form; None becomes a dash.

    Parameters
    ----------
    value
        A number, or a string for the form ``text``.
    form
        How it is printed.
    unit
        Time unit, for the two forms of a horizon.
    """
    if value is None:
        return MISSING
    if isinstance(value, str) or form == "text":
        # A table's cells may hold what neither document nor workbook can.
        return _CONTROL.sub(" ", str(value))
    if form == "year horizon":
        return horizon_adjective(value, unit)
    if form == "horizon":
        return horizon_noun(value, unit)
    if form == "p =":
        text = show(value, "p")
        return f"{text[0]} {text[1:]}" if text[0] in "<>" else f"= {text}"
    if form == "count":
        return f"{value:,.0f}"
    if form == "p":
        return "<0.001" if value < 0.001 else ">0.999" if value > 0.999 else f"{value:.3f}"
    if form == "percent":
        return _minus(f"{value:.1f}") + "%"
    if form == "share":
        return _minus(f"{100 * value:.1f}") + "%"
    if form == "plain":
        return f"{value:.6g}"
    if form == "weight":
        places = 3 if value == 0 else max(3, -math.floor(math.log10(abs(value))))
        return _minus(f"{value:+.{places}f}")
    if form.startswith("signed"):
        return _minus(f"{value:+.{form[-1]}f}")
    return _minus(f"{value:.{form}f}")


def _minus(text: str) -> str:
    if text.strip("-+0.") == "":
        text = text.lstrip("-+")
    return text.replace("-", "−")


def in_years(horizon: float, unit: TimeUnit) -> float | None:
    """Return the horizon in whole years, or None where it is not a whole number of them."""
    for length in _A_YEAR[unit]:
        years = horizon / length
        if years >= 1 and abs(years - round(years)) < 1e-9:
            return float(round(years))
    return None


def horizon_adjective(horizon: float, unit: TimeUnit) -> str:
    """Say "3-year" or "18-month"."""
    years = in_years(horizon, unit)
    if years is not None:
        return f"{years:.0f}-year"
    return f"{horizon:g}-{unit[:-1]}"


def horizon_noun(horizon: float, unit: TimeUnit) -> str:
    """Say "3 years" or "18 months"."""
    years = in_years(horizon, unit)
    return span_text(horizon, unit) if years is None else span_text(years, "years")


def plural(noun: str, count: int | None = None) -> str:
    """Return the plural of an English noun, unless there is exactly one.

    A study's own noun may be in another script, and has no English plural.
    """
    if count == 1 or not noun.isascii():
        return noun
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two each."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def name_column(heading: str, names: Sequence[str], least: int = 14) -> list[str]:
    """Return a heading and the names below it, filled up to one width for a terminal.

    Parameters
    ----------
    heading, names
        Texts in any script.
    least
        Columns to take at least.
    """
    texts = [heading, *names]
    width = max([least, *(columns_of(text) + 2 for text in texts)])
    return [text + " " * (width - columns_of(text)) for text in texts]


def kind_label(kind: Kind) -> str:
    """Say in a few words what a kind of performance is worth."""
    return {
        "apparent": "apparent, not corrected",
        "nested cross-validated": "nested cross-validation",
        "optimism-corrected": "corrected by bootstrap",
        "external": "external data",
    }[kind]


def assessed_briefly(protocol: ProtocolName, kind: Kind) -> str:
    """Name a protocol and a kind where there is little room."""
    return f"{protocol.capitalize()}: {kind_label(kind)}"


def protocol_label(protocol: ProtocolName) -> str:
    """Name a protocol as the report's headings do."""
    return f"{protocol.capitalize()} protocol"
