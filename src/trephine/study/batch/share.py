"""The share of a manifest that one job of an array measures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from trephine.errors import InputError

Shared = TypeVar("Shared")

_FORM = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)


@dataclass(frozen=True)
class Share:
    """Every n-th row, from row i (counted from 0): 0/8 to 7/8 are the whole."""

    number: int = 0
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Share:
        """Read "i/n".

        Raises
        ------
        InputError
            If it is none.
        """
        match = _FORM.fullmatch(text.strip())
        number, of = (int(match[1]), int(match[2])) if match else (0, 0)
        if not number < of:
            raise InputError(
                f"--shard: expected i/n with i from 0 to n - 1, such as 0/8 to 7/8, found {text!r}"
            )
        return cls(number, of)

    def __str__(self) -> str:
        """Return it as it is written on the command line."""
        return f"{self.number}/{self.of}"

    def take(self, rows: Sequence[Shared]) -> list[tuple[int, Shared]]:
        """Return (position, row) of the rows that belong to this share."""
        positions = range(self.number, len(rows), self.of)
        return [(position, rows[position]) for position in positions]
