"""PyRadiomics' front door: its class, its arguments, its keys."""

from __future__ import annotations

import json
import os
import struct

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from trephine.errors import ImageError, InputError
from trephine.radiomics import (
    RadiomicsSettings,
    extract_radiomics,
    featureextractor,
    measure_region,
)
from trephine.types import Geometry, Image, Mask

PARAMETERS = """
setting:
  binWidth: 4
  label: 2
  resampledPixelSpacing:
  weightingNorm:
imageType:
  Original: {}
  LoG: {sigma: [1.5]}
featureClass:
  shape:
  firstorder: []
  glcm: [JointEntropy, Imc1]
voxelSetting:
  kernelRadius: 2
"""

# PyRadiomics 3.0.1's keys for a region that is neither resampled nor resegmented.
DIAGNOSTICS = [
    *(f"Versions_{name}" for name in ("PyRadiomics", "Numpy", "SimpleITK", "PyWavelet", "Python")),
    "Configuration_Settings",
    "Configuration_EnabledImageTypes",
    *(
        f"Image-original_{name}"
        for name in ("Hash", "Dimensionality", "Spacing", "Size", "Mean", "Minimum", "Maximum")
    ),
    *(
        f"Mask-original_{name}"
        for name in (
            "Hash", "Spacing", "Size", "BoundingBox", "VoxelNum", "VolumeNum",
            "CenterOfMassIndex", "CenterOfMass",
        )
    ),
]  # fmt: skip

DETACHED = {
    "nrrd": "NRRD0004\ntype: uint8\ndimension: 2\nsizes: 16 16\nencoding: raw\ndata file: {}\n",
    "mha": "NDims = 2\nDimSize = 16 16\nElementType = MET_UCHAR\nElementDataFile = {}\n",
}


@pytest.fixture(scope="module")
def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    pixels = rng.integers(0, 60, (9, 14, 12)).astype(np.int16)
    labels = np.zeros(pixels.shape, np.uint8)
    labels[2:7, 3:11, 2:9] = 2 * (rng.random((5, 8, 7)) < 0.9)
    return pixels, labels


@pytest.fixture(scope="module")
def itk_pair(arrays):
    pair = [sitk.GetImageFromArray(array) for array in arrays]
    for each in pair:
        each.SetSpacing((0.7, 0.8, 2.0))
        each.SetOrigin((5.0, -3.0, 10.0))
    return pair


def test_keys_and_values_are_those_of_a_parameter_file(tmp_path, arrays, itk_pair) -> None:
    path = tmp_path / "Params.yaml"
    path.write_text(PARAMETERS)
    extractor = featureextractor.RadiomicsFeatureExtractor(str(path), binWidth=5)
    found = extractor.execute(*itk_pair)
    keys = list(found)
    assert keys[: len(DIAGNOSTICS)] == [f"diagnostics_{name}" for name in DIAGNOSTICS]
    geometry = Geometry.plain((2.0, 0.8, 0.7))
    plain = extract_radiomics(
        Image(arrays[0].astype(float), geometry),
        Mask(arrays[1].astype(np.int64), geometry),
        RadiomicsSettings(
            binWidth=5,
            label=2,
            imageType={"Original": {}, "LoG": {"sigma": [1.5]}},
            featureClass={"shape": None, "firstorder": None, "glcm": ("JointEntropy", "Imc1")},
        ),
    )
    assert sorted(keys[len(DIAGNOSTICS) :]) == sorted(plain.index)
    np.testing.assert_array_equal([float(found[name]) for name in plain.index], plain)
    inside = np.argwhere(arrays[1] == 2)
    centre = inside.mean(axis=0)[::-1]
    assert found["diagnostics_Mask-original_VoxelNum"] == len(inside)
    assert found["diagnostics_Mask-original_CenterOfMassIndex"] == pytest.approx(tuple(centre))
    place = centre * (0.7, 0.8, 2.0) + (5.0, -3.0, 10.0)
    assert found["diagnostics_Mask-original_CenterOfMass"] == pytest.approx(tuple(place))
    assert found["diagnostics_Image-original_Mean"] == pytest.approx(arrays[0].mean())


