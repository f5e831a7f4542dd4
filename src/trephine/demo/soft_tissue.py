"""Soft tissue in the beam: trunk and thighs, fat planes, bladder, bowel gas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.types import Float32Array, FloatArray

_FAT_TO_WATER = 0.82  # attenuation of fat over that of muscle at the effective energy


@dataclass(frozen=True)
class Body:
    """Size and contents of a patient's trunk, in mm at the detector.

    Attributes
    ----------
    half_width_mm, thickness_mm
        At the level of the hips.
    fat_mm
        Subcutaneous fat at the side.
    thigh_gap_mm
        Level at which the thighs part, below the femoral heads.
    bladder
        0 (empty) to 1 (full).
    gas_bubbles
        Rows of x, y, radius across, radius down, angle, depth in mm.
    """

    half_width_mm: float
    thickness_mm: float
    fat_mm: float
    thigh_gap_mm: float
    bladder: float
    gas_bubbles: FloatArray


def draw_body(rng: np.random.Generator, bmi: float, size: float) -> Body:
    """Draw a body for a patient of given BMI and bony size (1 is average)."""
    heavy = (bmi - 23.7) / 3.3
    return Body(
        half_width_mm=size * (196.0 + 11.0 * heavy + 4.0 * rng.standard_normal()),
        thickness_mm=size * (205.0 + 17.0 * heavy + 6.0 * rng.standard_normal()),
        fat_mm=float(np.clip(22.0 + 8.0 * heavy + 4.0 * rng.standard_normal(), 8.0, 60.0)),
        thigh_gap_mm=float(88.0 + 6.0 * rng.standard_normal() - 4.0 * heavy),
        bladder=float(rng.beta(1.3, 2.0)),
        gas_bubbles=_draw_gas(rng),
    )


def _draw_gas(rng: np.random.Generator) -> FloatArray:
    """Strings of overlapping bubbles: rectum, sigmoid, caecum, small bowel."""
    starts = [
        (0.0, -28.0, 9.0),
        (-95.0, -128.0, 13.0),
        (92.0, -132.0, 11.0),
        (25.0, -70.0, 9.0),
        (-25.0, -140.0, 10.0),
    ]
    bubbles = []
    for (x, y, radius), chance in zip(starts, (0.9, 0.7, 0.75, 0.6, 0.5), strict=True):
        if rng.random() > chance:
            continue
        px, py = x + 9.0 * rng.standard_normal(), y + 7.0 * rng.standard_normal()
        heading = rng.uniform(0.0, 2.0 * np.pi)
        for _ in range(int(rng.integers(2, 8))):
            rx, ry = radius * rng.uniform(0.55, 1.15, 2)
            bubbles.append((px, py, rx, ry, rng.uniform(0, np.pi), rng.uniform(6.0, 26.0)))
            heading += rng.normal(0.0, 0.8)
            px += 1.05 * rx * np.cos(heading)
            py += 0.8 * ry * np.sin(heading)
    return np.array(bubbles, dtype=np.float64).reshape(-1, 6)


def water_equivalent(body: Body, x_mm: Float32Array, y_mm: Float32Array) -> Float32Array:
    """Water-equivalent soft tissue along the beam in mm.

    Parameters
    ----------
    body
        The body.
    x_mm, y_mm
        Coordinates from the midline at the level of the heads: a row and a column, which
        broadcast.
    """
    trunk, edge = _trunk(body, x_mm, y_mm)
    thighs = _thighs(body, x_mm, y_mm)
    part = _rise((y_mm - body.thigh_gap_mm + 30.0) / 75.0)
    tissue = trunk * (1.0 - part) + thighs * part
    fat = np.exp(-0.5 * (np.clip(edge, 0.0, None) / (0.5 * body.fat_mm)) ** 2)
    tissue = tissue * (1.0 - (1.0 - _FAT_TO_WATER) * fat)
    tissue = tissue + 8.0 * _fold(body, x_mm, y_mm) - _fat_planes(x_mm, y_mm)
    bladder = 1.0 - (x_mm / 46.0) ** 2 - ((y_mm + 12.0) / 30.0) ** 2
    tissue = tissue + 22.0 * body.bladder * np.sqrt(np.clip(bladder, 0.0, None))
    tissue = np.clip(tissue - _gas(body, x_mm, y_mm), 0.0, None)
    return np.asarray(tissue, dtype=np.float32)


def _trunk(body: Body, x_mm: Float32Array, y_mm: Float32Array) -> tuple[FloatArray, FloatArray]:
    waist = 1.0 - 0.13 * np.exp(-0.5 * ((y_mm + 185.0) / 62.0) ** 2)
    half = body.half_width_mm * waist * (1.0 - 0.05 * _rise((y_mm - 20.0) / 120.0))
    level = np.clip(1.0 - (np.abs(x_mm) / half) ** 2.5, 0.0, None) ** 0.5
    abdomen = 1.0 - 0.10 * _rise((-y_mm - 40.0) / 120.0)
    return body.thickness_mm * abdomen * level, half - np.abs(x_mm)


def _thighs(body: Body, x_mm: Float32Array, y_mm: Float32Array) -> FloatArray:
    half = 0.47 * body.half_width_mm * (1.0 - 0.0006 * (y_mm - body.thigh_gap_mm))
    centre = 0.485 * body.half_width_mm
    level = np.clip(1.0 - (np.abs(np.abs(x_mm) - centre) / half) ** 2.2, 0.0, None) ** 0.5
    return np.asarray(0.80 * body.thickness_mm * level, dtype=np.float64)


def _fold(body: Body, x_mm: Float32Array, y_mm: Float32Array) -> FloatArray:
    """Gluteal folds: buttock tissue that ends in a soft edge behind each thigh."""
    centre = 0.5 * body.half_width_mm
    lower = body.thigh_gap_mm + 8.0 - 0.0042 * (np.abs(x_mm) - centre) ** 2
    reach = np.exp(-0.5 * ((np.abs(x_mm) - centre) / 55.0) ** 2)
    return np.asarray(_rise((lower - y_mm) / 14.0) * reach, dtype=np.float64)


def _fat_planes(x_mm: Float32Array, y_mm: Float32Array) -> FloatArray:
    """Fat stripes beside the hip: gluteal, iliopsoas and obturator planes, lucent by a few mm."""
    side: FloatArray = np.abs(x_mm).astype(np.float64)
    level: FloatArray = y_mm.astype(np.float64)
    gluteal = side - (128.0 + 0.0030 * (level + 45.0) ** 2 - 0.12 * (level + 45.0))
    psoas = side - (88.0 + 0.50 * (level - 25.0))
    obturator = side - (47.0 - 0.16 * (level + 10.0))
    planes = np.zeros(np.broadcast_shapes(x_mm.shape, y_mm.shape))
    stripes: list[tuple[FloatArray, float, float, float, float]] = [
        (gluteal, 6.0, 3.0, -35.0, 40.0),
        (psoas, 4.0, 3.5, 42.0, 20.0),
        (obturator, 3.0, 2.0, -12.0, 18.0),
    ]
    for distance, depth, width, middle, length in stripes:
        offset = np.square(distance / width) + np.square((level - middle) / length)
        planes += depth * np.exp(-0.5 * offset)
    return planes


def _gas(body: Body, x_mm: Float32Array, y_mm: Float32Array) -> FloatArray:
    gas = np.zeros(np.broadcast_shapes(x_mm.shape, y_mm.shape))
    for x, y, rx, ry, angle, depth in body.gas_bubbles:
        reach = 1.1 * max(rx, ry)
        rows = np.flatnonzero(np.abs(y_mm[:, 0] - y) < reach)
        columns = np.flatnonzero(np.abs(x_mm[0] - x) < reach)
        if not rows.size or not columns.size:
            continue
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        dx, dy = x_mm[:, window[1]] - x, y_mm[window[0]] - y
        along = (dx * np.cos(angle) + dy * np.sin(angle)) / rx
        across = (dy * np.cos(angle) - dx * np.sin(angle)) / ry
        level = np.clip(1.0 - along**2 - across**2, 0.0, None)
        gas[window] = np.maximum(gas[window], depth * level**0.45)
    return gas


def _rise(value: FloatArray | Float32Array) -> FloatArray:
    clipped: FloatArray = np.clip(np.asarray(value, dtype=np.float64), 0.0, 1.0)
    return np.asarray(clipped**2 * (3.0 - 2.0 * clipped), dtype=np.float64)
