"""What a study file says of the limits on files, for this process and its workers.

Limits have three sources. The program has usual ones; the environment of whoever runs it raises or
lowers them; and a study file (``[limits.image]``, ``[limits.table]``, ``[limits.archive]``,
``[limits.network]``) has the last word, except under ``TREPHINE_CONFINED=1``: what others send may
then lower the operator's limits, not raise them (`trephine.plan.reading` refuses it, and here it
changes nothing).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Literal

from trephine.errors import InputError
from trephine.paths import is_confined

LimitKind = Literal["image", "table", "archive", "network"]
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


def in_force(kind: LimitKind, operators: Mapping[str, int]) -> dict[str, int]:
    """Return the limits that hold.

    Parameters
    ----------
    kind
        Of what.
    operators
        The usual limits, those replaced that the environment names.
    """
    stated = _stated.get().get(kind, {})
    if is_confined():
        stated = {name: min(most, operators[name]) for name, most in stated.items()}
    return {**operators, **stated}


def from_variable(variable: str, known: Iterable[str], example: str) -> dict[str, int]:
    """Return the limits that an environment variable names: ``rows=500000,cells=30000000``.

    Parameters
    ----------
    variable
        Its name.
    known
        The limits that there are.
    example
        One of them with a number, for the message.

    Raises
    ------
    InputError
        If it names another, or no number.
    """
    names, found = sorted(known), {}
    for part in filter(None, os.environ.get(variable, "").replace(" ", "").split(",")):
        name, _, number = part.partition("=")
        if name not in names or not number.isdecimal() or int(number) < 1:
            raise InputError(
                f"{variable}: expected numbers for {', '.join(names)}, as in {example}, found"
                f" {part!r}"
            )
        found[name] = int(number)
    return found
