"""What tasks answer, read: numbers of the right shape under the right names, or an error.

A ledger may come from elsewhere, with anything under the right checksum. What reads an answer takes
no other form than the one that is written, and `trephine.validation.tasks` computes the rest again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import numpy as np

from trephine.errors import InputError
from trephine.types import FloatArray

# What reading an answer of another form ends in.
UNREADABLE = (ArithmeticError, AttributeError, InputError, LookupError, TypeError, ValueError)
_Read = TypeVar("_Read")


def numbers(values: object, *shape: int) -> FloatArray:
    """Return numbers of this shape.

    Raises
    ------
    ValueError
        If there are others.
    """
    found: FloatArray = np.array(values, dtype=np.float64)
    if found.shape != shape:
        raise ValueError(f"answer: expected numbers of shape {shape}, found {found.shape}")
    return found


def text(value: object) -> str:
    """Return a text.

    Raises
    ------
    TypeError
        If it is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"answer: expected a text, found {type(value).__name__}")
    return value


def texts(values: object) -> tuple[str, ...]:
    """Return a list of texts.

    Raises
    ------
    TypeError
        If it is none, or holds something else.
    """
    if not isinstance(values, list):
        raise TypeError(f"answer: expected a list, found {type(values).__name__}")
    return tuple(text(value) for value in values)


def by_name(
    content: Mapping[str, Any], names: Collection[str], read: Callable[[Any], _Read]
) -> dict[str, _Read]:
    """Return what stands under each of these names.

    Raises
    ------
    LookupError
        If one is missing or there are others.
    """
    found = some_by_name(content, names, read)
    if len(found) < len(set(names)):
        raise LookupError("answer: expected every name, found some missing")
    return found


def some_by_name(
    content: Mapping[str, Any], names: Collection[str], read: Callable[[Any], _Read]
) -> dict[str, _Read]:
    """Return what stands under those of these names that there are.

    Raises
    ------
    LookupError
        If there are others.
    """
    found = {name: read(value) for name, value in content.items()}
    if not set(found) <= set(names):
        raise LookupError("answer: expected known names, found others")
    return found
