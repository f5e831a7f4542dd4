"""What a study file says of the limits on files, for this process and its workers.

Limits have three sources. The program has usual ones; the environment of whoever runs it raises or
lowers them; and a study file (``[limits.image]``, ``[limits.table]``, ``[limits.archive]``,
``[limits.network]``, ``[limits.store]``) has the last word, except under ``TREPHINE_CONFINED=1``:
what others send may then lower the operator's limits, not raise them (`trephine.plan.reading`
refuses it, and here it changes nothing).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import ClassVar, Literal, Self

from trephine.errors import InputError
from trephine.paths import is_confined

LimitKind = Literal["image", "table", "archive", "network", "store"]
Stated = Mapping[str, Mapping[str, int]]

_NONE: Stated = MappingProxyType({})
_stated: ContextVar[Stated] = ContextVar("stated limits", default=_NONE)


def state_limits(stated: Stated) -> None:
    """Hold what is read from now on to a study's limits, until another study's are stated.

    Parameters
    ----------
    stated
        By kind, the limits that the study file names.
    """
    _stated.set(stated)


def stated_limits() -> Stated:
    """Return what the study at hand states, to be handed to workers."""
    return dict(_stated.get())


@dataclass(frozen=True)
class OperatorLimits:
    """Limits of one kind; their usual values are the defaults of a subclass's fields.

    Attributes
    ----------
    kind
        Of what; the study file's section is ``[limits.KIND]``.
    variable
        Of the environment, by which an operator changes them: ``rows=500000,cells=30000000``.
    example
        One of them with a number, for messages.
    """

    kind: ClassVar[LimitKind]
    variable: ClassVar[str]
    example: ClassVar[str]

    @classmethod
    def in_force(cls) -> Self:
        """Return the limits that hold: the usual ones, the environment's, the study's.

        Raises
        ------
        InputError
            If the environment names no limit, or no number.
        """
        operators = cls.from_environment()
        stated = _stated.get().get(cls.kind, {})
        if not stated:
            return operators
        if is_confined():
            stated = {name: min(most, getattr(operators, name)) for name, most in stated.items()}
        return replace(operators, **stated)

    @classmethod
    def from_environment(cls) -> Self:
        """Return the limits before a study file has its word.

        Raises
        ------
        InputError
            If the environment names no limit, or no number.
        """
        names, found = sorted(field.name for field in fields(cls)), {}
        for part in filter(None, os.environ.get(cls.variable, "").replace(" ", "").split(",")):
            name, _, number = part.partition("=")
            if name not in names or not number.isdecimal() or int(number) < 1:
                raise InputError(
                    f"{cls.variable}: expected numbers for {', '.join(names)}, as in"
                    f" {cls.example}, found {part!r}"
                )
            found[name] = int(number)
        return cls(**found)

    @classmethod
    def raised_by(cls, limit: str, number: int | None = None) -> str:
        """Return how the environment raises a limit, to a number where one is known."""
        return f"{cls.variable}={limit}={'...' if number is None else number}"
