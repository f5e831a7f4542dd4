"""Connected zones of equal grey level, by union-find in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.matrices import Neighbourhood, Steps
from trephine.types import FloatArray, IntArray


def count_zones(
    box: npt.NDArray[np.int32], around: Neighbourhood
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the size-zone matrix as (levels, sizes, counts) of its cells that are not empty.

    Zones are connected at distance 1 (8 neighbours in two dimensions, 26 in three).
    """
    levels, sizes = _zones(box, around.positions, around.near_flat, *around.links)
    stride = int(levels.max()) + 1
    cells, counts = np.unique(sizes * stride + levels, return_counts=True)
    return (
        (cells % stride).astype(np.float64),
        (cells // stride).astype(np.float64),
        counts.astype(np.float64),
    )


@njit(cache=True, nogil=True)
def _zones(
    box: npt.NDArray[np.int32],
    positions: Steps,
    offsets: Steps,
    representative: Steps,
    rest: Steps,
) -> tuple[IntArray, IntArray]:
    """Return the grey level and the number of voxels of each zone.

    Zones are numbered as they are met; a voxel joins the zones of its equal neighbours behind it,
    the younger merging into the older. ``representative`` and ``rest``: ``links.equal_neighbours``.
    """
    zone_at = np.zeros(box.size, np.int32)
    parent = np.zeros(positions.size + 1, np.int32)
    size = np.zeros(positions.size + 1, np.int64)
    level_of = np.zeros(positions.size + 1, np.int64)
    n_zones = 0
    for n in range(positions.size):
        here = positions[n]
        level = box[here]
        equal = np.uint64(0)
        for a in range(offsets.size):
            equal |= np.uint64(box[here - offsets[a]] == level) << np.uint64(a)
        root = np.uint32(0)
        while equal:
            other = np.uint32(zone_at[here - offsets[representative[equal]]])
            equal = rest[equal]
            while parent[other] != other:
                parent[other] = parent[np.uint32(parent[other])]
                other = np.uint32(parent[other])
            if root == 0:
                root = other
            elif other != root:
                older = min(root, other)
                younger = max(root, other)
                parent[younger] = older
                size[older] += size[younger]
                root = older
        if root == 0:
            n_zones += 1
            root = np.uint32(n_zones)
            parent[root] = root
            level_of[root] = level
        zone_at[here] = root
        size[root] += 1
    kept = 0
    for zone in range(1, n_zones + 1):
        if parent[zone] == zone:
            level_of[kept] = level_of[zone]
            size[kept] = size[zone]
            kept += 1
    return level_of[:kept], size[:kept]
