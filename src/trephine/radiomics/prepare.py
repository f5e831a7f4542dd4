"""From an image and a mask to the grey values that filters and matrices work on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from trephine.errors import ImageError
from trephine.radiomics.region import bounding_box, labels_on_image
from trephine.radiomics.resample import resample_pair
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import BoolArray, FloatArray, Geometry, Image, Mask

_LANES = 16


@dataclass(frozen=True)
class Statistics:
    """Statistics of a whole image: its voxels, mean, standard deviation (n - 1) and range."""

    voxels: int
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class PreparedImage:
    """A whole image whose normalisation is applied where it is looked at.

    Nothing of the image's size is computed but its statistics: filters ask for windows.

    Attributes
    ----------
    pixels
        Grey values before normalisation, (rows, columns) or (slices, rows, columns).
    geometry
        Where they lie.
    mean, per_unit, clip, scale
        The normalisation ``clip((x - mean) * per_unit) * scale``; None where there is none.
    region
        The labelled voxels, shape of ``pixels``.
    statistics
        Of ``pixels``.
    """

    pixels: FloatArray
    geometry: Geometry
    region: BoolArray
    statistics: Statistics
    mean: float | None = None
    per_unit: float = 1.0
    clip: float | None = None
    scale: float = 1.0

    def normalised(self, pixels: FloatArray) -> FloatArray:
        """Return grey values after normalisation, always as a new contiguous array."""
        if self.mean is None:
            return np.array(pixels, dtype=np.float64, order="C")
        # ITK's NormalizeImageFilter shifts, then scales: the same roundings.
        values = np.add(pixels, -self.mean)
        values *= self.per_unit
        if self.clip is not None:
            np.clip(values, -self.clip, self.clip, out=values)
        values *= self.scale
        return values

    def window(self, slices: tuple[slice, ...]) -> FloatArray:
        """Return normalised grey values of a part of the image."""
        return self.normalised(self.pixels[slices])

    @cached_property
    def box(self) -> tuple[slice, ...]:
        """The region's bounding box."""
        return bounding_box(self.region)

    @cached_property
    def cropped_region(self) -> BoolArray:
        """The region within its bounding box."""
        return np.ascontiguousarray(self.region[self.box])

    @cached_property
    def values(self) -> FloatArray:
        """Normalised grey values of the region in raster order."""
        return self.normalised(self.pixels[self.box][self.cropped_region])

    @cached_property
    def largest_magnitude(self) -> float:
        """The largest |grey value| of the whole normalised image."""
        ends = np.array([self.statistics.minimum, self.statistics.maximum])
        return float(np.abs(self.normalised(ends)).max())


def prepare(image: Image, mask: Mask, settings: RadiomicsSettings, label: int) -> PreparedImage:
    """Normalise, stack, resample and crop as the settings say, in PyRadiomics' order.

    Raises
    ------
    ImageError
        If a pixel is not finite, image and mask do not fit, the label is absent, or a constant
        image is to be normalised.
    """
    resampled = settings.resampledPixelSpacing is not None and settings.interpolator is not None
    if not resampled:
        mask = labels_on_image(image, mask, settings, label)
    pixels, geometry, region = image.pixels, image.geometry, mask.region(label)
    copies = settings.stackSlices if settings.stackSlices and pixels.ndim == 2 else 1
    statistics = _statistics_of(pixels, copies)
    if settings.stackSlices is not None and pixels.ndim == 2:
        if resampled:
            raise ImageError(
                "resampledPixelSpacing: expected none with stackSlices, which replicates the slice"
                " as it is; resample the image before"
            )
        pixels, geometry, region = _stack(pixels, geometry, region, settings)
    prepared = PreparedImage(pixels, geometry, region, statistics)
    if settings.normalize:
        prepared = _with_normalisation(prepared, settings)
    if resampled:
        # Normalised values are no longer of the file's type.
        kind = None if settings.normalize else image.provenance.get("pixel_type")
        provenance = {**image.provenance, "pixel_type": kind}
        whole = prepared.window((slice(None),) * pixels.ndim)
        resampled_image = Image(whole, geometry, provenance)
        return _from_pair(*resample_pair(resampled_image, mask, settings, label), label)
    if settings.preCrop:
        return _cropped(prepared, settings.padDistance)
    return prepared


