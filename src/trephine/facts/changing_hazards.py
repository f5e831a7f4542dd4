"""Facts about final models in which a variable's hazards need not be proportional."""

from __future__ import annotations

from trephine.choices import ProtocolName, RelaxedForm
from trephine.facts.base import EstimateFact, Fact, Number


class RelaxedTerm(Fact):
    """One term with proportional hazards and without."""

    label: str
    """What the term is called, with the step that its ratios are for."""
    constant: EstimateFact
    """Hazard ratio where all hazards are proportional; Cox's model of the same cases."""
    early: EstimateFact
    """Hazard ratio in the relaxed model; of the variable itself, at the early time."""
    late: EstimateFact | None = None
    """Hazard ratio of the variable itself at the late time; null for others."""
    change_p: Number = None
    """p of the test that the coefficient does not change; null for others."""


class RelaxedFacts(Fact):
    """The final model of a protocol with one variable relaxed."""

    protocol: ProtocolName
    """Protocol of the model."""
    model: str
    """Name of the model."""
    variable: str
    """What the variable is called."""
    how: RelaxedForm
    """A baseline hazard of its own in each level, or a coefficient that changes."""
    early_time: Number = None
    """Time of ``early``: the last one before a step, or where a quarter of the events was seen."""
    late_time: Number = None
    """Time of ``late``: where three quarters of the events were seen; null for a step, after which
    the ratio is ``late``."""
    terms: tuple[RelaxedTerm, ...] = ()
    """Terms of the relaxed model; of a spline, whose columns say nothing alone, none."""
    note: str = ""
    """Why there is no relaxed model; empty where there is one."""
