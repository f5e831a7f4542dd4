"""One simulated anteroposterior radiograph of a pelvis: anatomy posed, exposed, digitised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from trephine.choices import Side
from trephine.demo import femur, pelvis
from trephine.demo.lesion import Lesion, lesion_effect
from trephine.demo.marker import side_marker
from trephine.demo.physics import Detector, digitise, expose, optical_depth, process
from trephine.demo.pose import Pose, socket, to_pelvis
from trephine.demo.resample import enlarge, sample_tile
from trephine.demo.soft_tissue import Body, water_equivalent
from trephine.demo.texture import bundle_tile, cancellous_tile, patch_tile, trabecular_pattern
from trephine.types import Float32Array, FloatArray

SIDES: tuple[Side, Side] = ("R", "L")
_TISSUE_STEP = 4  # pixels between nodes of the soft-tissue map
_FROG_DEG = -20.0  # more abduction than that is a frog-leg film's


@dataclass(frozen=True)
class Hip:
    """How one hip looks.

    Attributes
    ----------
    kind
        A natural hip or a total hip prosthesis.
    lesion
        Necrosis of the head, if any.
    pattern
        Strength of the trabecular pattern, 1 on average.
    density
        Cancellous density, 1 on average.
    turn_deg, neck_deg
        Adduction of the thigh; deviation of the neck-shaft angle.
    """

    kind: Literal["natural", "prosthesis"] = "natural"
    lesion: Lesion | None = None
    pattern: float = 1.0
    density: float = 1.0
    turn_deg: float = 0.0
    neck_deg: float = 0.0


@dataclass(frozen=True)
class HeadOutline:
    """True outline of a femoral head in the image.

    Attributes
    ----------
    centre_mm
        x and y from the centre of the first pixel.
    radius_mm
        Distance of the outline from the centre at 360 angles, from +x towards +y.
    """

    centre_mm: tuple[float, float]
    radius_mm: FloatArray


@dataclass(frozen=True)
class Radiograph:
    """Stored values (MONOCHROME2) with what was put into them.

    Attributes
    ----------
    pixels
        16-bit unsigned, rows by columns.
    detector
        The system that took it.
    heads
        True outlines of natural heads, by the patient's side.
    """

    pixels: npt.NDArray[np.uint16]
    detector: Detector
    heads: Mapping[Side, HeadOutline] = field(default_factory=dict)


def draw_radiograph(
    pose: Pose,
    body: Body,
    hips: Mapping[Side, Hip],
    detector: Detector,
    rng: np.random.Generator,
) -> Radiograph:
    """Simulate one radiograph; the patient's right is on the left of the image."""
    x, y = _image_axes(detector, pose)
    tile = cancellous_tile(rng, detector.spacing_mm)
    cortical, cancellous = _pelvic_bone(pose, x, y)
    rows, columns = cortical.shape
    repeat = (-(-rows // tile.shape[0]), -(-columns // tile.shape[1]))
    cancellous *= 1.0 + np.float32(0.12) * np.tile(tile, repeat)[:rows, :columns]
    bone = np.float32(pose.cortex) * cortical + np.float32(pose.cancellous) * cancellous
    heads: dict[Side, HeadOutline] = {}
    for side in SIDES:
        outline = _add_femur(bone, side, hips[side], pose, detector, (x, y), rng)
        if outline is not None:
            heads[side] = outline
    step = _TISSUE_STEP
    tissue_x = (x[0, 0] + detector.spacing_mm * step * np.arange(columns // step + 2))[None, :]
    tissue_y = (y[0, 0] + detector.spacing_mm * step * np.arange(rows // step + 2))[:, None]
    water = water_equivalent(body, tissue_x.astype(np.float32), tissue_y.astype(np.float32))
    water *= 1.0 + np.float32(0.012) * _coarse_noise(water.shape, rng)
    depth = optical_depth(bone, enlarge(water, step, bone.shape))
    inside = _field(detector, rng)
    marker = side_marker("R" if rng.random() < 0.5 else "L", detector, rng)
    exposure = float(np.exp(rng.normal(0.0, 0.25)))
    # The letter lies on the detector's cover, where it stops the scatter too.
    signal = process(expose(depth, detector, exposure, rng) + marker, detector)
    return Radiograph(digitise(signal, inside, detector), detector, heads)


def _image_axes(detector: Detector, pose: Pose) -> tuple[Float32Array, Float32Array]:
    """Row of x and column of y in mm from the midline at the level of the heads."""
    rows, columns = detector.shape
    x = (np.arange(columns) - (columns - 1) / 2.0) * detector.spacing_mm - pose.shift_mm[0]
    # The beam is centred above the symphysis, so the heads lie a little below the middle.
    y = (np.arange(rows) - 0.535 * (rows - 1)) * detector.spacing_mm - pose.shift_mm[1]
    return x[None, :].astype(np.float32), y[:, None].astype(np.float32)


def _pelvic_bone(pose: Pose, x: Float32Array, y: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Cortical and cancellous path through both hip bones and the spine."""
    across, down = to_pelvis(pose, x, y)
    middle = int(np.searchsorted(x[0], 0.0))
    reach = int(14.0 / (x[0, 1] - x[0, 0]))
    bone = np.zeros((2, *across.shape), dtype=np.float32)
    for side, columns in ((1.0, slice(middle - reach, None)), (-1.0, slice(middle + reach))):
        half = np.float32(side) * across[:, columns]
        bone[:, :, columns] += pelvis.hip_bone().sample(half, down[:, columns])
    spine_x = across - np.float32(140.0 * pose.rotation)
    half_width = int(75.0 / (x[0, 1] - x[0, 0]))
    lowest = int(np.searchsorted(y[:, 0], 40.0))
    window = np.s_[:lowest, max(middle - half_width, 0) : middle + half_width]
    bone[:, *window] += pelvis.sacrum().sample(spine_x[window], down[window])
    return bone[0], bone[1]


def _add_femur(
    bone: Float32Array,
    side: Side,
    hip: Hip,
    pose: Pose,
    detector: Detector,
    axes: tuple[Float32Array, Float32Array],
    rng: np.random.Generator,
) -> HeadOutline | None:
    """Add one femur to the bone map in place; returns the head's outline unless it is metal."""
    x, y = axes
    sign = 1.0 if side == "L" else -1.0
    centre, socket_mm = socket(pose, side)
    scale = (socket_mm - pose.joint_space_mm * pose.scale + 0.2) / femur.HEAD_RADIUS_MM
    # An abducted thigh reaches farther to lateral, and its trochanter above the head.
    above, reach = (40.0, 104.0) if hip.turn_deg > _FROG_DEG else (75.0, 240.0)
    first = int(np.searchsorted(y[:, 0], centre[1] - above * scale))
    near, far = sorted((centre[0] - sign * 36.0 * scale, centre[0] + sign * reach * scale))
    left, right = np.searchsorted(x[0], [near, far])
    window = np.s_[first:, int(left) : int(right)]
    fx = np.broadcast_to(sign * (x[:, window[1]] - centre[0]) / scale, bone[window].shape)
    fy = np.broadcast_to((y[window[0]] - centre[1]) / scale, bone[window].shape)
    tx, ty = _bend(fx, fy, hip)
    if hip.kind == "prosthesis":
        paths = femur.prosthesis().sample(tx, ty)
        bone[window] += np.float32(pose.cortex) * paths[0] + paths[1]
        return None
    whole = femur.femur().sample(tx, ty)
    bone[window] += np.float32(pose.cortex) * whole[0]
    head_rows = int(130.0 * scale / detector.spacing_mm)
    upper = np.s_[:head_rows, :]
    cancellous = np.float32(pose.cancellous * hip.density) * whole[1]
    cancellous[upper] = _textured(
        cancellous[upper], bone[window][upper], hip, (tx[upper], ty[upper]), rng
    )
    bone[window] += cancellous
    return _outline(hip, centre, scale, sign, axes)


def _bend(fx: Float32Array, fy: Float32Array, hip: Hip) -> tuple[Float32Array, Float32Array]:
    """Femoral template coordinates: thigh turned, neck bent, dome pressed in."""
    radius = np.hypot(fx, fy)
    ratio = radius / np.float32(femur.HEAD_RADIUS_MM)
    beyond = np.clip((ratio - 1.0) / 1.3, 0.0, 1.0)
    turn = np.deg2rad(hip.turn_deg + hip.neck_deg * beyond).astype(np.float32)
    cosine, sine = np.cos(turn), np.sin(turn)
    tx, ty = fx * cosine + fy * sine, fy * cosine - fx * sine
    if hip.lesion is not None and hip.lesion.flattening_mm > 0.0:
        angle = np.rad2deg(np.arctan2(tx, -ty))
        press = hip.lesion.depression_mm(angle) * np.clip(ratio, 0.0, 1.15) ** 3
        stretch = (radius + press) / np.maximum(radius, 0.1)
        tx, ty = tx * stretch, ty * stretch
    return tx.astype(np.float32), ty.astype(np.float32)


def _textured(
    cancellous: Float32Array,
    added: Float32Array,
    hip: Hip,
    position: tuple[Float32Array, Float32Array],
    rng: np.random.Generator,
) -> Float32Array:
    """Trabecular pattern and lesion on the cancellous map; the band goes to ``added``."""
    tx, ty = position
    tile = bundle_tile(rng)
    compressive, tensile = trabecular_pattern(tile, tx, ty)
    pattern = np.float32(hip.pattern) * (0.13 * compressive + 0.08 * tensile)
    if hip.lesion is not None:
        head = _head_window(tx, ty)
        patches = sample_tile(patch_tile(rng), tx[head], ty[head])
        effect = lesion_effect(hip.lesion, tx[head], ty[head], patches)
        cancellous[head] *= effect.cancellous_factor
        pattern[head] *= effect.pattern_factor
        added[head] += effect.added_mm
    return np.asarray(cancellous * np.maximum(1.0 + pattern, 0.2), dtype=np.float32)


def _head_window(tx: Float32Array, ty: Float32Array) -> tuple[slice, slice]:
    """Rows and columns that hold the head: a lesion changes nothing beyond its surface."""
    near = np.maximum(np.abs(tx), np.abs(ty)) < femur.HEAD_RADIUS_MM + 5.0
    rows, columns = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _outline(
    hip: Hip,
    centre: tuple[float, float],
    scale: float,
    sign: float,
    axes: tuple[Float32Array, Float32Array],
) -> HeadOutline:
    """Outline of the head's circle, dome pressed in where the lesion has flattened it."""
    angle = np.deg2rad(np.arange(360.0))
    radius = np.full(360, femur.HEAD_RADIUS_MM)
    if hip.lesion is not None:
        turn = np.deg2rad(hip.turn_deg)
        fx, fy = sign * np.cos(angle), np.sin(angle)
        tx = fx * np.cos(turn) + fy * np.sin(turn)
        ty = fy * np.cos(turn) - fx * np.sin(turn)
        surface = np.rad2deg(np.arctan2(tx, -ty)).astype(np.float32)
        radius = radius - hip.lesion.depression_mm(surface)
    x, y = axes
    return HeadOutline(
        (centre[0] - float(x[0, 0]), centre[1] - float(y[0, 0])), np.asarray(radius * scale)
    )


def _coarse_noise(shape: tuple[int, ...], rng: np.random.Generator) -> Float32Array:
    """Smooth unevenness of muscle and bowel on the soft-tissue map."""
    rows, columns = shape[0], shape[1]
    nodes = rng.standard_normal((rows // 6 + 3, columns // 6 + 3), dtype=np.float32)
    return enlarge(nodes, 6, (rows, columns))


def _field(detector: Detector, rng: np.random.Generator) -> Float32Array:
    """Exposed field: 1 inside the collimator's borders, a penumbra of about a millimetre."""
    rows, columns = detector.shape
    edges = rng.uniform(2.0, 14.0, 4) / detector.spacing_mm
    slope = 1.2 / detector.spacing_mm
    column = np.arange(columns, dtype=np.float32)[None, :]
    row = np.arange(rows, dtype=np.float32)[:, None]
    across = np.minimum(column - edges[0], columns - 1 - edges[1] - column)
    down = np.minimum(row - edges[2], rows - 1 - edges[3] - row)
    return np.asarray(np.clip(np.minimum(across, down) / slope, 0.0, 1.0), dtype=np.float32)
