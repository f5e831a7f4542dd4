"""IBSI's image processing configurations as settings, and its consensus tables as numbers."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from trephine.radiomics import RadiomicsResult, RadiomicsSettings, describe
from trephine.radiomics.catalogue_ibsi import ALL_FAMILIES
from trephine.types import Geometry, Image, Mask

AGGREGATIONS = ("2D_avg", "2D_comb", "2_5D_avg", "2_5D_comb", "3D_avg", "3D_comb")

# Every feature, the retired ones too; the plane's shape is none of IBSI's.
EVERYTHING = {
    family: tuple(entry.name for entry in entries)
    for family, entries in ALL_FAMILIES.items()
    if family != "shape2D"
}

# Table 3.1 of the reference manual's data sets: 2D is by slice, merged or not, 3D in space.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "a": {"binWidth": 25.0, "resegmentRange": (-500.0, 400.0)},
    "b": {
        "resampledPixelSpacing": (2.0, 2.0, 0.0),
        "interpolator": "sitkLinear",
        "binCount": 32,
        "resegmentRange": (-500.0, 400.0),
    },
    "c": {
        "resampledPixelSpacing": (2.0, 2.0, 2.0),
        "interpolator": "sitkLinear",
        "binWidth": 25.0,
        "resegmentRange": (-1000.0, 400.0),
        "ivhBinWidth": 2.5,
    },
    "d": {
        "resampledPixelSpacing": (2.0, 2.0, 2.0),
        "interpolator": "sitkLinear",
        "binCount": 32,
        "resegmentOutliers": 3.0,
    },
    "e": {
        "resampledPixelSpacing": (2.0, 2.0, 2.0),
        "interpolator": "sitkBSpline",
        "binCount": 32,
        "resegmentRange": (-1000.0, 400.0),
        "resegmentOutliers": 3.0,
        "ivhBinCount": 1000,
    },
}
OF_CONFIGURATION = {
    name: AGGREGATIONS[:4] if name in "ab" else AGGREGATIONS[4:] for name in CONFIGURATIONS
}


def settings_of(own: dict[str, Any], aggregation: str, *, texture_only: bool) -> RadiomicsSettings:
    """Return the preset ``ibsi`` with a configuration; what no aggregation touches once only."""
    preset = RadiomicsSettings.from_preset("ibsi").model_dump()
    classes = {
        family: names
        for family, names in EVERYTHING.items()
        if not texture_only or family.startswith(("gl", "ng"))
    }
    return RadiomicsSettings(
        **{**preset, **own, "featureClass": classes, "aggregation": aggregation}
    )


def read_consensus(path: Path) -> dict[str, tuple[float, float]]:
    """Return tag to value and tolerance, of the tags that have a consensus.

    A value is printed to three digits: half of the last one is within the tolerance.
    """
    consensus = {}
    with path.open() as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            if row["reference value"]:
                tolerance = max(float(row["tolerance"]), rounding(row["reference value"]))
                consensus[row["tag"]] = (float(row["reference value"]), tolerance)
    return consensus


def rounding(text: str) -> float:
    """Return half a unit of the third significant digit, or of the last one printed."""
    value = abs(float(text))
    if value == 0:
        return 0.0
    significant = 10.0 ** (math.floor(math.log10(value)) - 2)
    printed = 10.0 ** -len(text.partition(".")[2]) if "." in text else 1.0
    return 0.5 * max(significant, printed)


def by_tag(result: RadiomicsResult, aggregation: str) -> dict[str, float]:
    """Return IBSI's tags, with the suffix of the aggregation, to values."""
    dimension = aggregation.rpartition("_")[0]
    found = {}
    for name, value in zip(result.names, result.values, strict=True):
        described = describe(name)
        if not described.ibsi_tag:
            continue
        tag = described.ibsi_tag
        if described.family in ("glcm", "glrlm"):
            tag = f"{tag}_{aggregation}"
        elif described.family in ("glszm", "gldzm", "gldm", "ngldm", "ngtdm"):
            tag = f"{tag}_{dimension}"
        found[tag] = float(value)
    return found


def read_pair(image: Path, mask: Path) -> tuple[Image, Mask]:
    for path in (image, mask):
        if not path.exists():
            pytest.skip(f"{path.name} is not part of this reference folder")
    grey, labels = sitk.ReadImage(str(image)), sitk.ReadImage(str(mask))
    geometry = Geometry.plain(grey.GetSpacing()[::-1])
    pixels = sitk.GetArrayFromImage(grey).astype(np.float64)
    return Image(pixels, geometry), Mask(sitk.GetArrayFromImage(labels).astype(np.int64), geometry)
