"""Facts about subgroups, on cases that the model had not seen."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts.base import Count, EstimateFact, Fact, Number


class SubgroupRow(Fact):
    """One model in one group."""

    group: str
    """Name of the group."""
    n: Count
    """Cases."""
    events: Count
    """Events."""
    c_index: EstimateFact | None = None
    """Harrell's C-index; null where there is none, which ``note`` explains."""
    observed_expected: EstimateFact | None = None
    """Observed over expected events by the horizon."""
    slope: EstimateFact | None = None
    """Calibration slope."""
    net_benefit: EstimateFact | None = None
    """Net benefit at the threshold of acting by the model."""
    treat_all: Number = None
    """Net benefit at the threshold of acting on everybody."""
    note: str = ""
    """Why there are no figures."""


class SubgroupFacts(Fact):
    """One model in the groups of one variable, nested cross-validated."""

    protocol: ProtocolName
    """Protocol whose recipe was refitted."""
    model: str
    """Name of the model."""
    label: str
    """What the variable is called."""
    horizon: Number = None
    """Horizon of ratio and net benefit, in the study's time unit; null where none is reached."""
    threshold: Number = None
    """Threshold probability of the net benefit."""
    groups: tuple[SubgroupRow, ...]
    """In the order of the levels."""
    slope_p: Number = None
    """p of the interaction: that the calibration slope is the same in all groups."""
    level_p: Number = None
    """p of the hazard being the same in all groups at the same prediction."""
    note: str = ""
    """Why a test is missing."""
