"""Noise with the look of bone: tiles of cancellous texture and the femur's trabecular groups."""

from __future__ import annotations

import numpy as np
import scipy.fft

from trephine.demo.resample import sample_tile
from trephine.types import Float32Array

# Both great trabecular groups of the head and neck share one pole below the neck: the
# compressive bundles radiate from it, the tensile bundles run round it.
_POLE_MM = (25.0, 64.0)


def cancellous_tile(rng: np.random.Generator, spacing_mm: float) -> Float32Array:
    """Isotropic texture, 512 x 512 pixels, periodic, mean 0 and standard deviation 1."""
    return _tile(rng, 512, spacing_mm, across_mm=1.0, along_mm=1.0, slope=1.15)


def bundle_tile(rng: np.random.Generator) -> Float32Array:
    """Texture of parallel trabeculae at 0.25 mm a sample: they run along the rows' axis."""
    return _tile(rng, 320, 0.25, across_mm=0.85, along_mm=7.0, slope=1.0)


def patch_tile(rng: np.random.Generator) -> Float32Array:
    """Return blotches of a few millimetres at 1 mm a sample, for cysts and mottled necrosis."""
    return _tile(rng, 96, 1.0, across_mm=3.2, along_mm=3.2, slope=1.3)


def _tile(
    rng: np.random.Generator,
    size: int,
    spacing_mm: float,
    *,
    across_mm: float,
    along_mm: float,
    slope: float,
) -> Float32Array:
    """Filter white noise: amplitude falls as 1/f^slope above the inverse of the size."""
    white = rng.standard_normal((size, size), dtype=np.float32)
    along = np.fft.fftfreq(size, spacing_mm)[:, None] * along_mm
    across = np.fft.rfftfreq(size, spacing_mm)[None, :] * across_mm
    frequency = np.hypot(along, across)
    # Few structures are larger than some eight trabecular spacings: those are anatomy.
    band = frequency**2 / (frequency**2 + 0.125**2) * (1.0 + (2.0 * frequency) ** 2) ** (-slope)
    tile = scipy.fft.irfft2(scipy.fft.rfft2(white) * band.astype(np.float32), s=white.shape)
    return np.asarray(tile / tile.std(), dtype=np.float32)


def trabecular_pattern(
    tile: Float32Array, x_mm: Float32Array, y_mm: Float32Array
) -> tuple[Float32Array, Float32Array]:
    """Compressive and tensile groups at femoral coordinates, each about mean 0 and sd 1."""
    dx, dy = x_mm - np.float32(_POLE_MM[0]), y_mm - np.float32(_POLE_MM[1])
    radius = np.hypot(dx, dy)
    arc = np.arctan2(dx, -dy) * np.float32(72.0)
    scale = np.float32(4.0)
    compressive = sample_tile(tile, radius * scale, arc * scale)
    tensile = sample_tile(tile, arc * scale + np.float32(131.0), radius * scale)
    # The compressive group fans out from the calcar to the dome of the head; the tensile group
    # arches from the lateral cortex over Ward's triangle to the lower medial head.
    fan = np.exp(-0.5 * ((arc + 20.0) / 15.0) ** 2)
    arch = np.exp(-0.5 * ((radius - 64.0) / 11.0) ** 2)
    return (
        (compressive * (0.35 + 0.9 * fan)).astype(np.float32),
        (tensile * (0.25 + 0.65 * arch)).astype(np.float32),
    )
