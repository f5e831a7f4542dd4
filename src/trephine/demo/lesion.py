"""What necrosis does to the radiograph of a femoral head."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from trephine.demo.femur import HEAD_RADIUS_MM
from trephine.types import Float32Array


@dataclass(frozen=True)
class Lesion:
    """Geometry and radiographic signs of one lesion, in femoral coordinates.

    Attributes
    ----------
    middle_deg, arc_deg
        Where the necrotic arc lies on the head's surface: its middle from straight up, positive
        to lateral, and its length.
    bulge
        How deep the lesion's lower border reaches below its chord, in half chords.
    waviness_mm, phases
        Irregularity of that border.
    band_mm
        Sclerotic band, mm of cortical bone added.
    lucency
        Share of cancellous bone lost inside the lesion.
    mottling
        Patchiness inside, as a share of the cancellous bone.
    pattern_loss
        Share of the trabecular pattern lost inside the lesion.
    crescent
        Share of bone missing in the subchondral fracture line; 0 where there is none.
    flattening_mm
        Depression of the dome, below 2 mm before collapse.
    """

    middle_deg: float
    arc_deg: float
    bulge: float
    waviness_mm: float
    phases: tuple[float, float, float]
    band_mm: float
    lucency: float
    mottling: float
    pattern_loss: float
    crescent: float
    flattening_mm: float

    def depression_mm(self, angle_deg: Float32Array) -> Float32Array:
        """How far the dome is pressed in at each surface angle."""
        offset = (angle_deg - self.middle_deg) / max(0.42 * self.arc_deg, 12.0)
        return np.asarray(self.flattening_mm * np.exp(-(offset**4)), dtype=np.float32)

    def depth_mm(self, x_mm: Float32Array, y_mm: Float32Array) -> Float32Array:
        """Distance inside the lesion's lower border, negative outside."""
        half = radians(min(max(self.arc_deg, 30.0), 170.0) / 2.0)
        middle = radians(self.middle_deg)
        chord, height = HEAD_RADIUS_MM * sin(half), HEAD_RADIUS_MM * cos(half)
        sagitta = self.bulge * chord
        radius = (chord**2 + sagitta**2) / (2.0 * sagitta)
        centre = height - sagitta + radius
        dx = x_mm - centre * sin(middle)
        dy = y_mm + centre * cos(middle)
        turn = np.arctan2(dx, dy)
        wave = sum(
            np.sin(k * turn + phase) / k**0.5
            for k, phase in zip((5.0, 9.0, 16.0), self.phases, strict=True)
        )
        return np.asarray(radius - np.hypot(dx, dy) + self.waviness_mm * wave, dtype=np.float32)


@dataclass(frozen=True)
class LesionEffect:
    """Maps that change a normal head into a necrotic one.

    Attributes
    ----------
    added_mm
        Cortical bone to add.
    cancellous_factor
        What the cancellous bone is multiplied with.
    pattern_factor
        What the trabecular pattern is multiplied with.
    """

    added_mm: Float32Array
    cancellous_factor: Float32Array
    pattern_factor: Float32Array


def lesion_effect(
    lesion: Lesion, x_mm: Float32Array, y_mm: Float32Array, patches: Float32Array
) -> LesionEffect:
    """Effect of a lesion at femoral coordinates.

    Parameters
    ----------
    lesion
        The lesion.
    x_mm, y_mm
        Coordinates on the head as it was before it flattened.
    patches
        Smooth noise of standard deviation 1, same shape.
    """
    depth = lesion.depth_mm(x_mm, y_mm)
    below_surface = np.float32(HEAD_RADIUS_MM) - np.hypot(x_mm, y_mm)
    in_head = _rise(below_surface / 1.5 + 0.3)
    inside = _rise(depth / 3.0 + 0.2) * in_head
    band = np.exp(-0.5 * (depth / 1.7) ** 2) * in_head * np.clip(0.75 + 0.45 * patches, 0.1, 1.6)
    halo = np.exp(-0.5 * ((depth + 3.0) / 4.0) ** 2) * in_head
    angle = np.rad2deg(np.arctan2(x_mm, -y_mm))
    extent = np.exp(-(((angle - lesion.middle_deg) / max(0.40 * lesion.arc_deg, 10.0)) ** 4))
    line = np.exp(-0.5 * ((below_surface - 2.6 - 0.25 * patches) / 0.75) ** 2) * extent
    factor = 1.0 - inside * (lesion.lucency + lesion.mottling * np.clip(patches, -2.0, 2.0))
    factor = np.clip(factor, 0.25, 1.9) * (1.0 - lesion.crescent * line)
    return LesionEffect(
        (lesion.band_mm * (band + 0.16 * halo)).astype(np.float32),
        factor.astype(np.float32),
        (1.0 - lesion.pattern_loss * inside).astype(np.float32),
    )


def _rise(value: Float32Array) -> Float32Array:
    clipped = np.clip(value, 0.0, 1.0)
    return (clipped * clipped * (3.0 - 2.0 * clipped)).astype(np.float32)
