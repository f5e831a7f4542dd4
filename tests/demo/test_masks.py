"""Raters agree as well as two surgeons do, and one with himself a little better."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from trephine.demo.masks import LABELS, RATER_A, RATER_B, Rater, draw_mask
from trephine.demo.physics import Detector
from trephine.demo.radiograph import HeadOutline, Radiograph

DETECTOR = Detector(
    0.4, (300, 400), 12, photons=1e4, blur_mm=0.2, scatter_to_primary=0.2,
    equalisation=0.5, enhancement=0.5, latitude=3.0, border="black",
)  # fmt: skip
CIRCLE = np.full(360, 26.0)


@pytest.fixture
def radiograph() -> Radiograph:
    heads = {"R": HeadOutline((40.0, 55.0), CIRCLE), "L": HeadOutline((118.0, 60.0), CIRCLE)}
    return Radiograph(np.zeros((300, 400), np.uint16), DETECTOR, heads)


def dice(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    return 2.0 * float((a & b).sum()) / float(a.sum() + b.sum())


def test_a_steady_hand_draws_the_true_circle(radiograph: Radiograph) -> None:
    steady = Rater(radius_bias=0.0, radius_sd=0.0, centre_sd_mm=0.0, waviness_mm=0.0)
    labels = draw_mask(radiograph, ("R", "L"), steady, np.random.default_rng(0))
    assert (labels == 1).sum() * 0.4**2 == pytest.approx(np.pi * 26**2, rel=0.005)
    assert np.argwhere(labels == 2).mean(axis=0) * 0.4 == pytest.approx([60.0, 118.0], abs=0.1)


def test_only_the_hips_of_the_study_are_drawn(radiograph: Radiograph) -> None:
    labels = draw_mask(radiograph, ("L",), RATER_A, np.random.default_rng(0))
    assert set(np.unique(labels)) == {0, LABELS["L"]}


def test_readings_agree_like_surgeons(radiograph: Radiograph) -> None:
    rng = np.random.default_rng(5)
    between, within = [], []
    for _ in range(60):
        first, second, other = (
            draw_mask(radiograph, ("R",), rater, rng) == 1 for rater in (RATER_A, RATER_A, RATER_B)
        )
        between.append(dice(first, other))
        within.append(dice(first, second))
    assert min(between) > 0.92
    assert 0.94 < np.mean(between) < 0.98
    assert np.mean(between) < np.mean(within) < 0.99


def test_a_head_near_the_border_is_cut_off_there() -> None:
    heads = {"R": HeadOutline((5.0, 5.0), CIRCLE)}
    edge = Radiograph(np.zeros((300, 400), np.uint16), DETECTOR, heads)
    labels = draw_mask(edge, ("R",), RATER_A, np.random.default_rng(1))
    assert labels[0, 0] == 1
    assert labels[-1, -1] == 0
