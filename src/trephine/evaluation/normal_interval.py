"""Normal 95 % intervals of estimates whose variance is known."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from trephine.types import Estimate

_HALF = float(ndtri(0.975))


def with_interval(value: float, variance: float) -> Estimate:
    """Return an estimate with its normal 95 % interval."""
    error = float(np.sqrt(variance))
    half = _HALF * error
    return Estimate(float(value), float(value) - half, float(value) + half, standard_error=error)
