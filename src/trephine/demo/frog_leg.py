"""A frog-leg lateral film of one hip: the thigh abducted, with a signal of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from trephine.choices import Side
from trephine.demo.dicom_file import FilmView
from trephine.demo.physics import Detector
from trephine.demo.pose import Pose
from trephine.demo.radiograph import SIDES, HeadOutline, Hip, Radiograph, draw_radiograph
from trephine.demo.signs import diseased_hip
from trephine.demo.soft_tissue import Body

_ABDUCTION_DEG = (42.0, 4.0)  # mean and spread
_HALF_MM = 62.0  # half of the film's side, at the detector

VIEWS: Mapping[Side, FilmView] = {
    side: FilmView(
        f"lateral {side}",
        "SIMULATED HIP FROG-LEG LATERAL",
        "RL" if side == "R" else "LL",
        ("A", "F"),
        side,
        ("399067008", "lateral projection"),
        2 if side == "R" else 3,
    )
    for side in SIDES
}


def turned_hip(row: Any, rng: np.random.Generator) -> Hip:
    """Draw the look of a hip from the side.

    Its signs follow ``lateral_severity``; the arc in view is arc B, and arc A is what the beam
    passes through.

    Parameters
    ----------
    row
        A row of `trephine.demo.cohort.simulate_cohort` with signals of several images.
    rng
        Source of the chance in each sign.
    """
    seen = row._replace(severity=row.lateral_severity, arc_a=row.arc_b, arc_b=row.arc_a)
    mean, spread = _ABDUCTION_DEG
    return replace(diseased_hip(seen, rng), turn_deg=-float(rng.normal(mean, spread)))


def draw_frog_legs(
    pose: Pose,
    body: Body,
    hips: Mapping[Side, Hip],
    detector: Detector,
    rng: np.random.Generator,
) -> dict[Side, Radiograph]:
    """Simulate the film of each hip: both are exposed at once, and each is cut out.

    Parameters
    ----------
    hips
        Both hips, those of the study as `turned_hip` draws them.

    Returns
    -------
    dict
        The film of each natural head.
    """
    whole = draw_radiograph(pose, body, hips, detector, rng)
    return {side: _cut_out(whole, head) for side, head in whole.heads.items()}


def _cut_out(whole: Radiograph, head: HeadOutline) -> Radiograph:
    spacing = whole.detector.spacing_mm
    half = round(_HALF_MM / spacing)
    rows, columns = whole.pixels.shape
    left = min(max(round(head.centre_mm[0] / spacing) - half, 0), columns - 2 * half)
    top = min(max(round(head.centre_mm[1] / spacing) - half, 0), rows - 2 * half)
    pixels = np.ascontiguousarray(whole.pixels[top : top + 2 * half, left : left + 2 * half])
    x, y = head.centre_mm
    moved = replace(head, centre_mm=(x - left * spacing, y - top * spacing))
    return replace(whole, pixels=pixels, heads={_side(whole, head): moved})


def _side(whole: Radiograph, head: HeadOutline) -> Side:
    return next(side for side, other in whole.heads.items() if other is head)
