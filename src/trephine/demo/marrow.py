"""A T1-weighted MR of one hip: bright marrow, a necrosis with its dark band, oedema around it.

Coordinates are millimetres from the centre of the head: x to the patient's lateral, y to the back,
z upwards, after the stack was turned along the neck. The shapes are simple (spheres, cylinders,
an ellipsoid); the signals are those that T1 gives fat, muscle, bone and fluid, fat being 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from trephine.demo import effects
from trephine.types import Float32Array, Geometry

SHAPE = (15, 96, 96)
SPACING_MM = (4.0, 0.9, 0.9)
_SUBSLICES = (-1.2, 1.2)  # mm: where a slice is sampled for its partial volume
_HEAD_MM = (23.5, 1.6)
_NECK_MM = 14.0
_JOINT_MM = 3.5
_FROM_MIDLINE_MM = 86.0
_ANTEVERSION_DEG = (14.0, 6.0)
_MUSCLE, _CORTEX, _CARTILAGE, _FAT, _PELVIS = 0.34, 0.08, 0.45, 0.95, 0.72


@dataclass(frozen=True)
class Necrosis:
    """A lesion under the dome, as MR shows it.

    Attributes
    ----------
    middle_deg
        Where its middle lies in the coronal plane, from straight up to lateral.
    half_a_deg, half_b_deg
        Half of its arcs in the coronal and the sagittal plane.
    depth_mm
        How far it reaches below the surface at its middle.
    loss, mottling
        Share of the marrow's signal that is lost inside, and its unevenness.
    band_mm
        Width of the dark band at its border.
    """

    middle_deg: float
    half_a_deg: float
    half_b_deg: float
    depth_mm: float
    loss: float
    mottling: float
    band_mm: float


@dataclass(frozen=True)
class MarrowStack:
    """One stack of slices with what was put into it.

    Attributes
    ----------
    pixels
        Stored values, slice by row by column.
    geometry
        Where the stack lies in the patient.
    from_surface_mm
        Depth below the head's surface at each voxel, negative outside.
    into_lesion_mm
        Depth inside the lesion's border, negative outside.
    """

    pixels: np.ndarray[tuple[int, int, int], np.dtype[np.uint16]]
    geometry: Geometry
    from_surface_mm: Float32Array
    into_lesion_mm: Float32Array


def draw_necrosis(row: Any, radius_mm: float, rng: np.random.Generator) -> Necrosis:
    """Draw the lesion of a hip; its signal follows ``marrow_severity`` and nothing else."""

    def draw(sign: effects.Sign) -> float:
        value = sign.mean + sign.severity * row.marrow_severity
        return float(np.clip(value + sign.chance * rng.standard_normal(), sign.low, sign.high))

    return Necrosis(
        middle_deg=float(np.clip(rng.normal(4.0, 9.0), -20.0, 25.0)),
        half_a_deg=float(np.clip(row.arc_a, 45.0, 165.0)) / 2.0,
        half_b_deg=float(np.clip(row.arc_b, 45.0, 165.0)) / 2.0,
        depth_mm=radius_mm * float(rng.uniform(0.45, 0.75)),
        loss=draw(effects.MARROW_LOSS),
        mottling=draw(effects.MARROW_MOTTLING),
        band_mm=draw(effects.MARROW_BAND_MM),
    )


def draw_marrow(row: Any, rng: np.random.Generator) -> MarrowStack:
    """Simulate the MR of one hip.

    Parameters
    ----------
    row
        A row of `trephine.demo.cohort.simulate_cohort` with signals of several images.
    rng
        Source of the anatomy, the lesion's chance and the noise.
    """
    radius = float(np.clip(rng.normal(*_HEAD_MM), 19.5, 27.5))
    necrosis = draw_necrosis(row, radius, rng)
    sign = 1.0 if row.side == "L" else -1.0
    turn = sign * float(np.deg2rad(rng.normal(*_ANTEVERSION_DEG)))
    texture = _texture(rng)
    oedema = row.bone_marrow_oedema == "yes"
    signal = np.zeros(SHAPE, np.float32)
    for step in _SUBSLICES:
        place = _place(sign, step)
        signal += _signal(place, radius, necrosis, texture, oedema) / np.float32(len(_SUBSLICES))
    middle = _place(sign, 0.0)
    return MarrowStack(
        _stored(signal, rng),
        _geometry(sign, turn, rng),
        np.float32(radius) - _norm(middle),
        lesion_depth(necrosis, middle, radius),
    )


def _place(sign: float, step_mm: float) -> Float32Array:
    """Return x, y and z of every voxel; columns run to the patient's left."""
    slices, rows, columns = (
        ((np.arange(n) - (n - 1) / 2.0) * mm).astype(np.float32)
        for n, mm in zip(SHAPE, SPACING_MM, strict=True)
    )
    y, z, x = np.meshgrid(slices + np.float32(step_mm), -rows, sign * columns, indexing="ij")
    return np.stack([x, y, z]).astype(np.float32)


def _norm(place: Float32Array) -> Float32Array:
    return np.asarray(np.sqrt((place**2).sum(axis=0)), dtype=np.float32)


def lesion_depth(necrosis: Necrosis, place: Float32Array, radius_mm: float) -> Float32Array:
    """Distance inside the lesion's lower border, negative outside; in mm, about."""
    x, y, z = place
    from_centre = _norm(place)
    across = np.rad2deg(np.arctan2(x, z)) - necrosis.middle_deg
    along = np.rad2deg(np.arctan2(y, z))
    share = np.hypot(across / necrosis.half_a_deg, along / necrosis.half_b_deg)
    # A dome: deepest at the middle, and nothing at the ends of both arcs.
    floor = necrosis.depth_mm * np.clip(1.0 - share**2, -1.0, 1.0)
    inside = floor - (radius_mm - from_centre)
    return np.asarray(np.where(share < 1.5, inside, -necrosis.depth_mm), dtype=np.float32)


