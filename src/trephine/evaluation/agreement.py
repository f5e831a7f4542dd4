"""How well two drawings of one region, and two measurements of one quantity, agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.special import ndtri, stdtrit

from trephine.errors import InputError
from trephine.types import BoolArray, Estimate, FloatArray


@dataclass(frozen=True)
class RegionAgreement:
    """Two drawings of one region compared.

    Attributes
    ----------
    dice
        2 |A and B| / (|A| + |B|), 0 to 1.
    hausdorff95_mm
        The larger of the two directed 95th percentiles of the distance from one boundary to the
        other.
    first_size, second_size
        Area in mm2, or volume in mm3.
    size_difference
        Second minus first, same unit.
    size_difference_percent
        ``size_difference`` relative to the mean of both sizes.
    """

    dice: float
    hausdorff95_mm: float
    first_size: float
    second_size: float
    size_difference: float
    size_difference_percent: float


@dataclass(frozen=True)
class BlandAltman:
    """Differences between two measurements of n quantities.

    Attributes
    ----------
    means, differences
        Shape (n,); second minus first.
    bias
        Mean difference with its t interval.
    standard_deviation
        Of the differences, n - 1.
    lower_limit, upper_limit
        Limits of agreement, bias -+ 1.96 standard deviations, each with its interval.
    outside
        How many differences lie outside the limits.
    """

    means: FloatArray
    differences: FloatArray
    bias: Estimate
    standard_deviation: float
    lower_limit: Estimate
    upper_limit: Estimate
    outside: int

    @property
    def n(self) -> int:
        """How many pairs."""
        return int(self.differences.size)


def compare_regions(
    first: BoolArray, second: BoolArray, spacing_mm: Sequence[float]
) -> RegionAgreement:
    """Compare two drawings of one region.

    Parameters
    ----------
    first, second
        Equal shapes, two or three axes, each with at least one True.
    spacing_mm
        Along the array axes.

    Raises
    ------
    InputError
        If shapes differ, a region is empty, or the spacing does not fit.
    """
    if first.shape != second.shape or first.ndim != len(spacing_mm):
        raise InputError(
            f"regions: expected equal shapes and a spacing for each axis, found {first.shape},"
            f" {second.shape} and {len(spacing_mm)} spacings"
        )
    if not (first.any() and second.any()):
        raise InputError("regions: expected two drawings, found an empty one; was it drawn?")
    window = _window(first | second)
    first, second = first[window], second[window]
    element = float(np.prod(spacing_mm))
    sizes = np.count_nonzero(first) * element, np.count_nonzero(second) * element
    shared = np.count_nonzero(first & second) * element
    difference = sizes[1] - sizes[0]
    return RegionAgreement(
        dice=2.0 * shared / (sizes[0] + sizes[1]),
        hausdorff95_mm=hausdorff_mm(first, second, spacing_mm, percentile=95.0),
        first_size=sizes[0],
        second_size=sizes[1],
        size_difference=difference,
        size_difference_percent=100.0 * difference / ((sizes[0] + sizes[1]) / 2.0),
    )


def hausdorff_mm(
    first: BoolArray, second: BoolArray, spacing_mm: Sequence[float], *, percentile: float = 100.0
) -> float:
    """Return the (percentile) Hausdorff distance between the boundaries of two regions.

    The larger of the two directed percentiles, as MONAI defines it; boundaries are the centres of
    the region's pixels that have an edge neighbour outside, the array's border counting as
    outside. At 100 it is the Hausdorff distance.

    Parameters
    ----------
    first, second
        Equal shapes, neither empty.
    spacing_mm
        Along the array axes.
    percentile
        0 to 100, linear between order statistics (numpy's default).
    """
    boundaries = boundary(first), boundary(second)
    directed = []
    for here, other in (boundaries, boundaries[::-1]):
        distance = ndimage.distance_transform_edt(~other, sampling=spacing_mm)
        directed.append(float(np.percentile(distance[here], percentile)))
    return max(directed)


def boundary(region: BoolArray) -> BoolArray:
    """Return the pixels of a region that have an edge neighbour outside it."""
    inner: BoolArray = region & ~ndimage.binary_erosion(region, border_value=0)
    return inner


def bland_altman(
    first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95
) -> BlandAltman:
    """Return bias and limits of agreement of paired measurements.

    Bland and Altman 1999 (Stat Methods Med Res 8:135), section 2: limits d -+ 1.96 s, their
    standard error s sqrt(1/n + 1.96^2 / (2 (n - 1))), intervals from t with n - 1 degrees of
    freedom.

    Parameters
    ----------
    first, second
        Shape (n,), n >= 3; pairs with a missing value are left out.
    level
        Coverage of the intervals; the limits themselves hold 95 % of differences.

    Raises
    ------
    InputError
        If shapes differ or fewer than three pairs are complete.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise InputError(f"Bland-Altman: expected paired values, found {a.shape} and {b.shape}")
    complete = np.isfinite(a) & np.isfinite(b)
    n = int(complete.sum())
    if n < 3:
        raise InputError(f"Bland-Altman: expected at least 3 complete pairs, found {n}")
    difference = b[complete] - a[complete]
    bias, spread = float(difference.mean()), float(difference.std(ddof=1))
    reach = float(ndtri(0.975))
    quantile = float(stdtrit(n - 1, (1 + level) / 2))
    bias_error = spread / np.sqrt(n)
    limit_error = spread * np.sqrt(1 / n + reach**2 / (2 * (n - 1)))

    def around(value: float, error: float) -> Estimate:
        return Estimate(value, value - quantile * error, value + quantile * error, level, error)

    low, high = bias - reach * spread, bias + reach * spread
    return BlandAltman(
        means=(a[complete] + b[complete]) / 2,
        differences=difference,
        bias=around(bias, float(bias_error)),
        standard_deviation=spread,
        lower_limit=around(low, float(limit_error)),
        upper_limit=around(high, float(limit_error)),
        outside=int(np.count_nonzero((difference < low) | (difference > high))),
    )


def _window(region: BoolArray) -> tuple[slice, ...]:
    """Return the bounding box, one pixel wider where the array allows."""
    slices: tuple[slice, ...] = ndimage.find_objects(region.astype(np.int8))[0]
    return tuple(
        slice(max(part.start - 1, 0), min(part.stop + 1, size))
        for part, size in zip(slices, region.shape, strict=True)
    )
