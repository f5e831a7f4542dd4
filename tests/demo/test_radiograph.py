"""The picture shows what was put into it, where a radiologist would look for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.choices import Side
from trephine.demo.lesion import Lesion
from trephine.demo.pose import draw_pose
from trephine.demo.radiograph import Hip, Radiograph

NO_SIGNS = Lesion(
    middle_deg=0.0, arc_deg=100.0, bulge=0.6, waviness_mm=0.0, phases=(0.0, 0.0, 0.0),
    band_mm=0.0, lucency=0.0, mottling=0.0, pattern_loss=0.0, crescent=0.0, flattening_mm=0.0,
)  # fmt: skip


def polar(radiograph: Radiograph, side: Side, angle_deg: float, radius: float) -> float:
    """Value at an angle from straight up (positive to lateral) and a share of the head's radius.

    The mean of a spot two pixels wide.
    """
    head = radiograph.heads[side]
    sign = 1.0 if side == "L" else -1.0
    angle, reach = np.deg2rad(angle_deg), radius * float(np.median(head.radius_mm))
    x = head.centre_mm[0] + sign * reach * np.sin(angle)
    y = head.centre_mm[1] - reach * np.cos(angle)
    column, row = (round(c / radiograph.detector.spacing_mm) for c in (x, y))
    spot = radiograph.pixels[row - 1 : row + 2, column - 1 : column + 2]
    return float(spot.mean())


def ring(radiograph: Radiograph, side: Side, radius: float, angles: range) -> float:
    return float(np.mean([polar(radiograph, side, angle, radius) for angle in angles]))


def test_the_patients_right_is_on_the_left_of_the_picture(draw) -> None:
    heads = draw().heads
    middle = 0.6 * 699 / 2
    assert heads["R"].centre_mm[0] < middle - 60
    assert heads["L"].centre_mm[0] > middle + 60


def test_a_lucent_joint_space_parts_the_head_from_its_socket(draw) -> None:
    radiograph = draw()
    for side in ("R", "L"):
        dome = range(-20, 25, 5)
        gap = ring(radiograph, side, 1.075, dome)
        assert gap < ring(radiograph, side, 0.97, dome) - 60
        assert gap < ring(radiograph, side, 1.20, dome) - 60


def test_a_prosthesis_is_denser_than_any_bone_and_has_no_outline(draw) -> None:
    healthy = draw()
    replaced = draw({"R": Hip(kind="prosthesis")})
    assert set(replaced.heads) == {"L"}
    x, y = (int(c / 0.6) for c in healthy.heads["R"].centre_mm)
    assert replaced.pixels[y, x] == 4095
    assert healthy.pixels[y, x] < 3800


def test_the_sclerotic_band_is_bright_along_the_lesions_border(draw) -> None:
    plain = draw({"R": Hip(lesion=NO_SIGNS)})
    banded = draw({"R": Hip(lesion=replace(NO_SIGNS, band_mm=6.0))})
    # The border crosses the axis of the arc a bulge of 0.6 half chords below the chord.
    depth = np.cos(np.deg2rad(50.0)) - 0.6 * np.sin(np.deg2rad(50.0))
    assert polar(banded, "R", 0.0, depth) > polar(plain, "R", 0.0, depth) + 80
    assert polar(banded, "L", 0.0, depth) == pytest.approx(polar(plain, "L", 0.0, depth), abs=8)


def test_lucency_darkens_the_lesion_and_spares_the_rest_of_the_head(draw) -> None:
    plain = draw({"R": Hip(lesion=NO_SIGNS)})
    lucent = draw({"R": Hip(lesion=replace(NO_SIGNS, lucency=0.4))})
    inside = ring(plain, "R", 0.7, range(-20, 25, 5)) - ring(lucent, "R", 0.7, range(-20, 25, 5))
    below = ring(plain, "R", 0.7, range(150, 215, 5)) - ring(lucent, "R", 0.7, range(150, 215, 5))
    assert inside > 60
    assert abs(below) < 0.3 * inside


def test_the_crescent_is_a_dark_line_under_the_dome(draw) -> None:
    plain = draw({"R": Hip(lesion=NO_SIGNS)})
    broken = draw({"R": Hip(lesion=replace(NO_SIGNS, crescent=0.8))})
    dome = range(-20, 25, 5)
    line = ring(plain, "R", 0.90, dome) - ring(broken, "R", 0.90, dome)
    deeper = ring(plain, "R", 0.65, dome) - ring(broken, "R", 0.65, dome)
    assert line > 40
    assert abs(deeper) < 0.4 * line


def test_flattening_presses_the_outline_in_only_above_the_lesion(draw) -> None:
    flat = draw({"R": Hip(lesion=replace(NO_SIGNS, flattening_mm=1.8))}).heads["R"].radius_mm
    pressed = flat.max() - flat
    top, bottom = 270, 90
    assert pressed[top] == pytest.approx(1.8, rel=0.1)
    assert pressed[bottom] < 0.01


def test_the_trabecular_pattern_fades_where_it_is_asked_to(draw) -> None:
    def roughness(radiograph: Radiograph) -> float:
        x, y = (int(c / 0.6) for c in radiograph.heads["R"].centre_mm)
        head = radiograph.pixels[y - 22 : y + 23, x - 22 : x + 23].astype(float)
        return float(np.diff(head, axis=1).std())

    assert roughness(draw({"R": Hip(pattern=0.3)})) < 0.8 * roughness(draw({"R": Hip(pattern=1.3)}))


def test_the_collimator_leaves_a_border_in_its_tone(draw) -> None:
    pixels = draw().pixels
    assert (pixels[0] == 0).all()
    assert (pixels[:, -1] == 0).all()


def test_the_same_generator_gives_the_same_pixels(draw) -> None:
    assert (draw(seed=4).pixels == draw(seed=4).pixels).all()
    assert not (draw(seed=4).pixels == draw(seed=5).pixels).all()


def test_women_have_a_smaller_and_wider_pelvis() -> None:
    rng = np.random.default_rng(0)
    women = [draw_pose(rng, female=True, age=45) for _ in range(200)]
    men = [draw_pose(rng, female=False, age=45) for _ in range(200)]
    assert np.mean([p.scale for p in women]) < np.mean([p.scale for p in men]) - 0.05
    assert np.mean([p.width for p in women]) > np.mean([p.width for p in men]) + 0.03
