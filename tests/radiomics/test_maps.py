"""Feature maps against measuring every kernel by itself, and against PyRadiomics."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from trephine.errors import InputError
from trephine.radiomics import RadiomicsSettings
from trephine.radiomics.firstorder import firstorder_features
from trephine.radiomics.maps import MAP_FAMILIES, feature_maps
from trephine.radiomics.names import enabled_features
from trephine.radiomics.quantise import Quantised, quantise
from trephine.radiomics.region_geometry import RegionGeometry
from trephine.radiomics.texture import texture_features
from trephine.types import Geometry, Image, Mask

REFERENCE = Path(__file__).parents[1] / "reference" / "radiomics"
# Roots and quotients of differences that may be nothing but rounding.
LOOSE = {"glcm_Imc2": 1e-6, "glcm_MCC": 1e-6}


def plain_maps(pixels, region, settings, radius, plane):
    """Measure each kernel as a region of its own, with the grey levels of all."""
    levels = np.zeros(pixels.shape, np.uint16)
    quantised = quantise(pixels[region], settings)
    levels[region] = quantised.levels
    wanted = {family: enabled_features(settings, family) for family in MAP_FAMILIES}
    found = {
        f"original_{family}_{one}": np.full(pixels.shape, np.nan)
        for family, features in wanted.items()
        for one in features
    }
    reach = [0 if axis == plane else radius for axis in range(pixels.ndim)]
    for at in map(tuple, np.argwhere(region)):
        box = tuple(slice(max(k - r, 0), k + r + 1) for k, r in zip(at, reach, strict=True))
        inside = region[box]
        own = levels[box][inside]
        histogram = np.bincount(own, minlength=quantised.n_levels + 1)[1:]
        part = Quantised(own, quantised.n_levels, histogram, 0.0, 1.0)
        geometry = RegionGeometry(
            inside, (1.0,) * pixels.ndim, 1, inside, tuple(slice(None) for _ in inside.shape)
        )
        values = texture_features(part, geometry, settings, wanted)
        values["firstorder"] = firstorder_features(
            pixels[box][inside],
            part,
            shift=settings.voxelArrayShift,
            voxel_size=1.0,
            excess_kurtosis=settings.definitions == "ibsi",
        )
        for family, features in wanted.items():
            for one in features:
                found[f"original_{family}_{one}"][at] = values[family][one]
    return found


@pytest.mark.parametrize(
    ("shape", "radius", "own"),
    [
        ((5, 6, 7), 1, {}),
        ((4, 5, 6), 2, {"distances": (1, 2), "gldm_a": 1}),
        ((4, 7, 6), 1, {"force2D": True}),
        ((4, 6, 7), 1, {"force2D": True, "force2Ddimension": 2, "definitions": "ibsi"}),
        ((11, 12), 2, {"voxelArrayShift": 3.0}),
    ],
)
def test_a_map_is_what_each_kernel_measures_alone(shape, radius, own) -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 7, shape).astype(float)
    pixels[..., :3] = 3.0  # kernels of one level
    region = rng.random(shape) < 0.8
    settings = RadiomicsSettings(
        binWidth=1,
        minimumROIDimensions=0,
        featureClass={
            **dict.fromkeys(MAP_FAMILIES),
            "firstorder": tuple(_every("firstorder")),
            "glcm": tuple(_every("glcm")),
        },
        **own,
    )
    geometry = Geometry.plain((1.0,) * len(shape))
    found = feature_maps(
        Image(pixels, geometry), Mask(region.astype(int), geometry), settings, radius=radius
    )
    plane = own.get("force2Ddimension", 0) if "force2D" in own else None
    expected = plain_maps(pixels, region, settings, radius, plane)
    assert list(found) == list(expected)
    for name, values in expected.items():
        where = ~np.isnan(values)
        if name == "original_glcm_Imc2":
            where &= ~np.isnan(found[name])
        elif name in ("original_glcm_MCC", "original_glcm_InverseVariance"):
            # A kernel without a pair: MCC 1 and InverseVariance 0 of one level by convention.
            where &= ~np.isnan(expected["original_glcm_Contrast"])
        else:
            np.testing.assert_array_equal(np.isnan(found[name]), ~where, err_msg=name)
        np.testing.assert_allclose(
            found[name][where],
            values[where],
            rtol=1e-8,
            atol=LOOSE.get(name.removeprefix("original_"), 1e-9),
            err_msg=name,
        )


def _every(family):
    """Return the features of a class, deprecated ones too."""
    from trephine.radiomics.catalogue import FAMILIES

    return [entry.name for entry in FAMILIES[family]]


@pytest.mark.parametrize("number", range(4))
def test_maps_are_pyradiomics_voxel_based_ones(number) -> None:
    content = json.loads((REFERENCE / "voxel_maps.json").read_text())
    case = content["cases"][number]
    image, mask = volume()
    found = feature_maps(image, mask, RadiomicsSettings(**case["settings"]), radius=case["radius"])
    assert len(case["features"]) == 92
    for name, values in case["features"].items():
        own = found[f"original_{name}"][mask.region(1)][:: content["every"]]
        expected = np.array(values, dtype=float)
        if name == "glcm_JointAverage":  # NaN there where a direction has no pair
            own = np.where(np.isnan(expected), np.nan, own)
        np.testing.assert_allclose(
            own, expected, rtol=1e-8, atol=LOOSE.get(name, 1e-9), err_msg=name
        )


def test_filters_classes_and_threads_of_a_map() -> None:
    image, mask = volume()
    settings = RadiomicsSettings(binWidth=50, imageType={"Original": {}, "LoG": {"sigma": (1.5,)}})
    found = feature_maps(image, mask, settings, only="*_glrlm_RunEntropy")
    assert list(found) == ["original_glrlm_RunEntropy", "log-sigma-1-5-mm-3D_glrlm_RunEntropy"]
    quick = settings.model_copy(update={"threads": 2})
    again = feature_maps(image, mask, quick, only="*_glrlm_RunEntropy")
    for name, values in found.items():
        np.testing.assert_array_equal(again[name], values)
        assert np.isnan(values[~mask.region(1)]).all()


def test_what_has_no_map_is_refused() -> None:
    geometry = Geometry.plain((1.0, 1.0))
    pair = Image(np.eye(9), geometry), Mask(np.ones((9, 9), int), geometry)
    with pytest.raises(InputError, match="weightingNorm"):
        feature_maps(*pair, RadiomicsSettings(weightingNorm="euclidean"))
    with pytest.raises(InputError, match="radius"):
        feature_maps(*pair, RadiomicsSettings(distances=(3,)), radius=1)
    with pytest.raises(InputError, match="grey levels"):
        feature_maps(*pair, RadiomicsSettings(binWidth=1e-3 / 2))
    with pytest.raises(InputError, match="'original_shape_\\*'"):
        feature_maps(*pair, RadiomicsSettings(), only="original_shape_*")


def volume():
    grey, labels = (
        sitk.ReadImage(str(REFERENCE / name)) for name in ("volume.nii.gz", "volume_blobs.nii.gz")
    )
    geometry = Geometry.plain(grey.GetSpacing()[::-1])
    return (
        Image(sitk.GetArrayFromImage(grey).astype(np.float64), geometry),
        Mask(sitk.GetArrayFromImage(labels).astype(np.int64), geometry),
    )