def _signal(
    place: Float32Array,
    radius: float,
    necrosis: Necrosis,
    texture: Mapping[str, Float32Array],
    oedema: bool,
) -> Float32Array:
    """T1 signal of one sampling plane per slice."""
    x, _, z = place
    below = np.float32(radius) - _norm(place)
    axis = np.clip(0.64 * x - 0.77 * z, 0.0, None)
    off_axis = np.sqrt(np.clip((place**2).sum(axis=0) - axis**2, 0.0, None))
    neck = np.minimum(_NECK_MM + 0.14 * np.clip(axis - 25.0, 0.0, None) ** 1.3, 30.0) - off_axis
    femur = np.maximum(below, np.where(axis > 0.0, neck, -50.0))
    marrow = np.where(below > 0.0, 1.0, 0.84) * (1.0 + 0.05 * texture["fine"])
    if oedema:
        spread = np.exp(-(((axis - 12.0) / 22.0) ** 2))
        marrow = marrow * (1.0 - effects.OEDEMA_LOSS * spread)
    into = lesion_depth(necrosis, place, radius)
    within = _step(into / 1.5) * _step(below / 0.8)
    dead = 1.0 - necrosis.loss + necrosis.mottling * texture["patches"]
    marrow = marrow * (1.0 - within) + within * np.clip(dead, 0.1, 1.1)
    band = np.exp(-((into / (0.6 * necrosis.band_mm)) ** 2)) * _step(below / 0.8)
    marrow = marrow * (1.0 - 0.72 * band)
    outside = _around(place, radius, texture)
    bone = _CORTEX + (marrow - _CORTEX) * _step((femur - 1.3) / 0.9)
    solid = _step(femur / 0.9)
    return np.asarray(outside * (1.0 - solid) + bone * solid, dtype=np.float32)


def _around(
    place: Float32Array, radius: float, texture: Mapping[str, Float32Array]
) -> Float32Array:
    """Joint, acetabulum, muscle and the fat under the skin."""
    x, _, z = place
    gap = _norm(place) - np.float32(radius)
    muscle = _MUSCLE * (1.0 + 0.18 * texture["patches"])
    fat = _step((x - 36.0 - 2.0 * texture["patches"]) / 2.0)
    tissue = muscle * (1.0 - fat) + _FAT * fat
    covered = _step((z - 0.55 * x + 6.0) / 4.0)
    socket = _step((gap - _JOINT_MM) / 0.9) * covered * _step((38.0 - gap) / 4.0)
    pelvis = _CORTEX + (_PELVIS * (1.0 + 0.08 * texture["fine"]) - _CORTEX) * _step(
        (gap - _JOINT_MM - 1.6) / 1.0
    )
    tissue = tissue * (1.0 - socket) + pelvis * socket
    joint = _step((_JOINT_MM - gap) / 0.9)
    return np.asarray(tissue * (1.0 - joint) + _CARTILAGE * joint, dtype=np.float32)


def _step(value: Float32Array) -> Float32Array:
    return np.asarray(0.5 + 0.5 * np.tanh(2.0 * value), dtype=np.float32)


def _texture(rng: np.random.Generator) -> dict[str, Float32Array]:
    """Smooth noise of standard deviation 1: fine as trabeculae, patches of some millimetres."""

    def noise(width_mm: float) -> Float32Array:
        white = rng.standard_normal(SHAPE, dtype=np.float32)
        smooth = gaussian_filter(white, [width_mm / mm for mm in SPACING_MM])
        return np.asarray(smooth / smooth.std(), dtype=np.float32)

    return {"fine": noise(1.0), "patches": noise(2.8)}


def _stored(
    signal: Float32Array, rng: np.random.Generator
) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint16]]:
    """Point spread, the coil's shading, an arbitrary gain, and the noise of a magnitude."""
    blurred = gaussian_filter(signal, (0.0, 0.55, 0.55))
    slope = rng.normal(0.0, 0.08, 3)
    axes = np.meshgrid(*(np.linspace(-1.0, 1.0, n) for n in SHAPE), indexing="ij")
    shading = np.exp(sum(s * axis for s, axis in zip(slope, axes, strict=True)))
    gain = 420.0 * float(np.exp(rng.normal(0.0, 0.30)))
    real, imaginary = 0.022 * rng.standard_normal((2, *SHAPE))
    magnitude = np.hypot(blurred * shading + real, imaginary)
    return np.asarray(np.clip(np.rint(gain * magnitude), 0, 4095), dtype=np.uint16)


def _geometry(sign: float, turn: float, rng: np.random.Generator) -> Geometry:
    """Coronal slices from front to back, turned about the long axis; the head in the middle."""
    cosine, sine = float(np.cos(turn)), float(np.sin(turn))
    columns, rows = np.array([cosine, sine, 0.0]), np.array([0.0, 0.0, -1.0])
    slices = np.cross(columns, rows)
    centre = rng.normal((sign * _FROM_MIDLINE_MM, 0.0, 0.0), 8.0)
    corner = centre - sum(
        (n - 1) / 2.0 * mm * axis
        for n, mm, axis in zip(SHAPE, SPACING_MM, (slices, rows, columns), strict=True)
    )
    direction = np.column_stack([columns, rows, slices])
    return Geometry(
        SPACING_MM,
        tuple(round(float(one), 4) for one in corner),
        tuple(float(one) for one in direction.ravel()),
    )
