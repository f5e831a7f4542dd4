"""What R's ``uniroot`` returns: Brent's method, which ends within a tolerance of 1.2e-4.

R's ``fisher.test`` takes its odds ratio and limits from it. So its numbers are reproduced by the
same search over the same equations, while ours solve the equations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import nchypergeom_fisher

TOLERANCE = float(np.finfo(np.float64).eps ** 0.25)
EPSILON = float(np.finfo(np.float64).eps)


def uniroot(f: Callable[[float], float], a: float, b: float) -> float:
    """Find a root by Brent's method (Brent 1973, chapter 4)."""
    fa, fb = f(a), f(b)
    c, fc = a, fa
    if fa == 0.0:
        return a
    while True:
        before = b - a
        if abs(fc) < abs(fb):
            a, b, c = b, c, b
            fa, fb, fc = fb, fc, fb
        least = 2.0 * EPSILON * abs(b) + TOLERANCE / 2.0
        step = (c - b) / 2.0
        if abs(step) <= least or fb == 0.0:
            return b
        if abs(before) >= least and abs(fa) > abs(fb):
            step = _interpolated((a, b, c), (fa, fb, fc), before, step, least)
        if abs(step) < least:
            step = least if step > 0.0 else -least
        a, fa = b, fb
        b += step
        fb = f(b)
        if (fb > 0.0) == (fc > 0.0):
            c, fc = a, fa


def _interpolated(
    at: tuple[float, float, float],
    value: tuple[float, float, float],
    before: float,
    bisection: float,
    least: float,
) -> float:
    """Return the secant or inverse quadratic step where it is short enough, else bisection."""
    (a, b, c), (fa, fb, fc) = at, value
    if a == c:
        p, q = (c - b) * fb / fa, 1.0 - fb / fa
    else:
        ratio, s, r = fa / fc, fb / fc, fb / fa
        p = r * ((c - b) * ratio * (ratio - s) - (b - a) * (s - 1.0))
        q = (ratio - 1.0) * (s - 1.0) * (r - 1.0)
    p, q = (p, -q) if p > 0.0 else (-p, q)
    if p < 0.75 * (c - b) * q - abs(least * q) / 2.0 and p < abs(before * q / 2.0):
        return p / q
    return bisection


def fisher_by_uniroot(table: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Return the conditional odds ratio and its limits as R's ``fisher.test`` searches for them."""
    (x, _), _ = table
    first, second, drawn = table[:, 0].sum(), table[:, 1].sum(), table[0].sum()
    total = first + second
    least, most = max(0, drawn - second), min(drawn, first)

    def law(odds: float) -> object:
        return nchypergeom_fisher(total, first, drawn, odds)

    def searched(f: Callable[[float], float], goal: float) -> float:
        """Search from 0 to 1, or for the inverse, by the side of 1 on which the root lies."""
        at_one = f(1.0)
        if at_one == goal:
            return 1.0
        rising = f(2.0) > at_one
        if (at_one > goal) == rising:
            return uniroot(lambda t: f(t) - goal, 0.0, 1.0)
        return 1.0 / uniroot(lambda t: f(1.0 / t) - goal, EPSILON, 1.0)

    alpha = (1.0 - level) / 2.0
    mean = _with_limits(lambda odds: law(odds).mean(), least, most)
    below = _with_limits(lambda odds: law(odds).cdf(x), 1.0, 0.0)
    above = _with_limits(lambda odds: law(odds).sf(x - 1), 0.0, 1.0)
    estimate = 0.0 if x == least else np.inf if x == most else searched(mean, x)
    low = 0.0 if x == least else searched(above, alpha)
    high = np.inf if x == most else searched(below, alpha)
    return estimate, low, high


def _with_limits(
    f: Callable[[float], float], at_zero: float, at_infinity: float
) -> Callable[[float], float]:
    """Return f with its limits at odds 0 and at odds too large for the law."""

    def whole(odds: float) -> float:
        if odds == 0.0:
            return at_zero
        return at_infinity if odds >= 1.0 / EPSILON else float(f(odds))

    return whole
