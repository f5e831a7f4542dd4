"""Deep features of cases: batches, sides, views, and the laws they keep."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from trephine.deep.embed import Embedder
from trephine.deep.settings import DeepSettings
from trephine.errors import ImageError, InputError
from trephine.types import Geometry, Image

# Runs a statement in an interpreter that cannot import torch.
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
{statement}
"""


@pytest.fixture(scope="module")
def hips(hip):
    """Seven hips with alternating sides."""
    images, regions = zip(*(hip(seed) for seed in range(7)), strict=True)
    return images, regions, ["R", "L", "R", "L", None, "L", "R"]


def with_changes(settings: DeepSettings, **changes) -> Embedder:
    return Embedder(DeepSettings(**(settings.model_dump() | changes)))


def test_features_are_the_networks_on_the_normalised_crop(small_settings, hips):
    images, regions, sides = hips
    embedder = Embedder(small_settings)
    found = embedder.extract(images, regions, sides)
    assert found.shape == (7, 512)
    assert found.dtype == np.float64
    pixels = embedder.crop(images[3], regions[3], "L").pixels
    mean = np.array([0.485, 0.456, 0.406])[:, None, None]
    std = np.array([0.229, 0.224, 0.225])[:, None, None]
    taken = torch.from_numpy(((pixels - mean) / std)[None].astype(np.float32))
    with torch.inference_mode():
        expected = embedder.network.module(taken).numpy()[0]
    np.testing.assert_allclose(found[3], expected, atol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_batch_size_changes_no_value(small_settings, hips, batch_size):
    found = with_changes(small_settings, batch_size=batch_size).extract(*hips)
    np.testing.assert_allclose(found, Embedder(small_settings).extract(*hips), atol=1e-5)


def test_two_runs_agree_to_the_last_bit(small_settings, hips):
    embedder = Embedder(small_settings)
    first = embedder.extract(*hips)
    np.testing.assert_array_equal(first, embedder.extract(*hips))
    np.testing.assert_array_equal(first, Embedder(small_settings).extract(*hips))


def test_threads_are_set_for_the_work_only(small_settings, hips):
    before = torch.get_num_threads()
    one = with_changes(small_settings, threads=1).extract(*hips)
    two = with_changes(small_settings, threads=2).extract(*hips)
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert torch.get_num_threads() == before


def test_a_left_hip_has_the_features_of_its_mirror_image(small_settings, hip):
    image, region = hip(1)
    mirror = Image(image.pixels[:, ::-1].copy(), image.geometry)
    embedder = Embedder(small_settings)
    left, right = embedder.extract([mirror, image], [region[:, ::-1], region], ["L", "R"])
    np.testing.assert_allclose(left, right, atol=1e-5)
    kept = with_changes(small_settings, mirror_left=False)
    left, right = kept.extract([mirror, image], [region[:, ::-1], region], ["L", "R"])
    assert np.abs(left - right).max() > 1e-2


def test_averaging_over_flips_makes_sides_equal(small_settings, hip):
    image, region = hip(2)
    embedder = with_changes(small_settings, augment="flips")
    left, right = embedder.extract([image] * 2, [region] * 2, ["L", "R"])
    np.testing.assert_allclose(left, right, atol=1e-5)
    plain = Embedder(small_settings).extract([image] * 2, [region] * 2, ["L", "R"])
    # Odd windows sit half a pixel aside in the mirror; the average is that of both sides.
    np.testing.assert_allclose(right, plain.mean(axis=0), rtol=0.1, atol=0.05)


def test_averaging_over_flips_and_shifts_takes_ten_views(small_settings, hip):
    embedder = with_changes(small_settings, augment="flips+shifts", batch_size=4)
    assert len(embedder.views) == 10
    assert len(set(embedder.views)) == 10
    image, region = hip(3)
    crops = [embedder.crop(image, region, "R", view).pixels for view in embedder.views]
    expected = embedder.network.features(embedder.normalise(np.stack(crops))).mean(axis=0)
    found = embedder.extract([image, image], [region, region], ["R", "R"])
    np.testing.assert_allclose(found, [expected, expected], atol=1e-5)


def test_limits_on_threads_around_it_change_no_bit(small_settings):
    # Once torch has set a number of threads, limits from outside reach a part of it only: on some
    # processors the convolutions of small crops then differed in their last bits.
    network = Embedder(small_settings.case_by_case()).network
    crops = np.random.default_rng(5).normal(size=(1, 3, 64, 64)).astype(np.float32)
    free = network.features(crops)
    with threadpool_limits(1):
        np.testing.assert_array_equal(network.features(crops), free)


def test_volumes_are_read_through_their_largest_slice(small_settings):
    pixels = np.random.default_rng(0).normal(size=(6, 50, 50))
    region = np.zeros(pixels.shape, dtype=bool)
    region[2:5, 10:40, 12:38] = True
    region[3, 8:42, 10:40] = True
    image = Image(pixels, Geometry.plain((2.0, 0.5, 0.5)))
    features = Embedder(small_settings).extract([image], [region], [None])
    elsewhere = image.pixels.copy()
    elsewhere[[0, 1, 5]] = 99.0
    same = Embedder(small_settings).extract([Image(elsewhere, image.geometry)], [region], [None])
    np.testing.assert_array_equal(features, same)


def test_names_and_record_say_what_made_the_features(small_settings):
    embedder = Embedder(small_settings)
    assert embedder.feature_names[:2] == ("deep_000", "deep_001")
    assert embedder.feature_names[-1] == "deep_511"
    record = embedder.record
    assert record.weights.name == "random:3"
    assert record.runtime == f"torch {torch.__version__}"
    assert record.device == "cpu"
    assert record.digest == small_settings.digest(record.weights.sha256)


def test_a_bottleneck_network_gives_2048_features(small_settings, hip):
    embedder = with_changes(small_settings, backbone="resnet50")
    assert len(embedder.feature_names) == 2048
    assert embedder.feature_names[-1] == "deep_2047"
    image, region = hip(0)
    assert embedder.extract([image], [region], ["R"]).shape == (1, 2048)


def test_lengths_and_sides_are_checked(small_settings, hip):
    image, region = hip(0)
    embedder = Embedder(small_settings)
    with pytest.raises(InputError, match="found 1, 2 and 1"):
        embedder.extract([image], [region, region], ["R"])
    with pytest.raises(InputError, match="expected side R, L or None, found 'left' in case 0"):
        embedder.extract([image], [region], ["left"])


def test_the_case_that_cannot_be_used_is_numbered(small_settings, hip):
    image, region = hip(0)
    empty = np.zeros_like(region)
    with pytest.raises(ImageError, match="case 2: deep crop: expected a region"):
        Embedder(small_settings).extract([image] * 3, [region, region, empty], ["R"] * 3)


def test_no_cases_give_no_rows(small_settings):
    assert Embedder(small_settings).extract([], [], []).shape == (0, 512)


def test_a_device_that_is_not_there_is_refused(small_settings):
    if torch.cuda.is_available():
        pytest.skip("CUDA is here")
    with pytest.raises(InputError, match="expected 'cuda' to be usable, found cpu"):
        with_changes(small_settings, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cpu_and_gpu_agree(small_settings, hips):
    on_cpu = with_changes(small_settings, device="cpu").extract(*hips)
    on_gpu = with_changes(small_settings, device="cuda").extract(*hips)
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=1e-4, atol=1e-4 * np.abs(on_cpu).max())


def run_without_torch(statement: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH.format(statement=statement)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_without_torch_the_package_imports_and_says_what_to_install():
    statement = """
import trephine.deep
from trephine.deep import DeepSettings, Embedder
from trephine.errors import MissingExtraError
DeepSettings(weights="random:1").digest()
try:
    Embedder(DeepSettings(weights="random:1"))
except MissingExtraError as error:
    print(error)
"""
    expected = "deep features needs an optional part: pip install 'trephine[deep]'"
    assert run_without_torch(statement) == expected


def test_torch_is_not_imported_before_it_is_needed():
    statement = "import trephine.deep\nprint(any(m.startswith('torch.') for m in sys.modules))"
    assert run_without_torch(statement) == "False"
