"""Normalisation: what is measured, on which pixels, and back again."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from trephine.errors import ImageError
from trephine.imaging.body import body_region
from trephine.imaging.normalise import denormalise, normalise
from trephine.types import Geometry, Image

METHODS = ["whole-image", "body", "roi", "percentile"]


def hip(border: bool = True, exposure: bool = True, scale: int = 1) -> tuple[Image, np.ndarray]:
    """Tissue with noise, air beside it, and white collimator blades with a blurred edge."""
    rng = np.random.default_rng(4)
    rows, columns = 300 * scale, 240 * scale
    pixels = 450 + rng.normal(0, 60, (rows, columns))
    tissue = np.ones((rows, columns), dtype=bool)
    if exposure:
        tissue[: rows // 3, columns // 2 :] = False
        pixels[: rows // 3, columns // 2 :] = rng.uniform(
            0, 12, (rows // 3, columns - columns // 2)
        )
    if border:
        edge = 30 * scale
        ramp = np.linspace(893, 500, edge // 3)
        pixels[:, :edge] = 893
        pixels[:, edge : edge + edge // 3] = ramp
        tissue[:, : edge + edge // 3] = False
    return Image(np.clip(pixels, 0, 893), Geometry.plain((0.2, 0.2))), tissue


def region_of(image: Image) -> np.ndarray:
    region = np.zeros(image.pixels.shape, dtype=bool)
    region[150:200, 100:160] = True
    return region


@pytest.mark.parametrize("method", METHODS)
def test_normalisation_is_undone_from_its_provenance(method) -> None:
    image, _ = hip()
    normalised = normalise(image, method, region_of(image), scale=100.0)
    back = denormalise(normalised)
    assert np.allclose(back.pixels, image.pixels, atol=1e-9)
    assert "normalisation" not in back.provenance
    assert normalised.provenance["normalisation"] == method


def test_whole_image_equals_itks_normalize() -> None:
    image, _ = hip()
    itk = SimpleITK.GetArrayFromImage(
        SimpleITK.Normalize(SimpleITK.GetImageFromArray(image.pixels))
    )
    assert np.allclose(normalise(image, "whole-image").pixels, itk, atol=1e-9)


def test_roi_has_mean_0_and_standard_deviation_1_in_the_region() -> None:
    image, _ = hip()
    region = region_of(image)
    inside = normalise(image, "roi", region).pixels[region]
    assert inside.mean() == pytest.approx(0.0, abs=1e-12)
    assert inside.std(ddof=1) == pytest.approx(1.0)


def test_percentile_puts_the_first_at_0_and_the_99th_at_the_scale() -> None:
    image, _ = hip()
    pixels = normalise(image, "percentile", scale=10.0).pixels
    assert np.percentile(pixels, [1, 99]) == pytest.approx([0.0, 10.0])


@pytest.mark.parametrize("scale", [1, 5])
def test_the_body_is_what_is_neither_border_nor_air(scale: int) -> None:
    image, tissue = hip(scale=scale)
    found = body_region(image.pixels).region
    shared = np.count_nonzero(found & tissue)
    dice = 2 * shared / (np.count_nonzero(found) + np.count_nonzero(tissue))
    assert dice > 0.97


def test_a_white_border_moves_the_whole_images_statistics_and_not_the_bodys() -> None:
    plain, bordered = hip(border=False)[0], hip(border=True)[0]

    def centre(image: Image, method) -> float:
        return float(normalise(image, method).provenance["normalisation_centre"])

    assert abs(centre(bordered, "whole-image") - centre(plain, "whole-image")) > 40
    assert abs(centre(bordered, "body") - centre(plain, "body")) < 8


def test_without_border_and_air_the_body_is_the_whole_image() -> None:
    image, _ = hip(border=False, exposure=False)
    found = body_region(image.pixels)
    assert found.region.mean() > 0.999
    assert normalise(image, "body").provenance["normalisation_fraction"] == pytest.approx(1.0)


def test_metal_inside_the_body_is_kept() -> None:
    image, _ = hip()
    image.pixels[200:205, 150:160] = 893
    assert body_region(image.pixels).region[200:205, 150:160].all()


def test_none_changes_nothing_and_a_second_normalisation_is_refused() -> None:
    image, _ = hip()
    assert np.array_equal(normalise(image, "none").pixels, image.pixels)
    with pytest.raises(ImageError, match="undo that with denormalise"):
        normalise(normalise(image, "percentile"), "whole-image")


def test_what_cannot_be_measured_is_refused() -> None:
    image, _ = hip()
    with pytest.raises(ImageError, match=r"normalise \(roi\): expected a region"):
        normalise(image, "roi")
    flat = Image(np.ones((30, 30)), Geometry.plain((1.0, 1.0)))
    for method in METHODS:
        with pytest.raises(ImageError, match="constant"):
            normalise(flat, method, np.ones((30, 30), dtype=bool))
    volume = Image(np.random.default_rng(0).normal(size=(3, 9, 9)), Geometry.plain((1.0,) * 3))
    with pytest.raises(ImageError, match="use roi or percentile on volumes"):
        normalise(volume, "body")
