"""Local linear regression with tricube weights."""

from __future__ import annotations

import numpy as np

from trephine.types import FloatArray

LOCAL_SPAN = 0.75
"""Share of cases in the window of the local regression."""


def local_linear(x: FloatArray, y: FloatArray, at: FloatArray) -> FloatArray:
    """Return the local linear regression of y on x with tricube weights at each point."""
    nearest = max(3, int(np.ceil(LOCAL_SPAN * x.size)))
    fitted = np.empty(at.size)
    for k, point in enumerate(at):
        distance = np.abs(x - point)
        reach = np.partition(distance, nearest - 1)[nearest - 1] * (1.0 + 1e-9)
        weight = np.clip(1.0 - (distance / max(reach, 1e-300)) ** 3, 0.0, None) ** 3
        centre = np.average(x, weights=weight)
        spread = np.average((x - centre) ** 2, weights=weight)
        mean = np.average(y, weights=weight)
        slope = np.average((x - centre) * (y - mean), weights=weight) / spread if spread else 0.0
        fitted[k] = mean + slope * (point - centre)
    return fitted
