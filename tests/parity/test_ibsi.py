"""The preset ``ibsi`` against the consensus values of IBSI's digital phantom."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from trephine.radiomics import RadiomicsSettings, describe, measure_region
from trephine.radiomics.catalogue import FAMILIES
from trephine.types import Geometry, Image, Mask

EVERYTHING = {
    family: tuple(entry.name for entry in entries) for family, entries in FAMILIES.items()
}

# How IBSI aggregates over directions and slices, and the settings that do so. A feature's tag
# carries the suffix; zones, tone differences and dependence know no directions.
AGGREGATIONS = {
    "3D_avg": {},
    "3D_comb": {"weightingNorm": "no_weighting"},
    "2_5D_avg": {"force2D": True},
    "2_5D_comb": {"force2D": True, "weightingNorm": "no_weighting"},
}


@pytest.fixture(scope="module")
def phantom(request: pytest.FixtureRequest) -> tuple[Image, Mask, dict[str, tuple[float, float]]]:
    folder = Path(request.config.getoption("--reference")).resolve() / "radiomics"
    consensus_path = folder / "ibsi_digital_phantom_consensus.csv"
    if not consensus_path.exists():
        pytest.skip(f"{consensus_path.name} is not part of this reference folder")
    image = sitk.ReadImage(str(folder / "ibsi_digital_phantom.nii.gz"))
    mask = sitk.ReadImage(str(folder / "ibsi_digital_phantom_mask.nii.gz"))
    geometry = Geometry.plain(image.GetSpacing()[::-1])
    consensus = {}
    with consensus_path.open() as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            if row["reference value"]:
                tolerance = max(float(row["tolerance"]), _rounding(row["reference value"]))
                consensus[row["tag"]] = (float(row["reference value"]), tolerance)
    return (
        Image(sitk.GetArrayFromImage(image).astype(np.float64), geometry),
        Mask(sitk.GetArrayFromImage(mask), geometry),
        consensus,
    )


def _rounding(text: str) -> float:
    """Return half a unit of the third significant digit, or of the last one printed."""
    value = abs(float(text))
    if value == 0:
        return 0.0
    significant = 10.0 ** (math.floor(math.log10(value)) - 2)
    printed = 10.0 ** -len(text.partition(".")[2]) if "." in text else 1.0
    return 0.5 * max(significant, printed)


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_every_feature_that_ibsi_defines_is_within_its_tolerance(
    aggregation: str, phantom: tuple[Any, Any, Any], parity: Any
) -> None:
    image, mask, consensus = phantom
    preset = RadiomicsSettings.from_preset("ibsi").model_dump()
    settings = RadiomicsSettings(
        **{**preset, "featureClass": EVERYTHING, **AGGREGATIONS[aggregation]}
    )
    result = measure_region(image, mask, settings)
    dimension = aggregation.partition("_avg")[0].partition("_comb")[0]
    compared = 0
    for name, value in zip(result.names, result.values, strict=True):
        described = describe(name)
        if described.family == "shape2D" or (
            described.family in ("shape", "firstorder") and aggregation != "3D_avg"
        ):
            continue
        tag = _tag(described.ibsi_tag, described.family, aggregation, dimension)
        if tag not in consensus:
            continue
        expected, tolerance = consensus[tag]
        parity.compare(
            f"IBSI phantom {described.family} {aggregation} (in tolerances)",
            tag,
            expected / tolerance,
            value / tolerance,
            bound=1.0,
        )
        compared += 1
    assert compared >= (90 if aggregation == "3D_avg" else 70)


def _tag(tag: str, family: str, aggregation: str, dimension: str) -> str:
    if family in ("glcm", "glrlm"):
        return f"{tag}_{aggregation}"
    if family in ("glszm", "gldm", "ngtdm"):
        return f"{tag}_{dimension}"
    return tag
