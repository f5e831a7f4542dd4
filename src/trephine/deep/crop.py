"""From a region on an image to what the network sees: a square crop, grey in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.choices import Side
from trephine.deep.resize import resize
from trephine.deep.settings import GreyRange, Outside
from trephine.errors import ImageError
from trephine.types import BoolArray, FloatArray, Image, IntArray


@dataclass(frozen=True)
class Window:
    """The part of an image that a crop shows.

    Attributes
    ----------
    top, left
        First row and column; may lie outside the image.
    height, width
        In pixels; equal in millimetres up to one pixel.
    slice_index
        Slice in the middle channel, for a volume; None for a radiograph.
    is_mirrored
        Whether the crop shows the window with left and right exchanged.
    """

    top: int
    left: int
    height: int
    width: int
    slice_index: int | None = None
    is_mirrored: bool = False


@dataclass(frozen=True)
class Crop:
    """What the network sees of one case, before its mean and deviation are taken off.

    Attributes
    ----------
    pixels
        Grey in [0, 1], shape (3, size, size): three times the same for a radiograph; the slice
        before, the slice of largest area and the slice after for a volume.
    window
        Where on the image it lies.
    """

    pixels: FloatArray
    window: Window

    def mirrored(self) -> Crop:
        """Return the crop with left and right exchanged."""
        window = replace(self.window, is_mirrored=not self.window.is_mirrored)
        return Crop(self.pixels[:, :, ::-1], window)


@dataclass(frozen=True)
class Framing:
    """How much of an image a crop shows, and in which greys.

    Attributes
    ----------
    margin
        Added on each side, as a share of the box's longer side.
    size
        Rows and columns of the crop.
    outside
        ``blank`` makes what lies outside the region black.
    grey_range, grey_percentiles
        The percentiles that become 0 and 1, values beyond being clipped: of the window's pixels
        (the region's, where ``outside`` is blank), or of the whole image's.
    """

    margin: float = 0.1
    size: int = 224
    outside: Outside = "keep"
    grey_range: GreyRange = "crop"
    grey_percentiles: tuple[float, float] = (1.0, 99.0)


def region_crop(
    image: Image,
    region: BoolArray,
    framing: Framing,
    *,
    side: Side | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    at: int | None = None,
) -> Crop:
    """Cut a region out of its image as the network takes it.

    The bounding box, widened by the margin, is made square in millimetres about its centre and
    resized with antialiasing. Where the square leaves the image, the border's pixels are
    repeated. For a volume the slice where the region is largest (the first of equals) and its
    two neighbours become the channels (2.5-D); a neighbour beyond the volume repeats the last.

    Parameters
    ----------
    image
        Radiograph (rows, columns) or volume (slices, rows, columns).
    region
        Of the image's shape.
    framing
        How much of the image is shown, and in which greys.
    side
        ``L`` mirrors the crop; ``R`` and None leave it.
    shift
        Moves the window down and to the right as the crop shows it, as shares of its height
        and width.
    at
        Another slice of a volume, shown in the window and the greys of the largest one.

    Raises
    ------
    ImageError
        If shapes differ, the region is empty, or the pixels are not finite or without contrast.
    """
    _check(image, region)
    window = _window(image, region, framing.margin, side, shift)
    planes, inside = _planes(image, region, window)
    low, high = grey_range(planes, inside, image.pixels, framing)
    if at is not None:
        window = replace(window, slice_index=at)
        planes, inside = _planes(image, region, window)
    pixels = _three_channels(scaled(planes, inside, (low, high), framing), framing.size)
    return Crop(pixels[:, :, ::-1] if window.is_mirrored else pixels, window)


def grey_range(
    shown: FloatArray, inside: BoolArray, whole: FloatArray, framing: Framing
) -> tuple[float, float]:
    """Return the grey values that become 0 and 1.

    Parameters
    ----------
    shown, inside
        The pixels that are shown, and which of them belong to the region.
    whole
        All pixels of the image.
    framing
        Whose percentiles count, and which.

    Raises
    ------
    ImageError
        If they are not finite, or one.
    """
    own = shown if framing.outside == "keep" else shown[inside]
    measured = whole if framing.grey_range == "image" else own
    low, high = np.percentile(measured, framing.grey_percentiles)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError(
            "deep crop: expected finite pixels, found NaN or infinite ones; fix the image"
        )
    if not high > low:
        raise ImageError(
            f"deep crop: expected contrast in the {framing.grey_range}, found the value {low:g}"
            f" from percentile {framing.grey_percentiles[0]:g} to {framing.grey_percentiles[1]:g};"
            " check image and mask"
        )
    return float(low), float(high)


def scaled(
    shown: FloatArray, inside: BoolArray, limits: tuple[float, float], framing: Framing
) -> FloatArray:
    """Return pixels with the limits as 0 and 1, clipped; outside the region 0 where it is blank."""
    low, high = limits
    grey: FloatArray = np.clip((shown - low) / (high - low), 0.0, 1.0)
    if framing.outside == "blank":
        grey[~inside] = 0.0
    return grey


def _check(image: Image, region: BoolArray) -> None:
    shape = image.pixels.shape
    if region.shape != shape or len(shape) not in (2, 3):
        raise ImageError(
            f"deep crop: expected image and region of one shape with 2 or 3 axes, found {shape}"
            f" and {region.shape}"
        )
    if not region.any():
        raise ImageError("deep crop: expected a region, found an empty one; check the mask")


def _window(
    image: Image, region: BoolArray, margin: float, side: Side | None, shift: tuple[float, float]
) -> Window:
    slice_index = None
    if region.ndim == 3:
        slice_index = int(np.argmax(np.count_nonzero(region, axis=(1, 2))))
        region = region[slice_index]
    rows = np.flatnonzero(region.any(axis=1))
    columns = np.flatnonzero(region.any(axis=0))
    spacing = image.geometry.spacing_mm[-2:]
    extents = (rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0])
    longest_mm = max(n * s for n, s in zip(extents, spacing, strict=True)) * (1.0 + 2.0 * margin)
    # The guard keeps a box of exactly n pixels from growing by one through rounding.
    height, width = (max(1, int(np.ceil(longest_mm / s - 1e-6))) for s in spacing)
    is_mirrored = side == "L"
    return Window(
        top=_first(rows, height, shift[0]),
        # In the mirror's coordinates and back, so that a left side rounds as a right one does.
        left=1 - width - _first(-columns[::-1], width, shift[1])
        if is_mirrored
        else _first(columns, width, shift[1]),
        height=height,
        width=width,
        slice_index=slice_index,
        is_mirrored=is_mirrored,
    )


def _first(occupied: IntArray, length: int, shift: float) -> int:
    """Return where a window of ``length`` starts when it is centred on the occupied pixels."""
    centre = 0.5 * float(occupied[0] + occupied[-1] + 1) + shift * length
    return int(np.floor(centre - 0.5 * length + 0.5))


def _planes(image: Image, region: BoolArray, window: Window) -> tuple[FloatArray, BoolArray]:
    """Return the window's pixels and where they belong to the region, (planes, height, width)."""
    rows = np.arange(window.top, window.top + window.height)
    columns = np.arange(window.left, window.left + window.width)
    n_rows, n_columns = region.shape[-2:]
    on_image = np.outer((rows >= 0) & (rows < n_rows), (columns >= 0) & (columns < n_columns))
    grid = np.ix_(np.clip(rows, 0, n_rows - 1), np.clip(columns, 0, n_columns - 1))
    if window.slice_index is None:
        return image.pixels[grid][None], (region[grid] & on_image)[None]
    around = np.clip(window.slice_index + np.array([-1, 0, 1]), 0, region.shape[0] - 1)
    pixels = np.stack([image.pixels[index][grid] for index in around])
    inside = np.stack([region[index][grid] & on_image for index in around])
    return pixels, inside


def _three_channels(grey: FloatArray, size: int) -> FloatArray:
    resized = np.stack([resize(plane, (size, size)) for plane in grey])
    return np.repeat(resized, 3, axis=0) if len(resized) == 1 else resized
