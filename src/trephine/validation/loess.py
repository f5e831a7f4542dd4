"""Loess: a smooth curve through scattered points, by regressions on the points near by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.types import FloatArray

SPAN = 0.75
DEGREE = 2
# A singular value below this share of the largest is rounding: too few different abscissas are near
# by for one parabola, and the flattest is taken.
RANK = 1e-10


def loess(x: npt.ArrayLike, y: npt.ArrayLike, *, span: float = SPAN) -> FloatArray:
    """Return the local parabola at each point (Cleveland and Devlin 1988, J Am Stat Assoc 83:596).

    At each abscissa the nearest ``span`` of the points are fitted by least squares, weighed by the
    tricube of their distance over the largest among them: R's ``loess`` with its default degree and
    span, computed at every point (``surface = "direct"``).

    Parameters
    ----------
    x, y
        Points, each of shape (n,).
    span
        Share of the points that count at an abscissa, above 0 and 1 at most.

    Raises
    ------
    InputError
        If shapes do not fit, a value is missing, or the span is no such share.
    """
    at, value = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if at.ndim != 1 or at.shape != value.shape or not at.size:
        raise InputError(f"loess: expected shapes (n,) twice, found {at.shape} and {value.shape}")
    if not (np.isfinite(at).all() and np.isfinite(value).all()):
        raise InputError("loess: expected finite values, found some missing")
    if not 0 < span <= 1:
        raise InputError(f"loess: expected 0 < span <= 1, found {span}")
    near = max(int(np.floor(at.size * span + 1e-5)), 1)
    places, place = np.unique(at, return_inverse=True)
    fitted = np.array([_at(one, at, value, near) for one in places])
    smooth: FloatArray = fitted[place]
    return smooth


def _at(place: float, x: FloatArray, y: FloatArray, near: int) -> float:
    """Return the height of the local parabola at one abscissa."""
    distance = np.abs(x - place)
    reach = np.partition(distance, near - 1)[near - 1]
    if reach == 0:
        return float(y[distance == 0].mean())
    within = distance < reach
    root = np.sqrt((1 - (distance[within] / reach) ** 3) ** 3)
    basis = ((x[within] - place) / reach)[:, np.newaxis] ** np.arange(DEGREE + 1)
    coefficients, *_ = np.linalg.lstsq(basis * root[:, np.newaxis], y[within] * root, rcond=RANK)
    return float(coefficients[0])
