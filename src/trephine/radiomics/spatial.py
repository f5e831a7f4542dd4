"""Spatial autocorrelation of grey values over all pairs of a region's voxels."""

from __future__ import annotations

import math

import numpy as np
from scipy.fft import irfftn, next_fast_len, rfftn

from trephine.types import BoolArray, FloatArray


def autocorrelation_features(
    region: BoolArray, values: FloatArray, spacing_mm: tuple[float, ...]
) -> dict[str, float]:
    """Measure Moran's I and Geary's C with inverse distances as weights (IBSI 3.1).

    Dale et al. 2002. A sum over all pairs is a convolution of the region's box with the table of
    inverse distances: exact but for rounding, and without a sample of the voxels.

    Parameters
    ----------
    region
        Within its bounding box.
    values
        Of its voxels in raster order.
    spacing_mm
        Along the axes.

    Returns
    -------
    dict
        Name to value; NaN for a single voxel or a constant region.
    """
    count = values.size
    deviations = values - values.mean()
    squares = deviations**2
    if count < 2 or not squares.sum() > 0:
        return {"MoransI": math.nan, "GearysC": math.nan}
    extents = [next_fast_len(2 * n - 1, real=True) for n in region.shape]
    steps = [np.minimum(np.arange(n), n - np.arange(n)) for n in extents]  # round the box's edge
    grids = np.meshgrid(*steps, indexing="ij", sparse=True)
    distance = np.sqrt(sum((g * mm) ** 2 for g, mm in zip(grids, spacing_mm, strict=True)))
    distance.flat[0] = np.inf  # a voxel is no neighbour of itself
    spectrum = rfftn(1.0 / distance)
    box = np.zeros(region.shape)

    def weighted(numbers: FloatArray) -> FloatArray:
        """Sum up the numbers of all other voxels, each by its inverse distance."""
        box[region] = numbers
        whole = irfftn(rfftn(box, extents) * spectrum, extents)
        return np.asarray(whole[tuple(slice(0, n) for n in region.shape)][region])

    weights = weighted(np.ones(count))
    total = float(weights.sum())
    products = float(deviations @ weighted(deviations))
    differences = 2.0 * float(squares @ weights) - 2.0 * products
    return {
        "MoransI": count / total * products / float(squares.sum()),
        "GearysC": (count - 1) / (2.0 * total) * differences / float(squares.sum()),
    }
