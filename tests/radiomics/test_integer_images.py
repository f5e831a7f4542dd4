"""Images of integers are interpolated in their own type, as PyRadiomics does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from trephine.errors import InputError
from trephine.imaging import read_image, read_mask
from trephine.radiomics import measure_region
from trephine.radiomics.resample import interpolation_type, resample_pair
from trephine.radiomics.settings import RadiomicsSettings
from trephine.types import Geometry, Image, Mask

FROZEN = Path(__file__).parents[1] / "reference" / "radiomics"
CASES = json.loads((FROZEN / "integers_resampled.json").read_text())["cases"]


def read_as(kind: str, name: str, folder: Path) -> Path:
    """The frozen NRRD file, or the same as NIfTI, whose spacings are of single precision."""
    if kind == "NRRD":
        return FROZEN / name
    path = folder / name.replace("nrrd", "nii")
    SimpleITK.WriteImage(SimpleITK.ReadImage(str(FROZEN / name)), str(path))
    return path


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_resampled_integers_give_pyradiomics_values(tmp_path: Path, case) -> None:
    image = read_image(read_as(case["format"], case["image"], tmp_path))
    mask = read_mask(read_as(case["format"], case["mask"], tmp_path), image=image)
    classes = {name.split("_")[1] for name in case["features"]}
    settings = RadiomicsSettings(
        **case["settings"],
        imageType=case["imageType"],
        featureClass=dict.fromkeys(sorted(classes)),
    )
    result = measure_region(image, mask, settings, label=1)
    found = dict(zip(result.names, result.values, strict=True))
    assert set(found) >= set(case["features"])
    for name, value in case["features"].items():
        # LoG of PyRadiomics works in single precision.
        close = 1e-5 if name.startswith("log-") else 1e-9
        assert found[name] == pytest.approx(value, rel=close, abs=1e-9), name


SETTINGS = RadiomicsSettings(resampledPixelSpacing=(0.7, 0.7))


def steep(pixel_type: str | None) -> tuple[Image, Mask]:
    pixels = np.zeros((24, 24))
    pixels[:, 12:] = 255.0
    mask = np.zeros((24, 24), np.int64)
    mask[4:20, 4:20] = 1
    plain = Geometry.plain((1.0, 1.0))
    provenance = {} if pixel_type is None else {"pixel_type": pixel_type}
    return Image(pixels, plain, provenance), Mask(mask, plain)


@pytest.mark.parametrize("pixel_type", ["uint8", "int16", "uint16", "int32"])
def test_interpolated_values_are_those_of_itk_in_the_same_type(pixel_type: str) -> None:
    image, mask = steep(pixel_type)
    found, _ = resample_pair(image, mask, SETTINGS, 1)
    itk = SimpleITK.GetImageFromArray(image.pixels.astype(pixel_type))
    grid = SimpleITK.GetImageFromArray(np.zeros(found.pixels.shape, np.uint8))
    grid.SetSpacing(found.geometry.spacing_mm[::-1])
    grid.SetOrigin(found.geometry.origin_mm)
    expected = SimpleITK.Resample(itk, grid, SimpleITK.Transform(), SimpleITK.sitkBSpline, 0.0)
    assert np.array_equal(found.pixels, SimpleITK.GetArrayFromImage(expected))


def test_float_images_ibsi_and_normalised_images_keep_their_fractions() -> None:
    for kind in (None, "float32", "float64"):
        found, _ = resample_pair(*steep(kind), SETTINGS, 1)
        assert not np.array_equal(found.pixels, np.rint(found.pixels))
    ibsi = RadiomicsSettings(resampledPixelSpacing=(0.7, 0.7), definitions="ibsi")
    image, mask = steep("uint8")
    exact = resample_pair(image, mask, ibsi, 1)[0].pixels
    assert not np.array_equal(exact, np.rint(exact))
    fractions = Image(image.pixels / 7, image.geometry, image.provenance)
    assert interpolation_type(fractions, SETTINGS) == np.float64
    beyond = Image(image.pixels * 7, image.geometry, image.provenance)
    assert interpolation_type(beyond, SETTINGS) == np.float64


def test_more_bins_than_a_matrix_can_hold_are_refused_before_memory_is_taken() -> None:
    image, mask = steep(None)
    settings = RadiomicsSettings(binCount=2_000_000_000, featureClass={"glcm": None})
    with pytest.raises(InputError, match="binCount: expected at most 8192"):
        measure_region(image, mask, settings, label=1)
