"""The rows of Table 1 that count what happened first, where events compete."""

from __future__ import annotations

import numpy as np

from trephine.facts import LevelCount, Table1Level, Table1Variable
from trephine.survival.competing_outcome import CompetingSurvival
from trephine.types import BoolArray, Survival

LABEL = "First event"


def first_events(survival: Survival, noun: str) -> list[Table1Variable]:
    """Return a row for each kind of event and one for none; nothing where no events compete."""
    if not isinstance(survival, CompetingSurvival):
        return []
    groups: list[BoolArray] = [np.ones(len(survival), dtype=np.bool_)]
    if not survival.event.all():
        groups += [~survival.event, survival.event]
    levels = tuple(
        Table1Level(level=name, columns=tuple(_count(survival.cause[g] == code) for g in groups))
        for code, name in ((1, noun), *enumerate(survival.names, start=2), (0, "none"))
    )
    return [
        Table1Variable(
            name="first event",
            label=LABEL,
            type="categorical",
            summary="counts",
            levels=levels,
            missing=(0,) * len(groups),
        )
    ]


def _count(at: BoolArray) -> LevelCount:
    count = int(at.sum())
    return LevelCount(count=count, percent=100 * count / at.size if at.size else None)
