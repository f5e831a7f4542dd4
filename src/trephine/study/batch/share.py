"""The share of a manifest that one job of an array measures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

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

    def take(self, rows: Sequence[Shared]) -> Sequence[tuple[int, Shared]]:
        """Return (position, row) of the rows that belong to this share."""
        return _Taken(rows, range(self.number, len(rows), self.of))


class _Taken(Sequence[tuple[int, Shared]]):
    """Some rows with their positions, each asked for when it is needed."""

    def __init__(self, rows: Sequence[Shared], positions: range) -> None:
        self._rows, self._positions = rows, positions

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, place: int) -> tuple[int, Shared]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[int, Shared]]: ...
    def __getitem__(self, place: int | slice) -> tuple[int, Shared] | Sequence[tuple[int, Shared]]:
        if isinstance(place, slice):
            return [(position, self._rows[position]) for position in self._positions[place]]
        position = self._positions[place]
        return position, self._rows[position]
