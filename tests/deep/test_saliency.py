"""The map of a deep signature: exact, in its place, and the right way round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.deep.crop import Window
from trephine.deep.embed import Embedder
from trephine.deep.saliency import WeightedSum, add_to_image, signature_map
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError
from trephine.types import Geometry, Image


@pytest.fixture(scope="module")
def weights() -> np.ndarray:
    """A signature over all features, most of them zero as after LASSO."""
    rng = np.random.default_rng(5)
    return rng.normal(size=512) * (rng.random(512) < 0.05)


@pytest.mark.parametrize("augment", ["none", "flips", "flips+shifts"])
@pytest.mark.parametrize("side", ["R", "L", None])
def test_the_map_sums_to_the_signature(small_settings, hip, weights, augment, side):
    embedder = Embedder(DeepSettings(**(small_settings.model_dump() | {"augment": augment})))
    image, region = hip(4)
    found = signature_map(embedder, image, region, side, WeightedSum.plain(weights))
    expected = float(embedder.extract([image], [region], [side])[0] @ weights)
    assert found.values.shape == image.pixels.shape
    assert found.signature == pytest.approx(expected, abs=1e-5)
    assert found.values.sum() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("augment", ["none", "flips+shifts"])
def test_with_features_beyond_their_bounds_the_map_still_sums_to_the_signature(
    small_settings, hip, weights, augment
):
    embedder = Embedder(DeepSettings(**(small_settings.model_dump() | {"augment": augment})))
    image, region = hip(4)
    features = embedder.extract([image], [region], ["L"])[0]
    rng = np.random.default_rng(1)
    centre, reach = rng.uniform(0, 2, 512) * features, rng.uniform(0, 1, 512) * features
    signature = WeightedSum(weights, centre, centre - reach, centre + reach)
    used = weights != 0
    assert (features > signature.ceiling)[used].any()
    assert (features < signature.floor)[used].any()
    found = signature_map(embedder, image, region, "L", signature)
    expected = sum(
        w * (min(max(f, c - r), c + r) - c)
        for w, f, c, r in zip(weights, features, centre, reach, strict=True)
    )
    assert found.signature == pytest.approx(expected, abs=1e-5)
    assert found.values.sum() == pytest.approx(expected, abs=1e-5)


def test_a_window_beyond_the_images_border_keeps_the_sum(small_settings, weights):
    rng = np.random.default_rng(2)
    image = Image(rng.normal(size=(60, 60)), Geometry.plain((0.5, 0.5)))
    region = np.zeros((60, 60), dtype=bool)
    region[:20, 5:45] = True
    centre = np.full(512, 0.3)
    signature = WeightedSum(weights, centre, centre - 0.1, centre + 0.1)
    found = signature_map(Embedder(small_settings), image, region, None, signature)
    assert found.window.top < 0
    assert found.values.sum() == pytest.approx(found.signature, abs=1e-9)


def test_a_feature_above_its_ceiling_keeps_its_place(small_settings, hip):
    image, region = hip(4)
    embedder = Embedder(small_settings)
    feature = int(embedder.extract([image], [region], ["R"])[0].argmax())
    plain = WeightedSum.plain(np.eye(512)[feature])
    low = replace(plain, ceiling=np.full(512, 1e-3))
    free, held = (signature_map(embedder, image, region, "R", s) for s in (plain, low))
    assert held.signature == pytest.approx(1e-3)
    np.testing.assert_allclose(
        held.values / held.signature, free.values / free.signature, atol=1e-12
    )


def test_the_map_lies_in_the_crop(small_settings, hip, weights):
    image, region = hip(4)
    found = signature_map(Embedder(small_settings), image, region, "L", WeightedSum.plain(weights))
    inside = np.zeros(image.pixels.shape, dtype=bool)
    window = found.window
    inside[window.top : window.top + window.height, window.left : window.left + window.width] = True
    assert np.abs(found.values[inside]).max() > 0
    assert (found.values[~inside] == 0).all()


def test_the_map_of_a_mirror_image_is_the_mirrored_map(small_settings, hip, weights):
    image, region = hip(4)
    mirror = Image(image.pixels[:, ::-1].copy(), image.geometry)
    embedder = Embedder(small_settings)
    right = signature_map(embedder, image, region, "R", WeightedSum.plain(weights))
    left = signature_map(embedder, mirror, region[:, ::-1], "L", WeightedSum.plain(weights))
    scale = np.abs(right.values).max()
    np.testing.assert_allclose(left.values[:, ::-1], right.values, atol=1e-4 * scale)


@pytest.mark.parametrize("side", ["R", "L"])
@pytest.mark.parametrize("place", [(50, 120), (120, 40)])
def test_the_map_changes_where_the_image_changes(weights, side, place):
    settings = DeepSettings(
        weights="random:3", threads=1, device="cpu", grey_range="image", grey_percentiles=(0, 100)
    )
    embedder = Embedder(settings)
    pixels = np.random.default_rng(0).uniform(0, 1, (200, 200))
    region = np.zeros(pixels.shape, dtype=bool)
    region[20:180, 20:180] = True
    changed = pixels.copy()
    changed[place[0] : place[0] + 24, place[1] : place[1] + 24] = 1.0
    maps = [
        signature_map(
            embedder, Image(p, Geometry.plain((0.2, 0.2))), region, side, WeightedSum.plain(weights)
        ).values
        for p in (pixels, changed)
    ]
    change = np.abs(maps[1] - maps[0])
    row, column = np.unravel_index(change.argmax(), change.shape)
    # Within two cells of the middle: the cells overlap widely, and a wrong side is 80 or more off.
    assert abs(row - place[0] - 12) <= 54
    assert abs(column - place[1] - 12) <= 54


def test_the_map_of_a_volume_lies_on_the_slice_of_largest_area(small_settings, weights):
    pixels = np.random.default_rng(0).normal(size=(5, 50, 50))
    region = np.zeros(pixels.shape, dtype=bool)
    region[1:4, 12:38, 12:38] = True
    region[2, 8:42, 10:40] = True
    image = Image(pixels, Geometry.plain((2.0, 0.5, 0.5)))
    found = signature_map(Embedder(small_settings), image, region, None, WeightedSum.plain(weights))
    assert np.abs(found.values).sum(axis=(1, 2)).nonzero()[0].tolist() == [2]
    assert found.values.sum() == pytest.approx(found.signature, abs=1e-9)


def test_even_cells_spread_evenly():
    values = np.zeros((70, 70))
    add_to_image(values, np.ones((7, 7)), Window(0, 0, 70, 70))
    np.testing.assert_allclose(values, 49 / 4900, rtol=1e-12)


@given(
    st.integers(-90, 60),
    st.integers(-90, 60),
    st.integers(1, 90),
    st.integers(1, 90),
    st.booleans(),
    st.integers(1, 9),
)
def test_wherever_the_window_lies_the_sum_is_kept(top, left, height, width, is_mirrored, n):
    cells = np.random.default_rng(n).normal(size=(n, n))
    values = np.zeros((50, 60))
    add_to_image(values, cells, Window(top, left, height, width, None, is_mirrored))
    assert values.sum() == pytest.approx(cells.sum(), abs=1e-10)


def test_weights_that_do_not_fit_are_refused(small_settings, hip, weights):
    image, region = hip(4)
    embedder = Embedder(small_settings)
    for odd in (weights[:-1], np.full(512, np.nan)):
        with pytest.raises(InputError, match="expected 512 finite weights"):
            signature_map(embedder, image, region, "R", WeightedSum.plain(odd))


def test_a_network_without_maps_is_refused(small_settings, hip):
    class Vectors:
        """Gives vectors only."""

        dimension = 2

        def features(self, crops):
            return crops[:, :2, 0, 0]

    image, region = hip(4)
    embedder = Embedder(small_settings, network=Vectors())
    with pytest.raises(InputError, match="a network file gives vectors only"):
        signature_map(embedder, image, region, "R", WeightedSum.plain([1.0, 2.0]))