def test_every_stage_of_the_mask_is_described(itk_pair) -> None:
    extractor = featureextractor.RadiomicsFeatureExtractor(
        {
            "setting": {"resampledPixelSpacing": [1.0, 1.0, 2.0], "resegmentRange": [10, 50]},
            "featureClass": {"shape": ["VoxelVolume"], "firstorder": ["Minimum", "Maximum"]},
        }
    )
    found = extractor.execute(*itk_pair, label=2)
    assert found["diagnostics_Image-interpolated_Spacing"] == (1.0, 1.0, 2.0)
    kept, drawn = (
        found[f"diagnostics_Mask-{stage}_VoxelNum"] for stage in ("resegmented", "interpolated")
    )
    assert 0 < kept < drawn
    for name in ("Minimum", "Maximum"):
        of_mask = found[f"diagnostics_Mask-resegmented_{name}"]
        assert of_mask == found[f"original_firstorder_{name}"]
        assert 10 <= of_mask <= 50


def test_classes_and_image_types_are_switched_as_in_pyradiomics(itk_pair, tmp_path) -> None:
    paths = [str(tmp_path / f"{name}.nrrd") for name in ("image", "mask")]
    for each, path in zip(itk_pair, paths, strict=True):
        sitk.WriteImage(each, path)
    extractor = featureextractor.RadiomicsFeatureExtractor()
    assert "shape2D" not in extractor.enabledFeatures
    extractor.addProvenance(False)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(firstorder=["Mean"])
    extractor.enableImageTypeByName("Square")
    found = extractor.execute(*paths, label=2)
    assert list(found) == ["original_firstorder_Mean", "square_firstorder_Mean"]
    extractor.enableImageTypes(Gradient={})
    extractor.enableFeatureClassByName("ngtdm")
    extractor.enableFeatureClassByName("firstorder", enabled=False)
    assert {name.rsplit("_", 1)[0] for name in extractor.execute(*paths, label=2)} == {
        "gradient_ngtdm"
    }
    extractor.loadJSONParams(json.dumps({"featureClass": {"gldm": []}, "setting": {"label": 2}}))
    extractor.addProvenance(False)
    assert {name.split("_")[1] for name in extractor.execute(*paths)} == {"gldm"}
    assert extractor.getFeatureNames("glcm")["Dissimilarity"]


def test_what_it_cannot_use_is_refused(itk_pair, tmp_path) -> None:
    with pytest.raises(InputError, match="did you mean 'binWidth'"):
        featureextractor.RadiomicsFeatureExtractor(binwith=3).execute(*itk_pair, label=2)
    with pytest.raises(ImageError, match=r"image: no\.nrrd: expected a readable file"):
        featureextractor.RadiomicsFeatureExtractor().execute(str(tmp_path / "no.nrrd"), itk_pair[1])
    with pytest.raises(ImageError, match="mask: expected a SimpleITK image or the path"):
        featureextractor.RadiomicsFeatureExtractor().execute(itk_pair[0], 5)
    with pytest.raises(ImageError, match="label 7"):
        featureextractor.RadiomicsFeatureExtractor().execute(*itk_pair, label=7)
    with pytest.raises(InputError, match="maskedKernel"):
        featureextractor.RadiomicsFeatureExtractor(maskedKernel=False).execute(
            *itk_pair, label=2, voxelBased=True
        )
    with pytest.raises(InputError, match="image type"):
        featureextractor.RadiomicsFeatureExtractor().enableImageTypeByName("LoGs")
    with pytest.raises(InputError, match="feature class"):
        featureextractor.RadiomicsFeatureExtractor().enableFeatureClassByName("glmc")
    with pytest.raises(InputError, match="path of a parameter file"):
        featureextractor.RadiomicsFeatureExtractor(3)


