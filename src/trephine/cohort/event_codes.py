"""What the cells of an event column mean where they say more than yes and no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from trephine.cohort.cells import plain_text
from trephine.types import FloatArray

CENSORED = "0"


def spelt(code: object) -> str:
    """Return a code as cells are compared with it: numbers by value, words in any case."""
    text = plain_text(str(code))
    try:
        return f"{float(text):g}"
    except ValueError:
        return text.casefold()


@dataclass(frozen=True)
class EventCodes:
    """Cells that mean the event, and those that mean each competing one; 0 is none of them.

    Attributes
    ----------
    event
        Codes of the event, as `spelt`.
    competing
        Codes of each competing event, by its name.
    """

    event: tuple[str, ...] = ("1",)
    competing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether it is 1 or 0 and nothing else."""
        return self.event == ("1",) and not self.competing

    @property
    def meanings(self) -> dict[str, int]:
        """0 for censored, 1 for the event, from 2 on the competing ones, by code."""
        found = {CENSORED: 0, **dict.fromkeys(self.event, 1)}
        for kind, codes in enumerate(self.competing.values(), start=2):
            found |= dict.fromkeys(codes, kind)
        return found

    def kinds(self, cells: Sequence[str]) -> FloatArray:
        """Return what each cell means, NaN where it is no code, shape (n,)."""
        meanings = self.meanings
        return np.array([meanings.get(spelt(cell), np.nan) for cell in cells], dtype=np.float64)

    def listed(self) -> str:
        """Return the codes with what they mean, for a message."""
        parts = [f"0 (none seen), {' or '.join(self.event)} (the event)"]
        parts += [f"{' or '.join(codes)} ({name})" for name, codes in self.competing.items()]
        return ", ".join(parts)
