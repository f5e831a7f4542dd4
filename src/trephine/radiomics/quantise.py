"""Grey-level discretisation of a region, once for every texture matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.errors import InputError
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray

MAX_LEVELS = 8192


@dataclass(frozen=True)
class Quantised:
    """Grey levels of a region.

    Attributes
    ----------
    levels
        Shape (voxels,), from 1 to ``n_levels``; not every level need occur.
    n_levels
        The highest level that occurs.
    histogram
        Voxels at each level, shape (n_levels,).
    minimum, maximum
        Of the grey values.
    """

    levels: npt.NDArray[np.uint16]
    n_levels: int
    histogram: npt.NDArray[np.int64]
    minimum: float
    maximum: float

    @cached_property
    def n_present(self) -> int:
        """Number of levels that occur."""
        return int(np.count_nonzero(self.histogram))


def bin_edges(values: FloatArray, settings: RadiomicsSettings) -> FloatArray:
    """Return the edges of the half-open bins of a region's grey values.

    With ``binCount``, equal bins from minimum to maximum, the last one closed. With ``binWidth``,
    PyRadiomics 3.0.1 puts the edges at multiples of the width, starting at or below the minimum;
    IBSI's fixed bin size (definitions='ibsi') starts at the lower end of ``resegmentRange``, or at
    the minimum itself.
    """
    if settings.binCount is not None:
        return _equal_edges(values, settings.binCount)
    return _edges_of_width(float(values.min()), float(values.max()), settings)


def _equal_edges(values: FloatArray, count: int) -> FloatArray:
    edges = np.histogram_bin_edges(values, count)
    edges[-1] += 1.0
    return edges


def _edges_of_width(minimum: float, maximum: float, settings: RadiomicsSettings) -> FloatArray:
    width = settings.binWidth
    start = minimum - minimum % width
    if settings.definitions == "ibsi":
        given = settings.resegmentRange
        ranged = given is not None and len(given) == 2 and settings.resegmentMode == "absolute"
        start = min(given) if given is not None and ranged else minimum
    # arange's own rounding places the edges: values that lie on one fall as they do in PyRadiomics.
    return np.arange(start, maximum + 2 * width, width)


def quantise(values: FloatArray, settings: RadiomicsSettings) -> Quantised:
    """Discretise the grey values of a region.

    Parameters
    ----------
    values
        Finite grey values, shape (voxels,), at least one.
    settings
        ``binCount``, ``binWidth`` and ``definitions`` are used.

    Raises
    ------
    InputError
        If the bins are so narrow that a co-occurrence matrix would not fit into memory.
    """
    minimum, maximum = float(values.min()), float(values.max())
    if settings.binCount is not None and settings.binCount > MAX_LEVELS:
        raise InputError(
            f"binCount: expected at most {MAX_LEVELS} grey levels, found {settings.binCount};"
            " choose fewer"
        )
    if settings.binCount is None and (maximum - minimum) / settings.binWidth > MAX_LEVELS:
        raise InputError(
            f"binWidth: expected at most {MAX_LEVELS} grey levels in the region, found a range of"
            f" {maximum - minimum:.6g} at a width of {settings.binWidth:g}; choose a larger"
            " binWidth"
        )
    if settings.binCount is None:
        edges = _edges_of_width(minimum, maximum, settings)
    else:
        edges = _equal_edges(values, settings.binCount)
    levels, histogram = _digitise(values, edges)
    n_levels = int(histogram.nonzero()[0][-1]) + 1
    return Quantised(levels, n_levels, histogram[:n_levels], minimum, maximum)


@njit(cache=True, nogil=True)
def _digitise(
    values: FloatArray, edges: FloatArray
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
    """Count from 1 the bins edges[k-1] <= value < edges[k], as numpy.digitize does.

    Returns each value's bin and each bin's number of values.
    The bins are equally wide but for the last, so a division finds each within a step or two.
    """
    n_bins = edges.size - 1
    low = edges[0]
    per_bin = 1.0 / (edges[1] - low) if n_bins > 0 else 0.0
    levels = np.empty(values.size, np.uint16)
    histogram = np.zeros(max(n_bins, 1), np.int64)
    for n in range(values.size):
        value = values[n]
        k = int((value - low) * per_bin)
        k = min(max(k, 0), n_bins - 1)
        while k > 0 and value < edges[k]:
            k -= 1
        while k < n_bins - 1 and value >= edges[k + 1]:
            k += 1
        levels[n] = k + 1
        histogram[k] += 1
    return levels, histogram
