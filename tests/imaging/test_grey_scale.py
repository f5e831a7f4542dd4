"""MR brought to one scale: Nyul against another program, N4 against SimpleITK and a field."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from trephine.errors import ImageError
from trephine.imaging.bias_field import without_bias
from trephine.imaging.grey_settings import GreySettings
from trephine.imaging.nyul import PERCENTILES, landmarks, on_standard_scale, standard_scale
from trephine.types import FloatArray, Geometry, Image

REFERENCE = Path(__file__).parents[1] / "reference" / "nyul"
MR = Geometry((3.0, 0.8, 0.8), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))


def made(number: int) -> FloatArray:
    """As `tests/reference/nyul/call.py`."""
    z, y, x = np.indices((6, 24, 20)).astype(float)
    away = ((z - 2.5) / 4) ** 2 + ((y - 12) / 10) ** 2 + ((x - 10) / 8) ** 2
    ripples = np.sin(0.7 * x + number) + np.cos(0.5 * y) + 0.3 * z
    return np.where(away < 1, 200 + 40 * number + (20 + 7 * number) * ripples, 10 + ripples)


def test_the_standard_scale_is_that_of_another_program() -> None:
    expected = json.loads((REFERENCE / "expected.json").read_text())
    scale = standard_scale(landmarks(made(number)) for number in range(4))
    assert scale == pytest.approx(expected["scale"], rel=1e-5)  # it computes in single precision
    mapped = on_standard_scale(made(4), scale)
    for at, value in expected["mapped"].items():
        assert mapped[tuple(map(int, at.split(",")))] == pytest.approx(value, abs=2e-4)
    assert mapped.mean() == pytest.approx(expected["mean"], abs=2e-4)


def test_it_is_a_straight_line_between_landmarks_and_beyond_them() -> None:
    scale = standard_scale([landmarks(made(0))])
    own, pixels = landmarks(made(1)), made(1)[:2, ::5, ::4]
    for value, found in zip(
        pixels.flat, on_standard_scale(made(1), scale)[:2, ::5, ::4].flat, strict=True
    ):
        piece = max(sum(mark <= value for mark in own) - 1, 0)  # the slow, obvious way
        piece = min(piece, len(own) - 2)
        part = (value - own[piece]) / (own[piece + 1] - own[piece])
        assert found == pytest.approx(scale[piece] + part * (scale[piece + 1] - scale[piece]))


def test_an_image_s_own_brightness_and_contrast_do_not_matter() -> None:
    scale = standard_scale(landmarks(made(number)) for number in range(3))
    bright = on_standard_scale(3.5 * made(2) + 40, scale)
    np.testing.assert_allclose(bright, on_standard_scale(made(2), scale), atol=1e-9)
    assert landmarks(bright) == pytest.approx(scale, rel=2e-3)


def test_landmarks_of_one_grey_value_are_one() -> None:
    coarse = np.floor(made(0) / 30) * 30
    assert np.unique(landmarks(coarse)).size < len(PERCENTILES)
    mapped = on_standard_scale(coarse, standard_scale([landmarks(made(1))]))
    assert np.isfinite(mapped).all()
    order = np.argsort(coarse, axis=None, kind="stable")
    assert (np.diff(mapped.ravel()[order]) >= 0).all()


@pytest.mark.parametrize("pixels", [np.full((4, 5), 3.0), np.eye(6)])
def test_an_image_of_one_foreground_value_has_no_scale(pixels: FloatArray) -> None:
    with pytest.raises(ImageError, match="foreground of many grey values"):
        landmarks(pixels)


def shaded() -> tuple[FloatArray, FloatArray]:
    """Return a phantom of two tissues in stripes, and a slow field over it."""
    z, y, x = np.indices((8, 48, 48)).astype(float)
    tissue = np.where(np.hypot(y - 24, x - 24) < 20, 100.0, 0.0)
    tissue[(tissue > 0) & (x % 8 < 4)] = 160.0
    noise = np.random.default_rng(1).normal(0, 1, tissue.shape)
    return np.abs(tissue + noise), np.exp(0.5 * (x - 24) / 24 + 0.2 * (y - 24) / 24 + 0 * z)


def test_n4_takes_out_a_slow_field_and_leaves_what_lies_under_it() -> None:
    tissue, field = shaded()
    dark, bright = (tissue > 50) & (tissue < 130), tissue > 130
    corrected = without_bias(Image(tissue * field, MR)).pixels
    for own in (dark, bright):
        before, after = ((p[own].std() / p[own].mean()) for p in (tissue * field, corrected))
        assert after < 0.4 * before
    assert corrected[bright].mean() / corrected[dark].mean() == pytest.approx(1.6, rel=0.03)


def test_n4_is_simpleitk_s_own() -> None:
    tissue, field = shaded()
    image = SimpleITK.GetImageFromArray((tissue * field).astype(np.float32))
    image.SetSpacing(MR.spacing_mm[::-1])
    foreground = SimpleITK.OtsuThreshold(image, 0, 1, 200)
    n4 = SimpleITK.N4BiasFieldCorrectionImageFilter()
    n4.SetNumberOfThreads(1)
    n4.Execute(SimpleITK.Shrink(image, [4, 4, 1]), SimpleITK.Shrink(foreground, [4, 4, 1]))
    itk = SimpleITK.GetArrayFromImage(image / SimpleITK.Exp(n4.GetLogBiasFieldAsImage(image)))
    corrected = without_bias(Image(tissue * field, MR))
    np.testing.assert_allclose(corrected.pixels, itk, rtol=1e-5, atol=1e-4)
    assert corrected.provenance["bias_correction"] == "n4"


def test_n4_refuses_what_is_no_mr() -> None:
    with pytest.raises(ImageError, match="none below 0"):
        without_bias(Image(made(0) - 1000, MR))


def test_stored_features_of_plain_settings_keep_their_key() -> None:
    assert GreySettings().key == ("none",)
    assert GreySettings("body").key == ("body",)
    keys = [
        GreySettings("nyul", "none", (1.0, 2.0)),
        GreySettings("nyul", "n4", (1.0, 2.0)),
        GreySettings("nyul", "none", (1.0, 2.5)),
        GreySettings("none", "n4"),
    ]
    assert len({one.key for one in keys}) == 4
