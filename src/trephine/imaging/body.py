"""The body on a radiograph: collimator border and direct exposure found and excluded.

Collimator blades leave a bright plateau that reaches the edge of the image. Where the beam met the
detector without the patient (direct exposure), or a black shutter was drawn, lies a dark peak that
reaches the edge or the border. Together they can be half of the image and then rule its mean and
standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.errors import ImageError
from trephine.types import BoolArray, FloatArray

_LONG_SIDE = 512  # regions are found on an image reduced to about this size
_PLATEAU = 0.01  # of the grey range: how flat a collimator border is
_SMALLEST_PART = 0.005  # of the image: smaller plateaus are markers and metal
_DARK_END = 0.15  # of the grey range: where a direct-exposure peak can lie
_SCATTER = 0.09  # of the grey range: how far scatter lowers a border
_PENUMBRA = 0.10  # of the long side: the widest blurred edge of a blade
_SMOOTHING = 2.0  # pixels of the reduced image
_STEADY_FALL = 0.002  # of the grey range, a pixel
_BINS = 200


@dataclass(frozen=True)
class BodyRegion:
    """Where the patient is.

    Attributes
    ----------
    region
        Shape of the image, True on the patient.
    border_fraction, exposure_fraction
        Parts of the image taken away as collimator border and as direct exposure or shutter.
    """

    region: BoolArray
    border_fraction: float
    exposure_fraction: float


def body_region(pixels: FloatArray) -> BodyRegion:
    """Find the patient on a radiograph, bright bone on dark air.

    Parameters
    ----------
    pixels
        Shape (rows, columns), polarity as MONOCHROME2.

    Returns
    -------
    BodyRegion
        The whole image where there is neither border nor direct exposure.

    Raises
    ------
    ImageError
        If the image is not plane or constant, or less than a twentieth of it would be left.
    """
    if pixels.ndim != 2:
        raise ImageError(
            f"body region: expected a radiograph (rows, columns), found {pixels.ndim} axes; use"
            " roi or percentile on volumes"
        )
    factor = max(1, round(max(pixels.shape) / _LONG_SIDE))
    small = _reduce(pixels, factor)
    low, high = float(small.min()), float(small.max())
    if not high > low:
        raise ImageError("body region: expected an image with contrast, found a constant one")
    scaled = (small - low) / (high - low)
    border = _border(scaled)
    exposure = _dark_surroundings(scaled, border)
    region = _expand(~(border | exposure), factor, pixels.shape)
    if region.mean() < 0.05:
        raise ImageError(
            f"body region: expected the patient on at least 5 % of the image, found"
            f" {100 * region.mean():.1f} %; use roi or percentile for this image"
        )
    return BodyRegion(region, float(border.mean()), float((exposure & ~border).mean()))


def _border(scaled: FloatArray) -> BoolArray:
    """Return the bright plateau that reaches the edge, with its penumbra."""
    edge = _frame(scaled.shape)
    bright = _connected_to(scaled >= 1 - _PLATEAU, edge, _SMALLEST_PART)
    # Scatter keeps parts of a border from saturating: what hangs on the plateau belongs to it.
    bright = _connected_to(scaled >= 1 - _SCATTER, bright, _SMALLEST_PART) | bright
    return _with_penumbra(scaled, bright)


def _with_penumbra(scaled: FloatArray, bright: BoolArray) -> BoolArray:
    """Grow a bright border downhill: its blurred edge falls steadily until the field begins."""
    if not bright.any():
        return bright
    smooth = ndimage.gaussian_filter(scaled, _SMOOTHING)
    grown = bright.copy()
    cross = ndimage.generate_binary_structure(2, 1)
    for _ in range(round(_PENUMBRA * max(scaled.shape))):
        lowest = ndimage.minimum_filter(np.where(grown, smooth, np.inf), footprint=cross)
        falling = ~grown & (smooth < lowest - _STEADY_FALL) & np.isfinite(lowest)
        if not falling.any():
            break
        grown |= falling
    closed: BoolArray = ndimage.binary_closing(grown, cross, iterations=2) | grown
    return closed


def _dark_surroundings(scaled: FloatArray, border: BoolArray) -> BoolArray:
    """Return the dark peak of the histogram, as far as its valley, joined to edge or border."""
    none = np.zeros(scaled.shape, dtype=bool)
    rest = scaled[~border]
    if rest.size == 0:
        return none
    counts, edges = np.histogram(rest, bins=_BINS, range=(0.0, 1.0))
    smooth = ndimage.gaussian_filter1d(counts.astype(np.float64), 1.5)
    dark = int(_DARK_END * _BINS)
    peak = int(np.argmax(smooth[:dark]))
    after = smooth[peak : 2 * dark]
    below = np.flatnonzero(after < 0.25 * smooth[peak])
    if below.size == 0:
        return none  # a slope, not a peak: dark tissue without air beside it
    threshold = edges[peak + int(below[0])]
    start = _frame(scaled.shape) | border
    surroundings = _connected_to((scaled < threshold) & ~border, start, _SMALLEST_PART)
    closed: BoolArray = (
        ndimage.binary_closing(surroundings, iterations=2) | surroundings
    ) & ~border
    return closed


def _connected_to(candidates: BoolArray, start: BoolArray, smallest: float) -> BoolArray:
    """Return the parts of ``candidates`` that touch ``start`` and are large enough."""
    labels, count = ndimage.label(candidates)
    if not start.any():
        count = 0
    if count == 0:
        return np.zeros(candidates.shape, dtype=bool)
    touching = np.unique(labels[ndimage.binary_dilation(start) & candidates])
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    kept = np.zeros(count + 1, dtype=bool)
    kept[touching] = sizes[touching] >= smallest * candidates.size
    kept[0] = False
    return kept[labels]


def _frame(shape: tuple[int, ...]) -> BoolArray:
    frame = np.ones(shape, dtype=bool)
    frame[1:-1, 1:-1] = False
    return frame


def _reduce(pixels: FloatArray, factor: int) -> FloatArray:
    """Average blocks; the last ones are filled up with their edge."""
    padding = [(0, -size % factor) for size in pixels.shape]
    rows, columns = (size + extra for size, (_, extra) in zip(pixels.shape, padding, strict=True))
    blocks = np.pad(pixels, padding, mode="edge").reshape(
        rows // factor, factor, columns // factor, factor
    )
    reduced: FloatArray = blocks.mean(axis=(1, 3))
    return reduced


def _expand(small: BoolArray, factor: int, shape: tuple[int, ...]) -> BoolArray:
    large = np.repeat(np.repeat(small, factor, axis=0), factor, axis=1)
    return np.ascontiguousarray(large[: shape[0], : shape[1]])