def test_features_come_in_pyradiomics_order(itk_pair) -> None:
    extractor = featureextractor.RadiomicsFeatureExtractor(label=2, additionalInfo=False)
    for classes in ({"firstorder": [], "shape": []}, {"firstorder": ["Mean", "Energy"]}):
        extractor.enabledFeatures = classes
        names = [name.rsplit("_", 1)[1] for name in extractor.execute(*itk_pair)]
        firstorder = names[-18:] if "shape" in classes else names
        # Its methods by name: getMeanAbsoluteDeviationFeatureValue before getMeanFeatureValue.
        inside = firstorder.index("Mean") - 1
        assert classes["firstorder"] == firstorder or (
            firstorder[inside] == "MeanAbsoluteDeviation"
            and firstorder == sorted(firstorder, key=lambda name: f"get{name}FeatureValue")
        )


def test_maps_are_images_of_the_regions_box(arrays, itk_pair) -> None:
    given = {
        "setting": {"binWidth": 10, "label": 2, "additionalInfo": False},
        "featureClass": {"shape": [], "firstorder": ["Mean"], "glcm": ["Contrast"]},
        "voxelSetting": {"kernelRadius": 2, "initValue": -1},
    }
    found = featureextractor.RadiomicsFeatureExtractor(given).execute(*itk_pair, voxelBased=True)
    assert list(found) == ["original_firstorder_Mean", "original_glcm_Contrast"]
    image = found["original_firstorder_Mean"]
    values = sitk.GetArrayFromImage(image)
    inside = np.argwhere(arrays[1] == 2)
    lower = np.maximum(inside.min(axis=0) - 2, 0)
    upper = np.minimum(inside.max(axis=0) + 3, arrays[1].shape)
    assert values.shape == tuple(upper - lower)
    assert image.GetOrigin() == pytest.approx(
        tuple(lower[::-1] * (0.7, 0.8, 2.0) + (5.0, -3.0, 10.0))
    )
    at = inside[len(inside) // 2]
    kernel = tuple(slice(max(k - 2, 0), k + 3) for k in at)
    mean = arrays[0][kernel][arrays[1][kernel] == 2].mean()
    assert values[tuple(at - lower)] == pytest.approx(mean)
    drawn = arrays[1][tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))] == 2
    assert (values[~drawn] == -1).all()


def test_several_channels_of_a_mask(itk_pair) -> None:
    other = sitk.Cast(itk_pair[1] * 0, sitk.sitkUInt8)
    both = sitk.Compose(other, itk_pair[1])
    extractor = featureextractor.RadiomicsFeatureExtractor(label=2, additionalInfo=False)
    found = extractor.execute(itk_pair[0], both, label_channel=1)
    assert found == extractor.execute(*itk_pair)
    with pytest.raises(ImageError, match="label_channel"):
        extractor.execute(itk_pair[0], both, label_channel=2)


@pytest.mark.parametrize("kind", ["nrrd", "mha", "nii", "nii.gz", "png", "tif", "dcm"])
def test_files_are_those_that_simpleitk_reads(tmp_path, kind) -> None:
    rows, columns = np.mgrid[:24, :24]
    image = sitk.GetImageFromArray((rows * 7 + columns).astype(np.uint8))
    path = str(tmp_path / f"x.{kind}")
    sitk.WriteImage(image, path)
    mask = sitk.Cast(image > 60, sitk.sitkUInt8)
    extractor = featureextractor.RadiomicsFeatureExtractor(binWidth=10)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(firstorder=["Mean", "Entropy"])
    there = sitk.ReadImage(path)
    mask.CopyInformation(there[:, :, 0] if there.GetDimension() == 3 else there)
    if there.GetDimension() == 3:
        mask = sitk.JoinSeries(mask)
        mask.CopyInformation(there)
    found, expected = extractor.execute(path, mask), extractor.execute(there, mask)
    assert list(found.items()) == list(expected.items())


