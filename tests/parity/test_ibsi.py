"""The preset ``ibsi`` against IBSI-1's consensus values: digital phantom, configurations A to E."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parity.ibsi_configurations import (
    AGGREGATIONS,
    CONFIGURATIONS,
    OF_CONFIGURATION,
    by_tag,
    read_consensus,
    read_pair,
    settings_of,
)
from trephine.radiomics import measure_region
from trephine.types import Image, Mask

CONSENSUS = Path(__file__).parents[1] / "reference" / "ibsi"
# What describes the image and the region, not a feature.
OF_IMAGE = ("_img", "_roi")
# Tags with a consensus; IBSI has none for the smallest box, the smallest ellipsoid and the area
# under the intensity-volume histogram.
EXPECTED = {"a": 346, "b": 346, "c": 210, "d": 210, "e": 210, "phantom": 482}


@pytest.fixture(scope="module")
def reference(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.getoption("--reference")).resolve()


def compare(
    name: str, pair: tuple[Image, Mask], own: dict[str, Any], aggregations: Any, parity: Any
) -> None:
    table = "dig_phantom" if name == "phantom" else f"chest_config_{name}"
    consensus = {
        tag: value
        for tag, value in read_consensus(CONSENSUS / f"ibsi_1_{table}.csv").items()
        if not tag.endswith(OF_IMAGE)
    }
    assert len(consensus) == EXPECTED[name]
    found: dict[str, float] = {}
    for number, aggregation in enumerate(aggregations):
        settings = settings_of(own, aggregation, texture_only=number > 0)
        found |= by_tag(measure_region(*pair, settings), aggregation)
    missing = sorted(consensus.keys() - found.keys())
    assert not missing, f"{len(missing)} tags that the engine does not yield: {missing[:5]}"
    for tag, (expected, tolerance) in consensus.items():
        parity.compare(
            f"IBSI {name} {tag.partition('_')[0]} (in tolerances)",
            tag,
            expected / (tolerance or 1e-9),
            found[tag] / (tolerance or 1e-9),
            bound=1.0 + 1e-9,
        )


def test_the_digital_phantom_is_within_its_tolerances(reference: Path, parity: Any) -> None:
    folder = reference / "radiomics"
    pair = read_pair(
        folder / "ibsi_digital_phantom.nii.gz", folder / "ibsi_digital_phantom_mask.nii.gz"
    )
    compare("phantom", pair, {}, AGGREGATIONS, parity)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_ct_phantom_is_within_its_tolerances(name: str, reference: Path, parity: Any) -> None:
    folder = reference / "ibsi" / "ct_phantom"
    pair = read_pair(folder / "phantom.nii.gz", folder / "mask.nii.gz")
    compare(name, pair, CONFIGURATIONS[name], OF_CONFIGURATION[name], parity)
