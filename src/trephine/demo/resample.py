"""Sampling of maps and noise tiles, compiled: this is where a radiograph's time goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from trephine.demo.curves import ImageGrid
from trephine.types import Float32Array, FloatArray


@dataclass(frozen=True)
class Template:
    """Bone of one piece of anatomy, projected.

    Attributes
    ----------
    grid
        Where the maps lie, in the piece's own coordinates.
    maps
        Shape (2, rows, columns): the path through cortical bone in mm, and through cancellous
        bone in mm of cortical equivalent.
    """

    grid: ImageGrid
    maps: Float32Array

    @classmethod
    def build(cls, grid: ImageGrid, cortical_mm: FloatArray, cancellous_mm: FloatArray) -> Template:
        """Stack the two maps; a margin of zeros makes everything outside the grid empty."""
        maps = np.stack([cortical_mm, cancellous_mm]).astype(np.float32)
        maps[:, [0, -1], :] = 0.0
        maps[:, :, [0, -1]] = 0.0
        maps.setflags(write=False)
        return cls(grid, maps)

    def sample(self, x_mm: Float32Array, y_mm: Float32Array) -> Float32Array:
        """Both maps at the given template coordinates, shape (2, *x_mm.shape)."""
        out = np.zeros((2, *x_mm.shape), dtype=np.float32)
        grid = self.grid
        _sample_maps(
            self.maps,
            x_mm,
            y_mm,
            np.float32(grid.left_mm),
            np.float32(grid.top_mm),
            np.float32(1.0 / grid.step_mm),
            out,
        )
        return out


def sample_tile(tile: Float32Array, row: Float32Array, column: Float32Array) -> Float32Array:
    """Bilinear samples of a tile that repeats in both directions."""
    out = np.empty(row.shape, dtype=np.float32)
    _sample_periodic(tile, row, column, out)
    return out


def enlarge(coarse: Float32Array, factor: int, shape: tuple[int, int]) -> Float32Array:
    """Bilinear enlargement; node (i, j) of ``coarse`` lies at pixel (i, j) * ``factor``."""
    out = np.empty(shape, dtype=np.float32)
    _enlarge(coarse, factor, out)
    return out


@njit(cache=True)
def _sample_maps(maps, x_mm, y_mm, left, top, per_mm, out):  # type: ignore[no-untyped-def]
    """Bilinear interpolation of two maps at once; outside the grid the result stays 0."""
    rows, columns = maps.shape[1], maps.shape[2]
    one = np.float32(1.0)
    for i in range(x_mm.shape[0]):
        for j in range(x_mm.shape[1]):
            column = (x_mm[i, j] - left) * per_mm
            row = (y_mm[i, j] - top) * per_mm
            if column < 0.0 or row < 0.0 or column >= columns - 1 or row >= rows - 1:
                continue
            c, r = int(column), int(row)
            u, v = column - np.float32(c), row - np.float32(r)
            for k in range(2):
                upper = (one - u) * maps[k, r, c] + u * maps[k, r, c + 1]
                lower = (one - u) * maps[k, r + 1, c] + u * maps[k, r + 1, c + 1]
                out[k, i, j] = (one - v) * upper + v * lower


@njit(cache=True)
def _sample_periodic(tile, row, column, out):  # type: ignore[no-untyped-def]
    rows, columns = tile.shape
    for i in range(row.shape[0]):
        for j in range(row.shape[1]):
            r0, c0 = np.floor(row[i, j]), np.floor(column[i, j])
            v, u = row[i, j] - r0, column[i, j] - c0
            r, c = int(r0) % rows, int(c0) % columns
            s, d = (r + 1) % rows, (c + 1) % columns
            upper = (1 - u) * tile[r, c] + u * tile[r, d]
            lower = (1 - u) * tile[s, c] + u * tile[s, d]
            out[i, j] = (1 - v) * upper + v * lower


@njit(cache=True)
def _enlarge(coarse, factor, out):  # type: ignore[no-untyped-def]
    """Fill one cell of the coarse grid after another, so that no pixel needs a division."""
    last_row, last_column = coarse.shape[0] - 2, coarse.shape[1] - 2
    step = np.float32(1.0 / factor)
    for i in range(out.shape[0]):
        r = min(i // factor, last_row)
        v = np.float32(i - r * factor) * step
        for c in range(last_column + 1):
            left = coarse[r, c] + v * (coarse[r + 1, c] - coarse[r, c])
            right = coarse[r, c + 1] + v * (coarse[r + 1, c + 1] - coarse[r, c + 1])
            rise = (right - left) * step
            first = c * factor
            end = out.shape[1] if c == last_column else min(first + factor, out.shape[1])
            for j in range(first, end):
                out[i, j] = left + np.float32(j - first) * rise


@njit(cache=True)
def add_waves(row_waves, column_waves, out):  # type: ignore[no-untyped-def]
    """Add the sum over k of ``row_waves[k, i] * column_waves[k, j]`` to ``out[i, j]``."""
    for i in range(out.shape[0]):
        for k in range(row_waves.shape[0]):
            height = row_waves[k, i]
            for j in range(out.shape[1]):
                out[i, j] += height * column_waves[k, j]
