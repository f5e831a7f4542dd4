"""The bony pelvis in the plane of an anteroposterior radiograph: hip bone, sacrum, L3 to L5.

Coordinates are millimetres at the detector: x from the midline (for the hip bone towards its own
side), y downwards from the level of the femoral heads. The outlines are drawn by hand after
textbook proportions.
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
)
from trephine.demo.resample import Template
from trephine.types import FloatArray

ACETABULUM_CENTRE_MM = (90.0, 0.0)
ACETABULUM_RADIUS_MM = 30.6
_STEP_MM = 0.5

# Crest, spines, acetabular roof, posterior wall, ischium, pubis, pelvic brim, sciatic notch.
_HIP_BONE = [
    (24, -103), (28, -118), (36, -131), (49, -141.5), (66, -149.5), (85, -153.5), (104, -152),
    (121, -144.5),
    (133, -133), (139.5, -119), (141, -105), (139.5, -95), (134.5, -88.5), (127, -83),
    (121.5, -76), (118, -67),
    (117, -60), (119, -53.5), (120, -47.5), (116.5, -42), (115, -36), (115, -30), (113, -21),
    (108, -8),
    (102.5, 6), (95, 18), (85, 27), (78, 34), (76, 42), (74.5, 52), (70, 62), (62, 70),
    (53, 74.5), (44.5, 75),
    (36, 70.5), (28, 64), (20, 59), (12, 56), (5.5, 52.5), (3.2, 44), (3.2, 34), (5, 26.5),
    (12, 23), (24, 18),
    (35.5, 8.5), (46, -4), (53, -19), (56.5, -34), (57.5, -46), (54.5, -54.5), (48.5, -59),
    (41, -60.5),
    (34.5, -64), (29, -74), (25.5, -88),
]  # fmt: skip
_OBTURATOR_FORAMEN = [
    (24, 43), (25.5, 35.5), (31, 29.5), (39, 25.5), (47.5, 22.5), (53, 24.5), (56, 31),
    (56.5, 40), (53.5, 49.5),
    (47.5, 57), (40, 60), (32, 57), (26.5, 50.5),
]  # fmt: skip
# x, y, thickness in mm along the beam.
_HIP_BONE_THICKNESS = [
    (40, -120, 13), (85, -157, 11), (130, -130, 10), (132, -98, 12), (85, -120, 4.5),
    (70, -105, 5), (105, -110, 6), (95, -85, 12), (60, -80, 13), (40, -80, 14), (112, -55, 17),
    (85, -60, 22), (65, -50, 24), (95, -40, 27), (62, -25, 24), (75, -10, 19), (78, 8, 17),
    (104, -5, 15), (92, 15, 15), (65, 25, 20), (65, 45, 23), (60, 62, 26), (45, 66, 17),
    (28, 60, 11), (12, 50, 14), (8, 35, 16), (25, 25, 13), (45, 8, 16),
]  # fmt: skip


def _hip_bone_lines(grid: ImageGrid) -> FloatArray:
    """Cortices that the beam meets edge on: brim, columns, walls, roof, teardrop, crest."""
    cx, cy = ACETABULUM_CENTRE_MM
    angle = np.deg2rad(np.linspace(-118, -38, 9))
    roof = [
        (
            cx + (ACETABULUM_RADIUS_MM + 1.4) * np.cos(a),
            cy + (ACETABULUM_RADIUS_MM + 1.4) * np.sin(a),
        )
        for a in angle
    ]
    angle = np.deg2rad(np.linspace(-125, -225, 9))
    floor = [
        (
            cx + (ACETABULUM_RADIUS_MM + 0.8) * np.cos(a),
            cy + (ACETABULUM_RADIUS_MM + 0.8) * np.sin(a),
        )
        for a in angle
    ]
    lines: list[tuple[list[tuple[float, float]], float, float]] = [
        # iliopectineal, ilioischial, anterior and posterior wall
        ([(40, -63), (52, -52), (56, -38), (52, -19), (45, -4), (35, 8.5), (24, 17.5),
          (10, 24)], 6.0, 0.9),
        ([(57, -46), (58.5, -30), (57.5, -12), (56, 6), (56.5, 22), (57, 34)], 5.0, 0.8),
        ([(114, -28), (104, -20), (95, -9), (86, 3), (76, 13), (66, 19), (52, 19.5)], 2.4, 1.2),
        ([(114.5, -27), (110.5, -16), (106.5, -5), (101, 7), (93, 18), (83, 27)], 3.0, 0.8),
        (roof, 8.5, 1.25),
        (floor, 3.0, 0.8),
        # teardrop
        ([(60.5, 4), (59, 12), (59.5, 20), (62, 24), (65, 20), (65.5, 12), (64.5, 5)], 4.0, 0.7),
        # crest, its inner lip, and the gluteal line
        ([(27, -112), (40, -134), (60, -150), (85, -158), (109, -152), (125, -136),
          (134, -115)], 4.5, 1.6),
        ([(45, -128), (65, -140), (88, -145), (106, -138), (118, -124)], 1.2, 1.2),
        ([(120, -76), (108, -90), (98, -112), (95, -135)], 1.1, 1.0),
        # superior ramus and obturator crest, ischial spine
        ([(55, 20), (40, 21), (24, 26), (10, 32)], 2.2, 0.8),
        ([(57.5, -8), (50, -3), (46.5, 2.5), (52, 6), (57, 10)], 2.2, 0.9),
        ([(70, 60), (60, 67), (48, 71), (38, 68)], 2.0, 1.3),
    ]  # fmt: skip
    total = np.zeros(grid.shape)
    for points, height, width in lines:
        total += ridge(points, grid, height_mm=height, width_mm=width)
    return total


@cache
def hip_bone() -> Template:
    """Hip bone whose acetabulum lies at ``ACETABULUM_CENTRE_MM``; mirror x for the other side."""
    grid = ImageGrid.spanning(-2.0, 146.0, -170.0, 84.0, _STEP_MM)
    x, y = grid.coordinates()
    depth = np.minimum(signed_distance(_HIP_BONE, grid), -signed_distance(_OBTURATOR_FORAMEN, grid))
    thickness = interpolate(_HIP_BONE_THICKNESS, grid, reach_mm=13.0)
    # The joint's cavity: behind the head lie only the two walls.
    cx, cy = ACETABULUM_CENTRE_MM
    socket = smoothstep((ACETABULUM_RADIUS_MM - np.hypot(x - cx, y - cy)) / 2.0 + 0.5)
    thickness = thickness * (1.0 - 0.45 * socket)
    cortex = interpolate(
        [(85, -120, 0.9), (85, -157, 1.2), (65, -50, 1.5), (95, -40, 1.2), (62, 45, 1.3),
         (25, 40, 1.2), (98, 0, 0.7)],
        grid, reach_mm=30.0,
    )  # fmt: skip
    shell, core = bone_paths(depth, thickness / 2.0, cortex)
    lines = _hip_bone_lines(grid) * smoothstep(depth / 1.2 + 0.8)
    density = interpolate(
        [(85, -120, 0.20), (95, -42, 0.34), (65, -45, 0.30), (60, 60, 0.22), (20, 45, 0.22),
         (98, 0, 0.20)],
        grid, reach_mm=30.0,
    )  # fmt: skip
    roof_sclerosis = 4.0 * disc((98, -38), (19, 8), grid, edge_mm=12.0, angle_deg=18.0)
    inside = smoothstep(depth + 0.5)
    return Template.build(grid, shell + lines, density * core + roof_sclerosis * inside)


_SACRUM = [
    (0, -104), (14, -106), (27, -108), (39, -103), (46, -92), (45, -79), (40, -66), (34, -55),
    (28, -44), (22, -32), (17, -21), (12, -13), (7, -7), (6, 2), (4, 12), (0, 18),
]  # fmt: skip


@cache
def sacrum() -> Template:
    """Sacrum and coccyx with foramina, and the three lowest lumbar vertebrae; both sides."""
    grid = ImageGrid.spanning(-62.0, 62.0, -232.0, 24.0, _STEP_MM)
    mirrored = [(-px, py) for px, py in _SACRUM[-2:0:-1]]
    depth = signed_distance(_SACRUM + mirrored, grid)
    thickness = interpolate([(0, -95, 44), (40, -90, 15), (0, -60, 30), (20, -45, 18),
    (0, -25, 15), (0, 5, 8)],
                            grid, reach_mm=16.0)  # fmt: skip
    shell, core = bone_paths(depth, thickness / 2.0, np.full(grid.shape, 0.9))
    cortical, cancellous = shell * 0.8, 0.15 * core
    for side in (-1, 1):
        cortical, cancellous = _with_foramina(cortical, cancellous, side, grid)
        cortical, cancellous = _with_joint(cortical, cancellous, side, grid)
    for py, ry in ((-92, 6.0), (-74, 5.0), (-58, 4.2), (-44, 3.4)):
        cancellous = cancellous + 3.0 * disc((0, py), (3.0, ry), grid, edge_mm=2.5)
    for py, half in ((-78, 17), (-61, 14), (-46, 11), (-32, 8), (-8, 5), (3, 4)):
        cortical = cortical + ridge(
            [(-half, py), (0, py + 1.5), (half, py)], grid, height_mm=1.6, width_mm=0.9
        )
    promontory = [(-27, -104), (-14, -99), (0, -97.5), (14, -99), (27, -104)]
    cortical = cortical + ridge(promontory, grid, height_mm=4.0, width_mm=1.0)
    for centre in (-126.0, -165.0, -205.0):
        body_cortical, body_cancellous = _vertebra(grid, centre)
        cortical, cancellous = cortical + body_cortical, cancellous + body_cancellous
    return Template.build(grid, cortical, cancellous)


def _with_foramina(
    cortical: FloatArray, cancellous: FloatArray, side: int, grid: ImageGrid
) -> tuple[FloatArray, FloatArray]:
    """Return the sacrum with the holes of one side, an arc of cortex above each."""
    for level, (px, py, rx, ry) in enumerate(
        [(19, -86, 5.5, 4.2), (17.5, -68, 5.0, 3.8), (15, -52, 4.2, 3.2), (12, -38, 3.4, 2.6)]
    ):
        hole = disc((side * px, py), (rx, ry), grid, edge_mm=2.5, angle_deg=side * 25.0)
        cortical = cortical * (1 - 0.55 * hole)
        cancellous = cancellous * (1 - 0.6 * hole)
        arc = [
            (side * (px - rx), py - 0.2 * ry),
            (side * px, py - ry - 1.6),
            (side * (px + rx + 1), py - 0.9 * ry),
        ]
        cortical = cortical + ridge(arc, grid, height_mm=2.6 - 0.3 * level, width_mm=0.8)
    return cortical, cancellous


def _with_joint(
    cortical: FloatArray, cancellous: FloatArray, side: int, grid: ImageGrid
) -> tuple[FloatArray, FloatArray]:
    """Return the sacrum with the oblique joint of one side."""
    # The oblique joint: two lucent lines, each beside a cortex.
    joint = [
        (side * 37, -107),
        (side * 43, -94),
        (side * 43, -80),
        (side * 37, -66),
        (side * 33, -58),
    ]
    behind = [
        (side * 31, -102),
        (side * 34, -90),
        (side * 33, -78),
        (side * 30, -66),
        (side * 31, -59),
    ]
    for curve, strength in ((joint, 0.75), (behind, 0.5)):
        gap = ridge(curve, grid, height_mm=strength, width_mm=1.1)
        cortical, cancellous = cortical * (1 - gap), cancellous * (1 - gap)
        cortex = ridge(
            [(px - side * 2.4, py) for px, py in curve], grid, height_mm=2.2, width_mm=0.8
        )
        cortical = cortical + cortex
    return cortical, cancellous


def _vertebra(grid: ImageGrid, centre_mm: float) -> tuple[FloatArray, FloatArray]:
    """Return a lumbar vertebra: body with concave end plates, pedicles, processes, facets."""
    y = centre_mm
    outline = [
        (-26, y - 14), (-13, y - 13), (0, y - 12.5), (13, y - 13), (26, y - 14), (24.5, y - 6),
        (23.5, y),
        (25, y + 7), (27, y + 13.5), (14, y + 13), (0, y + 12.5), (-14, y + 13),
        (-27, y + 13.5), (-25, y + 7),
        (-23.5, y), (-24.5, y - 6),
    ]  # fmt: skip
    depth = signed_distance(outline, grid)
    shell, core = bone_paths(depth, np.full(grid.shape, 17.0), np.full(grid.shape, 0.7))
    cortical, cancellous = 0.65 * shell, 0.19 * core
    for side in (-1, 1):
        process = [
            (side * 22, y - 4),
            (side * 33, y - 7),
            (side * 45, y - 9),
            (side * 47, y - 5),
            (side * 34, y),
            (side * 22, y + 3),
        ]
        wing = signed_distance(process, grid)
        wing_shell, wing_core = bone_paths(wing, np.full(grid.shape, 4.0), np.full(grid.shape, 0.9))
        cortical, cancellous = cortical + wing_shell, cancellous + 0.2 * wing_core
        ring = [
            (side * 16 + 4.2 * np.cos(a), y - 4 + 5.5 * np.sin(a))
            for a in np.linspace(0, 2 * np.pi, 13)
        ]
        cortical = cortical + ridge(ring, grid, height_mm=3.0, width_mm=0.9)
        facet = [(side * 12, y + 8), (side * 15, y + 15), (side * 13, y + 22)]
        cortical = cortical + ridge(facet, grid, height_mm=3.0, width_mm=2.0)
    cancellous = cancellous + 5.0 * disc((0, y + 8), (3.2, 9.0), grid, edge_mm=2.5)
    return cortical, cancellous
