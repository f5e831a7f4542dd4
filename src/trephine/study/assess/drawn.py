"""What resampling patients gave, by what it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trephine.choices import Kind, ProtocolName
from trephine.evaluation.benefit_gain import BenefitGain
from trephine.evaluation.calibration_curve import CalibrationCurve
from trephine.evaluation.decision_curve import DecisionCurve
from trephine.evaluation.reclassification_summary import ReclassificationSummary

ModelKey = tuple[ProtocolName, Kind, str, float]
"""Protocol, kind, model and horizon."""
PairKey = tuple[ProtocolName, Kind, str, str, float]
"""Protocol, kind, old model, new model and horizon."""
AllKey = tuple[ProtocolName, Kind, float]
"""Protocol, kind and horizon of what is about all models together."""


@dataclass(frozen=True)
class Draws:
    """What was drawn; `Draws` of single tasks are joined with ``|``.

    Attributes
    ----------
    calibration
        A model's calibration curve.
    decision
        The decision curves of all models, by model.
    reclassification
        What a new model reclassifies against an old one; absent where there is no answer.
    gain
        What a new model gains in net benefit over an old one.
    number_draws, band_draws
        Resamples behind NRI and IDI, and behind the bands of curves.
    """

    calibration: Mapping[ModelKey, CalibrationCurve] = field(default_factory=dict)
    decision: Mapping[AllKey, Mapping[str, DecisionCurve]] = field(default_factory=dict)
    reclassification: Mapping[PairKey, ReclassificationSummary] = field(default_factory=dict)
    gain: Mapping[PairKey, BenefitGain] = field(default_factory=dict)
    number_draws: int = 0
    band_draws: int = 0

    def __or__(self, other: Draws) -> Draws:
        return Draws(
            {**self.calibration, **other.calibration},
            {**self.decision, **other.decision},
            {**self.reclassification, **other.reclassification},
            {**self.gain, **other.gain},
            self.number_draws,
            self.band_draws,
        )
