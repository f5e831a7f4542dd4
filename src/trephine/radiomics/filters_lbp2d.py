"""Local binary patterns in the plane."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from trephine.radiomics.derived import DerivedImage, box_within, in_region, margin_around
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray

_METHODS = {"default": 0, "ror": 1, "uniform": 2, "var": 3}


def local_binary_pattern_2d(prepared: PreparedImage, settings: RadiomicsSettings) -> DerivedImage:
    """Return the local binary pattern of each pixel, slice by slice in a volume.

    Ojala, Pietikainen and Harwood 1996, as scikit-image's ``local_binary_pattern`` computes it:
    samples on a circle interpolated linearly, 0 beyond the image, uniformity counted without
    closing the circle. PyRadiomics' documentation says 9 samples; its code, followed here, takes 8.
    """
    radius, count = settings.lbp2DRadius, settings.lbp2DSamples
    plane = 0 if prepared.pixels.ndim == 2 else settings.force2Ddimension
    reach = math.ceil(radius) + 1
    margins = tuple(
        0 if prepared.pixels.ndim == 3 and axis == plane else reach
        for axis in range(prepared.pixels.ndim)
    )
    window = margin_around(prepared, margins)
    box = box_within(prepared, window)
    pixels = prepared.window(window)
    slices = pixels[np.newaxis] if pixels.ndim == 2 else pixels.swapaxes(0, plane)
    starts = [part.start for part in window]
    if pixels.ndim == 3:
        starts[0], starts[plane] = starts[plane], starts[0]
    angles = 2.0 * np.pi * np.arange(count) / count
    radius = float(np.float32(radius))  # scikit-image takes it in single precision
    patterns = _patterns(
        np.ascontiguousarray(slices),
        starts[-2],
        starts[-1],
        np.round(-radius * np.sin(angles), 5),
        np.round(radius * np.cos(angles), 5),
        _METHODS[settings.lbp2DMethod],
    )
    patterns = patterns[0] if pixels.ndim == 2 else patterns.swapaxes(0, plane)
    values = in_region(prepared, patterns[box])
    if np.isnan(values).any():
        return DerivedImage("lbp-2D", None, "a neighbourhood without contrast has no variance")
    return DerivedImage("lbp-2D", values)


@njit(cache=True, nogil=True)
def _pixel(plane: FloatArray, row: int, column: int) -> float:
    if 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]:
        value: float = plane[row, column]
        return value
    return 0.0


@njit(cache=True, nogil=True)
def _interpolated(
    plane: FloatArray, first_row: int, first_column: int, row: float, column: float
) -> float:
    """Interpolate at a place of the whole image, of which ``plane`` is a part.

    The place within a pixel is rounded as it is in the whole image: where neighbours are equal,
    that rounding decides the comparison with the centre.
    """
    top, left = math.floor(row), math.floor(column)
    bottom, right = math.ceil(row), math.ceil(column)
    down, along = row - top, column - left
    top, bottom = top - first_row, bottom - first_row
    left, right = left - first_column, right - first_column
    upper = (1 - along) * _pixel(plane, top, left) + along * _pixel(plane, top, right)
    lower = (1 - along) * _pixel(plane, bottom, left) + along * _pixel(plane, bottom, right)
    return (1 - down) * upper + down * lower


@njit(cache=True, nogil=True)
def _patterns(
    slices: FloatArray,
    first_row: int,
    first_column: int,
    down: FloatArray,
    along: FloatArray,
    method: int,
) -> FloatArray:
    """Return the pattern of every pixel; ``method`` numbers default, ror, uniform and var."""
    count = down.size
    result = np.empty(slices.shape)
    samples = np.empty(count)
    above = np.empty(count, np.int64)
    for z in range(slices.shape[0]):
        plane = slices[z]
        for y in range(plane.shape[0]):
            for x in range(plane.shape[1]):
                changes = ones = 0
                code = 0.0
                for k in range(count):
                    samples[k] = _interpolated(
                        plane,
                        first_row,
                        first_column,
                        first_row + y + down[k],
                        first_column + x + along[k],
                    )
                    above[k] = samples[k] - plane[y, x] >= 0
                    ones += above[k]
                    code += above[k] * 2.0**k
                    if k > 0:
                        changes += above[k] != above[k - 1]
                if method == 1:
                    turned = code
                    for _ in range(count - 1):
                        odd = turned % 2.0
                        turned = (turned - odd) / 2.0 + odd * 2.0 ** (count - 1)
                        code = min(code, turned)
                elif method >= 2:
                    code = float(ones if changes <= 2 else count + 1)
                if method == 3:
                    variance = samples.var()
                    code = code / variance if variance != 0.0 else np.nan
                result[z, y, x] = code
    return result
