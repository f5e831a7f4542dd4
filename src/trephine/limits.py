"""What a study file says of the limits on images and tables, for this process and its workers.

Limits have three sources. The program has usual ones; the environment of whoever runs it raises or
lowers them; and a study file (``[limits.image]``, ``[limits.table]``) has the last word, except
under ``TREPHINE_CONFINED=1``: what others send may then lower the operator's limits, not raise them
(`trephine.plan.reading` refuses it, and here it changes nothing).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Literal

from trephine.paths import is_confined

Kind = Literal["image", "table"]
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


def in_force(kind: Kind, operators: Mapping[str, int]) -> dict[str, int]:
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
