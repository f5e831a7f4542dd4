"""Texture matrices of a quantised region, all counted in one pass over its voxels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.offsets import flat_offsets, forward_offsets
from trephine.radiomics.quantise import Quantised
from trephine.types import BoolArray, FloatArray, IntArray

Counts = npt.NDArray[np.int32]


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
    positions: IntArray
    offsets: IntArray
    flat: IntArray
    near_offsets: IntArray
    near_flat: IntArray

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
            positions.astype(np.int64),
            offsets,
            flat_offsets(offsets, padded_shape),
            near,
            flat_offsets(near, padded_shape),
        )

    def box(self, levels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the flattened padded box with the region's levels, 0 elsewhere."""
        box = np.zeros(int(np.prod(self.padded_shape)), np.int32)
        box[self.positions] = levels
        return box

    def longest_run(self) -> int:
        """Return the largest extent of the bounding box: no run is longer."""
        return max(self.shape)

    @cached_property
    def run_directions(self) -> IntArray:
        """Numbers of the distance-1 directions along which some line meets two voxels.

        PyRadiomics drops the run-length matrix of a direction along which every voxel is alone.
        """
        inside = np.zeros(int(np.prod(self.padded_shape)), dtype=np.bool_)
        inside[self.positions] = True
        coordinates = np.stack(np.unravel_index(self.positions, self.padded_shape), axis=1)
        kept = []
        for number, (offset, step) in enumerate(
            zip(self.near_offsets, self.near_flat, strict=True)
        ):
            if not inside[self.positions + step].any():  # no neighbours, but perhaps a gap
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
    """Count every matrix but the zones in one pass.

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
    _count(
        box,
        around.positions.astype(np.uint64),
        around.flat.astype(np.uint64),
        around.near_flat.astype(np.uint64),
        alpha,
        glcm,
        glrlm,
        gldm,
        isolated,
        difference,
    )
    return TextureMatrices(glcm, glrlm, gldm, quantised.histogram, isolated, difference)


@njit(cache=True, nogil=True)
def _count(
    box: npt.NDArray[np.int32],
    positions: npt.NDArray[np.uint64],
    offsets: npt.NDArray[np.uint64],
    near_offsets: npt.NDArray[np.uint64],
    alpha: int,
    glcm: Counts,
    glrlm: Counts,
    gldm: Counts,
    isolated: IntArray,
    difference: FloatArray,
) -> None:
    """Fill the matrices; unsigned indices spare a test for negative ones at every look."""
    one = np.uint64(1)
    for n in range(positions.size):
        here = positions[n]
        level = box[here]
        row = np.uint64(level) - one
        neighbours = 0
        dependent = 0
        total = 0
        for a in range(offsets.size):
            ahead = box[here + offsets[a]]
            behind = box[here - offsets[a]]
            if ahead > 0:
                glcm[a, row, np.uint64(ahead) - one] += 1
                neighbours += 1
                total += ahead
                dependent += abs(ahead - level) <= alpha
            if behind > 0:
                neighbours += 1
                total += behind
                dependent += abs(behind - level) <= alpha
        gldm[row, np.uint64(dependent)] += 1
        if neighbours > 0:
            difference[row] += abs(level - total / neighbours)
        else:
            isolated[row] += 1
        for a in range(near_offsets.size):
            step = near_offsets[a]
            if box[here - step] != level:  # a run starts here
                length = np.uint64(0)
                there = here + step
                while box[there] == level:
                    length += one
                    there += step
                glrlm[a, row, length] += 1
