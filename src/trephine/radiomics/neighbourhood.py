"""Where a region's voxels lie, and the steps from each to its neighbours."""

from __future__ import annotations

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
        offsets = forward_offsets(region.shape, distances, out_of_plane)
        near = forward_offsets(region.shape, (1,), out_of_plane)
        return cls(
            region.shape,
            padded_shape,
            _segments(padded.reshape(-1)),
            offsets,
            flat_offsets(offsets, padded_shape),
            near,
            flat_offsets(near, padded_shape),
        )

    def box(self, levels: Levels) -> Levels:
        """Return the flattened padded box with the region's levels, 0 elsewhere."""
        box = np.zeros(int(np.prod(self.padded_shape)), np.uint16)
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
        return int(np.prod(self.padded_shape[-2:]))

    @cached_property
    def voxels(self) -> int:
        """Number of voxels."""
        return int((self.segments[:, 1] - self.segments[:, 0]).sum())

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
        inside = self.box(np.ones(self.voxels, np.uint16))
        kept = []
        for number, (offset, step) in enumerate(
            zip(self.near_offsets, self.near_flat, strict=True)
        ):
            if not _any_neighbour(inside, self.segments, step):  # none, but perhaps a gap
                coordinates = np.stack(
                    np.unravel_index(np.flatnonzero(inside), self.padded_shape), axis=1
                )
                leading = int(np.flatnonzero(offset)[0])
                feet = coordinates - coordinates[:, leading, np.newaxis] * offset
                if len(np.unique(feet, axis=0)) == len(feet):
                    continue
            kept.append(number)
        return np.array(kept, dtype=np.int64)


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
def _fill(box: Levels, segments: IntArray, levels: Levels) -> None:
    n = 0
    for s in range(segments.shape[0]):
        for here in range(segments[s, 0], segments[s, 1]):
            box[here] = levels[n]
            n += 1


@njit(cache=True, nogil=True)
def _any_neighbour(inside: Levels, segments: IntArray, step: int) -> bool:
    for s in range(segments.shape[0]):
        for here in range(segments[s, 0], segments[s, 1]):
            if inside[here + step]:
                return True
    return False
