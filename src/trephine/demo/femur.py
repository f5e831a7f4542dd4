"""The proximal femur, hip prosthesis included, in the plane of an anteroposterior radiograph.

Coordinates are millimetres at the detector from the centre of the head: x away from the midline,
y downwards; legs turned in by fifteen degrees, so that the neck lies in the plane.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from trephine.demo.curves import (
    ImageGrid,
    bone_paths,
    disc,
    interpolate,
    ridge,
    signed_distance,
    smoothstep,
    spline,
)
from trephine.demo.resample import Template
from trephine.types import FloatArray

HEAD_RADIUS_MM = 26.6
_STEP_MM = 0.5
_BOTTOM_MM = 230.0

# Neck's upper border, greater trochanter, shaft, lesser trochanter, neck's lower border.
_AFTER_HEAD = [
    (26.5, -9.5), (31, -2.5), (37, 2), (43.5, 0.5), (49, -6), (56, -9.5), (64, -6), (70.5, 4),
    (74.5, 17),
    (74.5, 31), (71, 45), (67, 60), (64.5, 80), (62.5, 105), (59, 150), (53, 232),
    (36, 232), (32, 232), (20, 232), (25, 180), (29.5, 140), (31.5, 110), (30.5, 92), (28, 84),
    (24.5, 77), (20.5, 69),
    (21, 61.5), (23.2, 54), (22, 46), (18, 39), (13, 33), (8.5, 28.6),
]  # fmt: skip


def _outline() -> list[tuple[float, float]]:
    # The head's circle runs from the lower to the upper junction with the neck, by way of medial.
    angles = np.deg2rad(np.arange(82.0, 334.0, 9.0))
    head = [(HEAD_RADIUS_MM * np.cos(a), HEAD_RADIUS_MM * np.sin(a)) for a in angles]
    return head + _AFTER_HEAD


@cache
def femur() -> Template:
    """Proximal femur without lesion; its trabecular pattern is added for each hip."""
    grid = ImageGrid.spanning(-32.0, 84.0, -34.0, _BOTTOM_MM, _STEP_MM)
    depth = signed_distance(_outline(), grid)
    half = interpolate(
        [(0, 0, 26.6), (-14, 0, 26.6), (0, -16, 26.6), (0, 16, 26.6), (14, -6, 26.6),
         (26, 16, 17), (32, 22, 17), (44, 25, 19),
         (60, 12, 15), (62, 30, 19), (45, 50, 20), (45, 80, 17.5), (45, 110, 16.5),
         (40, 150, 16.5), (38, 200, 16.5)],
        grid, reach_mm=7.5,
    )  # fmt: skip
    cortex = interpolate(
        [(0, -20, 0.55), (-20, 0, 0.55), (0, 20, 0.6), (8, 24, 1.0), (14, 33, 2.6),
         (22, 46, 4.4), (25, 60, 4.2), (30, 78, 5.2),
         (32, 105, 6.8), (60, 105, 6.6), (64, 80, 5.6), (67, 60, 3.4), (73, 35, 1.6),
         (70, 10, 1.0), (57, -5, 0.9), (43, 3, 1.1),
         (31, -1, 1.4), (26, -8, 1.0), (42, 40, 1.6), (40, 60, 2.6), (45, 85, 5.2),
         (42, 150, 7.2), (38, 220, 7.2)],
        grid, reach_mm=6.5,
    )  # fmt: skip
    shell, core = bone_paths(depth, half, cortex)
    density = interpolate(
        [(0, 0, 0.215), (-8, -14, 0.25), (-14, 4, 0.18), (8, 16, 0.23), (14, -8, 0.20),
         (24, 10, 0.20), (18, 28, 0.29), (33, 22, 0.085),
         (40, 12, 0.16), (58, 8, 0.115), (66, 28, 0.12), (48, 38, 0.10), (30, 50, 0.17),
         (45, 60, 0.06), (45, 85, 0.02),
         (42, 120, 0.0), (40, 200, 0.0)],
        grid, reach_mm=8.0,
    )  # fmt: skip
    lines = [
        # crest between the trochanters, base of the lesser trochanter, lateral edge of the neck
        ([(57, 2), (54, 18), (46, 34), (37, 48), (28, 60), (24, 70)], 3.2, 1.1),
        ([(24, 54), (29, 63), (29, 73), (26, 82)], 3.0, 0.9),
        ([(63, 0), (66, 16), (63, 33)], 1.4, 1.4),
        ([(45, 0), (50, 9), (50, 19), (46, 28)], 1.6, 1.0),
        # epiphyseal scar
        ([(22, -9), (14, -3), (6, 3), (-2, 10), (-6, 19)], 0.5, 0.9),
    ]  # fmt: skip
    ridges = np.sum([ridge(p, grid, height_mm=h, width_mm=w) for p, h, w in lines], axis=0)
    fovea = 0.5 * disc((-24.0, 6.5), (3.0, 4.6), grid, edge_mm=3.5, angle_deg=-15.0)
    inside = smoothstep(depth + 0.5)
    return Template.build(grid, shell * (1 - fovea) + ridges * inside, density * core * (1 - fovea))


@cache
def prosthesis() -> Template:
    """Uncemented total hip: cup, ball, neck, stem; metal as mm of cortical bone in map 1."""
    grid = ImageGrid.spanning(-40.0, 84.0, -44.0, _BOTTOM_MM, _STEP_MM)
    x, y = grid.coordinates()
    bone = femur().sample(x.astype(np.float32), y.astype(np.float32)).astype(np.float64)
    # Neck cut: from the saddle to a finger's breadth above the lesser trochanter.
    below_cut = smoothstep(((x - 17.0) * 0.55 + (y - 34.0) * 0.83) / 1.5 + 0.5)
    trochanter = smoothstep((x - 43.0) / 2.0 + 0.5)
    kept = np.maximum(below_cut, trochanter)
    # The cup opens at 45 degrees, down and to the side.
    towards_opening = (x + y) / np.sqrt(2.0)
    radius = np.hypot(x, y)
    cup = smoothstep(29.5 - radius) * smoothstep(2.5 - towards_opening)
    cup_shell = cup * smoothstep(radius - 24.0)
    ball = disc((0, 0), (16.0, 16.0), grid, edge_mm=1.0)
    stem = _stem(grid)
    metal = 16.0 * cup + 26.0 * cup_shell + 90.0 * ball + 80.0 * stem
    return Template.build(grid, bone[0] * kept, bone[1] * kept + metal)


def _stem(grid: ImageGrid) -> FloatArray:
    x, y = grid.coordinates()
    neck_axis = spline([(4, 3), (14, 11), (26, 21), (34, 28)], closed=False)
    neck = np.min([np.hypot(x - px, y - py) for px, py in neck_axis[::40]], axis=0)
    outline = [
        (28, 17), (40, 22), (47, 27), (55, 33), (56, 45), (54, 70), (52, 100), (50, 130),
        (46.5, 148), (43, 150), (40.5, 145),
        (40, 120), (38.5, 90), (35, 65), (30, 45), (26, 33),
    ]  # fmt: skip
    body = smoothstep(signed_distance(outline, grid) + 0.5)
    return np.maximum(body, smoothstep(7.0 - neck))
