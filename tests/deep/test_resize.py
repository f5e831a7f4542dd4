"""Resizing against Pillow and torch, and by its laws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture

from trephine.deep.resize import resize, triangle_weights

SIZES = [
    ((300, 411), (224, 224)),
    ((57, 90), (224, 224)),
    ((224, 224), (224, 224)),
    ((9, 700), (32, 50)),
]


@pytest.mark.parametrize(("size_in", "size_out"), SIZES)
def test_resizing_is_pillows_bilinear(size_in, size_out):
    image = np.random.default_rng(1).random(size_in)
    picture = Picture.fromarray(image.astype(np.float32))
    expected = np.asarray(picture.resize(size_out[::-1], Picture.Resampling.BILINEAR))
    np.testing.assert_allclose(resize(image, size_out), expected, atol=1e-5)


@pytest.mark.parametrize(("size_in", "size_out"), SIZES)
def test_resizing_is_torchs_antialiased_interpolation(size_in, size_out):
    image = np.random.default_rng(2).random(size_in)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(image)[None, None], size=size_out, mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(resize(image, size_out), expected[0, 0].numpy(), atol=1e-12)


@given(st.integers(1, 300), st.integers(1, 300))
def test_every_output_pixel_is_a_weighted_mean(size_in, size_out):
    weights = triangle_weights(size_in, size_out)
    assert weights.shape == (size_out, size_in)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)


@given(st.integers(1, 200))
def test_the_same_size_changes_nothing(size):
    np.testing.assert_array_equal(triangle_weights(size, size), np.eye(size))


@given(st.integers(1, 120), st.integers(1, 120))
def test_mirroring_before_or_after_is_the_same(size_in, size_out):
    weights = triangle_weights(size_in, size_out)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-12)
