"""Antialiased resizing as two sparse matrix products."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from trephine.types import FloatArray


@lru_cache(maxsize=64)
def triangle_weights(size_in: int, size_out: int) -> FloatArray:
    """Return the matrix, (size_out, size_in), that resizes along one axis.

    Each output pixel is a weighted mean of input pixels under a triangle centred on it. The
    triangle's half-width is one input pixel when enlarging (bilinear interpolation) and
    ``size_in / size_out`` when reducing, which is the antialiasing. Pixel centres lie at halves
    and the triangle is cut at the border and renormalised: Pillow's ``BILINEAR`` and torch's
    ``interpolate(mode="bilinear", antialias=True)`` by definition.
    """
    scale = size_in / size_out
    reach = max(scale, 1.0)
    centre_out = (np.arange(size_out) + 0.5) * scale
    centre_in = np.arange(size_in) + 0.5
    distance = np.abs(centre_out[:, None] - centre_in[None, :])
    weights = np.maximum(0.0, 1.0 - distance / reach)
    weights /= weights.sum(axis=1, keepdims=True)
    weights.setflags(write=False)
    return weights


@lru_cache(maxsize=64)
def _sparse_weights(size_in: int, size_out: int) -> csr_array:
    """Return the same matrix without its zeros: a few input pixels make an output pixel.

    Dense products would also wake the linear algebra library's own threads, which then compete
    with the network's.
    """
    return csr_array(triangle_weights(size_in, size_out))


def resize(image: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Return an image of ``size`` (rows, columns), antialiased where it shrinks.

    Parameters
    ----------
    image
        Shape (rows, columns).
    size
        Rows and columns to reach.
    """
    by_row = _sparse_weights(image.shape[0], size[0])
    by_column = _sparse_weights(image.shape[1], size[1])
    resized: FloatArray = (by_column @ (by_row @ image).T).T
    return resized
