"""The intensity-volume histogram: how much of a region has at least an intensity."""

from __future__ import annotations

import numpy as np

from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import FloatArray, IntArray

# Bins of intensities that are no whole numbers, where the settings give none (IBSI 3.5).
_BINS = 1000


def ivh_features(values: FloatArray, settings: RadiomicsSettings) -> dict[str, float]:
    """Measure the intensity-volume histogram (IBSI 3.5).

    The intensities are the centres of bins of ``ivhBinWidth``, or of ``ivhBinCount`` equal bins,
    numbered from 1; without either, whole numbers are taken as they are and others in 1000 bins.
    Bins of a width cover ``resegmentRange`` where there is one, else the region's range.

    Parameters
    ----------
    values
        Shape (voxels,).
    """
    grey, intensity = _discretised(values, settings)
    counts = np.bincount(grey, minlength=intensity.size)
    # The share of the volume at or above each intensity.
    volume = 1.0 - np.concatenate(([0], np.cumsum(counts)[:-1])) / values.size
    extent = intensity[-1] - intensity[0]
    fraction = (intensity - intensity[0]) / extent if extent else np.zeros(intensity.size)
    found = {}
    for share in (10, 90):
        reached = np.flatnonzero(fraction >= share / 100 - 1e-12)
        found[f"VolumeAt{share}"] = float(volume[reached[0]]) if reached.size else 0.0
        rare = np.flatnonzero(volume <= share / 100 + 1e-12)
        found[f"IntensityAt{share}"] = float(intensity[rare[0]] if rare.size else intensity[-1])
    found["VolumeDifference"] = found["VolumeAt10"] - found["VolumeAt90"]
    found["IntensityDifference"] = found["IntensityAt10"] - found["IntensityAt90"]
    found["AreaUnderCurve"] = float(np.trapezoid(volume, fraction))
    return found


def _discretised(values: FloatArray, settings: RadiomicsSettings) -> tuple[IntArray, FloatArray]:
    """Return each voxel's bin, from 0, and every bin's intensity."""
    low, high = float(values.min()), float(values.max())
    width, count = settings.ivhBinWidth, settings.ivhBinCount
    whole = bool(np.array_equal(values, np.rint(values)))
    if count is None and width is None and not whole:
        count = _BINS
    if count is not None:
        span = high - low
        grey: FloatArray = np.zeros(values.size)
        if span:
            grey = np.floor(count * (values - low) / span)
        numbers: FloatArray = np.arange(1.0, count + 1.0)
        return np.clip(grey, 0, count - 1).astype(np.int64), numbers
    given = settings.resegmentRange
    if given is not None and len(given) == 2 and settings.resegmentMode == "absolute":
        low, high = sorted(given)
    if width is None:
        intensity: FloatArray = np.arange(low, high + 0.5)
        return np.rint(values - low).astype(np.int64), intensity
    bins = max(int(np.ceil((high - low) / width)), 1)
    grey = np.clip(np.floor((values - low) / width), 0, bins - 1)
    centres: FloatArray = low + (np.arange(bins, dtype=np.float64) + 0.5) * width
    return grey.astype(np.int64), centres
