"""A closed line as a hand drew it, without the hand's tremor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from trephine.types import FloatArray

_POINTS_PER_WIDTH = 4
_MOST = 4_000


def smooth_closed(points_mm: npt.ArrayLike, width_mm: float) -> FloatArray:
    """Return a closed line averaged along itself by a Gaussian.

    The line is sampled at equal steps of its length, so that where the hand was slow counts no
    more; the average is a Gaussian of standard deviation ``width_mm`` along it, round the join.

    Parameters
    ----------
    points_mm
        Shape (n, 2), the first point not repeated at the end.
    width_mm
        0 leaves the line as it is.

    Returns
    -------
    ndarray
        Shape (k, 2), mm; at most some thousand points.
    """
    points = np.asarray(points_mm, dtype=np.float64)
    if width_mm <= 0:
        return points
    closed = np.vstack([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    length = float(along[-1])
    if length == 0.0:
        return points
    count = int(np.clip(np.ceil(length / width_mm * _POINTS_PER_WIDTH), 24, _MOST))
    steps = np.arange(count) * (length / count)
    sampled = np.column_stack([np.interp(steps, along, closed[:, axis]) for axis in (0, 1)])
    smoothed: FloatArray = gaussian_filter1d(
        sampled, width_mm / (length / count), axis=0, mode="wrap"
    )
    return smoothed
