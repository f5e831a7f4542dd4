"""Each model in each centre, as the report shows it."""

from __future__ import annotations

from trephine.facts import CentreFacts
from trephine.study.assess.centres import at_centres
from trephine.study.gather.estimates import SHARE, estimate_fact
from trephine.study.results import Analysis, ProtocolResult


def centre_facts(analysis: Analysis, result: ProtocolResult) -> list[CentreFacts]:
    """Return each model's figures in each centre, and in all of them, pairs within centres."""
    protocol = result.settings.protocol
    return [
        CentreFacts(
            protocol=protocol,
            model=row.model,
            centre=row.centre,
            n=row.n,
            events=row.events,
            c_index=estimate_fact(row.c_index, SHARE),
            horizon=row.horizon,
            slope=estimate_fact(row.slope),
            observed_expected=estimate_fact(row.observed_expected),
            note=row.note,
        )
        for row in at_centres(analysis, result)
    ]
