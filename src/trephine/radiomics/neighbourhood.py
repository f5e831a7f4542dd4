"""Where a region's voxels lie, and the steps from each to its neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.errors import ImageError
from trephine.radiomics.links import equal_neighbours
from trephine.radiomics.offsets import flat_offsets, forward_offsets
from trephine.types import BoolArray, IntArray

# Grey levels, and grey levels and run lengths in one number.
Levels = npt.NDArray[np.uint16]
_MOST = 2**15
# Voxels that are passed over sooner than a new segment is begun.
_CLOSE = 32
# Voxels of which what is noted still lies in the nearest cache.
_LONG = 1024


@dataclass(frozen=True)
class Neighbourhood:
    """Where a region's voxels lie in a padded, flattened box, and the steps to their neighbours.

    It depends on the region alone, so one serves every image type.

    Attributes
    ----------
    shape, padded_shape
        Extent of the bounding box, without and with its margin.
    segments
        First and one past the last flat index of each row of voxels in the padded box that lie
        next to each other along the last axis, shape (rows, 2), in raster order.
    offsets, flat
        Forward offsets of ``distances``, shape (directions, axes), and as flat steps.
    near_offsets, near_flat
        The same at distance 1, for runs and zones.
    """

    shape: tuple[int, ...]
    padded_shape: tuple[int, ...]
    segments: IntArray
    offsets: IntArray
    flat: IntArray
    near_offsets: IntArray
    near_flat: IntArray

    @classmethod
    def of(
        cls, region: BoolArray, distances: tuple[int, ...], out_of_plane: int | None
    ) -> Neighbourhood:
        """Lay out the neighbourhood of a region that is cropped to its bounding box.

        Raises
        ------
        ImageError
            If the region is longer than a run's length may be.
        """
        if max(region.shape) >= _MOST:
            raise ImageError(
                f"region: expected an extent below {_MOST} voxels, found {max(region.shape)};"
                " resample the image to a larger spacing"
            )
        margin = max(distances)
        padded_shape = tuple(extent + 2 * margin for extent in region.shape)
        padded = np.zeros(padded_shape, dtype=np.bool_)
        padded[tuple(slice(margin, margin + extent) for extent in region.shape)] = region
        near = forward_offsets(region.shape, (1,), out_of_plane)
        near_flat = flat_offsets(near, padded_shape)
        offsets, flat = near, near_flat
        if distances != (1,):
            offsets = forward_offsets(region.shape, distances, out_of_plane)
            flat = flat_offsets(offsets, padded_shape)
        segments = _segments(padded.reshape(-1))
        return cls(region.shape, padded_shape, segments, offsets, flat, near, near_flat)

    def box(self, levels: Levels) -> Levels:
        """Return the flattened padded box with the region's levels, 0 elsewhere."""
        box = np.zeros(math.prod(self.padded_shape), np.uint16)
        _fill(box, self.segments, levels)
        return box

    def longest_run(self) -> int:
        """Return the largest extent of the bounding box: no run is longer."""
        return max(self.shape)

    @property
    def plane(self) -> int:
        """Flat steps from one slice to the next; those of all where there are no slices.

        A neighbour at distance 1 lies in the same slice or in the next.
        """
        return math.prod(self.padded_shape[-2:])

    @cached_property
    def voxels(self) -> int:
        """Number of voxels."""
        return int((self.segments[:, 1] - self.segments[:, 0]).sum())

    @cached_property
    def stretches(self) -> IntArray:
        """The segments, those that lie close as one: fewer to start on, a few voxels more.

        First and one past the last flat index, shape (stretches, 2); voxels outside have level 0.
        """
        return _joined(self.segments)

    @cached_property
    def near_only(self) -> bool:
        """Whether the offsets are those at distance 1."""
        return self.flat is self.near_flat or np.array_equal(self.flat, self.near_flat)

    @cached_property
    def slices_back(self) -> IntArray:
        """By how many slices each distance-1 offset leads back: 0 or 1, shape (directions,)."""
        if len(self.shape) == 3:
            return self.near_offsets[:, 0].copy()
        return np.zeros(len(self.near_offsets), dtype=np.int64)

    @cached_property
    def links(self) -> tuple[npt.NDArray[np.uint8], Levels]:
        """What ``links.equal_neighbours`` says of the distance-1 offsets."""
        return equal_neighbours(self.near_offsets)

    @cached_property
    def run_directions(self) -> IntArray:
        """Numbers of the distance-1 directions along which some line meets two voxels.

        PyRadiomics drops the run-length matrix of a direction along which every voxel is alone.
        """
        inside = np.zeros(math.prod(self.padded_shape), np.bool_)
        kept = _meet_neighbours(inside, self.segments, self.near_flat)
        for number in (~kept).nonzero()[0]:  # no neighbours, but perhaps two across a gap
            offset = self.near_offsets[number]
            coordinates = np.stack(
                np.unravel_index(np.flatnonzero(inside), self.padded_shape), axis=1
            )
            leading = int(np.flatnonzero(offset)[0])
            feet = coordinates - coordinates[:, leading, np.newaxis] * offset
            kept[number] = len(np.unique(feet, axis=0)) < len(feet)
        return kept.nonzero()[0]


@njit(cache=True, nogil=True)
def _segments(inside: BoolArray) -> IntArray:
    """Return first and one past the last index of each stretch inside; the ends are outside."""
    count = 0
    for n in range(1, inside.size):
        count += inside[n] & ~inside[n - 1]
    segments = np.empty((count, 2), np.int64)
    k = 0
    for n in range(1, inside.size):
        if inside[n] != inside[n - 1]:
            if inside[n]:
                segments[k, 0] = n
            else:
                segments[k, 1] = n
                k += 1
    return segments


@njit(cache=True, nogil=True)
def _joined(segments: IntArray) -> IntArray:
    joined = np.empty_like(segments)
    kept = 0
    for s in range(segments.shape[0]):
        start, stop = segments[s]
        if kept and start - joined[kept - 1, 1] <= _CLOSE and stop - joined[kept - 1, 0] <= _LONG:
            joined[kept - 1, 1] = stop
        else:
            joined[kept] = start, stop
            kept += 1
    return joined[:kept].copy()


@njit(cache=True, nogil=True)
def _fill(box: Levels, segments: IntArray, levels: Levels) -> None:
    n = 0
    for s in range(segments.shape[0]):
        for here in range(segments[s, 0], segments[s, 1]):
            box[here] = levels[n]
            n += 1


@njit(cache=True, nogil=True)
def _meet_neighbours(inside: BoolArray, segments: IntArray, steps: IntArray) -> BoolArray:
    """Mark the voxels inside, and return along which steps some voxel has a neighbour."""
    for s in range(segments.shape[0]):
        inside[segments[s, 0] : segments[s, 1]] = True
    met = np.zeros(steps.size, np.bool_)
    for a in range(steps.size):
        for s in range(segments.shape[0]):
            if met[a]:
                break
            for here in range(segments[s, 0], segments[s, 1]):
                if inside[here + steps[a]]:
                    met[a] = True
                    break
    return met
