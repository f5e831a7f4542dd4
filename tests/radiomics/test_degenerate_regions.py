"""Regions that leave definitions without a value: a number or NaN, and always a reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trephine.errors import ImageError
from trephine.radiomics import RadiomicsSettings, extract_radiomics

NATIVE = RadiomicsSettings.from_preset("native2d")


def unexplained(found) -> list[str]:
    return [name for name, value in found.items() if math.isnan(value)
            and not found.attrs["reasons"].get(name)]  # fmt: skip


def test_a_single_pixel_has_grey_values_but_no_neighbours(pair, speckle) -> None:
    region = np.zeros_like(speckle)
    region[7, 9] = 1
    found = extract_radiomics(*pair(speckle * 30, region), NATIVE)
    assert not unexplained(found)
    assert found["original_firstorder_Mean"] == found["original_firstorder_Maximum"]
    assert found["original_shape2D_PixelSurface"] == 1
    assert math.isnan(found["original_glcm_Contrast"])
    assert "neighbours" in found.attrs["reasons"]["original_glcm_Contrast"]
    assert math.isnan(found["original_glrlm_RunEntropy"])
    assert "line" in found.attrs["reasons"]["original_glrlm_RunEntropy"]
    assert math.isnan(found["original_shape2D_Elongation"])


def test_a_single_pixel_is_refused_where_two_dimensions_are_asked_for(pair, speckle) -> None:
    region = np.zeros_like(speckle)
    region[7, 9] = 1
    with pytest.raises(ImageError, match="minimumROIDimensions"):
        extract_radiomics(*pair(speckle, region), RadiomicsSettings())


def test_one_grey_level_gives_conventional_values_with_a_reason(pair, speckle, bean) -> None:
    found = extract_radiomics(*pair(speckle, bean), RadiomicsSettings(binWidth=1000))
    conventional = {
        "original_glcm_Correlation": 1,
        "original_glcm_MCC": 1,
        "original_glcm_Imc1": 0,
        "original_glcm_Imc2": 0,
        "original_ngtdm_Coarseness": 1e6,
        "original_ngtdm_Contrast": 0,
    }
    for name, value in conventional.items():
        assert found[name] == value
        assert "one grey level" in found.attrs["reasons"][name]
    assert found["original_firstorder_Uniformity"] == 1
    assert not unexplained(found)


def test_a_constant_region_has_no_skewness_to_speak_of(pair, speckle, bean) -> None:
    pixels = np.where(bean, 7.3, speckle)
    found = extract_radiomics(*pair(pixels, bean), RadiomicsSettings())
    assert found["original_firstorder_Variance"] == 0
    for feature in ("Skewness", "Kurtosis"):
        assert found[f"original_firstorder_{feature}"] == 0
        assert "constant" in found.attrs["reasons"][f"original_firstorder_{feature}"]


def test_an_image_of_zeros_has_no_square_or_exponential(pair, speckle, bean) -> None:
    settings = RadiomicsSettings(imageType={"Square": {}, "SquareRoot": {}, "Exponential": {}})
    found = extract_radiomics(*pair(speckle * 0, bean), settings)
    assert math.isnan(found["square_firstorder_Mean"])
    assert math.isnan(found["exponential_glcm_Contrast"])
    assert found["squareroot_firstorder_Mean"] == 0
    assert not unexplained(found)


def test_bands_without_signal_are_flagged_and_keep_their_numbers(pair, speckle, bean) -> None:
    settings = RadiomicsSettings.from_preset("published-1562")
    found = extract_radiomics(*pair(speckle * 30, bean, (0.3, 0.45)), settings)
    reasons = found.attrs["reasons"]
    assert len(found) == 1562
    across_slices = {name for name in found.index if name.startswith("wavelet-")
                     and name.split("_")[0].endswith("H")}  # fmt: skip
    assert len(across_slices) == 4 * 86
    assert all("no signal" in reasons[name] for name in across_slices)
    assert found[sorted(across_slices)].notna().all()
    assert "wavelet-LHL_glcm_Contrast" not in reasons


def test_a_filter_wider_than_the_image_gives_reasons_not_silence(pair, speckle, bean) -> None:
    settings = RadiomicsSettings(imageType={"LoG": {"sigma": [1.0, 40.0]}})
    found = extract_radiomics(*pair(speckle, bean), settings)
    assert found["log-sigma-1-0-mm-3D_firstorder_Mean"] == pytest.approx(0, abs=1)
    assert math.isnan(found["log-sigma-40-0-mm-3D_firstorder_Mean"])
    assert "sigma 40" in found.attrs["reasons"]["log-sigma-40-0-mm-3D_firstorder_Mean"]


def test_distances_beyond_the_region_leave_no_pairs(pair, speckle, bean) -> None:
    found = extract_radiomics(*pair(speckle, bean), RadiomicsSettings(distances=[30], binWidth=1))
    assert math.isnan(found["original_glcm_Contrast"])
    assert found["original_gldm_SmallDependenceEmphasis"] == 1
    assert not unexplained(found)


def test_every_pixel_of_the_image_may_be_the_region(pair, speckle) -> None:
    found = extract_radiomics(*pair(speckle * 30, speckle >= 0), NATIVE)
    assert found.notna().all()


def test_a_region_that_is_several_slices_thick_has_no_shape_in_the_plane(pair) -> None:
    volume = np.random.default_rng(0).normal(0, 50, (6, 9, 8))
    settings = RadiomicsSettings(force2D=True, featureClass={"shape2D": None, "shape": None})
    found = extract_radiomics(*pair(volume, volume > -1e9), settings)
    assert math.isnan(found["original_shape2D_Perimeter"])
    assert "6 slices thick" in found.attrs["reasons"]["original_shape2D_Perimeter"]
    assert found["original_shape_VoxelVolume"] == 6 * 9 * 8
