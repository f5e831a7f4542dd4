"""Follow-up that ends by the event, by another that rules it out, or without either."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trephine.errors import InputError
from trephine.rows import row_index
from trephine.types import BoolArray, IntArray, Survival

THE_EVENT = 1
"""Code of the event that is predicted; those of competing events follow."""


@dataclass(frozen=True)
class CompetingSurvival(Survival):
    """Follow-up of n cases with competing events.

    To whatever knows one event alone it is a `Survival` in which a competing event cuts follow-up
    short, which is what a cause-specific model takes it for.

    Attributes
    ----------
    cause
        Shape (n,): 0 censored, 1 the event, from 2 on competing events in the order of ``names``.
    names
        Of the k competing events.

    Raises
    ------
    InputError
        As `Survival`; or causes that do not agree with ``event`` or have no name.
    """

    cause: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        cause = np.asarray(self.cause, dtype=np.int64)
        if cause.shape != self.time.shape or not np.array_equal(cause == THE_EVENT, self.event):
            raise InputError("cause: expected 1 where the event was seen and nowhere else")
        if cause.size and not 0 <= cause.min() <= cause.max() <= len(self.names) + THE_EVENT:
            raise InputError(
                f"cause: expected codes from 0 to {len(self.names) + THE_EVENT}, found"
                f" {int(cause.min())} to {int(cause.max())}"
            )
        cause.setflags(write=False)
        object.__setattr__(self, "cause", cause)

    def take(self, rows: npt.ArrayLike) -> CompetingSurvival:
        """Return the cases at ``rows`` (indices or a boolean mask)."""
        index = row_index(rows)
        taken = (self.time[index], self.event[index], self.unit, self.cause[index])
        return CompetingSurvival(*taken, self.names)

    @property
    def competing(self) -> BoolArray:
        """Where another event came first, shape (n,)."""
        found: BoolArray = self.cause > THE_EVENT
        return found

    def count(self, name: str) -> int:
        """Return how many cases had a competing event."""
        return int(np.sum(self.cause == THE_EVENT + 1 + self.names.index(name)))

    def of_competing(self, name: str) -> Survival:
        """Return the follow-up to a competing event; any other event cuts it short."""
        seen = self.cause == THE_EVENT + 1 + self.names.index(name)
        return Survival(self.time, seen, self.unit)


def competing_counts(survival: Survival) -> dict[str, int]:
    """Return how many cases had each competing event; empty where a study has none."""
    if not isinstance(survival, CompetingSurvival):
        return {}
    return {name: survival.count(name) for name in survival.names}
