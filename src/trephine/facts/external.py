"""Facts about a locked model on outside data."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts.base import Count, EstimateFact, Fact, Number


class CaseMixRow(Fact):
    """One term of the locked models among training and outside cases."""

    label: str
    """Term as printed."""
    training_mean: Number
    """Mean among the training cases, in the term's own unit."""
    training_low: Number
    """Smallest value among the training cases."""
    training_high: Number
    """Largest value among the training cases."""
    mean: Number
    """Mean among the outside cases."""
    low: Number
    """Smallest value among the outside cases."""
    high: Number
    """Largest value among the outside cases."""
    outside: Count
    """Outside cases beyond the training range."""


class RecalibrationRow(Fact):
    """What one model would need at one horizon to fit the outside cases."""

    model: str
    """Name of the model."""
    horizon: Number
    """Horizon, in the study's time unit."""
    slope: EstimateFact | None = None
    """Slope of the locked linear predictor among the outside cases; null where none was fitted."""
    locked: Number
    """Baseline survival as locked."""
    new_baseline: Number
    """Baseline survival of the outside cases, with the locked slope."""
    new_baseline_and_slope: Number
    """Baseline survival of the outside cases, with their own slope."""


class ExternalFacts(Fact):
    """A locked model on outside data."""

    model_title: str
    """Title of the study that made the model."""
    protocol: ProtocolName
    """Protocol that made the model."""
    training_cases: Count
    """Cases that the model was fitted to."""
    training_events: Count
    """Events among them."""
    case_mix: tuple[CaseMixRow, ...] = ()
    """Terms of the model with the most parts."""
    recalibration: tuple[RecalibrationRow, ...] = ()
    """By model and horizon."""
    signed_by: str | None = None
    """Fingerprint of the key that signed the model; null where nobody did."""
