"""Follow-up of the cases that stay, from the start or from a landmark on."""

from __future__ import annotations

import numpy as np

from trephine.plan.sections import StudyPlan
from trephine.streams import generator
from trephine.study.table.outcome import TableRows
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.survival.interval_outcome import between_visits
from trephine.survival.late_outcome import LateSurvival
from trephine.types import BoolArray, Survival, span_text


def follow_up_of(plan: StudyPlan, rows: TableRows, kept: list[int]) -> Survival:
    """Return the follow-up of the rows that stay, with competing events where the plan has any.

    Events that lie between visits get times from Turnbull's curve of these rows. It counts from the
    landmark, where there is one, which all of them have passed.
    """
    if rows.low.size:
        drawn = generator(plan.study.seed, "visits")
        return between_visits(rows.low[kept], rows.high[kept], plan.outcome.unit, drawn)
    origin = plan.outcome.landmark or 0.0
    time, event = rows.time[kept] - origin, rows.event[kept] == 1
    if rows.entry.size:
        entry = np.maximum(rows.entry[kept] - origin, 0.0)
        return LateSurvival(time, event, plan.outcome.unit, entry)
    if not plan.outcome.competing:
        return Survival(time, event, plan.outcome.unit)
    kind = rows.kind[kept].astype(np.int64)
    return CompetingSurvival(time, event, plan.outcome.unit, kind, tuple(plan.outcome.competing))


def landmark_exclusions(plan: StudyPlan, rows: TableRows) -> list[tuple[str, BoolArray]]:
    """Return the cases that were followed no further than the landmark, by what ended it."""
    landmark = plan.outcome.landmark
    if landmark is None:
        return []
    by_then = rows.time <= landmark
    seen = rows.event > 0
    if plan.outcome.competing:
        seen = rows.kind > 0
    when = f"by the landmark, {span_text(landmark, plan.outcome.unit)}"
    return [
        (f"Event {when}", by_then & seen),
        (f"Follow-up ended {when}", by_then & ~seen),
    ]
