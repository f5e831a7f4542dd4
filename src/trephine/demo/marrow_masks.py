"""How raters draw the head and the lesion on the simulated MR."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, label

from trephine.demo.marrow import SPACING_MM, MarrowStack
from trephine.demo.masks import Rater
from trephine.types import BoolArray, Float32Array

#: Label of the head outside the lesion, and of the lesion.
HEAD, LESION = 1, 2
# The lesion's border is harder to see than the head's.
_LESION_FACTOR = 1.6
_RADIUS_MM = 23.5


def draw_marrow_mask(
    stack: MarrowStack, rater: Rater, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """One reading of an MR: labels of head and lesion, shape of its pixels."""
    labels = np.zeros(stack.pixels.shape, np.uint8)
    head = _whole(_read(stack.from_surface_mm, rater, rng, 1.0) > 0.0)
    labels[head] = HEAD
    lesion = _read(stack.into_lesion_mm, rater, rng, _LESION_FACTOR) > 0.0
    labels[_whole(head & lesion)] = LESION
    return labels


def _whole(region: BoolArray) -> BoolArray:
    """Leave out crumbs that a hand would not draw: what shares no face with the largest part."""
    parts, count = label(region)
    if count < 2:
        return region
    sizes = np.bincount(parts.ravel())[1:]
    return np.asarray(parts == 1 + int(np.argmax(sizes)))


def _read(
    depth_mm: Float32Array, rater: Rater, rng: np.random.Generator, factor: float
) -> Float32Array:
    """Move a border as a rater's hand does: all of it, to one side, and in waves."""
    grown = _RADIUS_MM * (rater.radius_bias + factor * rater.radius_sd * rng.standard_normal())
    shift = factor * rater.centre_sd_mm * rng.standard_normal(3)
    slopes = np.gradient(depth_mm, *SPACING_MM)
    moved = sum(step * slope for step, slope in zip(shift, slopes, strict=True))
    white = rng.standard_normal(depth_mm.shape, dtype=np.float32)
    wave = gaussian_filter(white, [5.0 / mm for mm in SPACING_MM])
    wave *= factor * rater.waviness_mm / wave.std()
    return np.asarray(depth_mm + grown + moved + wave, dtype=np.float32)
