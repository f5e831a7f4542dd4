"""First-order statistics of a region's grey values."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from trephine.radiomics.quantise import Quantised
from trephine.types import FloatArray, IntArray

_EPSILON = np.spacing(1.0)
_BLOCK = 256


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
    minimum, maximum = float(ordered[0]), float(ordered[-1])
    (p10, p25, p50, p75, p90), robust = _order_statistics(ordered)
    mean = _mean(values)
    m2, m3, m4, deviation, energy = _moments(values, mean, shift)
    if minimum == maximum:  # whatever the rounding of the mean
        m2 = m3 = m4 = deviation = 0.0
    entropy, uniformity = _of_levels(quantised.histogram)
    return {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": energy,
        "Entropy": entropy,
        "InterquartileRange": p75 - p25,
        "Kurtosis": (m4 / m2**2 - 3.0 * excess_kurtosis) if m2 else 0.0,
        "Maximum": maximum,
        "Mean": mean,
        "MeanAbsoluteDeviation": deviation,
        "Median": p50,
        "Minimum": minimum,
        "Range": maximum - minimum,
        "RobustMeanAbsoluteDeviation": robust,
        "RootMeanSquared": math.sqrt(energy / values.size),
        "Skewness": m3 / m2**1.5 if m2 else 0.0,
        "StandardDeviation": math.sqrt(m2),
        "TotalEnergy": energy * voxel_size,
        "Uniformity": uniformity,
        "Variance": m2,
    }


def _mean(values: FloatArray) -> float:
    """Return what ``numpy.mean`` does, which takes longer over a short array than it adds up."""
    return float(np.add.reduce(values)) / values.size


@njit(cache=True, nogil=True)
def _order_statistics(
    ordered: FloatArray,
) -> tuple[tuple[float, float, float, float, float], float]:
    """Return five percentiles and the mean deviation of what lies from the first to the last.

    The deviation is NaN where nothing does.
    """
    p10, p90 = _percentile(ordered, 0.10), _percentile(ordered, 0.90)
    middle = ordered[np.searchsorted(ordered, p10) : np.searchsorted(ordered, p90, side="right")]
    robust = np.nan
    if middle.size > 0 and middle[0] == middle[-1]:  # whatever the rounding of their mean
        robust = 0.0
    elif middle.size > 0:
        robust = _moments(middle, _sum(middle) / middle.size, 0.0)[3]
    quartiles = (
        _percentile(ordered, 0.25),
        _percentile(ordered, 0.50),
        _percentile(ordered, 0.75),
    )
    return (p10, quartiles[0], quartiles[1], quartiles[2], p90), robust


@njit(cache=True, nogil=True)
def _sum(values: FloatArray) -> float:
    """Add up in blocks, whose sums round less than one long sum."""
    total = 0.0
    for start in range(0, values.size, _BLOCK):
        part = 0.0
        for value in values[start : start + _BLOCK]:
            part += value
        total += part
    return total


@njit(cache=True, nogil=True)
def _of_levels(histogram: IntArray) -> tuple[float, float]:
    """Return entropy in bits and uniformity of the discretised values."""
    entropy = uniformity = 0.0
    total = histogram.sum()
    for count in histogram:
        p = count / total
        if count > 0:
            entropy -= p * math.log2(p + _EPSILON)
            uniformity += p * p
    return entropy, uniformity


@njit(cache=True, nogil=True)
def _percentile(ordered: FloatArray, share: float) -> float:
    """Interpolate between order statistics as numpy's default ('linear') does."""
    position = share * (ordered.size - 1)
    below = math.floor(position)
    above = min(below + 1, ordered.size - 1)
    low, high, weight = ordered[below], ordered[above], position - below
    if weight < 0.5:
        return float(low + (high - low) * weight)
    return float(high - (high - low) * (1.0 - weight))


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
