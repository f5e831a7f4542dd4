"""Facts about missing clinical values and how they were imputed."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts.base import Count, Fact, Number


class MissingVariable(Fact):
    """One clinical variable of the analysed cases."""

    name: str
    """Key."""
    label: str
    """What it is called."""
    missing: Count
    """Cases without a value."""
    missing_percent: Number
    """Of the analysed cases, 0 to 100."""
    missing_with_event: Count
    """Of those, with the event."""
    method: str = ""
    """How its values were drawn; empty where none is missing."""


class MissingInformation(Fact):
    """What missing values cost one coefficient of a protocol's fullest model."""

    label: str
    """Of the term."""
    fraction_percent: Number
    """Share of the information on it that was lost to missing values, 0 to 100."""


class ChainFacts(Fact):
    """The imputed values of one variable, sweep by sweep."""

    label: str
    """Of the variable."""
    level: str = ""
    """Level whose share is followed; empty for a continuous variable, whose mean is."""
    chains: tuple[tuple[Number, ...], ...]
    """By chain, after each sweep."""


class ImputationFacts(Fact):
    """Multiple imputation under one protocol, in the fit to all cases."""

    protocol: ProtocolName
    """Protocol whose recipe this is."""
    imputations: Count
    """Completed data sets."""
    sweeps: Count
    """Rounds of each chain."""
    donors: Count
    """Cases that a matched value is drawn from."""
    draws: Count
    """Values that are drawn for each one that a predicted case lacks."""
    signatures: tuple[str, ...] = ()
    """Signatures that missing values were imputed with."""
    model: str = ""
    """The model that ``information`` is about; empty without one."""
    information: tuple[MissingInformation, ...] = ()
    """Of the terms of that model."""
    chains: tuple[ChainFacts, ...] = ()
    """Of the incomplete variables."""


class MissingFacts(Fact):
    """Missing clinical values of the analysed cases; null where a study imputes none."""

    incomplete: Count
    """Cases that lack at least one value."""
    incomplete_percent: Number
    """Of the analysed cases, 0 to 100."""
    variables: tuple[MissingVariable, ...]
    """Clinical variables, in the plan's order."""
    imputations: tuple[ImputationFacts, ...] = ()
    """One per protocol."""
