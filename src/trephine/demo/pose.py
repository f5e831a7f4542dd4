"""How a simulated patient lies and is built, and where that puts the pelvis in the image."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np

from trephine.choices import Side
from trephine.demo import pelvis
from trephine.demo.resample import add_waves
from trephine.types import Float32Array, FloatArray


@dataclass(frozen=True)
class Pose:
    """How a patient lies and is built.

    Attributes
    ----------
    scale
        Bony size at the detector, 1 on average.
    width, height
        Stretch of the pelvis across and down (sex, tilt).
    rotation
        Turn about the long axis, as the relative difference in width of the two halves.
    roll_deg
        Turn in the plane of the image.
    shift_mm
        Midline and level of the heads against the middle of the image.
    cortex, cancellous
        Thickness of cortices and density of spongy bone, 1 on average.
    joint_space_mm
        Lucent gap between head and socket.
    ripple
        Rows of amplitude in mm, wavelengths across and down in mm, two phases: individual
        deviations of the outline.
    """

    scale: float
    width: float
    height: float
    rotation: float
    roll_deg: float
    shift_mm: tuple[float, float]
    cortex: float
    cancellous: float
    joint_space_mm: float
    ripple: FloatArray


def draw_pose(rng: np.random.Generator, *, female: bool, age: float) -> Pose:
    """Draw a pose for a patient of given sex and age."""
    count = 4
    ripple = np.column_stack(
        [
            rng.normal(0.0, 1.7, count),
            rng.uniform(150.0, 300.0, count),
            rng.uniform(150.0, 300.0, count),
            rng.uniform(0.0, 2.0 * np.pi, (count, 2)),
        ]
    )
    sex = 1.0 if female else 0.0
    thinning = 0.004 * (age - 42.0)
    return Pose(
        scale=float(rng.normal(1.0 - 0.075 * sex, 0.035)),
        width=float(rng.normal(1.0 + 0.055 * sex, 0.025)),
        height=float(rng.normal(1.0 - 0.02 * sex, 0.035)),
        rotation=float(rng.normal(0.0, 0.022)),
        roll_deg=float(rng.normal(0.0, 1.1)),
        shift_mm=(float(rng.normal(0.0, 5.0)), float(rng.normal(0.0, 7.0))),
        cortex=float(np.clip(rng.normal(1.0 - thinning - 0.05 * sex, 0.10), 0.65, 1.35)),
        cancellous=float(np.clip(rng.normal(1.0 - thinning - 0.04 * sex, 0.10), 0.6, 1.4)),
        joint_space_mm=float(np.clip(rng.normal(3.8, 0.45), 2.8, 5.2)),
        ripple=ripple,
    )


def to_pelvis(pose: Pose, x: Float32Array, y: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Template coordinates (signed x) of a row of x and a column of y in the image."""
    # As plain floats, which leave the maps in single precision.
    sine, cosine = sin(radians(pose.roll_deg)), cos(radians(pose.roll_deg))
    width, height = pose.scale * pose.width, pose.scale * pose.height
    # A turn about the long axis widens one half and carries the symphysis to its side.
    turned = x / width
    sign = np.sign(turned)
    turned = turned - pose.rotation * (
        np.abs(turned) - 14.0 * sign**2 * np.exp(-((turned / 40.0) ** 2))
    )
    across = turned + (sine / width) * y
    down = (cosine / height) * y - (sine / height) * x
    amplitude, wave_x, wave_y, phase_x, phase_y = (column[:, None] for column in pose.ripple.T)
    # Both displacements are sums of a few products of a function of x and one of y.
    along_y = amplitude * np.cos(2.0 * np.pi * y[:, 0] / wave_y + phase_y)
    along_y = along_y.astype(np.float32)
    add_waves(along_y, _wave(x[0], wave_x, phase_x), across)
    add_waves(along_y, _wave(x[0], wave_y, phase_x), down)
    return across, down


def _wave(x: Float32Array, length: FloatArray, phase: FloatArray) -> Float32Array:
    return np.asarray(np.sin(2.0 * np.pi * x / length + phase), dtype=np.float32)


def socket(pose: Pose, side: Side) -> tuple[tuple[float, float], float]:
    """Image coordinates of the socket's centre, and its radius in mm, as the pose leaves them."""
    sign = 1.0 if side == "L" else -1.0
    target = np.array([sign * pelvis.ACETABULUM_CENTRE_MM[0], pelvis.ACETABULUM_CENTRE_MM[1]])

    def template(point: FloatArray) -> FloatArray:
        x, y = point.astype(np.float32)
        across, down = to_pelvis(pose, np.array([[x]]), np.array([[y]]))
        return np.array([across[0, 0], down[0, 0]], dtype=np.float64)

    point = target * pose.scale
    for _ in range(20):
        point = point + (target - template(point)) * pose.scale
    steps = np.array([[10.0, 0.0], [0.0, 10.0]])
    stretch = [(template(point + step) - template(point - step)) / 20.0 for step in steps]
    local_scale = 1.0 / np.sqrt(abs(np.linalg.det(np.array(stretch))))
    return (float(point[0]), float(point[1])), pelvis.ACETABULUM_RADIUS_MM * float(local_scale)
