"""What every fact is built on: frozen, without NaN, at home in JSON."""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from trephine.types import Estimate


def _plain_number(value: Any) -> Any:
    """Turn NumPy scalars into Python's, and anything that is not finite into None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _plain_integer(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _plain_sequence(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


Number = Annotated[float | None, BeforeValidator(_plain_number)]
"""A finite number, or None (JSON null) where none could be computed."""

Count = Annotated[int, BeforeValidator(_plain_integer)]
"""A number of things."""

Series = Annotated[tuple[Number, ...], BeforeValidator(_plain_sequence)]
"""Numbers in order; a NumPy array is taken as it is."""

SeriesRows = Annotated[tuple[Series, ...], BeforeValidator(_plain_sequence)]
"""A matrix, row by row; a NumPy array is taken as it is."""

Points = Annotated[tuple[tuple[float, float], ...], BeforeValidator(_plain_sequence)]
"""Places as (row, column); a NumPy array of shape (n, 2) is taken as it is."""

CountSeries = Annotated[tuple[Count, ...], BeforeValidator(_plain_sequence)]
"""Numbers of things in order."""


# Neither XML, and so no Word document, nor a figure can hold these; bidirectional overrides could
# turn a label round in the reader's eye.
_UNPRINTABLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufffe\\uffff\\ud800-\\udfff]+"
)


def _printable(value: Any) -> Any:
    """Put a space where a text has characters that cannot be printed."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub(" ", value)
    if isinstance(value, tuple | list) and value and isinstance(value[0], str):
        return tuple(_printable(one) for one in value)
    return value


class Fact(BaseModel):
    """Base of all facts: frozen, unknown keys refused, printable, docstrings kept in the schema."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _printable_texts(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: _printable(one) for name, one in value.items()}
        return value


class EstimateFact(Fact):
    """A number with its interval; ``trephine.types.Estimate`` is taken as it is."""

    value: Number
    """Point estimate."""
    low: Number = None
    """Lower limit of the interval; null where none could be computed."""
    high: Number = None
    """Upper limit of the interval; null where none could be computed."""
    level: float = 0.95
    """Coverage that the interval aims at."""

    @model_validator(mode="before")
    @classmethod
    def _from_estimate(cls, value: Any) -> Any:
        if isinstance(value, Estimate):
            numbers = asdict(value)
            del numbers["standard_error"]
            return numbers
        return value


class SpreadFact(Fact):
    """What resamples gave, as limits that hold most of it; no interval of an estimate."""

    low: Number
    """Lower limit."""
    high: Number
    """Upper limit."""
    level: float = 0.95
    """Share of the resamples that lie between."""


class HorizonEstimate(Fact):
    """A number with its interval at one horizon."""

    horizon: float
    """Horizon, in the study's time unit."""
    estimate: EstimateFact
    """The number at this horizon."""


class HorizonNumber(Fact):
    """A number at one horizon."""

    horizon: float
    """Horizon, in the study's time unit."""
    value: Number
    """The number at this horizon."""


class Quartiles(Fact):
    """Median with first and third quartile."""

    median: Number
    """Median."""
    q1: Number
    """First quartile."""
    q3: Number
    """Third quartile."""


class CompetingCount(Fact):
    """An event that competes with the one that is predicted."""

    name: str
    """Name of the event."""
    cases: Count
    """Analysed cases whose first event it was."""
    percent: Number
    """Of the analysed cases, 0 to 100."""
