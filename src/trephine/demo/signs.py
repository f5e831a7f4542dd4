"""From a row of the cohort to the look of its hip: which signs, where, how strong."""

from __future__ import annotations

from typing import Any

import numpy as np

from trephine.demo import effects
from trephine.demo.lesion import Lesion
from trephine.demo.radiograph import Hip

# Where the lateral end of the arc lies from straight up, by JIC type: B ends in the medial two
# thirds of the weight-bearing surface, C1 within it, C2 beyond the edge of the acetabulum.
_LATERAL_END_DEG = {"B": (12.0, 5.0), "C1": (32.0, 5.0), "C2": (58.0, 7.0)}


def diseased_hip(row: Any, rng: np.random.Generator) -> Hip:
    """Draw the look of a hip of the study.

    Parameters
    ----------
    row
        A row of `trephine.demo.cohort.simulate_cohort` as a named tuple.
    rng
        Source of the chance in each sign.
    """
    visible = effects.STAGE_VISIBILITY[row.arco]
    fractured = row.arco == "IIIA"

    def draw(sign: effects.Sign) -> float:
        value = sign.mean + sign.severity * row.severity + sign.chance * rng.standard_normal()
        return float(np.clip(value, sign.low, sign.high))

    # On a projection the lesion is seen through the share of the head that arc B leaves whole.
    through = 0.55 + 0.45 * np.clip(row.arc_b / 180.0, 0.0, 1.0)
    end, spread = _LATERAL_END_DEG[row.jic]
    arc = float(np.clip(row.arc_a, 35.0, 165.0))
    middle = end + spread * rng.standard_normal() - 0.5 * arc
    lesion = Lesion(
        middle_deg=float(np.clip(middle, -35.0, 25.0)),
        arc_deg=arc,
        bulge=float(rng.uniform(0.35, 0.75)),
        waviness_mm=float(rng.uniform(0.5, 1.3)),
        phases=tuple(rng.uniform(0.0, 2.0 * np.pi, 3)),
        band_mm=visible * float(np.exp(draw(effects.BAND_LOG_MM))),
        lucency=visible * through * draw(effects.LUCENCY),
        mottling=visible * through * draw(effects.MOTTLING),
        pattern_loss=draw(effects.PATTERN_LOSS) * (0.5 + 0.5 * visible),
        crescent=draw(effects.CRESCENT) if fractured else 0.0,
        flattening_mm=draw(effects.FLATTENING_MM) if fractured else 0.0,
    )
    return Hip(
        lesion=lesion,
        pattern=float(np.exp(draw(effects.LOG_PATTERN))),
        density=float(np.exp(draw(effects.LOG_DENSITY))),
        turn_deg=float(rng.normal(0.0, 2.5)),
        neck_deg=float(rng.normal(0.0, 3.0)),
    )


def other_hip(laterality: str, rng: np.random.Generator) -> Hip:
    """Draw the hip that is not in the study: healthy, or replaced."""
    turn, neck = rng.normal(0.0, 2.5), rng.normal(0.0, 3.0)
    if laterality == "THA opposite":
        return Hip(kind="prosthesis", turn_deg=float(turn))
    pattern = float(np.exp(effects.LOG_PATTERN.chance * rng.standard_normal()))
    return Hip(pattern=pattern, turn_deg=float(turn), neck_deg=float(neck))
