"""Texture matrices of a quantised region, all counted in one padded box of its levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.links import equal_neighbours
from trephine.radiomics.offsets import flat_offsets, forward_offsets
from trephine.radiomics.quantise import Quantised
from trephine.types import BoolArray, FloatArray, IntArray

Counts = npt.NDArray[np.int32]
# Unsigned indices spare the kernels a test for negative ones at every look.
Steps = npt.NDArray[np.uint64]

# Voxels of the flattened box that are looked at together; their sums stay in the nearest cache.
_STRETCH = 1024


@dataclass(frozen=True)
class Neighbourhood:
    """Where a region's voxels lie in a padded, flattened box, and the steps to their neighbours.

    It depends on the region alone, so one serves every image type.

    Attributes
    ----------
    shape, padded_shape
        Extent of the bounding box, without and with its margin.
    positions
        Flat indices of the region's voxels in the padded box, in raster order.
    offsets, flat
        Forward offsets of ``distances``, shape (directions, axes), and as flat steps.
    near_offsets, near_flat
        The same at distance 1, for runs and zones.
    """

    shape: tuple[int, ...]
    padded_shape: tuple[int, ...]
    positions: Steps
    offsets: IntArray
    flat: Steps
    near_offsets: IntArray
    near_flat: Steps

    @classmethod
    def of(
        cls, region: BoolArray, distances: tuple[int, ...], out_of_plane: int | None
    ) -> Neighbourhood:
        """Lay out the neighbourhood of a region that is cropped to its bounding box."""
        margin = max(distances)
        padded_shape = tuple(extent + 2 * margin for extent in region.shape)
        inside = np.nonzero(region)
        positions = np.ravel_multi_index(tuple(axis + margin for axis in inside), padded_shape)
        offsets = forward_offsets(region.shape, distances, out_of_plane)
        near = forward_offsets(region.shape, (1,), out_of_plane)
        return cls(
            region.shape,
            padded_shape,
            positions.astype(np.uint64),
            offsets,
            flat_offsets(offsets, padded_shape).astype(np.uint64),
            near,
            flat_offsets(near, padded_shape).astype(np.uint64),
        )

    def box(self, levels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the flattened padded box with the region's levels, 0 elsewhere."""
        box = np.zeros(int(np.prod(self.padded_shape)), np.int32)
        _fill(box, self.positions, levels)
        return box

    def longest_run(self) -> int:
        """Return the largest extent of the bounding box: no run is longer."""
        return max(self.shape)

    @cached_property
    def links(self) -> tuple[Steps, Steps]:
        """What ``links.equal_neighbours`` says of the distance-1 offsets."""
        return equal_neighbours(self.near_offsets)

    @cached_property
    def run_directions(self) -> IntArray:
        """Numbers of the distance-1 directions along which some line meets two voxels.

        PyRadiomics drops the run-length matrix of a direction along which every voxel is alone.
        """
        inside = np.zeros(int(np.prod(self.padded_shape)), dtype=np.bool_)
        inside[self.positions] = True
        kept = []
        for number, (offset, step) in enumerate(
            zip(self.near_offsets, self.near_flat, strict=True)
        ):
            if not inside[self.positions + step].any():  # no neighbours, but perhaps a gap
                coordinates = np.stack(np.unravel_index(self.positions, self.padded_shape), axis=1)
                leading = int(np.flatnonzero(offset)[0])
                feet = coordinates - coordinates[:, leading, np.newaxis] * offset
                if len(np.unique(feet, axis=0)) == len(feet):
                    continue
            kept.append(number)
        return np.array(kept, dtype=np.int64)


@dataclass(frozen=True)
class TextureMatrices:
    """Counts of one image type.

    Attributes
    ----------
    glcm
        Co-occurrences along each forward offset, (directions, levels, levels), one way.
    glrlm
        Runs along each distance-1 direction, (directions, levels, lengths).
    gldm
        Voxels by level and number of dependent neighbours, (levels, 2 directions + 1).
    ngtdm_voxels, ngtdm_isolated, ngtdm_difference
        Per level: voxels, those of them without a neighbour, and the sum of absolute differences
        to the mean of the neighbours.
    """

    glcm: Counts
    glrlm: Counts
    gldm: Counts
    ngtdm_voxels: IntArray
    ngtdm_isolated: IntArray
    ngtdm_difference: FloatArray


