"""Settings that ask for more than any image can give, and parameter files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import yaml

from trephine.errors import ImageError, InputError
from trephine.radiomics import featureextractor
from trephine.radiomics.resample import resample_pair
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import Geometry, Image, Mask

MERGES = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.yaml", MERGES),
        ("p.yaml", "&a [*a]"),
        ("p.yaml", "setting: &a {b: *a}"),
        ("p.yaml", f"setting: {{binWidth: {'1:' * 30000}1}}"),
        ("p.yaml", f"setting: {{binWidth: 0b{'1' * 100000}}}"),
        ("p.yaml", f"setting: {{binWidth: 0x{'f' * 100000}}}"),
        ("p.yaml", f"setting: {{binWidth: {'9' * 100000}}}"),
        ("p.yaml", f"? {{[0x{'f' * 5000}]: 1}}\n: 1"),
        ("p.yaml", "setting: !!omap [a: 1]"),
        ("p.yaml", "setting: !!set {a, b}"),
        ("p.yaml", "setting: a few words"),
        ("p.yaml", "imageType: [Original]"),
        ("p.yaml", "featureClass: firstorder"),
        ("p.json", f'{{"setting": {{"binCount": {"9" * 4000}}}}}'),
        ("p.json", '{"setting": []}'),
        ("p.toml", f"binCount = 0x{'f' * 100000}"),
        ("p.toml", f"distances = [{'9' * 4000}]"),
    ],
)
def test_a_parameter_file_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as seen:
        RadiomicsSettings.from_file(tmp_path / name)
    assert len(str(seen.value)) < 600


@pytest.mark.parametrize(
    "asked",
    [
        {"level": 21},
        {"start_level": 21},
        {"sigma": [1.0] * 101},
        {"distances": list(range(1, 102))},
        {"distances": [1001]},
        {"lbp2DSamples": 1001},
        {"lbp3DLevels": 21},
        {"lbp3DIcosphereSubdivision": 7},
    ],
)
def test_settings_beyond_any_image_are_refused(asked: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(asked))):
        RadiomicsSettings(**asked)


@pytest.mark.parametrize("spacing", [1e-4, 1e-9, 1e-300, 5e-324])
def test_a_grid_of_more_pixels_than_an_image_may_have_is_not_made(spacing: float) -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[5:15, 5:15] = 1
    geometry = Geometry.plain((1.0, 1.0))
    settings = RadiomicsSettings(resampledPixelSpacing=[spacing, spacing])
    with pytest.raises(ImageError, match="resampledPixelSpacing: expected at most"):
        resample_pair(Image(np.ones((20, 20)), geometry), Mask(labels, geometry), settings, 1)


@pytest.mark.parametrize(
    "sections",
    [
        {"setting": {5: 1}},
        {"setting": {None: 1}},
        {"imageType": {3: {}}},
        {"featureClass": {True: []}},
        {"featureClass": {"glcm": 5}},
        {"featureClass": {"glcm": {"Contrast": 1}}},
        {"setting": {"self": 1}},
        {"setting": {"imageType": {}}},
        {"voxelSetting": {"featureClass": {}}},
    ],
)
def test_sections_of_another_form_are_refused_in_words(
    tmp_path: Path, sections: dict[str, object]
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(sections))
    with pytest.raises(InputError):
        RadiomicsSettings.from_file(path)
    image = sitk.GetImageFromArray(np.ones((8, 8)))
    with pytest.raises(InputError):
        featureextractor.RadiomicsFeatureExtractor(sections).execute(image, image)


@pytest.mark.parametrize(
    "given", [{"imageType": 5}, {"imageType": ["a"]}, {"featureClass": {"glcm": 5}}]
)
def test_fields_of_another_form_are_refused_in_words(given: dict[str, object]) -> None:
    with pytest.raises(InputError, match="radiomics settings"):
        RadiomicsSettings(**given)
