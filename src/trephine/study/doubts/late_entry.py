"""What late entry leaves too little evidence for: nobody at the start, one case at an event."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trephine.plan import StudyPlan
from trephine.survival.late_outcome import entry_of, under_observation
from trephine.types import Survival

# With fewer at risk, one event takes a tenth off the curve, for all that follows.
_FEW = 10
_LATER = "[outcome] landmark lets prediction begin later"


def late_remarks(plan: StudyPlan, survival: Survival) -> Iterator[str]:
    """Say so where nobody or hardly anybody was under observation while events count.

    Parameters
    ----------
    plan
        The study file.
    survival
        Of the analysed cases.
    """
    entry = entry_of(survival)
    if entry is None:
        return
    column = plan.data.columns.entry
    at_start = int(np.sum(entry == 0))
    yield (
        f"Column {column}: {int(np.sum(entry > 0))} cases came under observation after the start"
        f" and count from there on, the other {at_start} from the start."
    )
    first = float(entry.min())
    if first > 0:
        yield (
            f"Column {column}: nobody is under observation before {survival.when(first)}, so that"
            f" no event is predicted until then; {_LATER}."
        )
    times = np.unique(survival.time[survival.event])
    at_risk = under_observation(survival, times)
    early = np.flatnonzero((at_risk < _FEW) & (times < plan.outcome.horizons[0]))
    if early.size:
        place = int(early[np.argmin(at_risk[early])])
        count = int(at_risk[place])
        who = "only 1 case is" if count == 1 else f"only {count} cases are"
        yield (
            f"Column {column}: at {survival.when(float(times[place]))} {who} under observation when"
            " an event happens, before the first horizon: survival falls by"
            f" {1 / count:.0%} there, for all that follows; {_LATER}."
        )
