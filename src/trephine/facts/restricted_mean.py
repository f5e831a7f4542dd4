"""Facts about mean event-free time up to a horizon."""

from __future__ import annotations

from trephine.choices import Kind, ProtocolName
from trephine.facts.base import Count, EstimateFact, Fact, Number


class GroupMeanFact(Fact):
    """One group."""

    name: str
    """Name of the group."""
    n: Count
    """Cases."""
    events: Count
    """Events."""
    mean: EstimateFact
    """Mean event-free time up to the horizon; null where the group's follow-up ends before."""
    difference: EstimateFact | None = None
    """Difference to the first group; null for that one."""
    difference_p: Number = None
    """Its p value."""
    ratio: EstimateFact | None = None
    """Hazard ratio to the first group; null for that one, and where it cannot be fitted."""
    ratio_p: Number = None
    """Its p value."""


class RestrictedMeanFacts(Fact):
    """The groups of one variable, or the risk groups of one model."""

    label: str = ""
    """What the variable is called; empty for risk groups."""
    protocol: ProtocolName | None = None
    """Protocol of the model; null for a variable."""
    kind: Kind | None = None
    """How the predictions were made; null for a variable."""
    model: str = ""
    """Name of the model; empty for a variable."""
    horizon: Number
    """Up to which, in the study's time unit."""
    groups: tuple[GroupMeanFact, ...]
    """The first is what the others are compared with."""
    hazards_p: Number = None
    """p of the test that the hazard ratios do not change over time."""
