"""First-order statistics of a region's grey values."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from trephine.radiomics.quantise import Quantised
from trephine.types import FloatArray

_EPSILON = np.spacing(1.0)
_SHARES = (0.10, 0.25, 0.50, 0.75, 0.90)


def firstorder_features(
    values: FloatArray,
    quantised: Quantised,
    *,
    shift: float,
    voxel_size: float,
    excess_kurtosis: bool,
) -> dict[str, float]:
    """Measure the grey values of a region.

    Definitions of PyRadiomics 3.0.1: moments over n, percentiles interpolated linearly between
    order statistics, entropy and uniformity of the discretised values. Skewness and kurtosis of a
    constant region are 0; the robust deviation is NaN where no value lies between the percentiles.

    Parameters
    ----------
    values
        Grey values, shape (voxels,).
    shift
        ``voxelArrayShift``.
    voxel_size
        Area or volume of a voxel, in mm^2 or mm^3.
    excess_kurtosis
        Whether 3 is subtracted from the kurtosis, as IBSI does.
    """
    ordered = np.sort(values)
    p10, p25, p50, p75, p90 = _percentiles(ordered).tolist()
    mean = _mean(values)
    minimum, maximum = float(ordered[0]), float(ordered[-1])
    m2, m3, m4, deviation, energy = _moments(values, mean, shift)
    middle = ordered[np.searchsorted(ordered, p10) : np.searchsorted(ordered, p90, "right")]
    if minimum == maximum:  # whatever the rounding of the mean
        m2 = m3 = m4 = deviation = 0.0
    p = quantised.histogram[quantised.histogram > 0] / values.size
    return {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": energy,
        "Entropy": -float((p * np.log2(p + _EPSILON)).sum()),
        "InterquartileRange": p75 - p25,
        "Kurtosis": (m4 / m2**2 - 3.0 * excess_kurtosis) if m2 else 0.0,
        "Maximum": maximum,
        "Mean": mean,
        "MeanAbsoluteDeviation": deviation,
        "Median": p50,
        "Minimum": minimum,
        "Range": maximum - minimum,
        "RobustMeanAbsoluteDeviation": (
            _moments(middle, _mean(middle), 0.0)[3] if middle.size else math.nan
        ),
        "RootMeanSquared": math.sqrt(energy / values.size),
        "Skewness": m3 / m2**1.5 if m2 else 0.0,
        "StandardDeviation": math.sqrt(m2),
        "TotalEnergy": energy * voxel_size,
        "Uniformity": float((p * p).sum()),
        "Variance": m2,
    }


def _mean(values: FloatArray) -> float:
    """Return what ``numpy.mean`` does, which takes longer over a short array than it adds up."""
    return float(np.add.reduce(values)) / values.size


@njit(cache=True, nogil=True)
def _percentiles(ordered: FloatArray) -> FloatArray:
    """Interpolate between order statistics as numpy's default ('linear') does."""
    found = np.empty(len(_SHARES))
    for k in range(found.size):
        position = _SHARES[k] * (ordered.size - 1)
        below = math.floor(position)
        above = min(below + 1, ordered.size - 1)
        low, high, weight = ordered[below], ordered[above], position - below
        if weight < 0.5:
            found[k] = low + (high - low) * weight
        else:
            found[k] = high - (high - low) * (1.0 - weight)
    return found


@njit(cache=True, nogil=True)
def _moments(
    values: FloatArray, mean: float, shift: float
) -> tuple[float, float, float, float, float]:
    """Return the central moments 2 to 4, the mean absolute deviation and the shifted energy."""
    m2 = m3 = m4 = deviation = energy = 0.0
    for n in range(values.size):
        d = values[n] - mean
        d2 = d * d
        m2 += d2
        m3 += d2 * d
        m4 += d2 * d2
        deviation += abs(d)
        energy += (values[n] + shift) ** 2
    n = values.size
    return m2 / n, m3 / n, m4 / n, deviation / n, energy
