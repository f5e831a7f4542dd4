"""Perturbed copies: each kind of change alone does what it says, and all off changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trephine.errors import ImageError
from trephine.radiomics import RadiomicsSettings
from trephine.radiomics.perturbation import perturb
from trephine.radiomics.settings_perturbation import PerturbationSettings
from trephine.types import Geometry, Image, Mask

STILL = {
    "copies": 1,
    "noise": 0.0,
    "rotation_degrees": 0.0,
    "translation_voxels": 0.0,
    "growth": 0.0,
    "supervoxels": False,
}
MEASURED = RadiomicsSettings()
SPACING = (0.5, 0.4)


def bumps(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A smooth picture, of which every point is known."""
    return 100 * np.sin(rows / 9.0) * np.cos(columns / 7.0) + rows


def picture(ndim: int = 2) -> tuple[Image, np.ndarray]:
    rows, columns = np.indices((90, 100)).astype(float)
    region = ((rows - 44) * 0.5) ** 2 + ((columns - 50) * 0.4) ** 2 < 6**2
    if ndim == 2:
        return Image(bumps(rows, columns), Geometry.plain(SPACING)), region
    pixels = np.stack([bumps(rows, columns) + 5 * z for z in range(8)])
    stack = np.zeros(pixels.shape, bool)
    stack[2:6] = region
    return Image(pixels, Geometry.plain((1.5, *SPACING))), stack


def made(seed: int = 1, ndim: int = 2, **changes: object) -> tuple[Image, np.ndarray]:
    image, region = picture(ndim)
    settings = PerturbationSettings(**{**STILL, **changes})
    copy, mask = perturb(image, region, settings, MEASURED, np.random.default_rng(seed))
    return copy, mask.region(1)


@pytest.mark.parametrize("ndim", [2, 3])
def test_with_everything_off_a_copy_is_the_original(ndim: int) -> None:
    copy, region = made(ndim=ndim)
    image, drawn = picture(ndim)
    np.testing.assert_allclose(copy.pixels, image.pixels, atol=1e-8)
    np.testing.assert_array_equal(region, drawn)


def test_the_same_draw_is_the_same_copy_and_another_is_not() -> None:
    everything = PerturbationSettings().model_dump()
    first, again, other = (made(seed, **everything) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0].pixels, again[0].pixels)
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_noise_is_added_in_multiples_of_the_image_s_own() -> None:
    image, region = picture()
    grain = np.random.default_rng(5).normal(0, 6.0, image.pixels.shape)
    noisy = Image(image.pixels + grain, image.geometry)
    settings = PerturbationSettings(**{**STILL, "noise": 2.0})
    copy, _ = perturb(noisy, region, settings, MEASURED, np.random.default_rng(1))
    changed = (copy.pixels - noisy.pixels)[region]
    assert changed.std() == pytest.approx(12.0, rel=0.1)
    assert abs(changed.mean()) < 1.0


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_turned_copy_is_the_picture_seen_from_a_turned_grid(ndim: int) -> None:
    copy, region = made(seed=4, ndim=ndim, rotation_degrees=20.0)
    angle = math.radians(20.0) * np.random.default_rng(4).uniform(-1, 1)
    drawn = picture(ndim)[1]
    centre = np.array([axis.mean() for axis in np.nonzero(drawn)])[-2:]
    rows, columns = np.indices(drawn.shape[-2:]).astype(float)
    down, right = (rows - centre[0]) * SPACING[0], (columns - centre[1]) * SPACING[1]
    there = (
        (down * math.cos(angle) - right * math.sin(angle)) / SPACING[0] + centre[0],
        (down * math.sin(angle) + right * math.cos(angle)) / SPACING[1] + centre[1],
    )
    expected = bumps(*there)
    near = region if ndim == 2 else region[3]
    seen = copy.pixels if ndim == 2 else copy.pixels[3] - 15
    np.testing.assert_allclose(seen[near], expected[near], atol=0.05)
    # A disc stays where it is, but for its steps.
    assert np.count_nonzero(region ^ drawn) < 0.1 * np.count_nonzero(drawn)


