"""How training's values lie together, as a calculator needs it."""

from __future__ import annotations

from typing import Literal

from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.joint_range import judges_jointly
from trephine.study.locked.calculator_form import CalculatorJoint
from trephine.study.locked.calculator_interval import numbers


def joint_of(model: FittedModel) -> CalculatorJoint | Literal["unknown"] | None:
    """Return a model's joint range; "unknown" where nobody kept it, None where there is none."""
    joint = model.joint
    if joint is None:
        return "unknown" if judges_jointly(model.terms) else None
    return CalculatorJoint(
        centre=numbers(joint.centre),
        directions=tuple(numbers(direction) for direction in joint.directions),
        reach=joint.reach,
        unseen=joint.unseen,
    )
