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
from trephine.types import FloatArray, IntArray


class Screen(NamedTuple):
    """What is known of the gradient g_j = x_j . residual of every column.

    Attributes
    ----------
    gradient
        Shape (p,), when last computed.
    stamp
        Shape (p,), how far the residual had travelled then: g_j cannot have moved by more than
        length_j (travelled - stamp_j) since. Infinite for a column that is not to be looked at.
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
def leave_out(screen: Screen, j: int) -> None:
    """Look at column ``j`` no more: it is in the active set."""
    screen.stamp[j] = np.inf


@njit(cache=True)
def take_back(screen: Screen, j: int, gradient: float) -> None:
    """Look at column ``j`` again, whose gradient at the residual last seen is given."""
    screen.gradient[j] = gradient
    screen.stamp[j] = screen.travelled[0]


@njit(cache=True)
def _travel(screen: Screen, residual: FloatArray) -> float:
    """Go to ``residual``; return the length of the way so far."""
    square = 0.0
    for i in range(residual.size):
        square += (residual[i] - screen.residual[i]) ** 2
        screen.residual[i] = residual[i]
    screen.travelled[0] += np.sqrt(square)
    return float(screen.travelled[0])


@njit(cache=True)
def _within_reach(screen: Screen, l1: FloatArray, l1_next: FloatArray) -> tuple[IntArray, int]:
    """Return the columns whose |gradient| may exceed ``l1_next``, and how many are strong.

    The strong ones, those that the sequential strong rule keeps for the next penalty, come first.
    """
    gradient, stamp, length = screen.gradient, screen.stamp, screen.length
    travelled = screen.travelled[0]
    near = np.empty(gradient.size, np.int64)
    n_near = n_strong = 0
    for j in range(gradient.size):
        size = abs(gradient[j])
        if size + (travelled - stamp[j]) * length[j] > l1_next[j]:
            near[n_near] = j
            if size >= 2.0 * l1_next[j] - l1[j]:
                near[n_near] = near[n_strong]
                near[n_strong] = j
                n_strong += 1
            n_near += 1
    return near[:n_near], n_strong


@njit(cache=True)
def find_entering(
    design: FloatArray,
    residual: FloatArray,
    l1: FloatArray,
    l1_next: FloatArray,
    slack: float,
    screen: Screen,
) -> tuple[IntArray, float]:
    """Return the columns that must enter at this penalty or, if none must, at the next.

    A column must where |gradient| > l1 + slack. Where some of the strong ones must enter now, the
    rest waits for the next call.

    Parameters
    ----------
    design, residual
        Shape (p, n) and (n,): the columns, and the gradient by the linear predictor at the
        solution over the active ones.
    l1, l1_next
        Shape (p,), each column's penalty now and at the next step of the path.
    slack
        By how much a gradient may exceed its penalty.

    Returns
    -------
    entering, worst
        ``worst`` is the largest |gradient| - l1 among the columns looked at; where it exceeds
        ``slack``, ``entering`` must enter now.
    """
    n = design.shape[1]
    gradient, stamp = screen.gradient, screen.stamp
    travelled = _travel(screen, residual)
    near, n_strong = _within_reach(screen, l1, l1_next)
    worst = -np.inf
    looked = 0
    for end in (n_strong, near.size):
        for k in range(looked, end):
            j = near[k]
            if stamp[j] < travelled:
                gradient[j] = dot(design[j], residual, n)
                stamp[j] = travelled
            worst = max(worst, abs(gradient[j]) - l1[j])
        looked = end
        if worst > slack:
            break
    bar = l1 if worst > slack else l1_next
    found = 0
    for k in range(looked):
        j = near[k]
        if abs(gradient[j]) > bar[j] + slack:
            near[found] = j
            found += 1
    return near[:found], worst
