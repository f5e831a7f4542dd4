"""Facts about events that visits saw: the curve that knows no more, and what pretending says."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts.base import Count, EstimateFact, Fact, Number, Series


class VisitHorizon(Fact):
    """Probability of the event by one horizon, read in three ways."""

    horizon: float
    """Horizon, in the study's time unit."""
    between_visits: EstimateFact
    """By Turnbull's curve, its interval by a bootstrap of patients."""
    at_visit: Number
    """1 - Kaplan-Meier with each event dated to the visit at which it was seen."""
    in_the_middle: Number
    """1 - Kaplan-Meier with each event dated to the middle between its visits."""


class VisitTerm(Fact):
    """One term of a final model, read in three ways."""

    label: str
    """What the term is called, with the step that its ratios are for."""
    between_visits: EstimateFact
    """Hazard ratio by the likelihood that knows the visits alone."""
    at_visit: EstimateFact | None = None
    """Cox's with each event dated to the visit at which it was seen; null where not fitted."""
    in_the_middle: EstimateFact | None = None
    """Cox's with each event dated to the middle between its visits; null where not fitted."""


class VisitReading(Fact):
    """The terms of a protocol's final model, read in three ways."""

    protocol: ProtocolName
    """Protocol of the model."""
    model: str
    """Name of the model."""
    terms: tuple[VisitTerm, ...]
    """Terms in the model's order; of a spline, whose columns say nothing alone, none."""


class VisitsFacts(Fact):
    """What is known of events that visits saw."""

    events: Count
    """Cases with the event."""
    exact: Count
    """Of these, cases whose time itself is known."""
    from_start: Count
    """Of these, cases with no visit before the one at which it was seen."""
    median_width: Number
    """Median time between the two visits, in the time unit."""
    times: Series
    """Times from 0 on, with the corners of Turnbull's curve; where the data do not say when within
    a stretch it falls, it falls evenly."""
    survival: Series
    """The curve at each."""
    low: Series
    """Lower limit at each, by a bootstrap of patients."""
    high: Series
    """Upper limit at each."""
    at_visit_times: Series
    """Steps of Kaplan and Meier's curve with events dated to the visit at which they were seen."""
    at_visit: Series
    """That curve from each time on."""
    in_the_middle_times: Series
    """Steps of Kaplan and Meier's curve with events dated to the middle between their visits."""
    in_the_middle: Series
    """That curve from each time on."""
    at_horizons: tuple[VisitHorizon, ...]
    """Event probability at each horizon that follow-up reaches."""
    readings: tuple[VisitReading, ...] = ()
    """The final model of each protocol; empty in a validation, which fits nothing."""
    time_draws: Count
    """How often times were drawn to judge predictions."""
    band_draws: Count
    """Resamples of patients behind the limits."""
