"""Round axis values, as R's ``pretty`` chooses them."""

from __future__ import annotations

import math

import numpy as np

from trephine.errors import InputError
from trephine.types import FloatArray

# R's default bias towards larger units; the one towards 5 follows from it (?pretty in R).
BIAS = 1.5
BIAS_TO_FIVE = 0.5 + 1.5 * BIAS
# Relative slack, so that a limit that is a multiple of the unit is not passed by rounding.
SLACK = 1e-10


def pretty(low: float, high: float, n: int) -> FloatArray:
    """Return about n + 1 equally spaced round values that cover [low, high].

    The unit is 1, 2, 5 or 10 times a power of ten: the largest that ``pretty(c(low, high), n)``
    of R accepts with its default biases.

    Raises
    ------
    InputError
        If the limits are not finite or out of order.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise InputError(f"axis: expected finite limits in order, found {low} and {high}")
    span = high - low
    largest = max(abs(low), abs(high))
    if span <= largest * 1e-14:
        # A single value: R lets the axis reach half way on either side of it.
        cell = largest if largest > 0 else 1.0
        cell = cell * 0.75 / max(1.0, n / 3) if largest > 0 else cell / max(n, 1)
    else:
        cell = span / max(n, 1)
    unit = _unit(cell)
    first = math.floor(low / unit + SLACK)
    last = math.ceil(high / unit - SLACK)
    shortfall = n // 3 - (last - first)
    if shortfall > 0:
        first -= shortfall // 2 if low >= 0 else shortfall - shortfall // 2
        last = first + n // 3
    # Multiples are formed from whole numbers, so that 0.3 is 3 / 10 and not 0.30000000000000004.
    whole = np.arange(first, last + 1, dtype=np.float64)
    return whole * unit if unit >= 1 else whole / round(1 / unit, 10)


def _unit(cell: float) -> float:
    base = 10.0 ** math.floor(math.log10(cell))
    unit = base
    if 2 * base - cell < BIAS * (cell - unit):
        unit = 2 * base
        if 5 * base - cell < BIAS_TO_FIVE * (cell - unit):
            unit = 5 * base
            if 10 * base - cell < BIAS * (cell - unit):
                unit = 10 * base
    return unit