def test_a_shifted_copy_moves_picture_and_region_alike() -> None:
    copy, region = made(seed=6, translation_voxels=5.0)
    draws = np.random.default_rng(6)
    draws.uniform(-1, 1)  # the angle's
    shift = 5.0 * draws.uniform(-1, 1, 2)
    drawn = picture()[1]
    moved = [axis.mean() for axis in np.nonzero(region)]
    before = [axis.mean() for axis in np.nonzero(drawn)]
    np.testing.assert_allclose(np.subtract(moved, before), shift, atol=0.4)  # whole voxels
    rows, columns = np.indices(drawn.shape).astype(float)
    expected = bumps(rows - shift[0], columns - shift[1])
    np.testing.assert_allclose(copy.pixels[region], expected[region], atol=0.05)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_region_grows_and_shrinks_to_the_voxel_along_its_border(ndim: int) -> None:
    drawn = picture(ndim)[1]
    voxels = np.count_nonzero(drawn)
    for seed in range(6):
        draws = np.random.default_rng(seed)
        draws.uniform(-1, 1, 1 + ndim)  # turn and shift
        wanted = round(voxels * (1 + 0.2 * draws.uniform(-1, 1)))
        _, region = made(seed=seed, ndim=ndim, growth=0.2)
        assert np.count_nonzero(region) == wanted
        outer, inner = (region, drawn) if wanted > voxels else (drawn, region)
        assert not (inner & ~outer).any()


def test_supervoxels_follow_an_edge_that_the_outline_missed() -> None:
    rows, columns = np.indices((80, 80))
    truth = (rows - 40) ** 2 + (columns - 40) ** 2 < 20**2
    drawn = (rows - 40) ** 2 + (columns - 40) ** 2 < 21.5**2
    grain = np.random.default_rng(2).normal(0, 2.0, truth.shape)
    image = Image(np.where(truth, 200.0, 50.0) + grain, Geometry.plain((1.0, 1.0)))
    settings = PerturbationSettings(**{**STILL, "supervoxels": True})
    regions = [
        perturb(image, drawn, settings, MEASURED, np.random.default_rng(seed))[1].region(1)
        for seed in range(8)
    ]

    def off(region: np.ndarray) -> int:
        return int(np.count_nonzero(region & ~truth))

    assert np.mean([off(region) for region in regions]) < off(drawn)
    assert len({region.tobytes() for region in regions}) > 1
    for region in regions:
        assert np.count_nonzero(region & truth) > 0.9 * np.count_nonzero(truth)


def test_grain_without_any_edge_does_not_tear_the_region() -> None:
    rows, columns = np.indices((100, 100))
    for radius in (8, 30):
        drawn = (rows - 50) ** 2 + (columns - 50) ** 2 < radius**2
        grain = np.random.default_rng(radius).normal(size=drawn.shape)
        image = Image(grain, Geometry.plain((1.0, 1.0)))
        settings = PerturbationSettings(**{**STILL, "supervoxels": True})
        _, mask = perturb(image, drawn, settings, MEASURED, np.random.default_rng(1))
        both = np.count_nonzero(mask.region(1) & drawn)
        assert 2 * both / (mask.region(1).sum() + drawn.sum()) > 0.7


def test_what_lies_far_away_and_the_original_stay_as_they_are() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.normal(size=(200, 220))
    kept = pixels.copy()
    region = np.zeros(pixels.shape, bool)
    region[90:110, 100:120] = True
    image = Image(pixels, Geometry.plain((1.0, 1.0)))
    copy, _ = perturb(image, region, PerturbationSettings(), MEASURED, rng)
    np.testing.assert_array_equal(pixels, kept)
    changed = np.argwhere(copy.pixels != pixels)
    assert (changed.min(axis=0) >= (90 - 16, 100 - 16)).all()
    assert (changed.max(axis=0) < (110 + 16, 120 + 16)).all()
    # A filter that looks further has its whole sight perturbed.
    far = RadiomicsSettings(imageType={"LoG": {"sigma": [3.0]}})
    copy, _ = perturb(image, region, PerturbationSettings(), far, rng)
    assert (np.argwhere(copy.pixels != pixels).min(axis=0) <= (90 - 16 - 40, 100 - 16 - 40)).all()


def test_a_region_that_is_moved_out_of_the_image_is_an_error_in_words() -> None:
    image = Image(np.random.default_rng(1).normal(size=(40, 40)), Geometry.plain((1.0, 1.0)))
    mask = Mask(np.pad(np.ones((2, 2), np.int64), ((0, 38), (0, 38))), image.geometry)
    settings = PerturbationSettings(**{**STILL, "translation_voxels": 90.0})
    lost = "expected voxels in its perturbed copy, found none left"
    with pytest.raises(ImageError, match=lost):
        perturb(image, mask.region(1), settings, MEASURED, np.random.default_rng(3))