@pytest.mark.parametrize("kind", ["nrrd", "mha", "a pipe", "a device", "vtk"])
def test_a_file_opens_no_other_and_waits_for_none(tmp_path, itk_pair, kind) -> None:
    secret = tmp_path / "secret.raw"
    secret.write_bytes(b"s" * 256)
    folder = tmp_path / "sent"
    folder.mkdir()
    path = folder / f"x.{kind}"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "vtk":
        sitk.WriteImage(itk_pair[0], str(path))
    else:
        path.write_text(DETACHED[kind].format(secret))
    for pair in ((str(path), itk_pair[1]), (itk_pair[0], str(path))):
        with pytest.raises(ImageError, match=r"^(image|mask): x\."):
            featureextractor.RadiomicsFeatureExtractor().execute(*pair, label=2)


@pytest.mark.parametrize("name", ["x.nrrd", "x.mha", "x.nii.gz", "x.png", "x.tif", "x.dcm"])
def test_a_file_is_held_to_the_limits(tmp_path, itk_pair, monkeypatch, name) -> None:
    path = str(tmp_path / name)
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((40, 40), np.uint8)), path)
    monkeypatch.setenv("TREPHINE_MAX_PIXELS", "1000")
    with pytest.raises(ImageError, match="at most 1000 "):
        featureextractor.RadiomicsFeatureExtractor().execute(path, itk_pair[1], label=2)


@pytest.mark.parametrize("order", ["II", "MM"])
def test_a_tiff_whose_pages_go_in_a_circle_is_refused(tmp_path, itk_pair, order) -> None:
    sign = "<" if order == "II" else ">"
    entries = [(256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 122), (277, 3, 1, 1), (278, 3, 1, 4), (279, 4, 1, 16)]
    packed = b"".join(
        struct.pack(f"{sign}HHI{'H2x' if kind == 3 else 'I'}", tag, kind, count, value)
        for tag, kind, count, value in entries
    )
    head = order.encode() + struct.pack(f"{sign}HI", 42, 8) + struct.pack(f"{sign}H", len(entries))
    path = tmp_path / "x.tif"
    last = struct.pack(f"{sign}I", 0)
    path.write_bytes(head + packed + last + bytes(range(16)) + bytes(16))
    extractor = featureextractor.RadiomicsFeatureExtractor()
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(firstorder=["Mean"])
    mask = sitk.GetImageFromArray(np.ones((4, 4), np.uint8))
    assert extractor.execute(str(path), mask)["original_firstorder_Mean"] == 7.5
    path.write_bytes(head + packed + struct.pack(f"{sign}I", 8) + bytes(32))
    with pytest.raises(ImageError, match="pages in a circle"):
        extractor.execute(str(path), mask)


def test_an_image_type_that_cannot_be_made_has_no_keys(arrays) -> None:
    """PyRadiomics' Laplacian of Gaussian needs four voxels along each axis, and is left out."""
    pixels, labels = arrays
    pair = [sitk.GetImageFromArray(array[3:5]) for array in (pixels, labels)]
    extractor = featureextractor.RadiomicsFeatureExtractor(label=2, additionalInfo=False)
    extractor.enableImageTypes(Original={}, LoG={"sigma": [1.0]}, Square={})
    found = extractor.execute(*pair)
    assert {name.split("_")[0] for name in found} == {"original", "square"}
    settings = RadiomicsSettings(label=2, imageType={"Original": {}, "LoG": {"sigma": [1.0]}})
    grid = Geometry.plain((1.0, 1.0, 1.0))
    ours = measure_region(Image(pixels[3:5].astype(float), grid), Mask(labels[3:5], grid), settings)
    assert ours.unmade == ("log-sigma-1-0-mm-3D",)
