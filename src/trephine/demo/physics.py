"""From thickness to stored values: attenuation, scatter, noise, detector, processing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter

from trephine.demo.resample import enlarge
from trephine.types import Float32Array

# Linear attenuation per mm at an effective 50 keV or so; bone replaces soft tissue.
_WATER_PER_MM = 0.0205
_BONE_EXCESS_PER_MM = 0.055
_COARSE = 8


@dataclass(frozen=True)
class Detector:
    """One radiographic system.

    Attributes
    ----------
    spacing_mm
        Pitch of its pixels at the detector.
    shape
        Rows and columns.
    bits_stored
        Depth of a stored value.
    photons
        Detected per pixel without an object, at exposure 1.
    blur_mm
        Standard deviation of its point spread.
    scatter_to_primary
        Behind an average pelvis and the grid.
    equalisation, enhancement
        Share of the large-scale image that processing takes away, and share of fine detail
        that it adds.
    latitude
        Optical depth spread over the whole range of stored values.
    border
        What the shadow of the collimator looks like on display.
    """

    spacing_mm: float
    shape: tuple[int, int]
    bits_stored: int
    photons: float
    blur_mm: float
    scatter_to_primary: float
    equalisation: float
    enhancement: float
    latitude: float
    border: Literal["white", "black"]


def optical_depth(bone_mm: Float32Array, water_mm: Float32Array) -> Float32Array:
    """Beer and Lambert: the beam's attenuation exponent."""
    return np.float32(_BONE_EXCESS_PER_MM) * bone_mm + np.float32(_WATER_PER_MM) * water_mm


def expose(
    depth: Float32Array, detector: Detector, exposure: float, rng: np.random.Generator
) -> Float32Array:
    """Attenuation as the detector sees it: -log of primary, scatter and quantum noise."""
    primary = np.exp(-depth)
    blur = detector.blur_mm / detector.spacing_mm
    primary = gaussian_filter(primary, blur, truncate=2.5, output=np.float32)
    coarse = primary[::_COARSE, ::_COARSE]
    spread = gaussian_filter(coarse, 28.0 / (detector.spacing_mm * _COARSE), truncate=3.0)
    scatter = enlarge(spread * np.float32(detector.scatter_to_primary), _COARSE, depth.shape)
    signal = primary + scatter
    count = np.float32(detector.photons * exposure) * signal
    noise = rng.standard_normal(depth.shape, dtype=np.float32)
    signal = np.maximum(signal * (1.0 + noise / np.sqrt(count + 1.0)), 1e-4)
    return np.asarray(-np.log(signal), dtype=np.float32)


def process(signal: Float32Array, detector: Detector) -> Float32Array:
    """Equalise and enhance, as a console does before it sends an image; bone stays bright."""
    coarse = signal[::_COARSE, ::_COARSE]
    large = gaussian_filter(coarse, 22.0 / (detector.spacing_mm * _COARSE), truncate=3.0)
    large = enlarge(large - large.mean(), _COARSE, signal.shape)
    size = 2 * round(1.2 / detector.spacing_mm) + 1
    fine = signal - uniform_filter(signal, size)
    gain, loss = np.float32(detector.enhancement), np.float32(detector.equalisation)
    return np.asarray(signal - loss * large + gain * fine, dtype=np.float32)


def digitise(
    signal: Float32Array, inside: Float32Array, detector: Detector
) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    """Return stored values as MONOCHROME2: bone bright, the collimator's shadow in its tone.

    Parameters
    ----------
    signal
        Processed signal.
    inside
        1 inside the exposed field, 0 in the collimator's shadow, between in the penumbra.
    detector
        The system.
    """
    top = float(2**detector.bits_stored - 1)
    rows, columns = signal.shape
    centre = signal[rows // 4 : 3 * rows // 4 : 8, columns // 4 : 3 * columns // 4 : 8]
    level = float(np.median(centre))
    tone = (signal - level) / detector.latitude + 0.55
    shadow = np.float32(0.985 if detector.border == "white" else 0.0)
    tone = shadow + inside * (np.clip(tone, 0.0, 1.0) - shadow)
    return np.asarray(np.rint(np.clip(tone, 0.0, 1.0) * top), dtype=np.uint16)
