"""Derived regions of an MR and a CT: PyRadiomics on regions that were made voxel by voxel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trephine.plan.derived_region import DerivedRegion
from trephine.radiomics import RadiomicsSettings, extract_radiomics
from trephine.study.images.derived import derived_mask
from trephine.types import Geometry, Image, Mask

REFERENCE = Path(__file__).parents[1] / "reference" / "derived"
EXPECTED = json.loads((REFERENCE / "expected.json").read_text())
SHAPE, SPACING = (8, 22, 24), (2.5, 0.9, 0.8)
# In a segmentation of two labels the head is what is labelled so: without the lesion.
RULES = {
    "ring": DerivedRegion(of="lesion", outside_mm=3.1, within="head"),
    "rim": DerivedRegion(of="lesion", inside_mm=1.3),
    "healthy": DerivedRegion(of=["head", "lesion"], without="lesion"),
}


def geometry() -> Geometry:
    a, b = 0.3, -0.2
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    return Geometry(SPACING, (3.0, -20.0, 11.0), tuple((x @ y).ravel()))


def grey(kind: str) -> np.ndarray:
    """As `tests/reference/derived/call.py`."""
    z, y, x = np.indices(SHAPE).astype(float)
    waves = np.sin(1.3 * x + 0.4 * z) * np.cos(0.9 * y) + 0.5 * np.sin(2.1 * y - x)
    tissue = 40 * np.exp(-((x - 12) ** 2 + (y - 11) ** 2 + 6 * (z - 4) ** 2) / 60)
    if kind == "MR":
        return np.asarray(np.round(400 + 60 * waves + 3 * tissue, 3))
    return np.asarray(np.round(-50 + 150 * waves + 8 * tissue))


def drawn() -> Mask:
    """The head, of which the lesion is a part, as a segmentation of two labels has it."""
    z, y, x = np.indices(SHAPE).astype(float)
    away = ((z - 3.6) * 2.5) ** 2 + ((y - 10.7) * 0.9) ** 2 + ((x - 12.2) * 0.8) ** 2
    inner = ((z - 4.1) * 2.5) ** 2 + ((y - 9.2) * 0.9) ** 2 + ((x - 13.4) * 0.8) ** 2
    labels = (away < 62).astype(np.int32)
    labels[inner < 12] = 2
    return Mask(labels, geometry(), {})


@pytest.mark.parametrize("kind", ["MR", "CT"])
@pytest.mark.parametrize("region", list(RULES))
def test_every_feature_of_a_derived_region_equals_pyradiomics(kind: str, region: str) -> None:
    made = derived_mask(drawn(), RULES[region].of_labels({"head": 1, "lesion": 2}))
    expected = EXPECTED[f"{kind} {region}"]
    assert int((made.labels == 1).sum()) == expected["voxels"]
    families = {name: [] for name in ("shape", "firstorder", "glcm", "glszm")}
    width = {"MR": 20.0, "CT": 40.0}[kind]
    settings = RadiomicsSettings(binWidth=width, featureClass=families)
    found = extract_radiomics(Image(grey(kind), geometry()), made, settings, label=1)
    assert set(expected["features"]) <= set(found.index)
    for name, value in expected["features"].items():
        bound = {"rel": 1e-6, "abs": 1e-6 if name.endswith("_MCC") else 1e-9}
        assert found[name] == pytest.approx(value, **bound), name
