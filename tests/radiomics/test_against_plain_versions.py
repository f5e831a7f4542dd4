"""Each fast part against a slow and obvious version of itself."""

from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
import pytest
import pywt
import SimpleITK as sitk  # noqa: N813
from scipy.ndimage import label as connected
from scipy.spatial.distance import pdist
from skimage.feature import local_binary_pattern

from trephine.radiomics import RadiomicsSettings, matrices
from trephine.radiomics.diameters import (
    largest_distance,
    largest_distance_in_plane,
    mesh_vertices,
)
from trephine.radiomics.filters_gradient import gradient
from trephine.radiomics.filters_lbp2d import local_binary_pattern_2d
from trephine.radiomics.filters_lbp3d import icosphere
from trephine.radiomics.filters_log import laplacian_of_gaussian
from trephine.radiomics.filters_wavelet import wavelet_bands
from trephine.radiomics.matrices import count_matrices
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.prepare import prepare
from trephine.radiomics.quantise import bin_edges, quantise
from trephine.radiomics.region import locate
from trephine.types import Geometry, Mask

ONE_WIDE = RadiomicsSettings(binWidth=1)


@pytest.fixture(
    params=[((9, 11), 5), ((5, 6, 7), 5), ((45, 40), 2), ((8, 9, 10), 2)],
    ids=["plane", "volume", "wide", "deep"],
)
def levels(request) -> tuple[np.ndarray, np.ndarray]:
    """Grey levels and a region cropped to its box; with two levels, zones wind and merge."""
    rng = np.random.default_rng(3)
    shape, highest = request.param
    region = rng.random(shape) < 0.7
    region[(0,) * len(shape)] = region[(-1,) * len(shape)] = True
    grey = rng.integers(1, highest + 1, shape)
    grey[np.nonzero(region)[0][0]] = 1
    return grey, region


def neighbours(at, shape, distance):
    for offset in itertools.product(range(-distance, distance + 1), repeat=len(at)):
        there = tuple(np.add(at, offset))
        if max(map(abs, offset)) == distance and all(
            0 <= k < n for k, n in zip(there, shape, strict=True)
        ):
            yield offset, there


@pytest.mark.parametrize("distance", [1, 2])
def test_one_pass_counts_what_plain_loops_count(levels, distance) -> None:
    grey, region = levels
    around = Neighbourhood.of(region, (distance,), None)
    quantised = quantise(grey[region].astype(float), ONE_WIDE)
    shown = np.zeros_like(grey)
    shown[region] = quantised.levels
    found = count_matrices(around, quantised, alpha=1)
    glcm, gldm = np.zeros_like(found.glcm), np.zeros_like(found.gldm)
    difference = np.zeros(quantised.n_levels)
    direction = {tuple(offset): number for number, offset in enumerate(around.offsets.tolist())}
    for at in map(tuple, np.argwhere(region)):
        inside = [(o, t) for o, t in neighbours(at, grey.shape, distance) if region[t]]
        for offset, there in inside:
            if offset in direction:
                glcm[direction[offset], shown[at] - 1, shown[there] - 1] += 1
        values = [shown[there] for _, there in inside]
        gldm[shown[at] - 1, sum(abs(v - shown[at]) <= 1 for v in values)] += 1
        difference[shown[at] - 1] += abs(shown[at] - np.mean(values)) if values else 0
    np.testing.assert_array_equal(found.glcm, glcm)
    np.testing.assert_array_equal(found.gldm, gldm)
    np.testing.assert_allclose(found.ngtdm_difference, difference)
    assert sum(g.sum() for g in glcm) > 0


