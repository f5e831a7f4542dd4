"""Series of facts as arrays that can be drawn: null becomes NaN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.types import FloatArray


def as_array(series: Sequence[float | None]) -> FloatArray:
    """Return the series as float64, shape (n,), NaN where a number is missing."""
    return np.array([np.nan if value is None else value for value in series], dtype=np.float64)


def as_number(value: float | None) -> float:
    """Return the number, or NaN where it is missing."""
    return float("nan") if value is None else value
