"""Keys by which a study file says how cells are read: advice names those alone that are there."""

from __future__ import annotations

import json
from dataclasses import dataclass

from trephine.cohort.reading.marks import Cause

_KEYS = frozenset({"read", "strip", "decimal", "thousands", "merged"})


@dataclass(frozen=True)
class CellKeys:
    """What may be set about a column, and where.

    Attributes
    ----------
    place
        Section of the study file, such as ``[clinical] age``; empty where a model is locked, so
        that only the table can be corrected.
    names
        Keys of that section that say how a cell is read.
    """

    place: str
    names: frozenset[str] = _KEYS

    def advice(self, needs: str, text: str, otherwise: str) -> str:
        """Return the advice that names a key, KEY standing for its place, or the one without it."""
        return text.replace("KEY", self.place) if needs in self.names else otherwise

    def of_cause(self, cause: Cause) -> str:
        """Return the advice about a cell that holds an error or nothing of its own."""
        return cause.advice if "merged" in self.names else cause.repair


FEATURES = CellKeys("[features]", frozenset({"decimal"}))
"""Ready-made features: of their cells only the decimal sign can be stated."""

LOCKED = CellKeys("", frozenset())
"""A new case of a locked model."""


def quoted(cell: str) -> str:
    """Return a cell as a string of a study file; letters that nobody sees are spelled out."""
    text = json.dumps(cell, ensure_ascii=False)
    return "".join(c if c.isprintable() else _spelled(ord(c)) for c in text)


def with_key(advice: str, column: str) -> str:
    """Return an advice on merged cells with the key of the study file that the column needs."""
    named = f'[data] read = {{ {quoted(column)} = {{ merged = "repeat" }} }}'
    return advice.replace('merged = "repeat"', named)


def _spelled(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