def count_matrices(
    box: npt.NDArray[np.int32], around: Neighbourhood, quantised: Quantised, alpha: int
) -> TextureMatrices:
    """Count every matrix but the zones.

    Parameters
    ----------
    box
        What ``around.box(quantised.levels)`` gives.
    alpha
        Largest difference of levels at which a neighbour is dependent (``gldm_a``).
    """
    n = quantised.n_levels
    glcm = np.zeros((len(around.flat), n, n), np.int32)
    glrlm = np.zeros((len(around.near_flat), n, around.longest_run()), np.int32)
    gldm = np.zeros((n, 2 * len(around.flat) + 1), np.int32)
    isolated = np.zeros(n, np.int64)
    difference = np.zeros(n)
    count_pairs(box, around.positions, around.flat, glcm)
    _count_runs(box, around.positions, around.near_flat, glrlm)
    _count_neighbours(
        box,
        around.positions,
        around.flat,
        alpha,
        gldm,
        isolated,
        difference,
    )
    return TextureMatrices(glcm, glrlm, gldm, quantised.histogram, isolated, difference)


@njit(cache=True, nogil=True)
def count_pairs(box: npt.NDArray[np.int32], positions: Steps, offsets: Steps, glcm: Counts) -> None:
    """Count the pairs of levels along each forward offset."""
    one = np.uint64(1)
    for a in range(offsets.size):
        for n in range(positions.size):
            ahead = box[positions[n] + offsets[a]]
            if ahead > 0:
                row = np.uint64(box[positions[n]]) - one
                glcm[a, row, np.uint64(ahead) - one] += 1


@njit(cache=True, nogil=True)
def _count_runs(
    box: npt.NDArray[np.int32], positions: Steps, offsets: Steps, glrlm: Counts
) -> None:
    """Count the runs along each offset.

    Counted first are the voxels by how many of their run lie before them, which needs no branch:
    a run of length k holds one voxel with 0, 1 ... k - 1 before it.
    """
    up_to = np.zeros(box.size, np.int32)
    for a in range(offsets.size):
        for n in range(positions.size):
            here = positions[n]
            behind = here - offsets[a]
            level = box[here]
            before = up_to[behind] if box[behind] == level else np.int32(0)
            glrlm[a, np.uint64(level) - np.uint64(1), np.uint64(before)] += 1
            up_to[here] = before + 1
        for row in range(glrlm.shape[1]):
            for length in range(glrlm.shape[2] - 1):
                glrlm[a, row, length] -= glrlm[a, row, length + 1]


@njit(cache=True, nogil=True)
def _count_neighbours(
    box: npt.NDArray[np.int32],
    positions: Steps,
    offsets: Steps,
    alpha: int,
    gldm: Counts,
    isolated: IntArray,
    difference: FloatArray,
) -> None:
    """Count dependent neighbours, and sum up how far voxels lie from their neighbours' mean.

    Stretches of the flattened box are summed whole, voxel or not: the processor then works on many
    at once. Types are spelled out so that it works in 32 bits.
    """
    neighbours = np.empty(_STRETCH, np.int32)
    dependent = np.empty(_STRETCH, np.int32)
    total = np.empty(_STRETCH, np.int32)
    slack = np.int32(alpha)
    widest = np.uint32(2 * alpha)
    n = 0
    last = int(positions[-1]) + 1
    while n < positions.size:
        start = int(positions[n])
        stop = min(start + _STRETCH, last)
        neighbours[:] = 0
        dependent[:] = 0
        total[:] = 0
        here = box[start:stop]
        for a in range(2 * offsets.size):
            step = int(offsets[a // 2]) * (1 - 2 * (a % 2))
            there = box[start + step : stop + step]
            for k in range(stop - start):
                other = there[k]
                near = np.uint32(other - here[k] + slack) <= widest
                neighbours[k] += np.int32(other > 0)
                dependent[k] += np.int32(near & (other > 0))
                total[k] += other
        while n < positions.size and int(positions[n]) < stop:
            k = int(positions[n]) - start
            level = here[k]
            row = np.uint64(level) - np.uint64(1)
            gldm[row, np.uint64(dependent[k])] += 1
            if neighbours[k] > 0:
                difference[row] += abs(level - total[k] / neighbours[k])
            else:
                isolated[row] += 1
            n += 1


@njit(cache=True, nogil=True)
def _fill(box: npt.NDArray[np.int32], positions: Steps, levels: npt.NDArray[np.int32]) -> None:
    for n in range(positions.size):
        box[positions[n]] = levels[n]
