"""Peaks of the mean intensity within a cubic centimetre."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import fftconvolve

from trephine.radiomics.derived import box_within, margin_around
from trephine.radiomics.prepare import PreparedImage

# Of a sphere of 1 cm^3, in mm.
_RADIUS_MM = 10.0 * (3.0 / (4.0 * math.pi)) ** (1.0 / 3.0)


def local_intensity_features(prepared: PreparedImage) -> dict[str, float]:
    """Measure the intensity peaks (IBSI 3.2).

    The mean over all voxels of the image, of the region or not, whose centres lie within a sphere
    of 1 cm^3 round a voxel of the region: its highest value (global), and that at the voxel of
    highest intensity, of several the highest (local).
    """
    spacing = np.asarray(prepared.geometry.spacing_mm)
    reach = np.floor(_RADIUS_MM / spacing).astype(int)
    steps = np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij")
    squared = sum((step * mm) ** 2 for step, mm in zip(steps, spacing, strict=True))
    sphere = (squared <= _RADIUS_MM**2).astype(np.float64)
    window = margin_around(prepared, tuple(int(n) for n in reach))
    pixels = prepared.window(window)
    centre = float(prepared.values.mean())  # what the sums are taken about, for their rounding
    totals = fftconvolve(pixels - centre, sphere, mode="same")
    counts = np.rint(fftconvolve(np.ones_like(pixels), sphere, mode="same"))
    box = box_within(prepared, window)
    peaks = (totals / counts)[box][prepared.cropped_region] + centre
    highest = prepared.values == prepared.values.max()
    return {
        "LocalIntensityPeak": float(peaks[highest].max()),
        "GlobalIntensityPeak": float(peaks.max()),
    }
