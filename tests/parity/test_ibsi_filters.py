"""IBSI 2: response maps of its phantoms, and features of its filters on the CT phantom."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from parity.ibsi_configurations import EVERYTHING, by_tag, read_pair, rounding
from trephine.radiomics import RadiomicsSettings, measure_region
from trephine.radiomics.filters_responses import response
from trephine.radiomics.settings_responses import ResponseFilter

CONSENSUS = Path(__file__).parents[1] / "reference" / "ibsi" / "ibsi_2_values.csv"
SPACING = (2.0, 2.0, 2.0)

# Phase 1 (table 6.1): phantom and filter, by the name of the map. The consensus is a mean over
# teams: a map is met where it differs by no more than 1% of its range.
MAPS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"1_a_{number}": ("checkerboard", {"kind": "mean", "support": 15, "boundary": boundary})
        for number, boundary in enumerate(("zero", "nearest", "periodic", "mirror"), start=1)
    },
    "2_a": ("impulse", {"kind": "log", "sigma": 3.0, "boundary": "zero"}),
    "2_b": ("checkerboard", {"kind": "log", "sigma": 5.0}),
    "3_a_1": ("impulse", {"kind": "laws", "kernels": "E5L5S5", "boundary": "zero"}),
    "3_b_1": ("checkerboard", {"kind": "laws", "kernels": "E3W5R5"}),
    "3_c_1": ("checkerboard", {"kind": "laws", "kernels": "L5S5", "dimensions": 2}),
    "5_a_1": (
        "impulse",
        {"kind": "wavelet", "wavelet": "db2", "bands": "LHL", "level": 1, "boundary": "zero"},
    ),
    "6_a_1": (
        "sphere",
        {"kind": "wavelet", "wavelet": "coif1", "bands": "HHL", "level": 1, "boundary": "periodic"},
    ),
    "7_a_1": (
        "checkerboard",
        {"kind": "wavelet", "wavelet": "haar", "bands": "LLL", "level": 2, "pooling": "average"},
    ),
    "8_a_1": ("checkerboard", {"kind": "simoncelli", "level": 1}),
    "8_a_2": ("checkerboard", {"kind": "simoncelli", "level": 2}),
    "9_a": ("impulse", {"kind": "log", "sigma": 3.0, "boundary": "zero", "riesz": (1, 0, 0)}),
    "10_b_1": ("pattern_1", {"kind": "simoncelli", "level": 1, "riesz": (0, 2, 0)}),
    "4_a_1": (
        "impulse",
        {"kind": "gabor", "sigma": 10.0, "wavelength": 4.0, "elongation": 0.5, "theta": 60.0}
        | {"dimensions": 2, "boundary": "zero"},
    ),
    "4_a_2": (
        "impulse",
        {"kind": "gabor", "sigma": 10.0, "wavelength": 4.0, "elongation": 0.5, "step": 45.0}
        | {"boundary": "zero"},
    ),
    "4_b_1": (
        "sphere",
        {"kind": "gabor", "sigma": 20.0, "wavelength": 8.0, "elongation": 2.5, "theta": 225.0}
        | {"dimensions": 2},
    ),
}  # fmt: skip
for base, pooling in (("3_a", "max"), ("3_b", "max"), ("3_c", "max"), ("6_a", "average")):
    phantom, own = MAPS[f"{base}_1"]
    MAPS[f"{base}_2"] = phantom, {**own, "pooling": pooling}
for base in ("3_a", "3_c"):
    phantom, own = MAPS[f"{base}_2"]
    MAPS[f"{base}_3"] = phantom, {**own, "energy": 7}

# Phase 2: A slice by slice as it is, B in space at 1 mm; where they differ, both are given.
FEATURES: dict[str, tuple[dict[str, Any], dict[str, Any]] | None] = {
    "1": None,
    "2": ({"kind": "mean", "support": 5},) * 2,
    "3": ({"kind": "log", "sigma": 1.5},) * 2,
    "4": (
        {"kind": "laws", "kernels": "L5E5", "pooling": "max", "energy": 7},
        {"kind": "laws", "kernels": "L5E5E5", "pooling": "max", "energy": 7},
    ),
    "5": ({"kind": "gabor", "sigma": 5.0, "wavelength": 2.0, "elongation": 1.5, "step": 22.5},) * 2,
    "6": (
        {"kind": "wavelet", "wavelet": "db3", "bands": "LH", "level": 1, "pooling": "average"},
        {"kind": "wavelet", "wavelet": "db3", "bands": "LLH", "level": 1, "pooling": "average"},
    ),
    "7": (
        {"kind": "wavelet", "wavelet": "db3", "bands": "HH", "level": 2, "pooling": "average"},
        {"kind": "wavelet", "wavelet": "db3", "bands": "HHH", "level": 2, "pooling": "average"},
    ),
    "8": ({"kind": "simoncelli", "level": 1},) * 2,
    "9": ({"kind": "simoncelli", "level": 2},) * 2,
}


@pytest.fixture(scope="module")
def reference(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.getoption("--reference")).resolve() / "ibsi"


@pytest.mark.parametrize("name", MAPS)
def test_a_response_map_is_the_consensus(name: str, reference: Path, parity: Any) -> None:
    phantom, own = MAPS[name]
    paths = (
        reference / "filter_phantoms" / f"{phantom}.nii.gz",
        reference / "ibsi_2_maps" / f"{name}-ValidCRM.nii.gz",
    )
    for path in paths:
        if not path.exists():
            pytest.skip(f"{path.name} is not part of this reference folder")
    image, expected = (sitk.GetArrayFromImage(sitk.ReadImage(str(p))).astype(float) for p in paths)
    found = response(image, ResponseFilter(**own), SPACING)
    scale = np.ptp(expected)
    parity.compare("IBSI 2 map (in ranges)", name, expected / scale, found / scale, bound=0.01)


@pytest.mark.parametrize("letter", "AB")
@pytest.mark.parametrize("number", FEATURES)
def test_features_of_a_filter_are_within_their_tolerances(
    number: str, letter: str, reference: Path, parity: Any
) -> None:
    folder = reference / "ct_phantom"
    pair = read_pair(folder / "phantom.nii.gz", folder / "mask.nii.gz")
    settings: dict[str, Any] = {
        "definitions": "ibsi",
        "resegmentRange": (-1000.0, 400.0),
        "padDistance": 1000,  # filters see the whole image
        "featureClass": {"firstorder": EVERYTHING["firstorder"], "statistics": None},
    }
    if letter == "B":
        settings |= {"resampledPixelSpacing": (1, 1, 1), "interpolator": "sitkBSpline"}
    filters = FEATURES[number]
    if filters is not None:
        own = {**filters["AB".index(letter)], "dimensions": 2 if letter == "A" else 3}
        settings["imageType"] = {"Response": {"filters": [own]}}
    found = by_tag(measure_region(*pair, RadiomicsSettings(**settings)), "3D_avg")
    with CONSENSUS.open() as lines:
        rows = [
            row
            for row in csv.DictReader(lines, delimiter=";")
            if row["filter_id"] == f"{number}.{letter}" and row["consensus_value"]
        ]
    assert len(rows) >= 17
    for row in rows:
        value = row["consensus_value"]
        tolerance = max(float(row["tolerance"]), rounding(value)) or 1e-9
        parity.compare(
            f"IBSI 2 filter {number}.{letter} (in tolerances)",
            row["feature_tag"],
            float(value) / tolerance,
            found[row["feature_tag"]] / tolerance,
            bound=1.0 + 1e-9,
        )
