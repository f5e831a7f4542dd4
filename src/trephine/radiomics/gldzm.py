"""Distance-zone features: zones by how far they lie from the region's border."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_cdt

from trephine.radiomics.emphasis import emphasis_features
from trephine.radiomics.neighbourhood import Levels, Neighbourhood
from trephine.radiomics.zones import find_zones, tally
from trephine.types import BoolArray

# Names in the order of ``emphasis.EMPHASIS``.
NAMES = (
    "ZoneDistanceEntropy",
    "ZoneDistanceNonUniformity",
    "ZoneDistanceNonUniformityNormalized",
    "ZoneDistanceVariance",
    "GrayLevelNonUniformity",
    "GrayLevelNonUniformityNormalized",
    "GrayLevelVariance",
    "HighGrayLevelZoneEmphasis",
    "LargeDistanceEmphasis",
    "LargeDistanceHighGrayLevelEmphasis",
    "LargeDistanceLowGrayLevelEmphasis",
    "LowGrayLevelZoneEmphasis",
    "fraction",
    "SmallDistanceEmphasis",
    "SmallDistanceHighGrayLevelEmphasis",
    "SmallDistanceLowGrayLevelEmphasis",
)


def border_distances(region: BoolArray, out_of_plane: int | None) -> Levels:
    """Return how many steps along the axes lead from each voxel out of a region; 1 at its border.

    Parameters
    ----------
    region
        Within its bounding box; what lies beyond is outside.
    out_of_plane
        Axis along which no step leads, or None.
    """
    if out_of_plane is None:
        distances = distance_transform_cdt(np.pad(region, 1), metric="taxicab")
        return distances[(slice(1, -1),) * region.ndim].astype(np.uint16)
    slices = [border_distances(part, None) for part in np.moveaxis(region, out_of_plane, 0)]
    return np.moveaxis(np.array(slices, dtype=np.uint16), 0, out_of_plane)


def gldzm_features(levels: Levels, distances: Levels, around: Neighbourhood) -> dict[str, float]:
    """Measure the distance-zone matrix (Thibault et al. 2014, IBSI 3.9); name to value.

    Parameters
    ----------
    levels, distances
        Of the region's voxels in raster order, shape (voxels,).
    around
        Of the region. A zone's distance is that of its voxel nearest to the border.
    """
    grey, _, nearest = find_zones(around.box(levels), around, around.box(distances))
    values = dict(zip(NAMES, emphasis_features(*tally(grey, nearest)).tolist(), strict=True))
    del values["fraction"]
    values["ZonePercentage"] = grey.size / levels.size
    return values
