"""IBSI's filters against direct versions of themselves, and their laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import pywt
from scipy.ndimage import convolve

from trephine.errors import InputError
from trephine.radiomics import RadiomicsSettings, describe, extract_radiomics, feature_names
from trephine.radiomics.filters_ibsi import filtered
from trephine.radiomics.filters_responses import response
from trephine.radiomics.prepare import prepare
from trephine.radiomics.settings_responses import ResponseFilter
from trephine.types import Geometry, Image, Mask

SPACING = (2.0, 0.8, 0.8)


@pytest.fixture(scope="module")
def cube() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(15, 15, 15))


def outer(*kernels: tuple[float, ...]) -> np.ndarray:
    """Return a kernel of x, y, z as an array of slices, rows, columns."""
    x, y, z = (np.array(k, dtype=float) / np.linalg.norm(k) for k in kernels)
    return np.einsum("k,j,i->kji", z, y, x)


def rotations(array: np.ndarray):
    """Yield the 24 positions of a cube, each with the way back."""
    for face, turn in itertools.product(
        (((0, 1), 0), ((0, 1), 1), ((0, 1), 2), ((0, 1), 3), ((0, 2), 1), ((0, 2), 3)), range(4)
    ):
        axes, quarter = face

        def back(found, axes=axes, quarter=quarter, turn=turn):
            return np.rot90(np.rot90(found, -turn, (1, 2)), -quarter, axes)

        yield np.rot90(np.rot90(array, quarter, axes), turn, (1, 2)), back


@pytest.mark.parametrize(("boundary", "mode"), [("mirror", "reflect"), ("zero", "constant")])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_laws_responses_are_those_of_the_turned_image(cube, boundary, mode, pooling) -> None:
    kernel = outer((1, -4, 6, -4, 1), (-1, 0, 1), (1, 4, 6, 4, 1))
    own = {"kind": "laws", "kernels": "R5E3L5", "boundary": boundary}
    found = response(cube, ResponseFilter(**own), SPACING)
    np.testing.assert_allclose(found, convolve(cube, kernel, mode=mode), atol=1e-12)
    each = [back(convolve(turned, kernel, mode=mode)) for turned, back in rotations(cube)]
    pooled = np.max(each, axis=0) if pooling == "max" else np.mean(each, axis=0)
    found = response(cube, ResponseFilter(**own, pooling=pooling), SPACING)
    np.testing.assert_allclose(found, pooled, atol=1e-12)
    energetic = response(cube, ResponseFilter(**own, pooling=pooling, energy=2), SPACING)
    box = np.full((5, 5, 5), 1 / 125)
    np.testing.assert_allclose(energetic, convolve(np.abs(pooled), box, mode=mode), atol=1e-12)


def test_a_wavelet_band_is_made_of_its_filters(cube) -> None:
    wavelet = pywt.Wavelet("db2")
    own = {"kind": "wavelet", "wavelet": "db2", "bands": "LHL", "level": 2, "boundary": "periodic"}
    found = response(cube, ResponseFilter(**own), SPACING)
    impulse = np.zeros((31, 31, 31))
    impulse[15, 15, 15] = 1.0
    got = response(impulse, ResponseFilter(**own), SPACING)
    low, high = np.array(wavelet.dec_lo), np.array(wavelet.dec_hi)
    spread = {
        letter: np.convolve(low, np.kron(kernel, (1, 0))) for letter, kernel in
        (("L", low), ("H", high))
    }  # fmt: skip
    whole = np.einsum("k,j,i->kji", spread["L"], spread["H"], spread["L"])
    start = tuple(slice(15 - 6, 15 - 6 + n) for n in whole.shape)  # middles 2 and 4
    np.testing.assert_allclose(got[start], whole, atol=1e-14)
    assert np.abs(got).sum() == pytest.approx(np.abs(whole).sum())
    assert found.sum() == pytest.approx(cube.sum() * whole.sum(), abs=1e-9)


def test_the_gabor_response_to_a_point_is_its_envelope() -> None:
    impulse = np.zeros((1, 41, 41))
    impulse[0, 20, 20] = 1.0
    own = {"kind": "gabor", "sigma": 3.0, "wavelength": 2.5, "elongation": 0.7, "dimensions": 2}
    own["boundary"] = "zero"
    found = response(impulse, ResponseFilter(**own, theta=30.0), (1.0, 1.0, 1.0))[0]
    rows, columns = np.mgrid[-20:21, -20:21]
    along = columns * math.cos(math.pi / 6) + rows * math.sin(math.pi / 6)
    across = -columns * math.sin(math.pi / 6) + rows * math.cos(math.pi / 6)
    # the modulus of a point's response is the envelope, turned about the point
    expected = np.exp(-(along**2 + (0.7 * across) ** 2) / 18)
    np.testing.assert_allclose(found, expected, atol=1e-7)
    pooled = response(impulse, ResponseFilter(**own, step=90.0), (1.0, 1.0, 1.0))[0]
    np.testing.assert_allclose(pooled, np.rot90(pooled), atol=1e-12)


def test_the_laplacian_of_gaussian_is_the_sampled_formula(cube) -> None:
    sigma = 1.6
    k = np.arange(-6, 7)
    squared = k[:, None, None] ** 2 + k[:, None] ** 2 + k**2
    scale = (math.sqrt(2 * math.pi) * sigma) ** 3 * sigma**2
    kernel = (squared / sigma**2 - 3) * np.exp(-squared / (2 * sigma**2)) / scale
    found = response(cube, ResponseFilter(kind="log", sigma=1.6), (1.0, 1.0, 1.0))
    np.testing.assert_allclose(found, convolve(cube, kernel, mode="reflect"), atol=1e-12)


def test_bands_of_all_levels_and_riesz_parts_keep_the_energy(cube) -> None:
    def energy(image: np.ndarray, **own) -> float:
        return float((response(image, ResponseFilter(**own), SPACING) ** 2).sum())

    # Two octaves overlap: within one, neighbouring bands' squares add up to 1.
    wave = np.cos(2 * math.pi * np.arange(64) * 12 / 64) * np.ones((4, 4, 1))
    bands = sum(energy(wave, kind="simoncelli", level=n, dimensions=2) for n in (1, 2, 3))
    assert bands == pytest.approx((wave**2).sum(), rel=0.05)
    for order in (1, 2):
        parts = [p for p in itertools.product(range(order + 1), repeat=3) if sum(p) == order]
        total = sum(energy(cube, kind="simoncelli", level=2, riesz=part) for part in parts)
        assert total == pytest.approx(energy(cube, kind="simoncelli", level=2), rel=0.02)


FILTERS = [
    {"kind": "mean", "support": 5},
    {"kind": "log", "sigma": 1.2},
    {"kind": "laws", "kernels": "L5E5S5", "pooling": "max", "energy": 2},
    {"kind": "gabor", "sigma": 1.5, "wavelength": 2.0, "elongation": 1.5, "step": 45.0},
    {"kind": "wavelet", "wavelet": "coif1", "bands": "HLL", "level": 2, "pooling": "average"},
    {"kind": "wavelet", "wavelet": "db2", "bands": "HLL", "level": 1, "boundary": "periodic"},
    {"kind": "simoncelli", "level": 1},
]


@pytest.mark.parametrize("own", FILTERS, ids=lambda own: own["kind"])
def test_a_region_responds_as_it_does_in_the_whole_image(own) -> None:
    rng = np.random.default_rng(9)
    pixels = rng.normal(50, 20, (24, 70, 66))
    region = np.zeros(pixels.shape, bool)
    region[10:13, 28:36, 3:9] = rng.random((3, 8, 6)) < 0.7
    geometry = Geometry.plain(SPACING)
    prepared = prepare(
        Image(pixels, geometry), Mask(region.astype(int), geometry), RadiomicsSettings(), 1
    )
    wanted = ResponseFilter(**own)
    whole = response(pixels, wanted, SPACING)[region]
    np.testing.assert_allclose(filtered(prepared, wanted).values, whole, atol=1e-7)


def test_filters_are_image_types_with_names_of_their_own() -> None:
    rng = np.random.default_rng(1)
    geometry = Geometry.plain((0.5, 0.5))
    image = Image(rng.normal(100, 30, (40, 40)), geometry)
    labels = np.zeros((40, 40), int)
    labels[10:30, 12:28] = 1
    filters = [
        {"kind": "mean", "support": 3, "dimensions": 2},
        {"kind": "laws", "kernels": "L5E5", "dimensions": 2, "pooling": "max"},
    ]
    settings = RadiomicsSettings(
        definitions="ibsi",
        imageType={"Original": {}, "Response": {"filters": filters}},
        featureClass={"firstorder": ("Mean",), "glcm": ("Contrast",)},
    )
    found = extract_radiomics(image, Mask(labels, geometry), settings)
    assert tuple(found.index) == feature_names(settings, 2)
    assert len(set(found.index)) == 6
    assert found.notna().all()
    name = "mean-dimensions-2-support-3_firstorder_Mean"
    assert describe(name).image_type == "mean-dimensions-2-support-3"
    assert name in found.index


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"kind": "mean"}, "needs support"),
        ({"kind": "mean", "support": 4}, "odd"),
        ({"kind": "laws", "kernels": "L5E5"}, "each of 3 dimensions"),
        ({"kind": "log", "sigma": 1.0, "wavelet": "db2"}, "has no wavelet"),
        ({"kind": "simoncelli", "level": 1, "boundary": "mirror"}, "periodic"),
    ],
)
def test_a_filter_that_is_none_is_refused(own, told) -> None:
    with pytest.raises(InputError, match=told):
        RadiomicsSettings(definitions="ibsi", imageType={"Response": {"filters": [own]}})


def test_filters_without_ibsi_or_in_too_few_dimensions_are_refused() -> None:
    mean = {"Response": {"filters": [{"kind": "mean", "support": 3}]}}
    with pytest.raises(InputError, match="definitions = 'ibsi'"):
        RadiomicsSettings(imageType=mean)
    geometry = Geometry.plain((1.0, 1.0))
    pair = Image(np.eye(9), geometry), Mask(np.ones((9, 9), int), geometry)
    with pytest.raises(InputError, match="dimensions = 2"):
        extract_radiomics(*pair, RadiomicsSettings(definitions="ibsi", imageType=mean))
