"""From an image and a mask to the grey values that filters and matrices work on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit

from trephine.errors import ImageError
from trephine.radiomics.region import labels_on_image, locate, values_within
from trephine.radiomics.resample import resample_pair
from trephine.radiomics.resample_ibsi import resample_pair_ibsi
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

    Nothing of the image's size is computed but its statistics, where something asks for them:
    filters ask for windows.

    Attributes
    ----------
    pixels
        Grey values before normalisation, (rows, columns) or (slices, rows, columns).
    geometry
        Where they lie.
    box
        The region's bounding box.
    cropped_region
        The region within its bounding box.
    mean, per_unit, clip, scale
        The normalisation ``clip((x - mean) * per_unit) * scale``; None where there is none.
    copies
        How often a slice is repeated in ``pixels``.
    """

    pixels: FloatArray
    geometry: Geometry
    box: tuple[slice, ...]
    cropped_region: BoolArray
    copies: int = 1
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
    def statistics(self) -> Statistics:
        """Statistics of the whole of ``pixels``.

        Raises
        ------
        ImageError
            If a pixel is not finite.
        """
        once = self.pixels[0] if self.copies > 1 else self.pixels
        return _statistics_of(once, self.copies)

    def replaced(self, **changes: Any) -> PreparedImage:
        """Return the same pixels with other fields, without their statistics being found anew."""
        other = replace(self, **changes)
        if "statistics" in self.__dict__:
            other.__dict__["statistics"] = self.statistics
        return other

    @cached_property
    def region(self) -> BoolArray:
        """The region within the whole image."""
        region = np.zeros(self.pixels.shape, dtype=np.bool_)
        region[self.box] = self.cropped_region
        return region

    @cached_property
    def values(self) -> FloatArray:
        """Normalised grey values of the region in raster order."""
        return self.normalised(values_within(self.pixels[self.box], self.cropped_region))

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
    prepared = _stacked(image, mask, settings, label)
    if settings.stackSlices is not None and image.pixels.ndim == 2 and resampled:
        raise ImageError(
            "resampledPixelSpacing: expected none with stackSlices, which replicates the slice"
            " as it is; resample the image before"
        )
    if settings.normalize:
        prepared = _with_normalisation(prepared, settings)
    if resampled:
        # Normalised values are no longer of the file's type.
        kind = None if settings.normalize else image.provenance.get("pixel_type")
        provenance = {**image.provenance, "pixel_type": kind}
        _ = prepared.statistics  # interpolation spreads what is not finite
        whole = prepared.window((slice(None),) * image.pixels.ndim)
        resampled_image = Image(whole, image.geometry, provenance)
        if settings.definitions == "ibsi":
            mask = labels_on_image(resampled_image, mask, settings, label)
            image, mask = resample_pair_ibsi(resampled_image, mask, settings, label)
        else:
            image, mask = resample_pair(resampled_image, mask, settings, label)
        prepared = PreparedImage(image.pixels, image.geometry, *locate(mask, label))
    elif settings.preCrop:
        prepared = _cropped(prepared, settings.padDistance)
    _check_finite(prepared, settings)
    return prepared


def _check_finite(prepared: PreparedImage, settings: RadiomicsSettings) -> None:
    """Refuse what is not finite: in the region's box, or wherever a filter may look.

    A whole volume takes longer to read than a region to measure.
    """
    looks_around = settings.normalize or set(settings.imageType) != {"Original"}
    if looks_around or not np.isfinite(prepared.pixels[prepared.box]).all():
        _ = prepared.statistics  # says how many there are


def _with_normalisation(prepared: PreparedImage, settings: RadiomicsSettings) -> PreparedImage:
    statistics = prepared.statistics
    if not statistics.standard_deviation > 0:
        raise ImageError(
            "normalize: expected an image whose grey values vary, found"
            f" {statistics.minimum:g} throughout"
        )
    return prepared.replaced(
        mean=statistics.mean,
        per_unit=1.0 / statistics.standard_deviation,
        clip=settings.removeOutliers,
        scale=settings.normalizeScale,
    )


def _cropped(prepared: PreparedImage, margin: int) -> PreparedImage:
    """Keep the region's box and a margin; from here on this is the whole image."""
    slices = tuple(
        slice(max(part.start - margin, 0), min(part.stop + margin, extent))
        for part, extent in zip(prepared.box, prepared.pixels.shape, strict=True)
    )
    box = tuple(
        slice(part.start - outer.start, part.stop - outer.start)
        for part, outer in zip(prepared.box, slices, strict=True)
    )
    pixels = prepared.window(slices)
    return PreparedImage(pixels, prepared.geometry, box, prepared.cropped_region)


def _stacked(image: Image, mask: Mask, settings: RadiomicsSettings, label: int) -> PreparedImage:
    """Find the region, and replicate a slice (without copying it) where the settings say so.

    The region is on the middle slice.
    """
    box, region = locate(mask, label)
    slices = settings.stackSlices
    if slices is None or image.pixels.ndim != 2:
        return PreparedImage(image.pixels, image.geometry, box, region)
    middle = slice(slices // 2, slices // 2 + 1)
    return PreparedImage(
        np.broadcast_to(image.pixels, (slices, *image.pixels.shape)),
        Geometry.plain((settings.stackSpacing, *image.geometry.spacing_mm)),
        (middle, *box),
        region[np.newaxis],
        copies=slices,
    )


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
