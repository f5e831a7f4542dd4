"""Suggested heads on simulated pelves, whose heads are pressed in by so many mm.

``python benchmarks/run.py heads``. Each pelvis is drawn again with its lesions' depression alone
changed: poses, bodies, noise and everything else are the same.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from trephine.annotation.head_suggestion import suggest_heads
from trephine.demo import files
from trephine.demo.cohort import simulate_cohort
from trephine.demo.radiograph import Hip, Radiograph

HERE = Path(__file__).resolve().parent
# Not a seed of those by which the rules were set, or of a test.
SEED, PATIENTS = 907, 16
DEPRESSIONS_MM = (0.0, 2.0, 4.0, 6.0)
NEAR = 0.05


@dataclass(frozen=True)
class Met:
    """How far a suggestion is off, as shares of the head's diameter; infinite where none is."""

    centre: float
    radius: float

    @property
    def is_near(self) -> bool:
        return max(self.centre, self.radius) <= NEAR


def pressed(patient: Any, depression_mm: float) -> tuple[Radiograph, set[str]]:
    """Return a patient's film with every lesion pressed in so far, and the sides of lesions."""
    drawn = files.diseased_hip
    sides: set[str] = set()

    def pressed_hip(*given: Any, **more: Any) -> Hip:
        hip = drawn(*given, **more)
        assert hip.lesion is not None
        return replace(hip, lesion=replace(hip.lesion, flattening_mm=depression_mm))

    with mock.patch.object(files, "diseased_hip", pressed_hip):
        radiograph, _ = files.simulate_patient(patient, SEED)
    sides |= set(patient["side"])
    return radiograph, sides


def met(radiograph: Radiograph, side: str) -> Met:
    """Compare the suggestion of a side with the circle of the head before it sank."""
    spacing = radiograph.detector.spacing_mm
    truth = radiograph.heads[side]
    radius = float(truth.radius_mm.max())
    heads = suggest_heads(radiograph.pixels.astype(np.float64), (spacing, spacing))
    own = [one for one in heads if one.half == "RL".index(side)]
    if not own:
        return Met(np.inf, np.inf)
    off = np.hypot(*(np.multiply(own[0].centre_px, spacing) - truth.centre_mm))
    return Met(float(off) / (2 * radius), abs(own[0].radius_mm - radius) / (2 * radius))


def main() -> None:
    rngs = (np.random.default_rng([SEED, stream]) for stream in (1, 2))
    hips = simulate_cohort(*rngs)
    found: dict[str, list[Met]] = defaultdict(list)
    for patient in sorted(hips["patient_id"].unique())[:PATIENTS]:
        rows = hips[hips["patient_id"] == patient]
        for depression in DEPRESSIONS_MM:
            radiograph, sides = pressed(rows, depression)
            for side in sorted(sides & set(radiograph.heads)):
                found[f"necrotic, dome pressed in by {depression:g} mm"].append(
                    met(radiograph, side)
                )
            if not depression:
                for side in sorted(set(radiograph.heads) - sides):
                    found["the other side, healthy"].append(met(radiograph, side))
    lines = [_line(what, heads) for what, heads in sorted(found.items())]
    print("\n".join(lines))
    (HERE / "results" / "heads.md").write_text(
        "# Suggested femoral heads\n\n"
        f"{PATIENTS} simulated pelves of seed {SEED}, each drawn once for each depression; met is a"
        f" circle whose centre and radius are within {NEAR:.0%} of the head's diameter of those"
        " that it had before it sank. Centre and radius: median and 90th percentile of the error"
        " of suggestions that were made, as a share of the diameter.\n\n"
        "| heads | met | no suggestion | centre | radius |\n|---|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n"
    )


def _line(what: str, heads: list[Met]) -> str:
    made = [one for one in heads if np.isfinite(one.centre)]
    errors = [
        "{:.1%}, {:.1%}".format(*np.quantile([getattr(one, part) for one in made], [0.5, 0.9]))
        if made
        else "none"
        for part in ("centre", "radius")
    ]
    near = sum(one.is_near for one in heads)
    return f"| {what} | {near} of {len(heads)} | {len(heads) - len(made)} | {' | '.join(errors)} |"


if __name__ == "__main__":
    sys.exit(main())
