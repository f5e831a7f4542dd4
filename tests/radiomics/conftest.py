"""Small images and regions that the radiomics tests share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trephine.radiomics import RadiomicsSettings
from trephine.types import Geometry, Image, Mask

Pair = tuple[Image, Mask]


@pytest.fixture(scope="session")
def pair() -> Callable[..., Pair]:
    """Return a function that makes an image and a mask of arrays."""

    def make(pixels, region, spacing_mm=None) -> Pair:
        pixels = np.asarray(pixels, dtype=np.float64)
        geometry = Geometry.plain(spacing_mm or (1.0,) * pixels.ndim)
        return Image(pixels, geometry), Mask(np.asarray(region).astype(np.int64), geometry)

    return make


@pytest.fixture(scope="session")
def texture() -> RadiomicsSettings:
    """Every class on the original image, bins of one, any region."""
    return RadiomicsSettings(binWidth=1, minimumROIDimensions=0)


@pytest.fixture(scope="session")
def speckle() -> np.ndarray:
    """Whole-numbered noise, 24 x 31."""
    return np.random.default_rng(11).integers(0, 6, (24, 31)).astype(np.float64)


@pytest.fixture(scope="session")
def bean() -> np.ndarray:
    """A notched region of the speckle, off its edges."""
    rows, columns = np.indices((24, 31))
    inside = (rows - 11) ** 2 / 64 + (columns - 15) ** 2 / 121 <= 1
    return inside & ~((rows > 11) & (abs(columns - 17) < 3))
