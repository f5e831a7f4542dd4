"""How good an image is where a region lies: noise, sharpness, contrast, clipped grey."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pywt
from scipy.ndimage import convolve, distance_transform_edt

from trephine.errors import ImageError
from trephine.radiomics.region import bounding_box
from trephine.types import BoolArray, FloatArray, Image

# What a normal variable's median magnitude is in standard deviations.
_MEDIAN_OF_NORMAL = 0.6744897501960817
# What the transform of an image without noise leaves.
_ROUNDING = 1e-12
# With which the region is compared.
_RING_MM = 3.0
_RING_PIXELS = 2
_LAPLACIAN = np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
# Variance that white noise of variance 1 has behind it.
_OF_NOISE = float((_LAPLACIAN**2).sum())


@dataclass(frozen=True)
class ImageQuality:
    """Quality of an image at a region.

    Attributes
    ----------
    noise
        Standard deviation of the noise, in the image's own grey values (`noise_level`).
    sharpness
        Standard deviation of the Laplacian in the plane of the slices, less what the noise gives,
        over that of the grey values, both in the region: the less, the more blurred. It compares
        images of one pixel size. NaN where the region is constant.
    contrast
        Mean of the region less that of the 3 mm round it (two pixels at least), in multiples of
        the noise; NaN where there is no noise, or nothing round it.
    clipped
        Share of the region at the image's lowest or highest grey value.
    """

    noise: float
    sharpness: float
    contrast: float
    clipped: float


def image_quality(image: Image, region: BoolArray) -> ImageQuality:
    """Return how good an image is where a region lies.

    These are no features of the region: they say what may lie behind a difference of features
    between scanners, exposures or hospitals.

    Parameters
    ----------
    image
        As it was taken, before normalisation.
    region
        Shape of the image.

    Raises
    ------
    ImageError
        If the shapes differ, or the region is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from trephine import Geometry, Image
    >>> from trephine.radiomics import image_quality
    >>> rows, columns = np.mgrid[:64, :64]
    >>> disc = (rows - 32) ** 2 + (columns - 32) ** 2 < 200
    >>> grain = np.random.default_rng(1).normal(0, 5, disc.shape)
    >>> found = image_quality(Image(100.0 + 50 * disc + grain, Geometry.plain((1, 1))), disc)
    >>> round(found.noise), round(found.contrast)
    (5, 10)
    """
    if region.shape != image.pixels.shape or not region.any():
        raise ImageError(
            f"region: expected voxels on an image of {image.pixels.shape}, found"
            f" {int(region.sum())} on {region.shape}"
        )
    spacing = image.geometry.spacing_mm
    part = tuple(
        slice(max(box.start - wide, 0), box.stop + wide)
        for box, wide in zip(
            bounding_box(region),
            [max(math.ceil(_RING_MM / step), _RING_PIXELS) + 1 for step in spacing],
            strict=True,
        )
    )
    grey, inside = image.pixels[part].astype(np.float64), region[part]
    values = grey[inside]
    noise = noise_level(grey)
    lowest, highest = image.pixels.min(), image.pixels.max()
    return ImageQuality(
        noise=noise,
        sharpness=_sharpness(grey, inside, noise),
        contrast=_contrast(grey, inside, spacing, noise),
        clipped=float(((values == lowest) | (values == highest)).mean()),
    )


def noise_level(pixels: FloatArray) -> float:
    """Estimate the standard deviation of white noise in a 2-D image or a stack of slices.

    The median magnitude of the finest diagonal wavelet coefficients of each slice (coif1) over
    that of a standard normal variable (Chang, Yu and Vetterli 2000, IEEE Trans Image Process
    9:1532), which an image's own edges bear little on.
    """
    if min(pixels.shape[-2:]) < 2:
        return 0.0
    diagonal = pywt.dwtn(pixels, "coif1", mode="symmetric", axes=(-2, -1))["dd"]
    noise = float(np.median(np.abs(diagonal))) / _MEDIAN_OF_NORMAL
    return noise if noise > _ROUNDING * float(np.abs(pixels).max()) else 0.0


def _sharpness(grey: FloatArray, inside: BoolArray, noise: float) -> float:
    spread = float(grey[inside].std())
    if spread == 0.0:
        return math.nan
    kernel = _LAPLACIAN if grey.ndim == 2 else _LAPLACIAN[np.newaxis]
    edges = convolve(grey, kernel, mode="nearest")[inside]
    return math.sqrt(max(float(edges.var()) - _OF_NOISE * noise**2, 0.0)) / spread


def _contrast(
    grey: FloatArray, inside: BoolArray, spacing: tuple[float, ...], noise: float
) -> float:
    away = distance_transform_edt(~inside, sampling=spacing)
    ring = ~inside & (away <= max(_RING_MM, _RING_PIXELS * min(spacing)))
    if noise == 0.0 or not ring.any():
        return math.nan
    return float(grey[inside].mean() - grey[ring].mean()) / noise
