"""Local binary patterns in the plane."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from trephine.radiomics.derived import DerivedImage, in_region, margin_around
from trephine.radiomics.prepare import PreparedImage
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import BoolArray, FloatArray, IntArray

_METHODS = {"default": 0, "ror": 1, "uniform": 2, "var": 3}


def local_binary_pattern_2d(prepared: PreparedImage, settings: RadiomicsSettings) -> DerivedImage:
    """Return the local binary pattern of each pixel, slice by slice in a volume.

    Ojala, Pietikainen and Harwood 1996, as scikit-image's ``local_binary_pattern`` computes it:
    samples on a circle interpolated linearly, 0 beyond the image, uniformity counted without
    closing the circle, 'var' the samples' variance. PyRadiomics' documentation says 9 samples; its
    code, followed here, takes 8.
    """
    ndim = prepared.pixels.ndim
    plane = settings.force2Ddimension if ndim == 3 else None
    rows, columns = _in_plane(ndim, plane)
    reach = math.ceil(settings.lbp2DRadius) + 1
    margins = tuple(0 if axis == plane else reach for axis in range(ndim))
    pixels = _zero_beyond_the_image(prepared, margins)
    wanted = np.pad(prepared.cropped_region, [(margin, margin) for margin in margins])
    angles = 2.0 * np.pi * np.arange(settings.lbp2DSamples) / settings.lbp2DSamples
    radius = float(np.float32(settings.lbp2DRadius))  # scikit-image takes single precision
    patterns = _patterns(
        _as_slices(pixels, plane),
        _as_slices(wanted, plane),
        prepared.box[rows].start - reach,
        prepared.box[columns].start - reach,
        np.round(-radius * np.sin(angles), 5),
        np.round(radius * np.cos(angles), 5),
        _METHODS[settings.lbp2DMethod],
    )
    patterns = patterns[0] if plane is None else patterns.swapaxes(0, plane)
    box = tuple(
        slice(margin, extent - margin)
        for margin, extent in zip(margins, patterns.shape, strict=True)
    )
    return DerivedImage("lbp-2D", in_region(prepared, patterns[box]))


def _in_plane(ndim: int, plane: int | None) -> tuple[int, int]:
    """Return the array axes of rows and columns once the plane's axis has been swapped to 0."""
    axes = list(range(ndim))
    if plane is not None:
        axes[0], axes[plane] = axes[plane], axes[0]
    return axes[-2], axes[-1]


def _as_slices(array: npt.NDArray[Any], plane: int | None) -> npt.NDArray[Any]:
    """Return the array as contiguous slices, rows, columns."""
    slices = array[np.newaxis] if plane is None else array.swapaxes(0, plane)
    return np.ascontiguousarray(slices)


def _zero_beyond_the_image(prepared: PreparedImage, margins: tuple[int, ...]) -> FloatArray:
    """Return the bounding box and a margin, 0 where the margin leaves the image."""
    window = margin_around(prepared, margins)
    missing = [
        (margin - (part.start - outer.start), margin - (outer.stop - part.stop))
        for part, outer, margin in zip(prepared.box, window, margins, strict=True)
    ]
    return np.pad(prepared.window(window), missing)


@njit(cache=True, nogil=True)
def _places(first: int, extent: int, steps: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return for each sample and pixel along an axis the neighbours below and above, and between.

    Indices count from the window's start; the weight of the one above is rounded as in the whole
    image: where neighbours are equal, that rounding decides the comparison with the centre.
    """
    below = np.empty((steps.size, extent), np.int64)
    above = np.empty((steps.size, extent), np.int64)
    weight = np.empty((steps.size, extent))
    for k in range(steps.size):
        for n in range(extent):
            place = first + n + steps[k]
            floor = math.floor(place)
            below[k, n] = floor - first
            above[k, n] = math.ceil(place) - first
            weight[k, n] = place - floor
    return below, above, weight


@njit(cache=True, nogil=True)
def _patterns(
    slices: FloatArray,
    wanted: BoolArray,
    first_row: int,
    first_column: int,
    down: FloatArray,
    along: FloatArray,
    method: int,
) -> FloatArray:
    """Return the pattern where it is wanted; ``method`` numbers default, ror, uniform and var."""
    count = down.size
    top, bottom, bottom_weight = _places(first_row, slices.shape[1], down)
    left, right, right_weight = _places(first_column, slices.shape[2], along)
    result = np.zeros(slices.shape)
    samples = np.empty(count)
    above = np.empty(count, np.int64)
    powers = 2.0 ** np.arange(count)
    for z in range(slices.shape[0]):
        plane = slices[z]
        for y in range(plane.shape[0]):
            for x in range(plane.shape[1]):
                if not wanted[z, y, x]:
                    continue
                changes = ones = 0
                code = 0.0
                for k in range(count):
                    w = right_weight[k, x]
                    upper = (1 - w) * plane[top[k, y], left[k, x]]
                    upper += w * plane[top[k, y], right[k, x]]
                    lower = (1 - w) * plane[bottom[k, y], left[k, x]]
                    lower += w * plane[bottom[k, y], right[k, x]]
                    w = bottom_weight[k, y]
                    samples[k] = (1 - w) * upper + w * lower
                    above[k] = samples[k] - plane[y, x] >= 0
                    ones += above[k]
                    code += above[k] * powers[k]
                    if k > 0:
                        changes += above[k] != above[k - 1]
                if method == 1:
                    turned = code
                    for _ in range(count - 1):
                        odd = turned % 2.0
                        turned = (turned - odd) / 2.0 + odd * powers[count - 1]
                        code = min(code, turned)
                elif method == 2:
                    code = float(ones if changes <= 2 else count + 1)
                if method == 3:
                    code = samples.var()
                result[z, y, x] = code
    return result
