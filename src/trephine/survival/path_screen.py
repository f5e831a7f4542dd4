"""Which columns outside the active set must enter it, at the cost of few of their gradients.

Two screens: the sequential strong rule (Tibshirani et al. 2012, J R Stat Soc B 74:245), which may
err, says whom to look at first; and a bound by Cauchy and Schwarz on how far a gradient can have
moved since it was last computed, which cannot err, says who need not be looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from trephine.survival.path_products import dot, dots
from trephine.types import BoolArray, FloatArray, IntArray


class Screen(NamedTuple):
    """What is known of the gradient g_j = x_j . residual of every column.

    Attributes
    ----------
    gradient
        Shape (p,), when last computed.
    stamp
        Shape (p,), how far the residual had travelled then: g_j cannot have moved by more than
        length_j (travelled - stamp_j) since.
    length
        Shape (p,), Euclidean, of the columns.
    residual
        Shape (n,), when last seen.
    travelled
        Shape (1,), the length of the way that the residual has gone.
    """

    gradient: FloatArray
    stamp: FloatArray
    length: FloatArray
    residual: FloatArray
    travelled: FloatArray


@njit(cache=True)
def begin_screen(design: FloatArray, residual: FloatArray) -> Screen:
    """Compute the gradient of all columns, shape (p, n), at the first ``residual``."""
    p, n = design.shape
    gradient = np.empty(p)
    length = np.empty(p)
    dots(design, p, residual, gradient)
    for j in range(p):
        length[j] = np.sqrt(dot(design[j], design[j], n))
    return Screen(gradient, np.zeros(p), length, residual.copy(), np.zeros(1))


@njit(cache=True)
def find_entering(
    design: FloatArray,
    residual: FloatArray,
    l1: FloatArray,
    l1_before: FloatArray,
    slack: float,
    is_active: BoolArray,
    screen: Screen,
) -> tuple[IntArray, float]:
    """Return inactive columns with |gradient| > l1 + slack, none only where there are none.

    Those that the strong rule keeps come first; where some of them must enter, the rest waits for
    the next call.

    Returns
    -------
    entering, worst
        ``worst`` is the largest |gradient| - l1 among the columns looked at.
    """
    p, n = design.shape
    moved = 0.0
    for i in range(n):
        moved += (residual[i] - screen.residual[i]) ** 2
        screen.residual[i] = residual[i]
    screen.travelled[0] += np.sqrt(moved)
    travelled = screen.travelled[0]
    entering = np.empty(p, np.int64)
    found = 0
    worst = -np.inf
    for strong_only in (True, False):
        for j in range(p):
            size = abs(screen.gradient[j])
            if size + (travelled - screen.stamp[j]) * screen.length[j] <= l1[j] or is_active[j]:
                continue
            if strong_only and size < 2.0 * l1[j] - l1_before[j]:
                continue
            if screen.stamp[j] < travelled:
                screen.gradient[j] = dot(design[j], residual, n)
                screen.stamp[j] = travelled
                size = abs(screen.gradient[j])
            worst = max(worst, size - l1[j])
            if size > l1[j] + slack:
                entering[found] = j
                found += 1
        if found > 0:
            break
    return entering[:found], worst
