"""Each model in each centre, as the report shows it."""

from __future__ import annotations

from trephine.facts import CentreFacts, EstimateFact
from trephine.study.assess.centres import at_centres
from trephine.study.results import Analysis, ProtocolResult
from trephine.types import Estimate


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
            c_index=_fact(row.c_index),
            horizon=row.horizon,
            slope=_fact(row.slope),
            observed_expected=_fact(row.observed_expected),
            note=row.note,
        )
        for row in at_centres(analysis, result)
    ]


def _fact(estimate: Estimate | None) -> EstimateFact | None:
    return None if estimate is None else EstimateFact.model_validate(estimate)
