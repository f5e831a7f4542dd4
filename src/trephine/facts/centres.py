"""Facts about centres, each predicted by recipes that had not seen it."""

from __future__ import annotations

from trephine.choices import ProtocolName
from trephine.facts.base import Count, EstimateFact, Fact, Number


class CentreFacts(Fact):
    """One model in one centre, predicted by the recipe refitted to the other centres."""

    protocol: ProtocolName
    """Protocol whose recipe was refitted."""
    model: str
    """Name of the model."""
    centre: str = ""
    """The centre's name in the table; empty for all centres, pairs being compared within them."""
    n: Count
    """Cases."""
    events: Count
    """Events."""
    c_index: EstimateFact | None = None
    """Harrell's C-index; null where there is none, which ``note`` explains."""
    horizon: Number = None
    """Horizon of slope and ratio, in the study's time unit; null where none is reached."""
    slope: EstimateFact | None = None
    """Calibration slope; null where none was fitted."""
    observed_expected: EstimateFact | None = None
    """Observed over expected events by the horizon."""
    note: str = ""
    """Why there are no figures."""
