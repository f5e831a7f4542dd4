"""Quality of an image at a region: each measure against what was put in, and its laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from trephine.errors import ImageError
from trephine.radiomics import image_quality
from trephine.radiomics.quality import noise_level
from trephine.types import Geometry, Image

GRID = Geometry.plain((0.5, 0.5))
ROWS, COLUMNS = np.indices((120, 110)).astype(float)
REGION = (ROWS - 60) ** 2 + (COLUMNS - 55) ** 2 < 30**2
TEXTURE = gaussian_filter(np.random.default_rng(4).normal(size=REGION.shape), 1.5) * 300


def grain(sd: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sd, REGION.shape)


@pytest.mark.parametrize("sd", [2.0, 9.0])
def test_the_level_of_noise_is_that_which_was_put_in(sd: float) -> None:
    smooth = 100 * np.sin(ROWS / 9.0) * np.cos(COLUMNS / 7.0) + ROWS
    assert noise_level(smooth) < 0.2
    noisy = smooth + grain(sd)
    assert noise_level(noisy) == pytest.approx(sd, rel=0.05)
    stack = np.stack([noisy, noisy[::-1], noisy[:, ::-1]])
    assert noise_level(stack) == pytest.approx(noise_level(noisy), rel=0.05)


def test_contrast_is_the_step_at_the_border_in_multiples_of_the_noise() -> None:
    for step in (-40.0, 80.0):
        found = image_quality(Image(200 + step * REGION + grain(8.0), GRID), REGION)
        assert found.contrast == pytest.approx(step / 8.0, rel=0.06)
    without = image_quality(Image(200 + 40.0 * REGION, GRID), REGION)
    assert without.noise == 0.0
    assert math.isnan(without.contrast)
    everywhere = np.ones_like(REGION)
    assert math.isnan(image_quality(Image(grain(8.0), GRID), everywhere).contrast)


def test_blur_lowers_sharpness_and_noise_and_the_unit_of_grey_do_not_matter() -> None:
    sharp = image_quality(Image(TEXTURE, GRID), REGION).sharpness
    blurred = [
        image_quality(Image(gaussian_filter(TEXTURE, width), GRID), REGION).sharpness
        for width in (1.0, 2.0)
    ]
    assert sharp > 1.3 * blurred[0] > 1.6 * blurred[1]
    scaled = image_quality(Image(7 * TEXTURE + 1000, GRID), REGION).sharpness
    assert scaled == pytest.approx(sharp, rel=1e-9)
    noisy = image_quality(Image(TEXTURE + grain(0.1 * TEXTURE.std()), GRID), REGION).sharpness
    assert noisy == pytest.approx(sharp, rel=0.1)
    stack = np.stack([TEXTURE] * 3)
    whole = image_quality(Image(stack, Geometry.plain((1.0, 0.5, 0.5))), np.stack([REGION] * 3))
    assert whole.sharpness == pytest.approx(sharp, rel=0.02)
    assert math.isnan(image_quality(Image(np.full(REGION.shape, 3.0), GRID), REGION).sharpness)


def test_clipped_is_the_share_at_either_end() -> None:
    pixels = np.clip(TEXTURE, np.quantile(TEXTURE[REGION], 0.2), np.quantile(TEXTURE[REGION], 0.9))
    assert image_quality(Image(pixels, GRID), REGION).clipped == pytest.approx(0.3, abs=0.01)


def test_a_region_that_is_none_is_refused() -> None:
    with pytest.raises(ImageError, match="expected voxels on an image of"):
        image_quality(Image(TEXTURE, GRID), np.zeros_like(REGION))
    with pytest.raises(ImageError, match="on \\(119, 110\\)"):
        image_quality(Image(TEXTURE, GRID), REGION[1:])
