"""What the network sees of a region."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.deep.crop import Crop, Framing, region_crop
from trephine.errors import ImageError
from trephine.types import Geometry, Image


def crop_of(image, region, *, side=None, shift=(0.0, 0.0), **framing) -> Crop:
    return region_crop(image, region, Framing(**framing), side=side, shift=shift)


def radiograph(shape=(60, 80), spacing=(0.2, 0.2), seed=0) -> Image:
    pixels = np.random.default_rng(seed).normal(500, 50, shape)
    return Image(pixels, Geometry.plain(spacing))


def box(shape, rows, columns) -> np.ndarray:
    region = np.zeros(shape, dtype=bool)
    region[slice(*rows), slice(*columns)] = True
    return region


def test_a_square_box_of_the_networks_size_is_shown_pixel_for_pixel():
    image = radiograph()
    crop = crop_of(
        image, box((60, 80), (10, 42), (20, 52)), margin=0, size=32, grey_percentiles=(0, 100)
    )
    window = image.pixels[10:42, 20:52]
    expected = (window - window.min()) / (window.max() - window.min())
    assert (crop.window.top, crop.window.left) == (10, 20)
    for channel in crop.pixels:
        np.testing.assert_allclose(channel, expected, atol=1e-12)


def test_an_oblong_box_becomes_square_about_its_centre_and_keeps_its_margin():
    crop = crop_of(radiograph(), box((60, 80), (20, 40), (30, 40)), margin=0.1)
    window = crop.window
    assert (window.height, window.width) == (24, 24)
    assert (window.top, window.left) == (18, 23)
    assert crop.pixels.shape == (3, 224, 224)


def test_the_window_is_square_in_millimetres():
    image = radiograph(spacing=(0.4, 0.2))
    window = crop_of(image, box((60, 80), (20, 30), (30, 50)), margin=0).window
    assert (window.height, window.width) == (10, 20)


@pytest.mark.parametrize("columns", [(20, 51), (20, 52), (1, 40)])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.05, -0.1)])
def test_a_left_side_is_the_mirror_image_of_a_right_one(columns, shift):
    image = radiograph()
    region = box((60, 80), (12, 44), columns)
    mirrored = Image(image.pixels[:, ::-1].copy(), image.geometry)
    right = crop_of(image, region, side="R", shift=shift)
    left = crop_of(mirrored, region[:, ::-1].copy(), side="L", shift=shift)
    assert left.window.is_mirrored
    assert left.window.left == 80 - right.window.left - right.window.width
    np.testing.assert_allclose(left.pixels, right.pixels, atol=1e-12)


def test_brightness_and_contrast_of_the_exposure_do_not_matter():
    image = radiograph()
    region = box((60, 80), (12, 44), (20, 51))
    brighter = Image(3.0 * image.pixels + 700.0, image.geometry)
    np.testing.assert_allclose(
        crop_of(image, region).pixels, crop_of(brighter, region).pixels, atol=1e-12
    )


def test_blank_shows_nothing_that_lies_outside():
    image = radiograph()
    region = box((60, 80), (12, 44), (20, 40))
    region[12, 20] = False
    changed = Image(np.where(region, image.pixels, 9999.0), image.geometry)
    shown = crop_of(image, region, outside="blank")
    np.testing.assert_array_equal(shown.pixels, crop_of(changed, region, outside="blank").pixels)
    assert (shown.pixels[:, :, 0] == 0).all()


def test_the_images_range_is_not_the_crops():
    image = radiograph()
    image.pixels[:3] = 5000.0
    region = box((60, 80), (20, 50), (20, 50))
    by_image = crop_of(image, region, grey_range="image").pixels
    by_crop = crop_of(image, region, grey_range="crop").pixels
    assert by_image.max() < 0.3
    assert by_crop.max() > 0.9


def test_beyond_the_image_its_border_is_repeated():
    image = radiograph()
    crop = crop_of(
        image, box((60, 80), (0, 30), (0, 8)), margin=0, size=30, grey_percentiles=(0, 100)
    )
    assert crop.window.left == -11
    for column in range(11):
        np.testing.assert_allclose(crop.pixels[0, :, column], crop.pixels[0, :, 11])


def test_a_volume_gives_its_largest_slice_between_its_neighbours():
    pixels = np.random.default_rng(3).random((5, 40, 40))
    region = np.zeros(pixels.shape, dtype=bool)
    region[1, 10:20, 10:20] = True
    region[3, 5:37, 4:36] = True
    crop = crop_of(
        Image(pixels, Geometry.plain((3.0, 1.0, 1.0))),
        region,
        margin=0,
        size=32,
        grey_percentiles=(0, 100),
    )
    assert crop.window.slice_index == 3
    window = pixels[2:5, 5:37, 4:36]
    expected = (window - window.min()) / (window.max() - window.min())
    np.testing.assert_allclose(crop.pixels, expected, atol=1e-12)


def test_the_last_slice_stands_in_for_the_one_beyond():
    pixels = np.random.default_rng(3).random((2, 40, 40))
    region = np.zeros(pixels.shape, dtype=bool)
    region[1, 5:37, 4:36] = True
    crop = crop_of(Image(pixels, Geometry.plain((3.0, 1.0, 1.0))), region)
    np.testing.assert_array_equal(crop.pixels[1], crop.pixels[2])
    assert not np.array_equal(crop.pixels[0], crop.pixels[1])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda pixels, region: region.fill(False), "found an empty one"),
        (lambda pixels, region: pixels.fill(7.0), "expected contrast"),
        (lambda pixels, region: pixels.__setitem__((25, 35), np.nan), "finite"),
    ],
)
def test_what_cannot_be_shown_is_refused(spoil, message):
    image = radiograph()
    region = box((60, 80), (20, 40), (30, 40))
    spoil(image.pixels, region)
    with pytest.raises(ImageError, match=message):
        crop_of(image, region)


def test_a_region_of_another_shape_is_refused():
    with pytest.raises(ImageError, match=r"one shape .* \(60, 80\) and \(60, 79\)"):
        crop_of(radiograph(), np.ones((60, 79), dtype=bool))