def test_runs_are_those_of_walking_every_line(levels) -> None:
    grey, region = levels
    around = Neighbourhood.of(region, (1,), None)
    quantised = quantise(grey[region].astype(float), ONE_WIDE)
    shown = np.zeros_like(grey)
    shown[region] = quantised.levels
    found = count_matrices(around, quantised, alpha=0).glrlm
    expected = np.zeros_like(found)
    for number, offset in enumerate(around.near_offsets):
        starts = [
            at for at in np.ndindex(grey.shape)
            if any(not 0 <= k - s < n for k, s, n in zip(at, offset, grey.shape, strict=True))
        ]  # fmt: skip
        for at in starts:
            line, here = [], np.array(at)
            while all(0 <= k < n for k, n in zip(here, grey.shape, strict=True)):
                line.append(shown[tuple(here)])
                here = here + offset
            for level, run in itertools.groupby(line):
                if level:
                    expected[number, level - 1, len(list(run)) - 1] += 1
    np.testing.assert_array_equal(found, expected)


def test_zones_are_connected_components(levels) -> None:
    grey, region = levels
    around = Neighbourhood.of(region, (1,), None)
    quantised = quantise(grey[region].astype(float), ONE_WIDE)
    shown = np.zeros_like(grey)
    shown[region] = quantised.levels
    expected: dict[tuple[int, int], int] = {}
    for level in range(1, quantised.n_levels + 1):
        parts, n = connected(shown == level, np.ones((3,) * grey.ndim))
        for size in np.bincount(parts.ravel())[1 : n + 1]:
            expected[level, int(size)] = expected.get((level, int(size)), 0) + 1
    found = count_matrices(around, quantised, alpha=0).zones
    assert {(int(i), int(j)): int(n) for i, j, n in zip(*found, strict=True)} == expected


@pytest.mark.parametrize(
    "settings",
    [{"binWidth": 7.3}, {"binCount": 9}, {"binWidth": 2, "definitions": "ibsi"}, {"binCount": 1}],
)
def test_bins_are_numpy_digitize_s(settings) -> None:
    values = np.random.default_rng(0).normal(0, 30, 500).round(1)
    settings = RadiomicsSettings(**settings)
    expected = np.digitize(values, bin_edges(values, settings))
    np.testing.assert_array_equal(quantise(values, settings).levels, expected)


