"""Facts about cases that came under observation late, and what ignoring it would have said."""

from __future__ import annotations

from trephine.facts.base import Count, EstimateFact, Fact, Number


class LateHorizon(Fact):
    """Probability of the event by one horizon, read in two ways."""

    horizon: float
    """Horizon, in the study's time unit."""
    at_risk: Count
    """Cases under observation at the horizon."""
    since_entry: EstimateFact
    """1 - Kaplan-Meier with each case at risk from its entry on, its interval by patient."""
    from_start: EstimateFact
    """The same with each case taken to be at risk from the start, as it was not."""


class LateEntryFacts(Fact):
    """When cases came under observation."""

    late: Count
    """Cases that came under observation after the start."""
    late_percent: Number
    """Of all analysed cases."""
    median: float
    """Median entry of these cases, in the time unit."""
    last: float
    """The latest entry."""
    fewest_at_risk: Count
    """Cases under observation at the event time, up to the last horizon that follow-up reaches, at
    which they are fewest."""
    fewest_at: float
    """That event time."""
    at_horizons: tuple[LateHorizon, ...]
    """Event probability at each horizon that follow-up reaches."""
