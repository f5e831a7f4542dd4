"""Statistics that IBSI has beyond PyRadiomics': of grey values, and of grey levels."""

from __future__ import annotations

import math

import numpy as np

from trephine.radiomics.firstorder import firstorder_features
from trephine.radiomics.quantise import Quantised
from trephine.types import FloatArray

# What the histogram has from ``firstorder``, by the same names.
_SHARED = (
    "10Percentile",
    "90Percentile",
    "Entropy",
    "InterquartileRange",
    "Kurtosis",
    "Maximum",
    "Mean",
    "MeanAbsoluteDeviation",
    "Median",
    "Minimum",
    "Range",
    "RobustMeanAbsoluteDeviation",
    "Skewness",
    "Uniformity",
    "Variance",
)


def statistics_features(values: FloatArray) -> dict[str, float]:
    """Measure the spread of grey values relative to where they lie (IBSI 3.3).

    Parameters
    ----------
    values
        Shape (voxels,).

    Returns
    -------
    dict
        Name to value; NaN where the mean, or the sum of the quartiles, is 0.
    """
    mean, median = float(values.mean()), float(np.median(values))
    low, high = (float(q) for q in np.percentile(values, (25, 75)))
    return {
        "CoefficientOfVariation": float(values.std()) / mean if mean else math.nan,
        "MedianAbsoluteDeviation": float(np.abs(values - median).mean()),
        "QuartileCoefficientOfDispersion": (high - low) / (high + low) if high + low else math.nan,
    }


def histogram_features(quantised: Quantised) -> dict[str, float]:
    """Measure the histogram of grey levels (IBSI 3.4).

    Its gradient is (n[i+1] - n[i-1]) / 2, one-sided at the ends, over the levels from 1 to the
    highest; of equal ones the first counts. NaN where there is one level only.
    """
    levels = quantised.levels.astype(np.float64)
    common = firstorder_features(levels, quantised, shift=0.0, voxel_size=1.0, excess_kurtosis=True)
    counts = quantised.histogram.astype(np.float64)
    modes = np.flatnonzero(counts == counts.max()) + 1.0
    gradient = np.gradient(counts) if counts.size > 1 else np.full(1, math.nan)
    steepest, falling = int(np.argmax(gradient)), int(np.argmin(gradient))
    undefined = counts.size == 1
    return {
        **{name: common[name] for name in _SHARED},
        **statistics_features(levels),
        "Mode": float(modes[np.argmin(np.abs(modes - common["Mean"]))]),
        "MaximumGradient": float(gradient[steepest]),
        "MaximumGradientLevel": math.nan if undefined else steepest + 1.0,
        "MinimumGradient": float(gradient[falling]),
        "MinimumGradientLevel": math.nan if undefined else falling + 1.0,
    }
