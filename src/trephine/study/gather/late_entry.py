"""Cases that came under observation late, as the report shows them."""

from __future__ import annotations

from trephine.facts import EstimateFact
from trephine.facts.late_entry import LateEntryFacts, LateHorizon
from trephine.study.assess.late_entry import late_entries
from trephine.study.results import Analysed


def late_entry_facts(analysis: Analysed) -> LateEntryFacts | None:
    """Return who came late; None where all cases were under observation from the start."""
    found = late_entries(analysis)
    if found is None:
        return None
    return LateEntryFacts(
        late=found.late,
        late_percent=100 * found.late / found.n,
        median=found.median,
        last=found.last,
        fewest_at_risk=found.fewest_at_risk,
        fewest_at=found.fewest_at,
        at_horizons=tuple(
            LateHorizon(
                horizon=one.horizon,
                at_risk=one.at_risk,
                since_entry=EstimateFact.model_validate(one.since_entry),
                from_start=EstimateFact.model_validate(one.from_start),
            )
            for one in found.shares
        ),
    )
