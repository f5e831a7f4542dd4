"""A small detector, a posed patient, and radiographs made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from trephine.choices import Side
from trephine.demo.physics import Detector
from trephine.demo.pose import Pose
from trephine.demo.radiograph import Hip, Radiograph, draw_radiograph
from trephine.demo.soft_tissue import Body

Draw = Callable[..., Radiograph]

DETECTOR = Detector(
    0.6, (560, 700), 12, photons=1e7, blur_mm=0.3, scatter_to_primary=0.2,
    equalisation=0.4, enhancement=0.5, latitude=3.0, border="black",
)  # fmt: skip
POSE = Pose(
    scale=1.0, width=1.0, height=1.0, rotation=0.0, roll_deg=0.0, shift_mm=(0.0, 0.0),
    cortex=1.0, cancellous=1.0, joint_space_mm=4.0, ripple=np.zeros((0, 5)),
)  # fmt: skip
BODY = Body(195.0, 200.0, 20.0, 88.0, bladder=0.0, gas_bubbles=np.zeros((0, 6)))


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw the standard patient with given hips; unnamed hips are healthy."""

    def make(hips: Mapping[Side, Hip] | None = None, *, seed: int = 0) -> Radiograph:
        both: dict[Side, Hip] = {"R": Hip(), "L": Hip(), **(hips or {})}
        return draw_radiograph(POSE, BODY, both, DETECTOR, np.random.default_rng(seed))

    return make
