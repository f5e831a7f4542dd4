"""Networks over slices of a volume: which are read, in which window, and how they are pooled."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.deep.crop import Framing, region_crop
from trephine.deep.embed import Embedder
from trephine.deep.planes import planes_of
from trephine.deep.saliency import WeightedSum, signature_map
from trephine.deep.settings import DeepSettings
from trephine.errors import ImageError, InputError
from trephine.types import Geometry, Image

SPACING = (3.0, 0.8, 0.6)
SHAPE = (7, 30, 40)


def volume() -> tuple[Image, np.ndarray]:
    """Return a volume with a region on slices 1 to 5, largest on 3."""
    rng = np.random.default_rng(4)
    z, y, x = np.indices(SHAPE)
    reach = 9 - 2.5 * np.abs(z - 3)
    region = (np.abs(y - 14) < reach) & (np.abs(x - 22) < reach) & (z > 0) & (z < 6)
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    return Image(rng.uniform(0, 100, SHAPE), Geometry(SPACING, (0.0, 0.0, 0.0), identity)), region


def embedder(settings: DeepSettings, **changes) -> Embedder:
    return Embedder(DeepSettings(**(settings.model_dump() | changes)))


def test_all_slices_of_the_region_are_read_in_the_window_of_the_largest() -> None:
    image, region = volume()
    planes = planes_of(image, region, "R", "all")
    assert [plane.at for plane in planes] == [1, 2, 3, 4, 5]
    framing = Framing(size=32)
    largest = region_crop(image, region, framing)
    crops = [region_crop(p.image, p.region, framing, at=p.at) for p in planes]
    np.testing.assert_array_equal(crops[2].pixels, largest.pixels)
    assert {(c.window.top, c.window.left, c.window.height) for c in crops} == {
        (largest.window.top, largest.window.left, largest.window.height)
    }
    # The middle channel of one is the channel before of the next.
    np.testing.assert_array_equal(crops[1].pixels[1], crops[2].pixels[0])


def test_the_three_planes_are_those_of_the_turned_volume() -> None:
    image, region = volume()
    planes = planes_of(image, region, None, "orthogonal")
    assert [plane.image.pixels.shape for plane in planes] == [SHAPE, (30, 7, 40), (40, 7, 30)]
    assert [plane.image.geometry.spacing_mm for plane in planes] == [
        SPACING, (0.8, 3.0, 0.6), (0.6, 3.0, 0.8),
    ]  # fmt: skip
    np.testing.assert_array_equal(planes[1].image.pixels[14], image.pixels[:, 14])
    np.testing.assert_array_equal(planes[2].image.pixels[22], image.pixels[:, :, 22])


@pytest.mark.parametrize("slices", ["orthogonal", "all"])
def test_a_left_side_is_read_as_the_right_one_that_it_mirrors(small_settings, slices: str) -> None:
    image, region = volume()
    read = embedder(small_settings, slices=slices)
    mirrored = Image(image.pixels[:, :, ::-1], image.geometry)
    right = read.extract([image], [region], ["R"])
    left = read.extract([mirrored], [region[:, :, ::-1]], ["L"])
    np.testing.assert_allclose(left, right, atol=1e-5)
    assert np.abs(read.extract([image], [region], ["L"]) - right).max() > 1e-3


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_features_are_pooled_over_the_slices_one_by_one(small_settings, pooling: str) -> None:
    image, region = volume()
    read = embedder(small_settings, slices="all", pooling=pooling, batch_size=2)
    framing = Framing(0.1, small_settings.size)
    apart = [
        read.network.features(
            read.normalise(region_crop(image, region, framing, at=at).pixels[None])
        )
        for at in range(1, 6)
    ]
    together = np.concatenate(apart).astype(float)
    expected = together.mean(axis=0) if pooling == "mean" else together.max(axis=0)
    np.testing.assert_allclose(read.extract([image], [region], [None])[0], expected, atol=1e-5)


def test_a_setting_of_before_keeps_its_digest(small_settings) -> None:
    old = {k: v for k, v in small_settings.model_dump().items() if k not in ("slices", "pooling")}
    digests = [DeepSettings(**old).digest()]
    digests += [
        DeepSettings(**old, slices=slices, pooling=pooling).digest()
        for slices, pooling in (("all", "mean"), ("all", "max"), ("orthogonal", "mean"))
    ]
    assert len(set(digests)) == 4
    assert DeepSettings(**old, pooling="max").digest() == digests[0]
    # As it was before there were slices: resnet18 with random:1, all else by default.
    was = "bb8fa1268656ee4f89e36b1cf96cc76922723539f244755d8cc18b0de0bc2112"
    assert DeepSettings(weights="random:1").digest() == was


def test_what_has_one_plane_is_refused(small_settings) -> None:
    flat = Image(np.random.default_rng(1).uniform(size=(20, 20)), Geometry.plain((0.5, 0.5)))
    region = np.zeros((20, 20), bool)
    region[5:12, 5:12] = True
    with pytest.raises(ImageError, match=r"case 0: .*a volume for slices"):
        embedder(small_settings, slices="all").extract([flat], [region], [None])


def test_pictures_of_what_weighed_are_of_one_slice(small_settings) -> None:
    image, region = volume()
    read = embedder(small_settings, slices="all")
    plain = np.zeros(512)
    signature = WeightedSum(plain, plain, plain, plain)
    with pytest.raises(InputError, match="expected features of one slice"):
        signature_map(read, image, region, None, signature)
