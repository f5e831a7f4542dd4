"""Table E.1-1 of PS3.15 in machine-readable form, and which of its columns are used here."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from pydicom.tag import BaseTag

EDITION = "PS3.15 2026d"
_FILE = "ps315_2026d.csv"

Code = Literal["D", "Z", "X", "U", "Z/D", "X/Z", "X/D", "X/Z/D", "X/Z/U*"]


@dataclass(frozen=True)
class ProfileRow:
    """What the standard asks for one attribute.

    Attributes
    ----------
    basic
        Code of the Basic Profile: D replace, Z empty, X remove, U new UID; combinations depend on
        the attribute's type in its module.
    characteristics
        Column of the Retain Patient Characteristics Option (113108): "K", "C" or "".
    modified_dates
        Column of the Retain Longitudinal Temporal Information With Modified Dates Option (113107):
        "C" or "".
    """

    basic: Code
    characteristics: str
    modified_dates: str


def profile_row(tag: BaseTag) -> ProfileRow | None:
    """Return the table's row for an attribute; None where it lists none.

    Curves (50xx) and overlays (60xx) are listed by pattern.
    """
    single, patterns = _rows()
    found = single.get(f"{int(tag):08X}")
    if found is not None:
        return found
    digits = f"{int(tag):08X}"
    return next((row for pattern, row in patterns if _fits(digits, pattern)), None)


def profile_rows() -> dict[str, ProfileRow]:
    """Return every row by its tag, eight hexadecimal digits or a pattern with ``x``."""
    single, patterns = _rows()
    return single | dict(patterns)


def _fits(digits: str, pattern: str) -> bool:
    return all(wanted in ("x", digit) for digit, wanted in zip(digits, pattern, strict=True))


@functools.cache
def _rows() -> tuple[dict[str, ProfileRow], tuple[tuple[str, ProfileRow], ...]]:
    text = resources.files(__package__).joinpath(_FILE).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    single: dict[str, ProfileRow] = {}
    patterns = []
    for cells in csv.DictReader(lines):
        code: Code = cells["basic"]  # type: ignore[assignment]
        row = ProfileRow(
            code,
            cells["retain_patient_characteristics"],
            cells["retain_longitudinal_modified_dates"],
        )
        if "x" in cells["tag"]:
            patterns.append((cells["tag"], row))
        else:
            single[cells["tag"]] = row
    return single, tuple(patterns)
