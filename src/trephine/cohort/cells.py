"""What a cell means where the study file says so: words recoded, units and decimal commas read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from trephine.choices import DecimalSign
from trephine.cohort.reading.marks import MERGED
from trephine.errors import MisfitError

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
# 1.234 where commas are decimal, or 1,234 where points are: a thousand, or one and a bit?
_EITHER = {
    ",": re.compile(r"[-+]?[1-9][0-9]{0,2}\.[0-9]{3}"),
    ".": re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}"),
}
# A minus before a number: the sign itself, or the dash that a word processor makes of it.
_MINUS = re.compile(r"−|^\s*–(?=\s*[0-9.])")
# Digits that are drawn raised, lowered or in circles: behind a number they mark a footnote.
_RAISED = "".join(
    letter
    for letter in map(chr, range(0xB2, 0x3300))
    if unicodedata.decomposition(letter).startswith(("<super>", "<sub>", "<circle>", "<compat>"))
    and re.search(r"[0-9]", unicodedata.normalize("NFKC", letter))
)
_MARKED = re.compile(rf"[-+−]?\d+(?:[.,]\d+)?\s*([*†‡§¶‖#^※]+|[{re.escape(_RAISED)}]+)")
_FOOTNOTED = re.compile(rf"(?<=\d)\s*[{re.escape(_RAISED)}]")
_OTHER: dict[DecimalSign, DecimalSign] = {",": ".", ".": ","}
_GROUPS = {
    ",": re.compile(r"[-+]?[0-9]{1,3}(?:\.[0-9]{3})+(?=,|$)"),
    ".": re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?=\.|$)"),
}


class CellReading(BaseModel):
    """How the cells of one column are read; by default they are taken as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    read: dict[str, str] = Field(
        default_factory=dict,
        description='what a cell means: `{ "男" = "M", "1" = "M", "unknown" = "" }`; the whole cell'
        ' is compared, `""` is an empty one, and what is not listed stays as it is',
    )
    strip: tuple[str, ...] = Field(
        default=(),
        description='words around a number that are taken off, such as `["岁", "kg/m2"]`; a'
        " variable's own `unit` always is",
    )
    decimal: DecimalSign | None = Field(
        default=None,
        description="the decimal sign of numbers written as text, the other one then"
        " separating thousands; a cell that could mean either is refused",
    )
    thousands: DecimalSign | None = Field(
        default=None,
        description="the thousands separator, as in 1,234; the other sign is decimal",
    )
    merged: Literal["refuse", "repeat"] = Field(
        default="refuse",
        description="what cells mean that a merged range covers: an error, or the range's value",
    )

    @model_validator(mode="after")
    def _two_signs(self) -> Self:
        if self.decimal is not None and self.decimal == self.thousands:
            raise MisfitError("thousands", "another sign than decimal", repr(self.thousands))
        return self

    @model_validator(mode="before")
    @classmethod
    def _read_as_text(cls, data: object) -> object:
        """Let a study file write ``read = { "male" = 1 }``: cells are text."""
        if isinstance(data, dict) and isinstance(data.get("read"), Mapping):
            read = {str(key): as_text(value) for key, value in data["read"].items()}
            data = {**data, "read": read}
        return data

    @classmethod
    def of(cls, data: object) -> Self:
        """Return a reading from a section of the study file, or from words and meanings alone."""
        if isinstance(data, Mapping) and not set(data) <= set(cls.model_fields):
            data = {"read": dict(data)}
        return cls.model_validate(data)


def as_text(value: object) -> str:
    """Return a value of a study file as a table writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def read_column(
    column: pd.Series, how: CellReading, unit: str = "", numbers: bool = True
) -> pd.Series:
    """Return a text column with each cell read as its plan says.

    Parameters
    ----------
    column
        Text cells.
    how
        The plan's word on them.
    unit
        Taken off as the words of ``strip`` are.
    numbers
        Whether the column holds numbers; units and decimal signs are those of numbers only.
    """
    words = tuple(word for word in (*how.strip, unit) if word)
    spoken = bool(how.strip or how.decimal or how.thousands)
    asked = numbers and (spoken or bool(words))
    if not (how.read or asked or how.merged == "repeat"):
        return column

    def cell_of(cell: str) -> str:
        if how.merged == "repeat" and cell.startswith(MERGED):
            cell = cell.removeprefix(MERGED)
        if cell in how.read:
            return how.read[cell]
        number = plain_number(cell, words, how.decimal, how.thousands) if asked else None
        # A unit that the plan states is taken off where it stands; digits that are none are not
        # read as some unless the plan asks for it.
        if number is not None and (spoken or plain_text(number) != plain_text(cell)):
            return number
        return cell

    if len(column) == 1:
        # One cell, as of a new case, mostly means what it says: a server is asked often.
        cell = column.iloc[0]
        read = cell_of(cell)
        return column if read == cell else pd.Series([read], column.index, name=column.name)
    return column.map(cell_of)


def apply_readings(frame: pd.DataFrame, readings: Mapping[str, CellReading]) -> pd.DataFrame:
    """Return a table with the named columns read as the plan says; others stay as they are."""
    named = {column: how for column, how in readings.items() if column in frame.columns}
    if not named:
        return frame
    return frame.assign(**{c: read_column(frame[c], how) for c, how in named.items()})


def plain_number(
    cell: str,
    words: tuple[str, ...] = (),
    decimal: DecimalSign | None = None,
    thousands: DecimalSign | None = None,
) -> str | None:
    """Return a number in plain digits with a point; None where the cell is none, or ambiguous.

    Full-width digits, a Unicode minus and blanks that do not break are those of a plain number; a
    raised digit behind another is a footnote's, and none of its own.
    """
    text = _without_words(cell.strip(), tuple(word for word in words if _is_raised(word)))
    if _FOOTNOTED.search(text):
        return None
    text = plain_text(text)
    bare = _without_words(text, tuple(plain_text(word) for word in words if not _is_raised(word)))
    sign = decimal or (_OTHER[thousands] if thousands else None)
    if bare == text and cell == text and sign is None:
        return None
    if sign is not None:
        bare = re.sub(r"(?<=[0-9])[ '’](?=[0-9]{3}(?![0-9]))", "", bare)
        if thousands is None and _EITHER[sign].fullmatch(bare):
            return None
        if _GROUPS[sign].match(bare):
            bare = bare.replace(_OTHER[sign], "")
        bare = bare.replace(sign, ".")
    return bare if _NUMBER.fullmatch(bare) else None


def _is_raised(word: str) -> bool:
    return bool(word) and all(letter in _RAISED for letter in word)


def footnote_mark(cell: str) -> str:
    """Return the footnote's mark behind a number, as the asterisk of "23*", or an empty text."""
    match = _MARKED.fullmatch(cell.strip())
    return match[1] if match else ""


def plain_text(text: str) -> str:
    """Return a text with full-width letters, odd blanks and minus signs as a keyboard has them."""
    return _MINUS.sub("-", unicodedata.normalize("NFKC", text)).strip()


def _without_words(text: str, words: tuple[str, ...]) -> str:
    """Take words off both ends, the longest first, without regard to capitals."""
    ordered = sorted(filter(None, words), key=len, reverse=True)
    changed = True
    while changed:
        changed = False
        for word in ordered:
            if text.casefold().endswith(word.casefold()):
                text, changed = text[: len(text) - len(word)].rstrip(), True
            elif text.casefold().startswith(word.casefold()):
                text, changed = text[len(word) :].lstrip(), True
    return text
