"""The circle nearest to some points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from trephine.errors import InputError
from trephine.types import FloatArray

# Points whose circle is so much larger than they are apart lie on a line.
_STRAIGHT = 1e4


@dataclass(frozen=True)
class CircleFit:
    """A circle in mm.

    Attributes
    ----------
    centre_mm
        x and y.
    radius_mm
        Of the circle.
    residual_mm
        Root mean square of the points' distances from it; 0 for three points.
    """

    centre_mm: tuple[float, float]
    radius_mm: float
    residual_mm: float


def fit_circle(points_mm: npt.ArrayLike) -> CircleFit:
    """Return the circle whose distance from points is least, in squares.

    The geometric fit of Gander, Golub and Strebel 1994 (BIT 34:558), section 3, by
    Levenberg-Marquardt from Kasa's algebraic circle (1976, IEEE Trans Instrum Meas 25:8). Through
    three points it is their circumcircle.

    Parameters
    ----------
    points_mm
        Shape (n, 2), n >= 3.

    Raises
    ------
    InputError
        If points are fewer than three, not finite, or on a line.
    """
    points = np.asarray(points_mm, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
        raise InputError(
            f"circle: expected three points or more, found an array of shape {points.shape}"
        )
    middle = points.mean(axis=0)
    around = points - middle
    size = float(np.abs(around).max())
    if size == 0.0 or np.linalg.matrix_rank(around / size, tol=1e-9) < 2:
        raise InputError("circle: expected points that are not on a line, found a line")
    scaled = around / size
    system = np.column_stack([2.0 * scaled, np.ones(len(scaled))])
    x, y, rest = np.linalg.lstsq(system, (scaled**2).sum(axis=1), rcond=None)[0]
    start = np.array([x, y, np.sqrt(max(rest + x * x + y * y, 0.0))])
    if len(points) > 3:
        start = least_squares(_residuals, start, args=(scaled,), method="lm", xtol=1e-12).x
    if not np.isfinite(start).all() or abs(start[2]) > _STRAIGHT:
        raise InputError("circle: expected points that are not on a line, found nearly a line")
    off = _residuals(start, scaled)
    centre = middle + start[:2] * size
    return CircleFit(
        (float(centre[0]), float(centre[1])),
        float(abs(start[2]) * size),
        float(np.sqrt(np.mean(off**2)) * size),
    )


def _residuals(circle: FloatArray, points: FloatArray) -> FloatArray:
    """Return how far each point lies outside a circle (x, y, radius)."""
    off: FloatArray = np.hypot(points[:, 0] - circle[0], points[:, 1] - circle[1]) - circle[2]
    return off
