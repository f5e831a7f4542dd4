"""Deriche's recursive Gaussian filters along one axis, as ITK runs them.

Coefficients: Deriche, "Recursively implementing the Gaussian and its derivatives", INRIA report
1893 (1993), in the form of Farneback and Westin (J Math Imaging Vision 26, 2006) that ITK's
RecursiveGaussianImageFilter holds. Beyond an edge, the edge's value goes on for ever.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.types import FloatArray

# Two damped oscillations (W, L) approximate the Gaussian; a and b weigh them for the Gaussian
# itself (order 0) and for its second derivative (order 2).
_W1, _L1, _W2, _L2 = 0.6681, -1.3932, 2.0787, -1.3732
_WEIGHTS = {0: (1.3530, 1.8151, -0.3531, 0.0902), 2: (-1.3563, 5.2318, 0.3446, -2.2355)}

# How many standard deviations away the poles have decayed to some 1e-10: what lies beyond a
# window of that margin does not bear on its centre.
REACH = 16.0

_LINES_AT_ONCE = 32
# A block of this many samples of those lines stays in the nearest cache while it is transposed.
_SAMPLES_AT_ONCE = 64


@dataclass(frozen=True)
class RecursiveFilter:
    """Coefficients of a fourth-order forward and backward recursion.

    Attributes
    ----------
    forward, backward
        Weights of the samples, shape (4,).
    feedback
        Weights of the recursion, shape (4,).
    """

    forward: FloatArray
    backward: FloatArray
    feedback: FloatArray


def recursive_filter(sigma: float, order: Literal[0, 2], gain: float = 1.0) -> RecursiveFilter:
    """Return the filter of a Gaussian or of its second derivative.

    Parameters
    ----------
    sigma
        Standard deviation in samples.
    order
        0 smooths, 2 differentiates twice (per sample^2).
    gain
        Multiplies the response.
    """
    cos1, sin1 = math.cos(_W1 / sigma), math.sin(_W1 / sigma)
    cos2, sin2 = math.cos(_W2 / sigma), math.sin(_W2 / sigma)
    exp1, exp2 = math.exp(_L1 / sigma), math.exp(_L2 / sigma)

    def samples(a1: float, b1: float, a2: float, b2: float) -> FloatArray:
        n1 = exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2)
        n1 += exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1)
        n2 = (a1 + a2) * cos2 * cos1
        n2 -= b1 * cos2 * sin1 + b2 * cos1 * sin2
        n2 *= 2 * exp1 * exp2
        n2 += a2 * exp1 * exp1 + a1 * exp2 * exp2
        n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2)
        n3 += exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1)
        return np.array([a1 + a2, n1, n2, n3])

    d4 = exp1 * exp1 * exp2 * exp2
    d3 = -2 * cos1 * exp1 * exp2 * exp2
    d3 += -2 * cos2 * exp2 * exp1 * exp1
    d2 = 4 * cos2 * cos1 * exp1 * exp2
    d2 += exp1 * exp1 + exp2 * exp2
    d1 = -2 * (exp2 * cos2 + exp1 * cos1)
    sd = 1.0 + d1 + d2 + d3 + d4
    dd = d1 + 2 * d2 + 3 * d3 + 4 * d4
    ed = d1 + 4 * d2 + 9 * d3 + 16 * d4

    n = samples(*_WEIGHTS[0])
    if order == 0:
        alpha = 2 * _sum(n) / sd - n[0]
    else:
        # As much of the Gaussian as makes the response to a constant 0.
        curve = samples(*_WEIGHTS[2])
        beta = -(2 * _sum(curve) - sd * curve[0]) / (2 * _sum(n) - sd * n[0])
        n = curve + beta * n
        sn = _sum(n)
        dn = n[1] + 2 * n[2] + 3 * n[3]
        en = n[1] + 4 * n[2] + 9 * n[3]
        alpha = en * sd * sd - ed * sn * sd - 2 * dn * dd * sd + 2 * dd * dd * sn
        alpha /= sd * sd * sd
    n = n * (gain / alpha)
    backward = np.array([n[1] - d1 * n[0], n[2] - d2 * n[0], n[3] - d3 * n[0], -d4 * n[0]])
    return RecursiveFilter(n, backward, np.array([d1, d2, d3, d4]))


def _sum(n: FloatArray) -> float:
    return float(n[0] + n[1] + n[2] + n[3])


def filter_axis(
    pixels: npt.NDArray[np.floating], axis: int, kept: slice, recursion: RecursiveFilter
) -> npt.NDArray[np.float32]:
    """Run a recursive filter along an axis.

    Parameters
    ----------
    pixels
        Any number of axes; at least four samples along ``axis``.
    kept
        Part of the axis that is returned; the recursion runs over all of it.

    Returns
    -------
    ndarray
        Single precision, as ITK keeps every intermediate image of a Laplacian of Gaussian.
    """
    shape = pixels.shape
    before = int(np.prod(shape[:axis], dtype=np.int64))
    after = int(np.prod(shape[axis + 1 :], dtype=np.int64))
    result = np.empty((before, kept.stop - kept.start, after), np.float32)
    _run(
        np.ascontiguousarray(pixels).reshape(before, shape[axis], after),
        result,
        kept.start,
        recursion.forward,
        recursion.backward,
        recursion.feedback,
    )
    return result.reshape(*shape[:axis], -1, *shape[axis + 1 :])


@njit(cache=True, nogil=True)
def _run(
    pixels: npt.NDArray[np.floating],
    result: npt.NDArray[np.float32],
    first: int,
    n: FloatArray,
    m: FloatArray,
    d: FloatArray,
) -> None:
    """Filter along the middle axis, some lines at a time so that the processor works in parallel.

    Sums run in ITK's order, so that the roundings are ITK's. Before the first and behind the last
    sample lie four more of the same value, at which the recursions have settled.
    """
    before, length, after = pixels.shape
    stop = first + result.shape[1]
    data = np.empty((length + 8, _LINES_AT_ONCE))
    ahead = np.empty((length + 4, _LINES_AT_ONCE))
    back = np.empty((length + 4, _LINES_AT_ONCE))
    feed = d[0] + d[1] + d[2] + d[3] + 1.0
    at_start = (n[0] + n[1] + n[2] + n[3]) / feed
    at_end = (m[0] + m[1] + m[2] + m[3]) / feed
    for start in range(0, before * after, _LINES_AT_ONCE):
        count = min(_LINES_AT_ONCE, before * after - start)
        _gather(pixels, start, count, data[4 : length + 4])
        for k in range(4):
            data[k] = data[4]
            data[length + 4 + k] = data[length + 3]
            ahead[k] = data[4] * at_start
            back[length + k] = data[length + 3] * at_end
        for k in range(4, stop + 4):
            for lane in range(_LINES_AT_ONCE):
                ahead[k, lane] = (
                    data[k, lane] * n[0]
                    + data[k - 1, lane] * n[1]
                    + data[k - 2, lane] * n[2]
                    + data[k - 3, lane] * n[3]
                ) - (
                    ahead[k - 1, lane] * d[0]
                    + ahead[k - 2, lane] * d[1]
                    + ahead[k - 3, lane] * d[2]
                    + ahead[k - 4, lane] * d[3]
                )
        for k in range(length - 1, first - 1, -1):
            for lane in range(_LINES_AT_ONCE):
                back[k, lane] = (
                    data[k + 5, lane] * m[0]
                    + data[k + 6, lane] * m[1]
                    + data[k + 7, lane] * m[2]
                    + data[k + 8, lane] * m[3]
                ) - (
                    back[k + 1, lane] * d[0]
                    + back[k + 2, lane] * d[1]
                    + back[k + 3, lane] * d[2]
                    + back[k + 4, lane] * d[3]
                )
        _scatter(ahead[first + 4 : stop + 4], back[first:stop], start, count, result)


@njit(cache=True, nogil=True)
def _gather(pixels: npt.NDArray[np.floating], start: int, count: int, data: FloatArray) -> None:
    """Copy lines ``start`` to ``start + count`` to the columns of ``data``; others become 0."""
    _, length, after = pixels.shape
    data[:, count:] = 0.0
    if after == 1:
        for block in range(0, length, _SAMPLES_AT_ONCE):
            for lane in range(count):
                for k in range(block, min(block + _SAMPLES_AT_ONCE, length)):
                    data[k, lane] = pixels[start + lane, k, 0]
        return
    done = 0
    while done < count:
        outer, inner = divmod(start + done, after)
        part = min(count - done, after - inner)
        for k in range(length):
            for lane in range(part):
                data[k, done + lane] = pixels[outer, k, inner + lane]
        done += part


@njit(cache=True, nogil=True)
def _scatter(
    ahead: FloatArray, back: FloatArray, start: int, count: int, result: npt.NDArray[np.float32]
) -> None:
    """Write the sum of both recursions to lines ``start`` to ``start + count`` of the result."""
    _, length, after = result.shape
    if after == 1:
        for block in range(0, length, _SAMPLES_AT_ONCE):
            for lane in range(count):
                for k in range(block, min(block + _SAMPLES_AT_ONCE, length)):
                    result[start + lane, k, 0] = ahead[k, lane] + back[k, lane]
        return
    done = 0
    while done < count:
        outer, inner = divmod(start + done, after)
        part = min(count - done, after - inner)
        for k in range(length):
            for lane in range(part):
                result[outer, k, inner + lane] = ahead[k, done + lane] + back[k, done + lane]
        done += part
