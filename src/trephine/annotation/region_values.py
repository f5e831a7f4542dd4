"""What is said of a region as it is drawn: its size and its mean grey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from trephine.types import BoolArray, FloatArray


@dataclass(frozen=True)
class RegionValues:
    """Values of a region; NaN where it is empty.

    Attributes
    ----------
    pixels
        How many.
    size
        Area in mm2 of a plane image, volume in mm3 of a volume.
    diameter_mm
        The largest distance between the centres of two of its pixels (in a volume, of those on the
        plane that holds most of it).
    mean_grey
        In the image's own values.
    """

    pixels: int
    size: float
    diameter_mm: float
    mean_grey: float


def region_values(region: BoolArray, grey: FloatArray, spacing_mm: Sequence[float]) -> RegionValues:
    """Measure a region.

    Parameters
    ----------
    region, grey
        Of one shape, two axes or three.
    spacing_mm
        Along the axes.
    """
    count = int(np.count_nonzero(region))
    if not count:
        return RegionValues(0, 0.0, float("nan"), float("nan"))
    plane, spacing = region, spacing_mm
    if region.ndim == 3:
        plane = region[int(region.sum(axis=(1, 2)).argmax())]
        spacing = spacing_mm[1:]
    return RegionValues(
        count,
        count * float(np.prod(spacing_mm)),
        _diameter(_row_ends(plane) * np.asarray(spacing)),
        float(grey[region].mean()),
    )


def _row_ends(plane: BoolArray) -> FloatArray:
    """Return the first and last pixel of each row: no others can be furthest apart."""
    rows = np.flatnonzero(plane.any(axis=1))
    inside = plane[rows]
    first = inside.argmax(axis=1)
    last = plane.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    ends = np.column_stack([np.tile(rows, 2), np.concatenate([first, last])])
    return ends.astype(np.float64)


def _diameter(places_mm: FloatArray) -> float:
    if len(places_mm) < 2:
        return 0.0
    try:
        places_mm = places_mm[ConvexHull(places_mm).vertices]
    except QhullError:  # all on one line
        order = np.lexsort(places_mm.T)
        places_mm = places_mm[order[[0, -1]]]
    return float(pdist(places_mm).max())
