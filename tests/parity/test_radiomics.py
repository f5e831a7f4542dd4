"""The radiomics engine against PyRadiomics' values, case by case as the index lists them."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from PIL import Image as PillowImage

from trephine.radiomics import RadiomicsSettings, extract_radiomics
from trephine.radiomics.catalogue import FAMILIES
from trephine.types import Geometry, Image, Mask

RELATIVE = 1e-6
LBP_RELATIVE = 1e-4
MCC_ABSOLUTE = 1e-6


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder = Path(metafunc.config.getoption("--reference")).resolve() / "radiomics"
    index = folder / "index.json"
    rows = json.loads(index.read_text()) if index.exists() else []
    cases = [
        pytest.param(folder, row, id=f"{Path(row['expected']).stem}:{row['key']}") for row in rows
    ]
    if not cases:
        cases = [pytest.param(folder, {}, marks=pytest.mark.skip(reason=f"{index} is not there"))]
    metafunc.parametrize(("folder", "row"), cases)


def test_every_feature_equals_pyradiomics(folder: Path, row: dict[str, Any], parity: Any) -> None:
    image_path, mask_path = folder / row["image"], folder / row["mask"]
    for path in (image_path, mask_path, folder / row["expected"]):
        if not path.exists():
            pytest.skip(f"{path.name} is not part of this reference folder")
    expected = json.loads((folder / row["expected"]).read_text())[row["key"]]
    image, mask = _read_pair(image_path, mask_path, row["mode"], expected)
    settings = _settings(expected, image.pixels.ndim)
    found = extract_radiomics(image, mask, settings, label=expected.get("label"))
    reasons = found.attrs["reasons"]

    wanted = {
        name: math.nan if value is None else value for name, value in expected["features"].items()
    }
    missing = sorted(set(wanted) - set(found.index))
    assert not missing, f"{len(missing)} names that the engine does not yield: {missing[:5]}"
    for name in set(found.index) - set(wanted):
        assert name in reasons, f"{name} is not in PyRadiomics and has no reason"

    by_family: dict[str, list[str]] = defaultdict(list)
    for name in wanted:
        by_family[_row_of_table(name)].append(name)
    case = f"{Path(row['expected']).stem} {row['key']}"
    for row_name, names in by_family.items():
        bound, relative = _bound(row_name)
        parity.compare(
            f"radiomics {row_name}",
            case,
            [wanted[name] for name in names],
            [found[name] for name in names],
            bound=bound,
            relative=relative,
        )


def _row_of_table(name: str) -> str:
    image_type, family, feature = name.rsplit("_", 2)
    if feature == "MCC":
        return "glcm MCC"
    return f"{family} on LBP" if image_type.startswith("lbp") else family


def _bound(row_name: str) -> tuple[float, bool]:
    if row_name == "glcm MCC":
        return MCC_ABSOLUTE, False
    return (LBP_RELATIVE if row_name.endswith("LBP") else RELATIVE), True


def _settings(expected: dict[str, Any], ndim: int) -> RadiomicsSettings:
    """Translate an expected entry: settings, image types and feature classes."""
    classes = expected.get("classes")
    if classes is None:
        shape = "shape" if ndim == 3 else "shape2D"
        classes = [family for family in FAMILIES if not family.startswith("shape")] + [shape]
    if not isinstance(classes, dict):
        classes = dict.fromkeys(classes)
    if expected.get("glcm_features") is not None:
        classes = {**classes, "glcm": expected["glcm_features"]}
    settings = {**expected["settings"], "imageType": expected["image_types"]}
    return RadiomicsSettings(**settings, featureClass=classes)


def _read_pair(
    image_path: Path, mask_path: Path, mode: str, expected: dict[str, Any]
) -> tuple[Image, Mask]:
    """Read image and mask as the expected values were computed: on float64 pixels as stored.

    The mask's geometry is the image's: a radiograph's spacing is stated there.
    """
    mask_itk = sitk.ReadImage(str(mask_path))
    labels = sitk.GetArrayFromImage(mask_itk)
    if image_path.suffix.lower() in (".dcm", ".jpg", ".jpeg", ".png"):
        pixels = _plain_pixels(image_path)
        source = mask_itk
    else:
        source = sitk.ReadImage(str(image_path))
        pixels = sitk.GetArrayFromImage(source)
    pixels = pixels.astype(np.float64)
    dimensions = 3 if mode == "3d" else 2
    pixels, labels = (_with_dimensions(array, dimensions) for array in (pixels, labels))
    spacing = _spacing_used(source.GetSpacing()[:dimensions][::-1], expected)
    if mode in ("stack9", "stack1"):
        return _stack(pixels, labels, spacing, 9 if mode == "stack9" else 1)
    geometry = Geometry.plain(spacing)
    return Image(pixels, geometry), Mask(labels, geometry)


def _spacing_used(stored: tuple[float, ...], expected: dict[str, Any]) -> tuple[float, ...]:
    """Return the spacing that the expected values rest on.

    NIfTI keeps spacing in single precision, so that 0.45 mm comes back as 0.449999988. Whether the
    values were computed before or after that rounding shows in the energy of the region.
    """
    stated = tuple(float(str(np.float32(step))) for step in stored)
    features = expected["features"]
    energies = (
        features.get("original_firstorder_Energy"),
        features.get("original_firstorder_TotalEnergy"),
    )
    if not all(energies) or expected["settings"].get("resampledPixelSpacing"):
        return stated
    voxel = energies[1] / energies[0]
    return min(stated, stored, key=lambda spacing: abs(math.prod(spacing) - voxel))


def _plain_pixels(path: Path) -> np.ndarray[Any, np.dtype[Any]]:
    if path.suffix.lower() == ".dcm":
        return pydicom.dcmread(path).pixel_array
    with PillowImage.open(path) as picture:
        return np.asarray(picture.convert("L") if picture.mode in ("RGB", "P") else picture)


def _with_dimensions(array: np.ndarray[Any, np.dtype[Any]], n: int) -> np.ndarray[Any, Any]:
    """Drop axes of one slice until ``n`` are left."""
    while array.ndim > n:
        assert array.shape[0] == 1, f"expected {n} dimensions, found shape {array.shape}"
        array = array[0]
    return array


def _stack(
    pixels: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], spacing: tuple[float, ...], n: int
) -> tuple[Image, Mask]:
    geometry = Geometry.plain((1.0, *spacing))
    stacked = np.zeros((n, *labels.shape), dtype=labels.dtype)
    stacked[n // 2] = labels
    return Image(np.repeat(pixels[np.newaxis], n, axis=0), geometry), Mask(stacked, geometry)
