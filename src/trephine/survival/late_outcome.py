"""Follow-up that began late: a case came under observation some time after the start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from trephine.rows import row_index
from trephine.survival.late_entry import check_entry
from trephine.types import FloatArray, Survival


@dataclass(frozen=True)
class LateSurvival(Survival):
    """Follow-up of n cases that were not all under observation from the start (left truncation).

    A case is in the study because it had not had the event by its ``entry``: it is at risk from
    there on, and says nothing of the time before.

    Attributes
    ----------
    entry
        Shape (n,), in ``unit``: from 0 on, and before the case's ``time``.

    Raises
    ------
    InputError
        As `Survival`; or an entry that cannot be.
    """

    entry: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        super().__post_init__()
        entry = check_entry(self.entry, self.time).copy()
        entry.setflags(write=False)
        object.__setattr__(self, "entry", entry)

    def take(self, rows: npt.ArrayLike) -> LateSurvival:
        """Return the cases at ``rows`` (indices or a boolean mask)."""
        index = row_index(rows)
        return LateSurvival(self.time[index], self.event[index], self.unit, self.entry[index])


def entry_of(survival: Survival) -> FloatArray | None:
    """Return when each case came under observation, shape (n,); None where all did at 0."""
    if not isinstance(survival, LateSurvival) or not survival.entry.any():
        return None
    return survival.entry


def is_late(survival: Survival) -> TypeGuard[LateSurvival]:
    """Say whether some cases came under observation after the start."""
    return entry_of(survival) is not None


def observed_spans(survival: Survival) -> FloatArray:
    """Return how long each case was under observation, shape (n,)."""
    entry = entry_of(survival)
    return survival.time if entry is None else survival.time - entry


def under_observation(survival: Survival, times: npt.ArrayLike) -> FloatArray:
    """Return how many cases are at risk just before each of k times, shape (k,)."""
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    entry = entry_of(survival)
    counted = np.sum(survival.time >= asked[:, np.newaxis], axis=1)
    if entry is not None:
        counted = counted - np.sum(entry >= np.maximum(asked, 0.0)[:, np.newaxis], axis=1)
        at_start = asked <= 0
        counted[at_start] = int(np.sum(entry == 0))
    found: FloatArray = counted.astype(np.float64)
    return found
