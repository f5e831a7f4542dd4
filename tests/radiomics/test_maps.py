"""Feature maps against measuring the kernel round every voxel by itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from trephine.errors import InputError
from trephine.radiomics import RadiomicsSettings
from trephine.radiomics.glcm import glcm_features
from trephine.radiomics.maps import MAP_FEATURES, glcm_maps
from trephine.radiomics.matrices import count_matrices
from trephine.radiomics.neighbourhood import Neighbourhood
from trephine.radiomics.quantise import Quantised, quantise
from trephine.types import Geometry, Image, Mask


def plain_map(pixels, region, settings, radius, plane):
    """Measure each kernel as a region of its own, with the grey levels of all."""
    levels = np.zeros(pixels.shape, np.uint16)
    quantised = quantise(pixels[region], settings)
    levels[region] = quantised.levels
    found = {name: np.full(pixels.shape, np.nan) for name in MAP_FEATURES}
    for at in map(tuple, np.argwhere(region)):
        box = tuple(slice(max(k - radius, 0), k + radius + 1) for k in at)
        inside = region[box]
        own = levels[box][inside]
        histogram = np.bincount(own, minlength=quantised.n_levels + 1)[1:]
        part = Quantised(own, quantised.n_levels, histogram, 0.0, 1.0)
        around = Neighbourhood.of(inside, settings.distances, plane)
        values = glcm_features(
            count_matrices(around, part, 0),
            around,
            (1.0,) * pixels.ndim,
            None,
            symmetrical=True,
            with_mcc=False,
        )
        for name in MAP_FEATURES:
            found[name][at] = values[name]
    return found


@pytest.mark.parametrize(
    ("shape", "radius", "own"),
    [
        ((7, 9, 10), 1, {}),
        ((6, 8, 9), 2, {"distances": (1, 2)}),
        ((5, 9, 8), 1, {"force2D": True}),
        ((14, 17), 2, {}),
    ],
)
def test_a_map_is_what_each_kernel_measures_alone(shape, radius, own) -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 7, shape).astype(float)
    pixels[..., :4] = 3.0  # kernels of one level
    region = rng.random(shape) < 0.8
    settings = RadiomicsSettings(binWidth=1, minimumROIDimensions=0, **own)
    geometry = Geometry.plain((1.0,) * len(shape))
    found = glcm_maps(
        Image(pixels, geometry), Mask(region.astype(int), geometry), settings, radius=radius
    )
    expected = plain_map(pixels, region, settings, radius, 0 if "force2D" in own else None)
    for name in MAP_FEATURES:
        # Imc2 is the root of a difference that may be nothing but rounding.
        loose = 1e-6 if name == "Imc2" else 1e-9
        defined = ~np.isnan(expected[name])
        if name != "Imc2":
            np.testing.assert_array_equal(np.isnan(found[name]), ~defined, err_msg=name)
        np.testing.assert_allclose(
            found[name][defined], expected[name][defined], rtol=1e-8, atol=loose, err_msg=name
        )


def test_what_has_no_map_is_refused() -> None:
    geometry = Geometry.plain((1.0, 1.0))
    pair = Image(np.eye(9), geometry), Mask(np.ones((9, 9), int), geometry)
    with pytest.raises(InputError, match="weightingNorm"):
        glcm_maps(*pair, RadiomicsSettings(weightingNorm="euclidean"))
    with pytest.raises(InputError, match="radius"):
        glcm_maps(*pair, RadiomicsSettings(distances=(3,)), radius=1)
    with pytest.raises(InputError, match="grey levels"):
        glcm_maps(*pair, RadiomicsSettings(binWidth=1e-3 / 2))


def test_maps_are_pyradiomics_voxel_based_ones() -> None:
    folder = Path(__file__).parents[1] / "reference" / "radiomics"
    grey, labels = (
        sitk.ReadImage(str(folder / name)) for name in ("volume.nii.gz", "volume_blobs.nii.gz")
    )
    geometry = Geometry.plain(grey.GetSpacing()[::-1])
    image = Image(sitk.GetArrayFromImage(grey).astype(np.float64), geometry)
    mask = Mask(sitk.GetArrayFromImage(labels).astype(np.int64), geometry)
    found = glcm_maps(image, mask, RadiomicsSettings(binWidth=100), radius=2)
    expected = json.loads((folder / "voxel_maps.json").read_text())["features"]
    assert set(expected) <= set(MAP_FEATURES)
    for name, values in expected.items():
        np.testing.assert_allclose(
            found[name][mask.region(1)], values, rtol=1e-8, atol=1e-9, err_msg=name
        )
