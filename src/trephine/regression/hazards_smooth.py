"""A coefficient as a function of time: a smooth of the scaled Schoenfeld residuals.

As R's ``plot.cox.zph``, which draws two standard errors to each side: a natural cubic spline of
four parameters, fitted by least squares to the residuals over transformed time, with a band from
the variance that Grambsch and Therneau (1994) give each residual, the number of events times that
of the coefficient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from trephine.types import FloatArray

PARAMETERS = 4
POINTS = 40
# A spline of four parameters through fewer events, or fewer times, only follows them.
FEWEST_EVENTS = 10
FEWEST_TIMES = 6


@dataclass(frozen=True)
class CoefficientSmooth:
    """A coefficient along transformed time.

    Attributes
    ----------
    at
        Transformed times, ascending, shape (points,).
    value, low, high
        The coefficient there, and its pointwise interval.
    """

    at: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


def smooth_coefficient(
    transformed_times: FloatArray,
    scaled_residuals: FloatArray,
    variance: float,
    *,
    points: int = POINTS,
    level: float = 0.95,
) -> CoefficientSmooth | None:
    """Smooth one coefficient's scaled residuals over transformed time.

    Parameters
    ----------
    transformed_times, scaled_residuals
        Of d events, shape (d,), as `ProportionalHazardsTest` has them.
    variance
        Of the coefficient, from the inverse information.
    points
        Along the smooth; R draws 40.
    level
        Coverage of the pointwise interval.

    Returns
    -------
    None with fewer than ten events, or at fewer than six times.
    """
    times = np.unique(transformed_times)
    if transformed_times.size < FEWEST_EVENTS or times.size < FEWEST_TIMES:
        return None
    at = np.linspace(times[0], times[-1], points)
    # R places the knots by the points of the smooth and the events together.
    inner = np.quantile(np.append(at, transformed_times), [1 / 3, 2 / 3])
    knots = np.array([times[0], *inner, times[-1]])
    if (np.diff(knots) <= 0).any():
        knots = np.linspace(times[0], times[-1], PARAMETERS)
    design = natural_spline(transformed_times, knots)
    found, *_ = np.linalg.lstsq(design, scaled_residuals, rcond=None)
    here = natural_spline(at, knots)
    inverse = np.linalg.pinv(design.T @ design)
    spread = transformed_times.size * variance * np.einsum("ki,ij,kj->k", here, inverse, here)
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(np.maximum(spread, 0.0))
    value = here @ found
    return CoefficientSmooth(at, value, value - half, value + half)


def natural_spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the natural cubic spline's basis at x, shape (len(x), len(knots)).

    Truncated powers, straight beyond the outer knots (Hastie, Tibshirani and Friedman 2009, The
    Elements of Statistical Learning, equation 5.4), over the knots' range as unit.
    """
    unit = (x - knots[0]) / (knots[-1] - knots[0])
    places = (knots - knots[0]) / (knots[-1] - knots[0])

    def bent(k: int) -> FloatArray:
        powers = np.maximum(unit - places[k], 0.0) ** 3 - np.maximum(unit - places[-1], 0.0) ** 3
        found: FloatArray = powers / (places[-1] - places[k])
        return found

    last = bent(len(knots) - 2)
    columns = [np.ones_like(unit), unit]
    columns += [bent(k) - last for k in range(len(knots) - 2)]
    return np.column_stack(columns)
