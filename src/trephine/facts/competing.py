"""Facts about competing events: incidences, what ignoring them says, a second reading."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts.base import Count, EstimateFact, Fact, HorizonEstimate, Number, Series
from trephine.facts.evaluation import AssessedFact


class IncidenceCurve(Fact):
    """Cumulative incidence of one kind of event by Aalen and Johansen."""

    label: str
    """Whose or what: a risk group, or a kind of event."""
    n: Count
    """Cases."""
    events: Count
    """Cases whose first event it was."""
    others: Count
    """Cases whose first event was another."""
    times: Series
    """Times of the steps, starting at 0, in the time unit."""
    incidence: Series
    """Probability of the event by each time."""
    low: Series = ()
    """Lower limit at each; null where the incidence is 0."""
    high: Series = ()
    """Upper limit at each; null where the incidence is 0."""
    ignoring: Series = ()
    """1 - Kaplan-Meier at each time, the other events counted as censored."""
    at_horizons: tuple[HorizonEstimate, ...] = ()
    """Incidence at each horizon that follow-up reaches."""
    ignoring_at_horizons: tuple[HorizonEstimate, ...] = ()
    """1 - Kaplan-Meier at each of them."""
    overstated: tuple[EstimateFact, ...] = ()
    """1 - Kaplan-Meier minus incidence at each of them; without an interval."""


class IncidenceGroupsFacts(AssessedFact):
    """Cumulative incidence of the event in the risk groups of one model."""

    model: str
    """Name of the model."""
    curves: tuple[IncidenceCurve, ...]
    """Groups by ascending risk."""
    gray_statistic: Number = None
    """Gray's chi-square; null where a group is empty or there is one alone."""
    degrees_of_freedom: Count = 0
    """Its degrees of freedom."""
    gray_p: Number = None
    """p of Gray's test that the incidence is the same in all groups; cases as independent."""


class SecondReading(Fact):
    """One term of a final model, read in three ways."""

    label: str
    """What the term is called, with the step that its ratios are for."""
    cause_specific: EstimateFact
    """Hazard ratio of the event among those who had none yet: the model's own."""
    competing: EstimateFact | None = None
    """Hazard ratio of any competing event among them; null where that model cannot be fitted."""
    subdistribution: EstimateFact | None = None
    """Fine and Gray's ratio: how the term moves the incidence; null where it cannot be fitted."""
    subdistribution_p: Number = None
    """Its p by Wald."""


class SecondReadingFacts(Fact):
    """The terms of a protocol's final model, read in three ways."""

    protocol: ProtocolName
    """Protocol of the model."""
    model: str
    """Name of the model."""
    terms: tuple[SecondReading, ...]
    """Terms in the model's order; of a spline, whose columns say nothing alone, none."""
    notes: tuple[str, ...] = ()
    """What is missing and why."""


class CompetingFacts(Fact):
    """What competing events do to a study's numbers."""

    event: str
    """Name of the event that is predicted."""
    names: tuple[str, ...]
    """Names of the competing events."""
    curves: tuple[IncidenceCurve, ...]
    """Of all cases: the event first, then each competing event."""
    groups: tuple[IncidenceGroupsFacts, ...] = ()
    """By risk group of each model."""
    readings: tuple[SecondReadingFacts, ...] = ()
    """The final model of each protocol; empty in a validation, which fits nothing."""
