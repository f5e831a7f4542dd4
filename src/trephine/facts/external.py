"""Facts about a locked model on outside data."""

from __future__ import annotations

from trephine.choices import ProtocolName, UpdateMethod
from trephine.facts.base import Count, EstimateFact, Fact, Number


class CaseMixRow(Fact):
    """One term of the locked models among training and outside cases."""

    label: str
    """Term as printed."""
    training_mean: Number
    """Mean among the training cases, in the term's own unit; null where it is not known."""
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


class UpdateTestRow(Fact):
    """The largest update of one model against a smaller one."""

    larger: UpdateMethod
    """The update that is tested."""
    smaller: UpdateMethod
    """The update that it is tested against."""
    statistic: Number
    """Chi-square statistic."""
    degrees_of_freedom: Count
    """Its degrees of freedom."""
    p: Number
    """p value."""


class UpdatedTerm(Fact):
    """One coefficient before and after."""

    label: str
    """Term as printed."""
    locked: Number
    """Log hazard ratio as locked."""
    updated: EstimateFact
    """Log hazard ratio in the updated model; its interval where the outside cases gave it."""


class UpdatedHorizon(Fact):
    """Calibration at one horizon before and after, on the cases that made the update."""

    horizon: Number
    """Horizon, in the study's time unit."""
    locked: Number
    """Observed over expected events of the locked model."""
    updated: Number
    """The same of the updated model: apparent."""


class UpdateFacts(Fact):
    """How one model was updated."""

    model: str
    """Name of the model."""
    cause: str = ""
    """Competing event whose rate this is; empty for that of the event itself."""
    asked: bool
    """Whether the update was asked for by name, not chosen by tests."""
    method: UpdateMethod
    """What was changed."""
    tests: tuple[UpdateTestRow, ...] = ()
    """In the order in which they were made."""
    ratio: EstimateFact
    """Observed over expected events of the locked model over the whole follow-up."""
    slope: EstimateFact | None = None
    """Slope of the locked linear predictor beside a new baseline; null where none was fitted."""
    terms: tuple[UpdatedTerm, ...] = ()
    """Coefficients; empty where they stayed."""
    horizons: tuple[UpdatedHorizon, ...] = ()
    """By horizon that follow-up reaches."""
    note: str = ""
    """Why a larger update was not possible."""


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
    equation: bool = False
    """Whether it is a published equation, entered from coefficients and baseline survival."""
    updates: tuple[UpdateFacts, ...] = ()
    """By model, and by competing event, where an updated model was written."""
    by_patient: bool = False
    """Whether the tests of updating allow for patients with several cases."""