@pytest.fixture(params=[(40, 33), (13, 18, 15)], ids=["plane", "volume"])
def noise(request, pair):
    """Noise with a region off its middle, as prepared for filters."""
    pixels = np.random.default_rng(5).normal(300, 80, request.param)
    region = np.zeros(pixels.shape, bool)
    region[tuple(slice(n // 4, n // 4 + n // 3) for n in pixels.shape)] = True
    spacing = (2.0, 0.7, 0.9)[-pixels.ndim :]
    image, mask = pair(pixels, region, spacing)
    return prepare(image, mask, RadiomicsSettings(), 1)


def as_itk(prepared):
    image = sitk.GetImageFromArray(np.ascontiguousarray(prepared.pixels))
    image.SetSpacing(prepared.geometry.spacing_mm[::-1])
    return image


@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_the_laplacian_of_gaussian_is_itk_s(sigma, noise) -> None:
    whole = sitk.LaplacianRecursiveGaussian(as_itk(noise), sigma, True)
    expected = sitk.GetArrayFromImage(whole)[noise.region]
    found = laplacian_of_gaussian(noise, sigma).values
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("use_spacing", [True, False])
def test_the_gradient_is_itk_s(use_spacing, noise) -> None:
    expected = sitk.GetArrayFromImage(sitk.GradientMagnitude(as_itk(noise), use_spacing))
    found = gradient(noise, use_spacing=use_spacing).values
    np.testing.assert_array_equal(found, expected[noise.region])


@pytest.mark.parametrize(
    "settings",
    [{}, {"wavelet": "coif3"}, {"wavelet": "haar", "level": 2}, {"start_level": 1},
     {"wavelet": "db7", "level": 2, "start_level": 1}],
)  # fmt: skip
def test_wavelet_bands_are_pywavelets_to_the_last_bit(settings, noise) -> None:
    settings = RadiomicsSettings(**settings)
    data = np.pad(noise.pixels, [(0, n % 2) for n in noise.pixels.shape], "wrap")
    axes = tuple(range(data.ndim - 1, -1, -1))
    expected = []
    for level in range(settings.start_level + settings.level):
        bands = pywt.swtn(data, settings.wavelet, level=1, start_level=0, axes=axes)[0]
        data = bands.pop("a" * data.ndim)
        if level >= settings.start_level:
            expected += [bands[key] for key in sorted(bands)]
    crop = tuple(slice(0, n) for n in noise.pixels.shape)
    found = wavelet_bands(noise, settings)
    assert len(found) == len(expected) + 1
    for band, values in zip(found, [*expected, data], strict=True):
        np.testing.assert_array_equal(band.values, values[crop][noise.region])


@pytest.mark.parametrize("method", ["default", "ror", "uniform", "var"])
@pytest.mark.parametrize(("samples", "radius"), [(8, 1), (11, 2.3)])
def test_local_binary_patterns_are_scikit_image_s(method, samples, radius, pair) -> None:
    pixels = np.random.default_rng(9).integers(0, 4, (26, 31))
    image, mask = pair(pixels, np.ones_like(pixels), (1.0, 1.0))
    settings = RadiomicsSettings(
        lbp2DMethod=method, lbp2DSamples=samples, lbp2DRadius=radius, minimumROIDimensions=0
    )
    found = local_binary_pattern_2d(prepare(image, mask, settings, 1), settings)
    expected = local_binary_pattern(pixels, samples, radius, method)
    np.testing.assert_allclose(found.values, expected.ravel(), rtol=1e-9, atol=1e-12)


def test_an_icosphere_has_its_vertices_on_the_sphere() -> None:
    for splits, count in enumerate((12, 42, 162, 642)):
        vertices = icosphere(splits, 1.7)
        assert len(vertices) == len(np.unique(vertices.round(9), axis=0)) == count
        np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1.7)


@pytest.mark.parametrize("seed", range(6))
def test_diameters_are_those_of_all_pairs(seed) -> None:
    region = np.pad(np.random.default_rng(seed).random((4, 6, 5)) < 0.3, 1)
    region[2, 3, 3] = True
    spacing = np.array([2.0, 0.7, 0.9])
    vertices = mesh_vertices(region)
    assert largest_distance(vertices, spacing) == pytest.approx(pdist(vertices * spacing / 2).max())
    for normal in range(3):
        widest = max(
            pdist(part * spacing / 2).max(initial=0.0)
            for plane in np.unique(vertices[:, normal])
            if len(part := vertices[vertices[:, normal] == plane])
        )
        assert largest_distance_in_plane(vertices, spacing, normal) == pytest.approx(widest)


@pytest.mark.parametrize("distances", [(1,), (1, 2)])
def test_counts_do_not_depend_on_threads_or_on_how_levels_are_held(
    distances, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(8)
    region = rng.random((9, 30, 26)) < 0.8
    around = Neighbourhood.of(region, distances, None)
    quantised = quantise(rng.integers(0, 7, around.voxels).astype(float), ONE_WIDE)
    plain = count_matrices(around, quantised, alpha=1)
    monkeypatch.setattr(matrices, "LARGE_REGION", 0)
    monkeypatch.setattr(matrices, "_FEW", 2)  # pairs and runs in tables of their own
    for threads in (1, 2, 5):
        again = count_matrices(around, quantised, alpha=1, threads=threads)
        for field in fields(plain):
            for one, other in zip(
                np.atleast_2d(getattr(plain, field.name)),
                np.atleast_2d(getattr(again, field.name)),
                strict=True,
            ):
                np.testing.assert_array_equal(one, other, err_msg=field.name)


def test_a_region_is_found_slice_by_slice(pair) -> None:
    rng = np.random.default_rng(4)
    for kind in (np.bool_, np.uint8, np.int64):
        labels = np.zeros((6, 9, 8), kind)
        labels[2:4, 3:7, 1:6] = rng.random((2, 4, 5)) < 0.6
        labels[2, 3, 1] = labels[3, 6, 5] = 1
        box, region = locate(Mask(labels, Geometry.plain((1.0, 1.0, 1.0))), 1)
        assert box == (slice(2, 4), slice(3, 7), slice(1, 6))
        np.testing.assert_array_equal(region, labels[2:4, 3:7, 1:6] == 1)
