"""What must not change, and what must, when image and region are moved, turned or shifted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import gaussian_filter

from trephine.radiomics import RadiomicsSettings, extract_radiomics, measure_region
from trephine.types import Geometry, Image, Mask

SETTINGS = RadiomicsSettings(binWidth=1, minimumROIDimensions=0)
ON_LEVELS_ALONE = ("glszm_ZonePercentage", "glszm_SizeZoneNonUniformity", "glszm_ZoneVariance",
                   "glszm_ZoneEntropy", "glrlm_RunPercentage", "glrlm_RunVariance",
                   "glrlm_RunEntropy", "gldm_DependenceVariance", "gldm_DependenceEntropy",
                   "glcm_JointEntropy", "glcm_JointEnergy", "glcm_MaximumProbability",
                   "glcm_MCC", "firstorder_Entropy", "firstorder_Uniformity")  # fmt: skip


def extracted(pixels, region, spacing=None):
    geometry = Geometry.plain(spacing or (1.0,) * np.ndim(pixels))
    image = Image(np.ascontiguousarray(pixels, dtype=np.float64), geometry)
    return extract_radiomics(image, Mask(np.asarray(region).astype(np.int64), geometry), SETTINGS)


def levels(dimensions):
    shapes = st.tuples(*[st.integers(3, 9)] * dimensions)
    return shapes.flatmap(lambda shape: arrays.arrays(np.int64, shape, elements=st.integers(0, 4)))


@st.composite
def regions(draw, dimensions=2):
    """An image of few levels and a region of it with at least two voxels."""
    pixels = draw(levels(dimensions))
    region = draw(arrays.arrays(np.bool_, pixels.shape, elements=st.booleans()))
    region.flat[:2] = True
    return pixels.astype(np.float64), region


def assert_same(one, other, rtol=1e-9):
    # Imc2 and MCC are roots: of a rounding of 1e-14, 1e-7 is left.
    np.testing.assert_allclose(other[one.index], one, rtol=rtol, atol=1e-6)


@given(regions(), st.integers(0, 7))
def test_turning_and_mirroring_a_picture_changes_nothing(case, turn) -> None:
    pixels, region = case

    def moved(array):
        array = np.rot90(array, turn % 4)
        return array[::-1] if turn >= 4 else array

    assert_same(extracted(pixels, region), extracted(moved(pixels), moved(region)))


@settings(max_examples=25)
@given(regions(3), st.permutations([0, 1, 2]), st.integers(0, 2))
def test_turning_and_mirroring_a_volume_changes_only_the_named_planes(case, axes, axis) -> None:
    pixels, region = case
    found = extracted(pixels, region)
    turned = extracted(*(np.flip(a.transpose(axes), axis) for a in (pixels, region)))
    planes = [name for name in found.index if "Maximum2DDiameter" in name]
    # An ambiguous cube of the mesh is closed one way only, so its mirror image may differ.
    meshed = [name for name in found.index if name.startswith("original_shape_")
              and name.endswith(("Volume", "Area", "Ratio", "Sphericity"))]  # fmt: skip
    assert_same(found.drop(planes + meshed), turned.drop(planes + meshed))
    np.testing.assert_allclose(sorted(turned[planes]), sorted(found[planes]))


@given(regions(), st.integers(0, 5), st.integers(0, 5))
def test_a_region_moved_within_the_image_is_measured_alike(case, down, along) -> None:
    pixels, region = case
    canvas, mask = np.full((15, 15), 3.0), np.zeros((15, 15), bool)
    here = (slice(down, down + pixels.shape[0]), slice(along, along + pixels.shape[1]))
    canvas[here], mask[here] = pixels, region
    assert_same(extracted(pixels, region), extracted(canvas, mask))


@given(regions(), st.integers(-40, 40))
def test_a_constant_moves_location_and_leaves_spread_and_texture(case, shift) -> None:
    pixels, region = case
    found, moved = extracted(pixels, region), extracted(pixels + shift, region)
    location = ["10Percentile", "90Percentile", "Maximum", "Mean", "Median", "Minimum"]
    located = [f"original_firstorder_{name}" for name in location]
    energy = [
        f"original_firstorder_{name}" for name in ("Energy", "TotalEnergy", "RootMeanSquared")
    ]
    np.testing.assert_allclose(moved[located], found[located] + shift, atol=1e-9)
    n = region.sum()
    mean = found["original_firstorder_Mean"]
    assert moved[energy[0]] == pytest.approx(found[energy[0]] + 2 * shift * mean * n + n * shift**2)
    assert_same(found.drop(located + energy), moved.drop(located + energy))


@given(regions(), st.permutations([1, 2, 3, 4]))
def test_renaming_grey_levels_leaves_what_counts_them(case, order) -> None:
    pixels, region = case
    # Level 0 stays the lowest, so that the bins start alike.
    renamed = np.array([0, *order], dtype=np.float64)[pixels.astype(int)]
    found, other = extracted(pixels, region), extracted(renamed, region)
    names = [f"original_{name}" for name in ON_LEVELS_ALONE]
    both = [name for name in names if not np.isnan(found[name])]
    np.testing.assert_allclose(other[both], found[both], rtol=1e-6, atol=1e-7)


@given(regions(), st.floats(0.1, 5.0))
def test_lengths_scale_with_the_spacing(case, scale) -> None:
    pixels, region = case
    found = extracted(pixels, region)
    scaled = extracted(pixels, region, spacing=(scale, scale))
    for name, power in (
        ("Perimeter", 1),
        ("MaximumDiameter", 1),
        ("MajorAxisLength", 1),
        ("MeshSurface", 2),
        ("PixelSurface", 2),
        ("Sphericity", 0),
    ):
        full = f"original_shape2D_{name}"
        assert scaled[full] == pytest.approx(found[full] * scale**power)


@given(regions())
def test_frequencies_stay_within_their_limits(case) -> None:
    found = extracted(*case)
    for name in ("glcm_JointEnergy", "glcm_MaximumProbability", "glszm_ZonePercentage",
                 "glrlm_RunPercentage", "firstorder_Uniformity", "glcm_Id"):  # fmt: skip
        value = found[f"original_{name}"]
        assert np.isnan(value) or 0 < value <= 1 + 1e-12
    assert found["original_glcm_SumAverage"] == pytest.approx(
        2 * found["original_glcm_JointAverage"], nan_ok=True
    )


def test_the_bits_do_not_depend_on_the_number_of_threads(pair, speckle, bean) -> None:
    preset = RadiomicsSettings.from_preset("native2d").model_dump()
    one, four = (
        extract_radiomics(
            *pair(speckle * 30, bean), RadiomicsSettings(**{**preset, "threads": threads})
        )
        for threads in (1, 4)
    )
    assert one.to_numpy().tobytes() == four.to_numpy().tobytes()


def test_long_rows_and_short_ones_count_the_same() -> None:
    """Rows of 64 voxels and more are worked on many at once: turned, none is so long."""
    rng = np.random.default_rng(12)
    shape = (5, 7, 150)
    pixels = gaussian_filter(rng.standard_normal(shape), 0.8) * 60
    region = rng.random(shape) < 0.98
    region[2, 3] = True  # one row is whole
    settings = RadiomicsSettings(
        binWidth=25, featureClass=dict.fromkeys(("glcm", "glrlm", "glszm", "gldm", "ngtdm"))
    )
    grid = Geometry.plain((1.0, 1.0, 1.0))
    along, across = (
        measure_region(Image(image, grid), Mask(mask, grid), settings, label=1)
        for image, mask in ((pixels, region), (pixels.T.copy(), region.T.copy()))
    )
    np.testing.assert_allclose(along.values, across.values, rtol=1e-9)


def test_a_large_region_does_not_depend_on_threads() -> None:
    rng = np.random.default_rng(13)
    shape = (40, 42, 44)  # more voxels than threads are worth their start for
    image = Image(rng.normal(0, 60, shape), Geometry.plain((1.0, 1.0, 1.0)))
    mask = Mask(rng.random(shape) < 0.9, image.geometry)
    settings = RadiomicsSettings(featureClass=dict.fromkeys(("firstorder", "glcm", "glrlm")))
    alone, together = (
        measure_region(image, mask, settings.model_copy(update={"threads": n}), label=1)
        for n in (1, 2)
    )
    assert alone.names == together.names
    np.testing.assert_array_equal(alone.values, together.values)
