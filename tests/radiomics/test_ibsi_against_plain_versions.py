"""Each of IBSI's own classes against a slow and obvious version of itself, or a law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import label as connected
from scipy.ndimage import map_coordinates
from scipy.spatial import ConvexHull
from scipy.special import eval_legendre

from trephine.errors import InputError
from trephine.radiomics import RadiomicsSettings, describe, extract_radiomics, feature_names
from trephine.radiomics.catalogue_ibsi import IBSI_FAMILIES
from trephine.radiomics.enclosing import ellipsoid_size, smallest_box, smallest_ellipsoid
from trephine.radiomics.gldzm import border_distances, gldzm_features
from trephine.radiomics.local_intensity import local_intensity_features
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.prepare import prepare
from trephine.radiomics.quantise import quantise
from trephine.radiomics.resample_ibsi import resample_pair_ibsi
from trephine.radiomics.spatial import autocorrelation_features
from trephine.radiomics.volume_histogram import ivh_features
from trephine.types import Geometry, Image, Mask

SPACING = (2.0, 0.7, 0.9)
IBSI = RadiomicsSettings.from_preset("ibsi")


@pytest.fixture
def blob() -> tuple[np.ndarray, np.ndarray]:
    """Whole-numbered noise, and a ragged region off its edges."""
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 9, (8, 15, 14)).astype(np.float64)
    region = np.zeros(pixels.shape, bool)
    region[2:6, 3:12, 4:13] = rng.random((4, 9, 9)) < 0.8
    return pixels, region


def as_pair(pixels: np.ndarray, region: np.ndarray) -> tuple[Image, Mask]:
    geometry = Geometry.plain(SPACING)
    return Image(pixels, geometry), Mask(region.astype(np.int64), geometry)


def test_moran_and_geary_are_the_sums_over_all_pairs(blob) -> None:
    pixels, region = blob
    values = pixels[region]
    at = np.argwhere(region) * SPACING
    with np.errstate(divide="ignore"):
        weights = 1.0 / np.linalg.norm(at[:, None] - at, axis=2)
    np.fill_diagonal(weights, 0.0)
    d = values - values.mean()
    moran = len(d) / weights.sum() * (d @ weights @ d) / (d @ d)
    squares = (weights * (values[:, None] - values) ** 2).sum()
    geary = (len(d) - 1) / (2 * weights.sum()) * squares / (d @ d)
    box = region[2:6, 3:12, 4:13]
    found = autocorrelation_features(box, values, SPACING)
    assert found["MoransI"] == pytest.approx(moran, rel=1e-11)
    assert found["GearysC"] == pytest.approx(geary, rel=1e-11)


def test_intensity_peaks_are_means_over_spheres(blob) -> None:
    pixels, region = blob
    prepared = prepare(*as_pair(pixels, region), RadiomicsSettings(), 1)
    everywhere = np.argwhere(np.ones(pixels.shape)) * SPACING
    radius = 10 * (3 / (4 * math.pi)) ** (1 / 3)
    peaks = [
        pixels.ravel()[np.linalg.norm(everywhere - centre, axis=1) <= radius].mean()
        for centre in np.argwhere(region) * SPACING
    ]
    found = local_intensity_features(prepared)
    highest = pixels[region] == pixels[region].max()
    assert found["GlobalIntensityPeak"] == pytest.approx(max(peaks), rel=1e-12)
    assert found["LocalIntensityPeak"] == pytest.approx(np.array(peaks)[highest].max(), rel=1e-12)


@pytest.mark.parametrize("plane", [None, 0])
def test_distance_zones_are_those_of_peeling(blob, plane) -> None:
    pixels, region = blob
    pixels, region = pixels[2:6, 3:12, 4:13] // 3, region[2:6, 3:12, 4:13]
    steps = [step for axis, step in enumerate(np.eye(3, dtype=int)) if axis != plane]
    peeled, distance = np.pad(region, 1), np.zeros(np.add(region.shape, 2), int)
    while peeled.any():
        distance += peeled
        inner = peeled.copy()
        for step in steps:
            inner &= np.roll(peeled, step, (0, 1, 2)) & np.roll(peeled, -step, (0, 1, 2))
        peeled = inner
    distance = distance[1:-1, 1:-1, 1:-1]
    np.testing.assert_array_equal(border_distances(region, plane)[region], distance[region])
    reach = np.ones((3, 3, 3))
    if plane == 0:
        reach[[0, 2]] = 0
    zones = []
    shown = np.where(region, pixels + 1, 0)
    for level in range(1, int(shown.max()) + 1):
        parts, n = connected(shown == level, reach)
        zones += [(level, distance[parts == k].min()) for k in range(1, n + 1)]
    i, j = np.array(zones, dtype=float).T
    quantised = quantise(pixels[region], RadiomicsSettings(binWidth=1))
    around = Neighbourhood.of(region, (1,), plane)
    found = gldzm_features(quantised.levels, distance[region].astype(np.uint16), around)
    assert found["LargeDistanceHighGrayLevelEmphasis"] == pytest.approx(np.mean(i**2 * j**2))
    assert found["SmallDistanceLowGrayLevelEmphasis"] == pytest.approx(np.mean(1 / (i**2 * j**2)))
    assert found["ZoneDistanceVariance"] == pytest.approx(np.var(j))
    assert found["ZonePercentage"] == pytest.approx(len(zones) / region.sum())


def test_the_area_of_an_ellipsoid_is_the_manual_s_series() -> None:
    for a, b, c in ((3.0, 2.0, 1.0), (5.0, 4.9, 4.0)):
        alpha, beta = math.sqrt(1 - b**2 / a**2), math.sqrt(1 - c**2 / a**2)
        at = (alpha**2 + beta**2) / (2 * alpha * beta)
        terms = [(alpha * beta) ** n / (1 - 4 * n**2) * eval_legendre(n, at) for n in range(21)]
        expected = 4 * math.pi * a * b * sum(terms)
        assert ellipsoid_size(np.array([c, a, b]))[1] == pytest.approx(expected, rel=1e-12)
    volume, area = ellipsoid_size(np.full(3, 2.0))
    assert (volume, area) == pytest.approx((32 / 3 * math.pi, 16 * math.pi))


def test_boxes_and_ellipsoids_find_themselves_again_however_they_are_turned() -> None:
    rng = np.random.default_rng(1)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    corners = np.array([(x, y, z) for x in (0, 2.0) for y in (0, 3.0) for z in (0, 7.0)]) @ turn
    inside = rng.random((40, 3)) * (2, 3, 7) @ turn
    extents = smallest_box(ConvexHull(np.vstack((corners, inside))))
    np.testing.assert_allclose(np.sort(extents), (2, 3, 7), rtol=1e-9)
    sphere = rng.normal(size=(4000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    found = np.sort(smallest_ellipsoid(sphere * (2, 3, 5) @ turn))
    np.testing.assert_allclose(found, (2, 3, 5), rtol=3e-3)
    # The smallest ellipsoid round a box has semi-axes of its half extents times the root of 3.
    found = np.sort(smallest_ellipsoid(corners))
    np.testing.assert_allclose(found, np.array([1, 1.5, 3.5]) * math.sqrt(3), rtol=1e-6)


def test_the_volume_histogram_counts_what_is_at_or_above() -> None:
    values = np.array([1, 1, 1, 2, 3, 3, 6, 6, 6, 6], dtype=float)
    found = ivh_features(values, IBSI)
    assert found["VolumeAt10"] == 0.7  # 10% of 1 to 6 is 1.5: 2 and above
    assert found["VolumeAt90"] == 0.4
    assert found["IntensityAt10"] == 6.0  # 40% are at 6, and nothing is rarer
    assert found["IntensityAt90"] == 2.0
    shares = [1.0, 0.7, 0.6, 0.4, 0.4, 0.4]
    assert found["AreaUnderCurve"] == pytest.approx(np.trapezoid(shares, np.linspace(0, 1, 6)))


@pytest.mark.parametrize(("interpolator", "order"), [("sitkLinear", 1), ("sitkBSpline", 3)])
def test_resampling_is_that_of_the_whole_image_on_a_centred_grid(blob, interpolator, order) -> None:
    pixels, region = blob
    pixels = pixels + 0.25
    settings = RadiomicsSettings(
        definitions="ibsi", resampledPixelSpacing=(1.1, 0, 1.3), interpolator=interpolator
    )
    image, mask = resample_pair_ibsi(*as_pair(pixels, region), settings, 1)
    new = np.array([1.3, 0.7, 1.1])
    counts = np.ceil(np.multiply(pixels.shape, SPACING) / new - 1e-9).astype(int)
    middle = (np.array(pixels.shape) - 1) / 2
    grid = np.indices(counts).reshape(3, -1).T
    at = middle + (grid - (counts - 1) / 2) * new / SPACING
    whole = map_coordinates(pixels, at.T, order=order, mode="nearest").reshape(counts)
    inside = map_coordinates(region.astype(float), at.T, order=1, mode="nearest") >= 0.5 - 1e-9
    inside = inside.reshape(counts)
    np.testing.assert_allclose(image.pixels[mask.region(1)], whole[inside], rtol=0, atol=1e-6)
    first = np.argwhere(mask.region(1)).min(axis=0) * new + image.geometry.origin_mm[::-1]
    start = (np.argwhere(inside).min(axis=0) - (counts - 1) / 2) * new + middle * SPACING
    np.testing.assert_allclose(first, start, atol=1e-9)


def test_a_texture_by_slice_is_the_mean_of_its_slices(blob) -> None:
    pixels, region = blob
    image, mask = as_pair(pixels, region)
    common = {"definitions": "ibsi", "binWidth": 2.0, "minimumROIDimensions": 0}
    common["featureClass"] = {"glcm": None, "gldzm": None, "ngtdm": None, "histogram": None}
    by_slice = RadiomicsSettings(**common, aggregation="2D_comb")
    found = extract_radiomics(image, mask, by_slice)
    each = []
    for number in range(2, 6):
        alone = np.zeros_like(region)
        alone[number] = region[number]
        flat = RadiomicsSettings(**common, aggregation="2_5D_comb")
        each.append(extract_radiomics(*as_pair(pixels, alone), flat))
    for name in found.index:
        if "_histogram_" not in name:
            mean = np.mean([one[name] for one in each])
            assert found[name] == pytest.approx(mean, rel=1e-12), name


def test_what_only_ibsi_has_is_refused_without_it() -> None:
    with pytest.raises(InputError, match="class ivh"):
        RadiomicsSettings(featureClass={"ivh": None})
    with pytest.raises(InputError, match="aggregation"):
        RadiomicsSettings(aggregation="2D_avg")


def test_every_class_of_ibsi_is_measured_named_and_described(blob) -> None:
    found = extract_radiomics(*as_pair(*blob), IBSI)
    assert tuple(found.index) == feature_names(IBSI, 3)
    assert found.notna().all()
    for family, entries in IBSI_FAMILIES.items():
        for entry in entries:
            described = describe(f"original_{family}_{entry.name}")
            assert described.ibsi_code
            assert described.ibsi_name
