"""From the width of an interval to the standard error it allows, and to the cases that it needs."""

from __future__ import annotations

import numpy as np

QUANTILE = 1.96
"""As pmvalsampsize has it, so that its numbers are met to the last case."""


def half_width(width: float) -> float:
    """Return the standard error of an estimate whose 95 % interval is so wide."""
    return width / (2.0 * QUANTILE)


def log_ratio_error(width: float) -> float:
    """Return the standard error of log(O/E) at which the interval of an O/E of 1 is so wide."""
    return float(np.arcsinh(width / 2.0)) / QUANTILE


def smallest_n(variance_of_one: float, error: float) -> int:
    """Return the first n at which sqrt(variance / n) is at most ``error``."""
    return int(np.ceil(variance_of_one / error**2))


def check_widths(ratio: float, slope: float, c: float) -> list[str]:
    """Return a sentence on each width that is none."""
    return [
        f"width of the interval of {name}: expected a number > 0, found {width}"
        for name, width in (
            ("observed over expected", ratio),
            ("the calibration slope", slope),
            ("C", c),
        )
        if not 0 < width < np.inf
    ]
