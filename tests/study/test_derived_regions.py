"""Regions that nobody drew: rings, joined ones, one without another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from study.several_images import write_several_images
from trephine.errors import ImageError, StudyProblemsError
from trephine.imaging import read_image, read_mask
from trephine.plan.derived_region import DerivedRegion
from trephine.radiomics.extract import measure_region
from trephine.store import FeatureStore
from trephine.study.extraction.several import extract_every_image
from trephine.study.image_plans import image_plans
from trephine.study.images.derived import derived_mask
from trephine.study.inputs import read_study
from trephine.study.settings import radiomics_settings
from trephine.types import Geometry, Mask

SPACING = (3.0, 0.7, 0.9)
LABELS: dict[str, int | str] = {"head": 1, "lesion": 2}


def drawn(seed: int) -> Mask:
    labels = np.zeros((5, 12, 11), dtype=np.int32)
    labels[1:4, 2:10, 2:9] = 1
    rng = np.random.default_rng(seed)
    labels[2, 4:7, 4:7] = 2
    labels[rng.integers(1, 4), rng.integers(2, 10), rng.integers(2, 9)] = 2
    return Mask(labels, Geometry(SPACING, (0.0,) * 3, tuple(np.eye(3).ravel().tolist())))


def of(mask: Mask, **rule: object) -> np.ndarray:
    derived = DerivedRegion.model_validate(rule)
    return derived_mask(mask, derived.of_labels(LABELS)).labels.astype(bool)


def slow_ring(region: np.ndarray, mm: float, *, outside: bool) -> np.ndarray:
    """Return the voxels on one side of the surface within a distance, each against each."""
    places = np.argwhere(np.ones_like(region)) * SPACING
    inside = region.ravel()
    away = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    near = (away <= mm + 1e-6)[:, inside if outside else ~inside].any(axis=1)
    return (near & (~inside if outside else inside)).reshape(region.shape)


@pytest.mark.parametrize("mm", [0.7, 0.9, 1.2, 3.0, 3.2])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_ring_is_what_lies_near_enough(mm: float, seed: int) -> None:
    mask = drawn(seed)
    lesion = mask.labels == 2
    outside, inside = slow_ring(lesion, mm, outside=True), slow_ring(lesion, mm, outside=False)
    np.testing.assert_array_equal(of(mask, of="lesion", outside_mm=mm), outside)
    np.testing.assert_array_equal(of(mask, of="lesion", inside_mm=mm), inside)
    both = of(mask, of="lesion", inside_mm=mm, outside_mm=mm)
    np.testing.assert_array_equal(both, outside | inside)
    kept = of(mask, of="lesion", outside_mm=mm, within="head")
    np.testing.assert_array_equal(kept, outside & (mask.labels == 1))


def test_regions_are_joined_and_left_out() -> None:
    mask = drawn(1)
    np.testing.assert_array_equal(of(mask, of=["head", "lesion"]), mask.labels > 0)
    np.testing.assert_array_equal(
        of(mask, of=["head", "lesion"], without="lesion"), mask.labels == 1
    )
    with pytest.raises(ImageError, match="its rule leaves nothing"):
        of(mask, of="lesion", within="head")


DERIVED = """
[images.T1.derived.rim]
of = "lesion"
outside_mm = 2.0
within = "head"

[images.T1.derived.whole]
of = ["head", "lesion"]

[outcome]
"""


def test_features_of_a_derived_region_are_those_of_its_mask(tmp_path: Path) -> None:
    study = write_several_images(tmp_path / "study", cases=36)
    study.replace("[outcome]\n", DERIVED.lstrip())
    inputs = read_study(study.toml, workers=1)
    plans = image_plans(inputs.plan)
    assert list(plans)[2:] == ["T1.head", "T1.lesion", "T1.rim", "T1.whole"]
    found = extract_every_image(inputs, FeatureStore(tmp_path / "store"), workers=1).features.sets
    settings = radiomics_settings(plans["T1.rim"])
    assert settings is not None
    hip = inputs.case_ids[4]
    image = read_image(study.folder / f"t1/{hip}.nii.gz")
    mask = read_mask(study.folder / f"t1-a/{hip}.nii.gz", image=image)
    rim = slow_like(mask)
    for name, region in (("rim", rim), ("whole", mask.labels > 0)):
        own = Mask(region.astype(np.int32), mask.geometry)
        expected = measure_region(image, own, settings, label=1)
        np.testing.assert_array_equal(
            found[f"T1.{name} radiomics"].values[4], np.asarray(expected.values)
        )


def slow_like(mask: Mask) -> np.ndarray:
    """Return the head within 2 mm of the lesion."""
    spacing = np.array(mask.geometry.spacing_mm)
    places = np.argwhere(np.ones(mask.labels.shape, bool)) * spacing
    lesion = places[(mask.labels == 2).ravel()]
    away = np.sqrt(((places[:, None] - lesion[None]) ** 2).sum(axis=2)).min(axis=1)
    return (away <= 2.0 + 1e-6).reshape(mask.labels.shape) & (mask.labels == 1)


def test_another_label_is_another_region_in_the_store(tmp_path: Path) -> None:
    study = write_several_images(tmp_path / "study", cases=36)
    study.replace("[outcome]\n", DERIVED.lstrip())
    store = FeatureStore(tmp_path / "store")
    first = extract_every_image(read_study(study.toml, workers=1), store, workers=1).features
    study.replace("head = 1, lesion = 2", "head = 2, lesion = 1")
    second = extract_every_image(read_study(study.toml, workers=1), store, workers=1).features
    name = "T1.rim radiomics"
    assert not np.array_equal(first.sets[name].values, second.sets[name].values)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('of = "lesion"', 'of = "tumour"', "derived.rim"),
        ("outside_mm = 2.0", "outside_mm = -2.0", "above 0"),
        ("regions = {", 'measured = ["x"]\nregions = {', "measured"),
        ("outside_mm = 2.0", "inside_mm = 0.1", "its rule leaves nothing"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_fit_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    study = write_several_images(tmp_path / "study", cases=36)
    study.replace("[outcome]\n", DERIVED.lstrip())
    study.replace(old, new)
    with pytest.raises(StudyProblemsError) as error:
        read_study(study.toml, workers=1)
    assert told in str(error.value)
