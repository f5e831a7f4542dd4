"""Settings: PyRadiomics' names and files, refusals, presets, digests."""

from __future__ import annotations

import pytest
import SimpleITK as sitk  # noqa: N813

from trephine.errors import InputError
from trephine.radiomics import RadiomicsSettings, feature_names
from trephine.radiomics.presets import PRESETS

PARAMETER_FILE = """
setting:
  binWidth: 5
  normalize: true
  normalizeScale: 100
  interpolator: 'sitkBSpline'
  resampledPixelSpacing:   # nothing: no resampling
  weightingNorm:
  voxelArrayShift: 300
  label: 2
imageType:
  Original: {}
  LoG: {sigma: [2.0, 3]}
  Wavelet: {binWidth: 10, wavelet: haar}
featureClass:
  shape:
  firstorder: []
  glcm: [Contrast, SumAverage]
  gldm:
"""


def test_a_pyradiomics_parameter_file_loads_as_it_is(tmp_path) -> None:
    path = tmp_path / "Params.yaml"
    path.write_text(PARAMETER_FILE)
    settings = RadiomicsSettings.from_pyradiomics_yaml(path)
    assert settings == RadiomicsSettings.from_file(path)
    assert (settings.binWidth, settings.label, settings.voxelArrayShift) == (5, 2, 300)
    assert settings.resampledPixelSpacing is None
    assert settings.for_image_type("Wavelet").binWidth == 10
    assert settings.for_image_type("LoG").binWidth == 5
    names = feature_names(settings, 3)
    # 14 shape, and 18 + 2 + 14 on the original, two Laplacians and eight bands.
    assert len(names) == 14 + 11 * 34
    assert "log-sigma-2-0-mm-3D_glcm_Contrast" in names
    assert "log-sigma-3-mm-3D_glcm_Contrast" in names


def test_a_parameter_file_without_sections_means_every_class_on_the_original(tmp_path) -> None:
    path = tmp_path / "Params.yaml"
    path.write_text("setting: {binCount: 16}")
    settings = RadiomicsSettings.from_pyradiomics_yaml(path)
    assert settings.imageType == {"Original": {}}
    assert len(feature_names(settings, 3)) == 107


@pytest.mark.parametrize(
    ("values", "nearest"),
    [
        ({"binwidth": 25}, "binWidth"),
        ({"imageType": {"Wavelets": {}}}, "Wavelet"),
        ({"imageType": {"LoG": {"sigmas": [1]}}}, "sigma"),
        ({"featureClass": {"firstOrder": None}}, "firstorder"),
        ({"featureClass": {"glcm": ["contrast"]}}, "Contrast"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest_valid_one(values, nearest) -> None:
    with pytest.raises(InputError, match=f"did you mean '{nearest}'"):
        RadiomicsSettings(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"binWidth": 0},
        {"binCount": -3},
        {"distances": []},
        {"distances": [1, 1]},
        {"interpolator": "cubic"},
        {"wavelet": "coif99"},
        {"weightingNorm": "l2"},
        {"resegmentRange": [1, 2, 3]},
        {"label": 0},
    ],
)
def test_a_value_out_of_range_is_refused_by_name(values) -> None:
    with pytest.raises(InputError, match=next(iter(values))):
        RadiomicsSettings(**values)


def test_interpolators_go_by_the_numbers_of_this_simpleitk_and_of_older_ones() -> None:
    for given in ("sitkBSpline", sitk.sitkBSpline, 3):
        assert RadiomicsSettings(interpolator=given).interpolator == "sitkBSpline"
    assert RadiomicsSettings(interpolator=sitk.sitkLinear).interpolator == "sitkLinear"


def test_an_unknown_preset_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InputError, match="native2d"):
        RadiomicsSettings.from_preset("native3d")


def test_a_file_that_is_no_parameter_file_is_refused(tmp_path) -> None:
    path = tmp_path / "Params.yaml"
    path.write_text("settings: {binWidth: 5}")
    with pytest.raises(InputError, match="sections"):
        RadiomicsSettings.from_file(path)


def test_settings_come_back_from_their_own_dump() -> None:
    for name in PRESETS:
        settings = RadiomicsSettings.from_preset(name)
        assert RadiomicsSettings(**settings.model_dump()) == settings


def test_the_digest_sees_every_number_and_no_worker_count() -> None:
    settings = RadiomicsSettings.from_preset("native2d")
    same = RadiomicsSettings(**{**settings.model_dump(), "threads": 4})
    other = RadiomicsSettings(**{**settings.model_dump(), "gldm_a": 1})
    assert settings.digest() == same.digest() != other.digest()


def test_published_1562_names_1562_features() -> None:
    names = feature_names(RadiomicsSettings.from_preset("published-1562"), 2)
    assert len(names) == len(set(names)) == 1562
