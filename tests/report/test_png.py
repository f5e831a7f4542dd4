"""A picture comes back from its PNG file as it went in."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from trephine.report.png import halved, png_bytes

PICTURES = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda size: arrays(np.uint8, (*size, 3))
)


@given(PICTURES)
def test_nothing_is_lost(picture):
    with Image.open(io.BytesIO(png_bytes(picture, 600))) as read:
        assert read.mode == "RGB"
        assert np.array_equal(np.asarray(read), picture)


def test_the_file_states_its_resolution():
    picture = np.full((4, 6, 3), 255, dtype=np.uint8)
    with Image.open(io.BytesIO(png_bytes(picture, 600))) as read:
        assert np.allclose(read.info["dpi"], 600, atol=0.02)


def test_half_the_resolution_is_the_mean_of_four():
    picture = np.zeros((4, 2, 3), dtype=np.uint8)
    picture[0, 0] = 200
    picture[2:] = 80
    assert halved(picture).tolist() == [[[50, 50, 50]], [[80, 80, 80]]]
