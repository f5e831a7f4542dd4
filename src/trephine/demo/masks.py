"""Raters who outline femoral heads: two surgeons, and the first of them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trephine.choices import Side
from trephine.demo.radiograph import HeadOutline, Radiograph
from trephine.types import FloatArray

#: Label of each side in a mask; a radiograph holds two hips.
LABELS: Mapping[Side, int] = {"R": 1, "L": 2}


@dataclass(frozen=True)
class Rater:
    """How one reading strays from the true outline.

    Attributes
    ----------
    radius_bias
        Habit of drawing wide or narrow, as a share of the radius.
    radius_sd
        Spread of the radius from head to head, as a share.
    centre_sd_mm
        Spread of the centre, in x and in y.
    waviness_mm
        Standard deviation of the smooth deviations along the outline.
    """

    radius_bias: float
    radius_sd: float
    centre_sd_mm: float
    waviness_mm: float


RATER_A = Rater(radius_bias=-0.005, radius_sd=0.012, centre_sd_mm=0.45, waviness_mm=0.35)
RATER_B = Rater(radius_bias=0.012, radius_sd=0.018, centre_sd_mm=0.60, waviness_mm=0.45)

_HARMONICS = np.arange(2, 9)


def draw_mask(
    radiograph: Radiograph, sides: tuple[Side, ...], rater: Rater, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """One reading of a radiograph: labels of the heads at ``sides``, shape of its pixels.

    Raises
    ------
    KeyError
        If a side has no natural head.
    """
    labels = np.zeros(radiograph.pixels.shape, dtype=np.uint8)
    for side in sides:
        centre, radius = _reading(radiograph.heads[side], rater, rng)
        _fill(labels, LABELS[side], centre, radius, radiograph.detector.spacing_mm)
    return labels


def _reading(
    head: HeadOutline, rater: Rater, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw an outline: its centre, and its distance from there at even angles, in mm."""
    angle = np.linspace(0.0, 2.0 * np.pi, head.radius_mm.size, endpoint=False)
    # Slow deviations are larger than fast ones, as a hand draws.
    size = 1.0 / _HARMONICS
    size = rater.waviness_mm * size / np.sqrt(np.sum(size**2))
    cosines = rng.standard_normal(_HARMONICS.size) * size
    sines = rng.standard_normal(_HARMONICS.size) * size
    turns = np.outer(angle, _HARMONICS)
    wave = np.cos(turns) @ cosines + np.sin(turns) @ sines
    scale = 1.0 + rater.radius_bias + rater.radius_sd * rng.standard_normal()
    shift = rater.centre_sd_mm * rng.standard_normal(2)
    radius = head.radius_mm * scale + wave
    return np.asarray(head.centre_mm) + shift, radius


def _fill(
    labels: npt.NDArray[np.uint8],
    label: int,
    centre_mm: FloatArray,
    radius_mm: FloatArray,
    spacing_mm: float,
) -> None:
    """Label the pixels whose centres lie inside a star-shaped outline, in place."""
    reach = float(radius_mm.max()) + spacing_mm
    left, top = np.maximum(((centre_mm - reach) / spacing_mm).astype(int), 0)
    right, bottom = ((centre_mm + reach) / spacing_mm).astype(int) + 2
    window = labels[top:bottom, left:right]
    x = (left + np.arange(window.shape[1]))[None, :] * spacing_mm - centre_mm[0]
    y = (top + np.arange(window.shape[0]))[:, None] * spacing_mm - centre_mm[1]
    angles = np.linspace(0.0, 2.0 * np.pi, radius_mm.size, endpoint=False)
    outline = np.interp(np.arctan2(y, x), angles, radius_mm, period=2.0 * np.pi)
    window[np.hypot(x, y) < outline] = label