def _with_normalisation(prepared: PreparedImage, settings: RadiomicsSettings) -> PreparedImage:
    statistics = prepared.statistics
    if not statistics.standard_deviation > 0:
        raise ImageError(
            "normalize: expected an image whose grey values vary, found"
            f" {statistics.minimum:g} throughout"
        )
    return PreparedImage(
        prepared.pixels,
        prepared.geometry,
        prepared.region,
        statistics,
        mean=statistics.mean,
        per_unit=1.0 / statistics.standard_deviation,
        clip=settings.removeOutliers,
        scale=settings.normalizeScale,
    )


def _from_pair(image: Image, mask: Mask, label: int) -> PreparedImage:
    return PreparedImage(
        image.pixels, image.geometry, mask.region(label), _statistics_of(image.pixels)
    )


def _cropped(prepared: PreparedImage, margin: int) -> PreparedImage:
    """Keep the region's box and a margin; from here on this is the whole image."""
    slices = tuple(
        slice(max(part.start - margin, 0), min(part.stop + margin, extent))
        for part, extent in zip(prepared.box, prepared.pixels.shape, strict=True)
    )
    image = Image(prepared.window(slices), prepared.geometry)
    return PreparedImage(
        image.pixels,
        prepared.geometry,
        np.ascontiguousarray(prepared.region[slices]),
        _statistics_of(image.pixels),
    )


def _stack(
    pixels: FloatArray, geometry: Geometry, region: BoolArray, settings: RadiomicsSettings
) -> tuple[FloatArray, Geometry, BoolArray]:
    """Replicate a slice without copying it; the region is on the middle slice."""
    slices = settings.stackSlices or 1
    shape = (slices, *pixels.shape)
    middle = np.zeros(shape, dtype=np.bool_)
    middle[slices // 2] = region
    spacing = (settings.stackSpacing, *geometry.spacing_mm)
    return np.broadcast_to(pixels, shape), Geometry.plain(spacing), middle


def _statistics_of(pixels: FloatArray, copies: int = 1) -> Statistics:
    """Return the statistics of an image, or of one that repeats a slice ``copies`` times."""
    flat = np.ascontiguousarray(pixels, dtype=np.float64).reshape(-1)
    sums = _lane_sums(flat)
    if not np.isfinite(sums[2]).all():
        odd = np.count_nonzero(~np.isfinite(flat))
        if odd:
            raise ImageError(
                f"image: expected finite grey values, found {odd} of {flat.size} pixels NaN or"
                " infinite; fill them or crop the image"
            )
    minimum, maximum = float(sums[4].min()), float(sums[5].max())
    voxels = flat.size * copies
    total, squares = math.fsum(sums[:2].flat) * copies, math.fsum(sums[2:4].flat) * copies
    # The formula of ITK's StatisticsImageFilter, whose sums are compensated too.
    variance = (squares - total * total / voxels) / (voxels - 1) if voxels > 1 else 0.0
    if minimum == maximum:
        variance = 0.0
    return Statistics(voxels, total / voxels, math.sqrt(max(variance, 0.0)), minimum, maximum)


@njit(cache=True, nogil=True)
def _lane_sums(values: FloatArray) -> FloatArray:
    """Return partial sums, their errors, those of the squares, and extremes, shape (6, lanes).

    Every 16th value goes into one lane, so that the processor adds 16 at once; the errors of the
    additions are kept (Knuth's two-sum), so that the totals are as if in twice the precision.
    """
    sums = np.zeros((6, _LANES))
    sums[4] = np.inf
    sums[5] = -np.inf
    for start in range(0, values.size, _LANES):
        part = values[start : start + _LANES]
        for lane in range(part.size):
            x = part[lane]
            sums[4, lane] = x if x < sums[4, lane] else sums[4, lane]
            sums[5, lane] = x if x > sums[5, lane] else sums[5, lane]
            old = sums[0, lane]
            new = old + x
            taken = new - old
            sums[0, lane] = new
            sums[1, lane] += (old - (new - taken)) + (x - taken)
            x *= x
            old = sums[2, lane]
            new = old + x
            taken = new - old
            sums[2, lane] = new
            sums[3, lane] += (old - (new - taken)) + (x - taken)
    return sums
